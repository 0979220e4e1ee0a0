/**
 * The state of an engine under another bundle (LANGUAGE C.8). What is the same goes on as it is:
 * sources, world, waiting events, findings that were told. Of each rule the plan says the rest:
 *
 *     keep, migrate   old runner ─► runner of the new bundle
 *     drain           old runner ─► runner of an older generation, which begins nothing any more;
 *                     the new version hears what is later than everything read before
 *     add, remove     begins then; is forgotten
 */
import {
  type CoreUnit,
  canonicalText,
  compareEvents,
  fullName,
  heardAs,
  heardSteps,
  type RuleReload,
  sourcesOf,
  spanOf,
  valued,
} from "#core";
import type { EagerRunner } from "../eager-runner.ts";
import { Ledger, type LedgerInputs } from "../findings/ledger.ts";
import { Generation, type GenerationParts, type GenerationSurroundings } from "../generation.ts";
import { Generations } from "../generations.ts";
import type { InFlight, Lane, LaneHits } from "../intake/lane.ts";
import type { RuleRunner } from "../rule-runner.ts";
import { changed, type MergedSchema, mergeSchemas, unitOver, unreadable } from "./schema-merge.ts";
import { Transplant } from "./transplant.ts";

export interface ReloadInputs {
  readonly old: Generations;
  /** The new bundle, over its own schema. */
  readonly next: Pick<GenerationParts, "unit" | "matcher" | "bundleHash" | "params">;
  readonly plan: readonly RuleReload[];
  readonly around: GenerationSurroundings;
  readonly ledger: Ledger;
  readonly ledgerInputs: Omit<LedgerInputs, "rules">;
  /** By source the latest time of what was read, µs. */
  readonly newestUs: ReadonlyMap<number, number>;
}

export interface Reloaded {
  readonly generations: Generations;
  readonly ledger: Ledger;
  readonly merged: MergedSchema;
  /** Events of sources that waited, under the new bundle; no lane waits for some any more. */
  readonly inFlight: readonly InFlight[];
  /** Rules that were to drain and whose state is given up, with the reason. */
  readonly givenUp: ReadonlyMap<string, string>;
  /** Runners of before that go on. */
  readonly carried: ReadonlySet<RuleRunner>;
  /** The time of the reload for a rule, µs; see `cutsOf`. */
  cut(of: RuleReload): number;
}

/** Older generations kept; of more the oldest is given up. */
export const generationsMost = 8;

/** How a runner of the old engine goes on. */
interface Carry {
  readonly from: RuleRunner;
  readonly fromGeneration: Generation;
  readonly to: RuleRunner;
  readonly toGeneration: Generation;
  /** By step of `heardSteps` of the old rule that of the new one. */
  readonly steps: readonly (number | undefined)[];
  readonly entry: RuleReload | undefined;
}

export function reloaded(inputs: ReloadInputs): Reloaded {
  const merged = mergeSchemas(inputs.old.current.parts.unit.schema, inputs.next.unit.schema);
  const givenUp = new Map<string, string>();
  const older = olderParts(inputs, merged, givenUp);
  const cut = cutsOf(inputs);
  const begins = new Map(
    inputs.plan.flatMap((p) =>
      p.to !== undefined && (p.class === "add" || p.class === "drain")
        ? [[p.to, cut(p)] as const]
        : [],
    ),
  );
  const { next } = inputs;
  const unit = { ...next.unit, schema: merged.schema };
  const current = new Generation(
    { ...next, unit, base: 0, kinds: undefined, rules: undefined },
    { ...inputs.around, beginsUs: (index) => begins.get(index) },
  );
  const generations = new Generations(
    current,
    older.map((parts) => new Generation(parts, inputs.around)),
  );
  const carries = carriesOf(inputs, generations);
  const numbers = { kinds: changed(merged.kinds), sources: changed(merged.sources) };
  const state = new Transplant(replacedBy(carries, false), numbers);
  const told = new Transplant(replacedBy(carries, true), numbers);
  for (const carry of carries) carryRule(carry, state, told, cut);
  return {
    generations,
    ledger: ledgerOf(inputs, generations, carries, told),
    merged,
    inFlight: carryWaiting(inputs.old, carries, state, merged),
    givenUp,
    carried: new Set(carries.map((c) => c.from)),
    cut,
  };
}

