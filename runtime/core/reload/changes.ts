/**
 * What changed between two versions of a rule, one change after the other, each with what it means
 * for the state of the old one. When it is not certain that the state can go on, it cannot.
 */

import { cutsShown } from "../evidence.ts";
import {
  type All,
  allStepsOf,
  type CoreRule,
  type CoreUnit,
  type Count,
  durationOf,
  type Expr,
  gaugesOf,
  historiesOf,
  type Inv,
  reachOf,
  type Seq,
  type SeqStep,
  type Step,
  someExpr,
  type Win,
  walkExpr,
} from "../ir/index.ts";
import { runAggregatesOf } from "../run-aggregates.ts";
import type { EventKind, Field } from "../schema.ts";
import {
  canonicalText,
  heardOf,
  isSame,
  kindsHeard,
  limitsIn,
  type ValuedUnit,
} from "./canonical.ts";
import { durations, numbers, thresholdsOf, thresholdWords, usOf } from "./words.ts";

export interface Change {
  /** Whether the state of the old version serves the new one, when it is adapted. */
  readonly isAdaptable: boolean;
  /**
   * Until a whole span has passed the state may lack what the new version would have kept: what it
   * finds until then says so.
   */
  readonly limitsHistory: boolean;
  readonly words: string;
  /**
   * A step whose condition changed: what it has taken is asked again. Of a window, whether its
   * condition held.
   */
  readonly recheck?: number;
}

/** A rule in its unit. */
export interface RuleIn {
  readonly of: ValuedUnit;
  readonly rule: CoreRule;
}

/** Every change of meaning from `a` to `b`; texts of findings are none. */
export function changesOf(a: RuleIn, b: RuleIn): Change[] {
  const differ = (x: unknown, y: unknown) => !isSame(a.of, x, b.of, y);
  return [
    ...schemaChanges(a, b),
    ...evidenceChanges(a, b),
    ...patternChanges(a, b, differ),
    ...runChanges(a, b, differ),
    ...boundChanges(a.rule, b.rule),
    ...policyChanges(a.rule, b.rule),
    ...lifecycleChanges(a.rule, b.rule, differ),
  ];
}

type Differ = (x: unknown, y: unknown) => boolean;

const adapted = (words: string): Change => ({ isAdaptable: true, limitsHistory: false, words });
const limited = (words: string): Change => ({ isAdaptable: true, limitsHistory: true, words });
const anew = (words: string): Change => ({ isAdaptable: false, limitsHistory: false, words });

// ---------- what is heard ----------

/** Events in the state are of the old kinds; a kind may only have got more fields. */
function schemaChanges(a: RuleIn, b: RuleIn): Change[] {
  const after = new Map(kindsHeard(b.of.unit, b.rule).map((k) => [k.name, k]));
  return kindsHeard(a.of.unit, a.rule).flatMap((before) => {
    const now = after.get(before.name);
    return !now || isExtended(before, now)
      ? []
      : [anew(`event \`${before.name}\` has other fields`)];
  });
}

/** Of long texts that nothing read later only the beginning was kept. */
function evidenceChanges(a: RuleIn, b: RuleIn): Change[] {
  const now = cutsIn(b);
  const heard = new Set(kindsHeard(a.of.unit, a.rule).map((k) => k.name));
  const fields = [...cutsIn(a)].filter((f) => !now.has(f) && heard.has(f.split(" ")[0] ?? ""));
  const names = [...new Set(fields.map((f) => `\`${f.split(" ")[1]}\``))].join(", ");
  return names === "" ? [] : [adapted(`of ${names} older events have only the beginning`)];
}

/** `kind field` of what is kept cut. */
function cutsIn({ of: { unit }, rule }: RuleIn): Set<string> {
  const { kinds } = unit.schema;
  return new Set(
    [...cutsShown(unit, rule)].flatMap(([kind, fields]) =>
      fields.map((i) => `${kinds[kind]?.name} ${kinds[kind]?.fields[i]?.name}`),
    ),
  );
}

/** Whether events of `before` are also events of `now`, which may have more fields behind. */
export function isExtended(before: EventKind, now: EventKind): boolean {
  const part = ({ name, type }: Field) => typeText([name, type]);
  return before.fields.every((f, i) => {
    const same = now.fields[i];
    return same !== undefined && part(f) === part(same);
  });
}

/** A type as text, whatever the order of its properties. */
function typeText(x: unknown): string {
  return canonicalText({ unit: noUnit, params: new Map() }, x);
}

const noUnit: CoreUnit = {
  schema: { sources: [], entities: [], relations: [], kinds: [] },
  params: [],
  programs: [],
  derives: [],
  rules: [],
};

// ---------- patterns ----------

function patternChanges(a: RuleIn, b: RuleIn, differ: Differ): Change[] {
  const own = ownChanges(a, b, differ);
  return own.some((c) => !c.isAdaptable) ? own : [...own, ...heardDifferently(a, b)];
}

function ownChanges(a: RuleIn, b: RuleIn, differ: Differ): Change[] {
  const [x, y] = [a.rule.pattern, b.rule.pattern];
  if (!differ(x, y)) return [];
  if (x.node === "seq" && y.node === "seq") return seqChanges({ a, b, x, y, differ });
  if (x.node === "win" && y.node === "win") return winChanges({ a, b, x, y, differ });
  if (x.node === "all" && y.node === "all") return allChanges({ a, b, x, y, differ });
  if (x.node === "inv" && y.node === "inv") return invChanges({ a, b, x, y, differ });
  return [anew("it is another sort of pattern")];
}

/** Derived events that are made in another way, and clocks that have changed. */
function heardDifferently(a: RuleIn, b: RuleIn): Change[] {
  const now = heardOf(b.of.unit, b.rule);
  const before = heardOf(a.of.unit, a.rule);
  const changed = [...before.kinds.keys()].filter(
    (name) => now.kinds.has(name) && now.kinds.get(name) !== before.kinds.get(name),
  );
  const derived = now.derives.filter((d) =>
    before.kinds.has(b.of.unit.schema.kinds[d.kind]?.name ?? ""),
  );
  const clocks = changed.map((name) => anew(`the clock of \`${name}\` changed`));
  const isSameMade =
    before.derives.length === derived.length && isSame(a.of, before.derives, b.of, derived);
  return isSameMade ? clocks : [...clocks, anew("the events it hears are derived otherwise")];
}

interface Two<P> {
  readonly a: RuleIn;
  readonly b: RuleIn;
  readonly x: P;
  readonly y: P;
  readonly differ: Differ;
}

function seqChanges(two: Two<Seq>): Change[] {
  const { a, b, x, y, differ } = two;
  if (x.steps.length !== y.steps.length)
    return [anew(numbers("number of steps", x.steps.length, y.steps.length))];
  const flags: Change[] = [];
  if (x.isStrict !== y.isStrict) flags.push(anew(`\`strict\` is ${y.isStrict ? "new" : "gone"}`));
  if (differ(x.slack, y.slack))
    flags.push(anew(durations("`slack`", usOf(a.of, x.slack), usOf(b.of, y.slack))));
  const steps = x.steps.flatMap((s, i) => seqStepChanges(two, s, y.steps[i] ?? s, i));
  return [...flags, ...steps, ...spanChanges(two), ...endChanges(two), ...reachChanges(two)];
}

/** A longer span lacks what has expired; a shorter one drops what is too old by itself. */
function spanChanges({ a, b, x, y }: Two<Seq>): Change[] {
  const [from, to] = [usOf(a.of, x.within), usOf(b.of, y.within)];
  if (from === to) return [];
  const words = durations("`within`", from, to);
  // The span's end is a time at which something is told, and has been set.
  if (a.rule.policy.emit === "close" || from === undefined || to === undefined)
    return [anew(words)];
  return [to < from ? adapted(words) : limited(words)];
}