// ---------- what goes on ----------

/** Generations that end what was begun: those there are, and what the plan drains. */
function olderParts(
  { old, next, plan }: ReloadInputs,
  merged: MergedSchema,
  givenUp: Map<string, string>,
): GenerationParts[] {
  const drained = plan.flatMap((p) =>
    p.class === "drain" && p.from !== undefined ? [p.from] : [],
  );
  const parts: GenerationParts[] = [];
  let base = next.unit.rules.length;
  for (const generation of [...old.older, old.current].slice(-generationsMost)) {
    const { unit, rules, kinds } = generation.parts;
    const wanted = generation === old.current ? drained : (rules ?? []);
    const kept = wanted.filter((index) => {
      const rule = unit.rules[index];
      const reason = rule && unreadable(unit, rule, merged);
      if (rule && reason !== undefined) givenUp.set(fullName(rule), reason);
      return rule && reason === undefined;
    });
    if (kept.length === 0) continue;
    const numbers = (kinds ?? unit.schema.kinds.map((_, k) => k)).map((k) => merged.kinds[k] ?? k);
    parts.push({
      ...generation.parts,
      unit: unitOver(unit, merged),
      base,
      kinds: changed(numbers),
      rules: kept,
    });
    base += unit.rules.length;
  }
  return parts;
}

/**
 * The time up to which the old version of a rule begins anything, and behind which the new one
 * does, µs: that of the latest event read, so that the new one misses nothing behind it.
 */
function cutsOf({ old, next, newestUs }: ReloadInputs): (of: RuleReload) => number {
  const sources = ({ unit }: { unit: CoreUnit }, rule: number | undefined) => {
    const kinds = unit.rules[rule ?? -1] ? heardSteps(unit.rules[rule ?? -1] as never) : [];
    const heard = sourcesOf(
      unit,
      kinds.flatMap((s) => s.kinds),
    );
    return heard.map((s) => unit.schema.sources[s]?.name);
  };
  const { schema } = old.current.parts.unit;
  return (of) => {
    const names = new Set([...sources(old.current.parts, of.from), ...sources(next, of.to)]);
    const heard = [...schema.sources.keys()].filter((s) => names.has(schema.sources[s]?.name));
    const read = heard.map((s) => newestUs.get(s) ?? Number.NEGATIVE_INFINITY);
    const decided = old.lanes
      .filter((lane) => lane.sources.some((s) => heard.includes(s)))
      .map((lane) => lane.watermark - 1);
    return Math.max(Number.NEGATIVE_INFINITY, ...read, ...decided);
  };
}

function carriesOf({ old, plan }: ReloadInputs, { current, older }: Generations): Carry[] {
  const carries: Carry[] = [];
  const runnerIn = (generation: Generation, index: number) =>
    generation.rules.runners.find((r) => r.index === generation.parts.base + index);
  const add = (
    fromGeneration: Generation,
    from: number,
    toGeneration: Generation,
    to: number,
    entry: RuleReload | undefined,
  ) => {
    const [was, is] = [runnerIn(fromGeneration, from), runnerIn(toGeneration, to)];
    if (!was || !is) return;
    const steps = heardAs(was.reporter.rule, is.reporter.rule);
    carries.push({ from: was, fromGeneration, to: is, toGeneration, steps, entry });
  };
  for (const generation of older) {
    const before = [...old.older, old.current].find((g) => isSameBundle(g, generation));
    for (const index of generation.parts.rules ?? []) {
      const entry = before === old.current ? plan.find((p) => p.from === index) : undefined;
      if (before) add(before, index, generation, index, entry);
    }
  }
  for (const entry of plan) {
    if (entry.class !== "keep" && entry.class !== "migrate") continue;
    if (entry.from !== undefined && entry.to !== undefined)
      add(old.current, entry.from, current, entry.to, entry);
  }
  return carries;
}