function endChanges({ a, b, x, y, differ }: Two<Seq>): Change[] {
  const out: Change[] = [];
  if (differ(x.deadline, y.deadline)) {
    const isTime = !differ(x.deadline?.step, y.deadline?.step);
    const [from, to] = [usOf(a.of, x.deadline?.wait), usOf(b.of, y.deadline?.wait)];
    out.push(anew(isTime ? durations("wait of `then no`", from, to) : "`then no` changed"));
  }
  if (differ(x.until, y.until))
    out.push(
      x.until || !isExact(a, x)
        ? anew("`until` changed")
        : limited(`adds \`until ${y.until?.name}\``),
    );
  return out;
}

function seqStepChanges(two: Two<Seq>, s: SeqStep, t: SeqStep, at: number): Change[] {
  const { a, b, differ } = two;
  const name = `step \`${t.step.name}\``;
  const out: Change[] = [];
  if (s.isOptional !== t.isOptional)
    out.push(anew(`${name} is ${t.isOptional ? "optional now" : "no longer optional"}`));
  if (differ(kindNames(a, s.step), kindNames(b, t.step)))
    out.push(anew(`${name} is about other events`));
  if (differ(s.step.key, t.step.key)) out.push(anew(`${name} has another key`));
  if (differ(s.gap, t.gap)) out.push(anew(`the gap before ${name} changed`));
  if (differ(s.step.where, t.step.where)) out.push(conditionChange(two, s, t, at));
  out.push(...repeatChanges(two, s, t, at), ...negativeChanges(two, s, t));
  return out;
}

function kindNames({ of: { unit } }: RuleIn, step: Step): string[] {
  return step.kinds.map((k) => unit.schema.kinds[k]?.name ?? "?").sort();
}

/** Of a later step: what it has taken is asked again, and what it asks must have been kept. */
function conditionChange({ a, x }: Two<Seq>, s: SeqStep, t: SeqStep, at: number): Change {
  const name = `step \`${t.step.name}\``;
  if (at === 0) return anew(`the first step \`${t.step.name}\` asks for something else`);
  const isSettled = !s.repeat && !x.steps.slice(0, at).every((p) => p.isOptional);
  if (!isSettled || !isExact(a, x) || asksWorld(t.step.where))
    return anew(`the condition of ${name} changed`);
  if (t.step.where && someExpr(t.step.where, (e) => e.op === "run"))
    return anew(`the condition of ${name}, which aggregates a run, changed`);
  const lacking = missingField(a, s.step, t.step);
  return lacking
    ? anew(`${name} asks for \`${lacking}\`, which the old state has not captured`)
    : { ...limited(`the condition of ${name} changed`), recheck: at };
}

/** On coarse clocks what is kept of a key is numbered by its steps, and asked again later. */
function isExact(own: RuleIn, pattern: Seq | All): boolean {
  return reachIn(own, pattern) === 0;
}

function reachIn({ of: { unit, params } }: RuleIn, pattern: Seq | All): number {
  return reachOf(unit, allStepsOf(pattern), durationOf(pattern.slack, params));
}

/** Where order was certain and is not any more, or the other way round, more is kept, or less. */
function reachChanges({ a, b, x, y }: Two<Seq> | Two<All>): Change[] {
  return reachIn(a, x) === reachIn(b, y)
    ? []
    : [anew("the order of its events is known otherwise")];
}

/** What is known besides events is not what it was when the step was taken. */
function asksWorld(e: Expr | undefined): boolean {
  return e !== undefined && someExpr(e, (x) => x.op === "hop" || x.op === "related");
}

/** A field that the new condition reads of the step's own event and the old kinds do not have. */
function missingField(a: RuleIn, s: Step, t: Step): string | undefined {
  let missing: string | undefined;
  const known = s.kinds.map((k) => a.of.unit.schema.kinds[k]?.fields.map((f) => f.name) ?? []);
  const look = (e: Expr) => {
    if (e.op !== "field" || e.of.step !== "current") return;
    if (!known.some((names) => names.includes(e.name))) missing ??= e.name;
  };
  if (t.where) walkExpr(t.where, look);
  return missing;
}

function repeatChanges({ a, b, x }: Two<Seq>, s: SeqStep, t: SeqStep, at: number): Change[] {
  const name = `step \`${t.step.name}\``;
  if (!s.repeat !== !t.repeat) return [anew(`${name} is ${t.repeat ? "" : "no longer "}repeated`)];
  if (!s.repeat || !t.repeat) return [];
  const of = (own: RuleIn, c: Count | undefined) => usOf(own.of, c);
  const [from, to] = [of(a, s.repeat.min), of(b, t.repeat.min)];
  const [most, now] = [of(a, s.repeat.max), of(b, t.repeat.max)];
  const out: Change[] = [];
  // The last run ends where it is complete, unless it is told when it is over.
  const isLast =
    at === x.steps.length - 1 && a.rule.policy.emit !== "close" && !x.deadline && isExact(a, x);
  if (from !== to) {
    const words = numbers(`threshold of ${name}`, from, to);
    // A run that was complete has been told and is gone; more of it may make a match now.
    const isLess = to !== undefined && from !== undefined && to < from;
    out.push(isLast ? (isLess ? adapted(words) : limited(words)) : anew(words));
  }
  if (most !== now && !(isLast && from !== to && most === from && now === to))
    out.push(anew(numbers(`most events of ${name}`, most, now)));
  if (s.repeat.keep !== t.repeat.keep)
    out.push(adapted(numbers(`\`keep\` of ${name}`, s.repeat.keep, t.repeat.keep)));
  out.push(...numberedChanges(name, s.repeat.numbered ?? 0, t.repeat.numbered ?? 0));
  return out;
}

/** Events that are read by their number are kept for sure only where they were read before. */
function numberedChanges(name: string, had: number, asked: number): Change[] {
  if (asked === had) return [];
  if (asked > had)
    return [anew(`event ${asked - 1} of ${name} is read, which the old state may not have kept`)];
  return [adapted(numbers(`events of ${name} that are read by number`, had, asked))];
}

function negativeChanges({ a, x, differ }: Two<Seq>, s: SeqStep, t: SeqStep): Change[] {
  if (!differ(s.without, t.without)) return [];
  const isThere = (n: Step, among: readonly Step[]) => among.some((o) => !differ(n, o));
  const added = t.without.filter((n) => !s.without.some((o) => !differ(o, n)));
  const kept = s.without.every((n, i) => isThere(n, t.without.slice(i, i + 1)));
  if (!kept || !isExact(a, x))
    return [anew(`what must not come before \`${t.step.name}\` changed`)];
  return added.map((n) => limited(`adds the negative \`no ${n.name}\` before \`${t.step.name}\``));
}

/** Of runs that go on nothing is known but what was asked of them from their beginning. */
function runChanges(a: RuleIn, b: RuleIn, differ: Differ): Change[] {
  const [had, asked] = [runAggregatesOf(a.rule), runAggregatesOf(b.rule)];
  if (asked.length === 0 || !differ(had, asked)) return [];
  return [anew("what it asks of its runs, such as their sums, changed")];
}