/** The same rules of the same bundle with the same values: its parts are made of those parts. */
function isSameBundle({ parts: a }: Generation, { parts: b }: Generation): boolean {
  return a.matcher === b.matcher && a.params === b.params && a.bundleHash === b.bundleHash;
}

/**
 * What stands for what the old bundle brought. What was told keeps the version under which it was
 * told, and with that its id.
 */
function replacedBy(carries: readonly Carry[], isTold: boolean): Map<object, object> {
  const replaced = new Map<object, object>();
  for (const { from, to, fromGeneration, toGeneration } of carries) {
    const before = fromGeneration.rules.broughtFor(from.index);
    const now = toGeneration.rules.broughtFor(to.index);
    for (const [name, thing] of before) {
      const other = now.get(name);
      if (other) replaced.set(thing, other);
    }
    const { rule } = from.reporter;
    const named = isTold && toGeneration.rules.asVersion(to.index, rule.version);
    if (named && rule.version !== to.reporter.rule.version) replaced.set(rule, named);
  }
  return replaced;
}

function carryRule(
  { from, to, fromGeneration, toGeneration, entry }: Carry,
  state: Transplant,
  told: Transplant,
  cut: (of: RuleReload) => number,
): void {
  to.restore(moved(from.save(), state, told));
  const eager = fromGeneration.rules.eagerOf(from.index);
  const goesOn = toGeneration.rules.eagerOf(to.index);
  if (eager && goesOn) goesOn.restore(moved(eager.save(), state, told));
  if (!entry) return;
  const runners: readonly (RuleRunner | EagerRunner)[] = goesOn ? [to, goesOn] : [to];
  if (entry.class === "drain") for (const runner of runners) runner.drain(cut(entry));
  if (entry.class !== "migrate") return;
  const span = spanOf(valuedOf(toGeneration), to.reporter.rule);
  const { rechecks } = entry;
  for (const runner of runners) {
    runner.adapt({ atUs: cut(entry), rechecks });
    if (entry.limitsHistory) runner.reporter.limitHistory(cut(entry) + span + to.matcher.holdUs);
  }
}

function moved<S extends { readonly reporter: { readonly open: unknown } }>(
  saved: S,
  state: Transplant,
  told: Transplant,
): S {
  const open = told.copy(saved.reporter.open);
  const rest = state.copy({ ...saved, reporter: { ...saved.reporter, open: undefined } });
  return { ...rest, reporter: { ...rest.reporter, open } };
}

// ---------- findings that were told ----------

function ledgerOf(
  { old, ledger, ledgerInputs }: ReloadInputs,
  generations: Generations,
  carries: readonly Carry[],
  told: Transplant,
): Ledger {
  const rules = generations.all.flatMap((g) => g.parts.unit.rules);
  const next = new Ledger({ ...ledgerInputs, rules });
  const numbers = new Map(carries.map((c) => [c.from.index, c.to.index]));
  // Of a rule that is gone nothing is confirmed any more.
  for (const { index } of old.runners)
    if (!numbers.has(index)) ledger.retract(index, Number.POSITIVE_INFINITY);
  const saved = ledger.save();
  const entries = saved.entries.flatMap((entry) => {
    const rule = numbers.get(entry.rule);
    if (rule === undefined) return [];
    const { finding } = entry;
    const { match, reporter } = told.copy({ match: entry.match, reporter: entry.reporter });
    return [{ ...entry, rule, finding, match, reporter }];
  });
  const forgotten = saved.forgotten + saved.entries.length - entries.length;
  next.restore({ ...saved, entries, forgotten });
  return next;
}

// ---------- events that wait ----------