function winChanges({ a, b, x, y, differ }: Two<Win>): Change[] {
  const out: Change[] = [];
  const event = `step \`${y.step.name}\``;
  if (differ(x.step, y.step)) {
    const isCondition = !differ({ ...x.step, where: 0 }, { ...y.step, where: 0 });
    out.push(anew(isCondition ? `the condition of ${event} changed` : `${event} changed`));
  }
  if (x.shape.shape !== y.shape.shape) out.push(anew(`it is a ${y.shape.shape} window now`));
  else if (differ(x.shape, y.shape)) out.push(shapeChange({ a, b, x, y, differ }));
  if (x.resolution !== y.resolution)
    out.push(anew(durations("resolution", x.resolution, y.resolution)));
  if (differ(x.having, y.having)) out.push(...havingChanges({ a, b, x, y, differ }));
  if (x.maxEvents !== y.maxEvents)
    out.push(anew(numbers("`max_events`", x.maxEvents, y.maxEvents)));
  return out;
}

/** Panes follow the window's size unless the rule says how wide they are; exact times do not. */
function shapeChange({ a, b, x, y }: Two<Win>): Change {
  const size = (own: RuleIn, { shape }: Win) =>
    usOf(own.of, shape.shape === "session" ? shape.gap : shape.size);
  const [from, to] = [size(a, x) ?? 0, size(b, y) ?? 0];
  if (from === to) return anew("the window's shape changed");
  const words = durations("window", from, to);
  const isExact = gaugesOf(a.rule).every((g) => !g.agg.isPaned && g.thresholds && !g.isPast);
  const isSliding = x.shape.shape === "sliding" && a.rule.policy.emit !== "close";
  if (!isSliding || (!isExact && x.resolution === undefined)) return anew(words);
  // What is known of earlier windows is of windows of that size.
  if (historiesOf(a.rule).length > 0) return anew(words);
  return { ...(to < from ? adapted(words) : limited(words)), recheck: 0 };
}

/** A window that satisfies the new condition is told of at its next event. */
function havingChanges({ a, b, x, y }: Two<Win>): Change[] {
  const thresholds = thresholdsOf(a.of, x.having, b.of, y.having);
  if (!thresholds) return [anew("the condition of the window changed")];
  const isOpen = a.rule.policy.emit === "close" || historiesOf(a.rule).length > 0;
  if (isOpen) return thresholds.map((t) => anew(thresholdWords(t)));
  const [before, now] = [limitsIn(a.of, a.rule), limitsIn(b.of, b.rule)];
  const isMore = now.some((limit, i) => (limit ?? 0) > (before[i] ?? 0));
  return thresholds.map((t) => {
    const change = (isMore || (t.isStricter && arePanes(x)) ? limited : adapted)(thresholdWords(t));
    return t.isStricter ? { ...change, recheck: 0 } : change;
  });
}

/** Of panes that are over nothing is kept: whether one satisfies another condition is not known. */
function arePanes({ shape }: Win): boolean {
  return shape.shape === "tumbling" || shape.shape === "hop";
}

function allChanges({ a, b, x, y, differ }: Two<All>): Change[] {
  const out: Change[] = [];
  const within = (own: RuleIn, p: All) => usOf(own.of, p.within);
  const [from, to] = [within(a, x) ?? 0, within(b, y) ?? 0];
  if (differ(x.steps, y.steps)) out.push(anew("its steps changed"));
  if (x.need !== y.need) out.push(adapted(numbers("steps it needs", x.need, y.need)));
  if (from !== to) {
    const words = durations("`within`", from, to);
    out.push(to < from ? adapted(words) : limited(words));
  }
  if (differ(x.until, y.until))
    out.push(x.until ? anew("`until` changed") : limited(`adds \`until ${y.until?.name}\``));
  if (differ(x.slack, y.slack)) out.push(anew("`slack` changed"));
  out.push(...reachChanges({ a, b, x, y, differ }));
  return out;
}

function invChanges({ a, b, x, y, differ }: Two<Inv>): Change[] {
  const out: Change[] = [];
  if (differ(x.step, y.step)) out.push(anew(`what counts as \`${y.step.name}\` changed`));
  if (x.entity !== y.entity || differ(x.where, y.where))
    out.push(anew("it is about other entities"));
  if (differ(x.wait, y.wait))
    out.push(anew(durations("`for`", usOf(a.of, x.wait), usOf(b.of, y.wait))));
  return out;
}

// ---------- bounds and policies ----------

function boundChanges(a: CoreRule, b: CoreRule): Change[] {
  const out: Change[] = [];
  if (a.keysMax !== b.keysMax) out.push(adapted(numbers("`keys max`", a.keysMax, b.keysMax)));
  const partials = ({ pattern }: CoreRule) =>
    "partials" in pattern ? pattern.partials : undefined;
  if (partials(a) !== partials(b) && a.pattern.node === b.pattern.node)
    out.push(adapted(numbers("`partials`", partials(a), partials(b))));
  return out;
}

function policyChanges({ policy: a }: CoreRule, { policy: b }: CoreRule): Change[] {
  const out: Change[] = [];
  if (a.select !== b.select) out.push(anew(`\`select\` ${a.select} → ${b.select}`));
  if (a.skip !== b.skip) out.push(anew("`skip` changed"));
  if (a.emit !== b.emit) out.push(anew(`\`emit\` ${a.emit} → ${b.emit}`));
  if (a.evict !== b.evict) out.push(adapted(`\`evict\` ${a.evict} → ${b.evict}`));
  if (a.onLoss !== b.onLoss) out.push(adapted(`\`on loss\` ${a.onLoss} → ${b.onLoss}`));
  if (a.onIdle !== b.onIdle) out.push(adapted(`\`on idle\` ${a.onIdle} → ${b.onIdle}`));
  return out;
}

/** What becomes of matches: the clocks of keys that are known go on under the new numbers. */
function lifecycleChanges(a: CoreRule, b: CoreRule, differ: Differ): Change[] {
  const out: Change[] = [];
  const conditions = ({ exceptions }: CoreRule) =>
    exceptions.map(({ when, expires }) => [when, expires]);
  if (differ(conditions(a), conditions(b))) out.push(adapted("its exceptions changed"));
  if (differ(a.suppress, b.suppress))
    out.push(
      differ(a.suppress?.key, b.suppress?.key) && a.suppress && b.suppress
        ? anew("`suppress` counts by another key")
        : adapted(durations("`suppress`", a.suppress?.us, b.suppress?.us)),
    );
  if (differ(a.rate, b.rate))
    out.push(
      differ(a.rate?.key, b.rate?.key) && a.rate && b.rate
        ? anew("`rate` counts by another key")
        : adapted("`rate` changed"),
    );
  if (differ(a.resolve, b.resolve)) out.push(adapted("`resolve` changed"));
  if (differ(a.subsumes, b.subsumes)) out.push(adapted("`subsumes` changed"));
  return out;
}

/** Steps whose hits a waiting event has, of the old rule, as steps of the new one. */
export function heardAs(a: CoreRule, b: CoreRule): (number | undefined)[] {
  const places = (rule: CoreRule): string[] => {
    const { pattern, resolve } = rule;
    const all = allStepsOf(pattern).map((step) => placeOf(pattern, step));
    return resolve && "on" in resolve ? [...all, "resolve"] : all;
  };
  const now = places(b);
  return places(a).map((place) => {
    const at = now.indexOf(place);
    return at < 0 ? undefined : at;
  });
}

/** Where in a pattern a step stands, whatever comes before it. */
function placeOf(pattern: CoreRule["pattern"], step: Step): string {
  if (pattern.node === "seq") {
    for (const [i, s] of pattern.steps.entries()) {
      if (s.step === step) return `step ${i}`;
      const negative = s.without.indexOf(step);
      if (negative >= 0) return `negative ${i} ${negative}`;
    }
    return pattern.deadline?.step === step ? "deadline" : "until";
  }
  if (pattern.node === "all") {
    const at = pattern.steps.indexOf(step);
    return at >= 0 ? `step ${at}` : "until";
  }
  return "step 0";
}