/** Gives every waiting event to the lanes of the rules that go on and wait for it. */
function carryWaiting(
  old: Generations,
  carries: readonly Carry[],
  state: Transplant,
  { schema, sources }: MergedSchema,
): InFlight[] {
  const ofRule = new Map(carries.map((c) => [c.from.index, c]));
  const saved = new Map<Lane, ReturnType<Lane["save"]>>();
  const inFlight = new Set<InFlight>();
  for (const lane of old.lanes) {
    const { watermark, waiting, lates } = lane.save();
    const targets = new Set(lane.rules.flatMap((r) => laneOf(ofRule.get(r.index)) ?? []));
    const own = new Map([...targets].map((to) => [to, partOf(saved, to)]));
    for (const part of own.values()) {
      part.watermark = Math.max(part.watermark, watermark);
      for (const [source, times] of lates) part.lates.set(sources[source] ?? source, times);
    }
    for (const { shared, hits } of waiting) {
      const copy = state.copy(shared);
      if (!inFlight.has(copy)) copy.waiting = 0;
      inFlight.add(copy);
      for (const [to, part] of own) {
        const theirs = hitsIn(to, hits, ofRule);
        if (!theirs) continue;
        copy.waiting++;
        part.waiting.push({ shared: copy, hits: theirs });
      }
    }
  }
  for (const [lane, part] of saved as Map<Lane, LanePart>) {
    part.waiting.sort((a, b) => compareEvents(schema, a.shared.event, b.shared.event));
    lane.restore(part);
  }
  return [...inFlight].filter(({ event }) => schema.kinds[event.kind]?.made === undefined);
}

type LanePart = {
  watermark: number;
  waiting: { shared: InFlight; hits: LaneHits }[];
  lates: Map<number, ReturnType<Lane["save"]>["lates"] extends Map<number, infer T> ? T : never>;
};

function partOf(saved: Map<Lane, unknown>, lane: Lane): LanePart {
  const known = (saved.get(lane) as LanePart | undefined) ?? {
    watermark: Number.NEGATIVE_INFINITY,
    waiting: [],
    lates: new Map(),
  };
  saved.set(lane, known);
  return known;
}

function laneOf(carry: Carry | undefined): Lane | undefined {
  return carry?.toGeneration.rules.lanes.ofRule(carry.to.index);
}

/** What of `hits` is for rules that go on in `lane`; undefined when nothing is. */
function hitsIn(
  lane: Lane,
  hits: LaneHits,
  ofRule: ReadonlyMap<number, Carry>,
): LaneHits | undefined {
  const steps = new Map<number, number[]>();
  for (const [rule, own] of hits.steps) {
    const carry = ofRule.get(rule);
    if (!carry || laneOf(carry) !== lane) continue;
    const now = own.flatMap((step) => carry.steps[step] ?? []);
    if (now.length > 0 || own.length === 0) steps.set(carry.to.index, now);
  }
  const derives = hits.derives.length === 0 ? [] : derivesIn(lane, hits.derives, ofRule);
  return steps.size > 0 || derives.length > 0 ? { steps, derives } : undefined;
}

/** The same derives, by their numbers in the generation of `lane`. */
function derivesIn(
  lane: Lane,
  derives: readonly number[],
  ofRule: ReadonlyMap<number, Carry>,
): number[] {
  const carry = [...ofRule.values()].find((c) => laneOf(c) === lane);
  if (!carry) return [];
  const [before, now] = [valuedOf(carry.fromGeneration), valuedOf(carry.toGeneration)];
  const texts = now.unit.derives.map((d) => canonicalText(now, d));
  const numbers = derives.flatMap((d) => {
    const at = texts.indexOf(canonicalText(before, before.unit.derives[d]));
    return at < 0 ? [] : [at];
  });
  const { lanes } = carry.toGeneration.rules;
  return numbers.filter((d) => [...lanes.ofDerive(d)].includes(lane));
}

function valuedOf({ parts: { unit, params } }: Generation) {
  return valued(unit, params);
}
