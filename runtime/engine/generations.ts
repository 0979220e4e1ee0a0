/**
 * The generations of an engine together: which of their rules an event may be for, and in which
 * order their lanes are decided. A rule over findings hears those of every generation.
 *
 *     record ─► kind functions of all ─► triggers ─► lanes of the older ones, then of the current
 */
import { type EventData, findingKindOf, fullName, heardSteps } from "#core";
import type { KindFunction } from "./code/matcher.ts";
import type { Generation } from "./generation.ts";
import type { Lane, LaneHits } from "./intake/lane.ts";
import type { RuleRunner } from "./rule-runner.ts";

/** A trigger of one of the generations. */
interface Target {
  readonly of: Generation;
  /** Its number there. */
  readonly trigger: number;
}

export class Generations {
  readonly current: Generation;
  /** Those before the current one, oldest first. */
  readonly older: readonly Generation[];
  /** By number of the kind. */
  readonly kinds: readonly (readonly KindFunction[] | undefined)[];
  /** Room for the triggers of one record. */
  readonly hits: Int32Array;
  /** A lane comes after those whose findings its rules are over. */
  readonly lanes: readonly Lane[];
  readonly #targets: readonly Target[];
  /** For a lane those of other generations whose findings its rules are over. */
  readonly #foreign = new Map<Lane, Lane[]>();
  readonly #ofLane = new Map<Lane, Generation>();
  /** By source, as far as it has been asked for. */
  readonly #over = new Map<number, ReadonlySet<Lane>>();

  constructor(current: Generation, older: readonly Generation[]) {
    this.current = current;
    this.older = older;
    this.#targets = this.all.flatMap((of) => of.triggers.map((_, trigger) => ({ of, trigger })));
    this.hits = new Int32Array(this.#targets.length);
    this.kinds = this.#kindFunctions();
    this.lanes = this.#ordered();
  }

  /** The current one first: its triggers keep their numbers. */
  get all(): readonly Generation[] {
    return [this.current, ...this.older];
  }

  get runners(): RuleRunner[] {
    return this.all.flatMap((g) => g.rules.runners);
  }

  of(lane: Lane): Generation {
    return this.#ofLane.get(lane) ?? this.current;
  }

  /** The generation of the rule of that number; undefined when none has it any more. */
  ofRule(rule: number): Generation | undefined {
    return this.all.find(
      ({ parts: { base, unit } }) => rule >= base && rule < base + unit.rules.length,
    );
  }

  /** Lanes that have to be further than `lane`, because it is over their findings. */
  inputsOf(lane: Lane): readonly Lane[] {
    const foreign = this.#foreign.get(lane);
    return foreign ? [...lane.inputs, ...foreign] : lane.inputs;
  }

  /** The lanes of rules over a source, and of those over their findings, makers first. */
  lanesOver(source: number): ReadonlySet<Lane> {
    const known = this.#over.get(source);
    if (known) return known;
    const over = new Set<Lane>();
    for (const lane of this.lanes) {
      const inputs = this.inputsOf(lane);
      if (lane.sources.includes(source) || inputs.some((l) => over.has(l))) over.add(lane);
    }
    this.#over.set(source, over);
    return over;
  }

  feedEager(event: EventData, hits: ReadonlyMap<Lane, LaneHits>): void {
    for (const { rules } of this.all) rules.feedEager(event, hits);
  }

  /** A finding as an event, for the rules over it. */
  feedFinding(event: EventData): void {
    for (const { rules } of this.all) rules.feedFinding(event);
  }

  /** What the first `count` of `hits` are for. */
  byLane(count: number): Map<Lane, LaneHits> {
    const byLane = new Map<Lane, LaneHits>();
    const hitsOf = (lane: Lane) => {
      const known = byLane.get(lane) ?? { steps: new Map<number, number[]>(), derives: [] };
      byLane.set(lane, known);
      return known;
    };
    for (let i = 0; i < count; i++) {
      const target = this.#targets[this.hits[i] ?? -1];
      const trigger = target?.of.triggers[target.trigger];
      if (!target || !trigger) continue;
      const { lanes } = target.of.rules;
      if (trigger.sets === "derive") {
        for (const lane of lanes.ofDerive(trigger.derive))
          hitsOf(lane).derives.push(trigger.derive);
        continue;
      }
      const rule = target.of.parts.base + trigger.rule;
      const { steps } = hitsOf(lanes.ofRule(rule));
      const own = steps.get(rule) ?? [];
      steps.set(rule, own);
      if (trigger.sets === "step") own.push(trigger.step);
    }
    return byLane;
  }

  #kindFunctions() {
    const kinds: (KindFunction[] | undefined)[] = this.current.kinds.map((f) => f && [...f]);
    let offset = this.current.triggers.length;
    for (const older of this.older) {
      for (const [kind, functions] of older.kinds.entries()) {
        if (!functions) continue;
        const known = kinds[kind] ?? [];
        kinds[kind] = known;
        for (const fn of functions) known.push(renumbered(fn, older, offset));
      }
      offset += older.triggers.length;
    }
    return kinds;
  }

  #ordered(): Lane[] {
    const inOrder = [...this.older, this.current].flatMap((g) =>
      g.rules.lanes.all.map((lane) => [lane, g] as const),
    );
    for (const [lane, generation] of inOrder) this.#ofLane.set(lane, generation);
    const lanes: Lane[] = [];
    const begun = new Set<Lane>();
    const visit = (lane: Lane, of: Generation) => {
      if (begun.has(lane)) return;
      begun.add(lane);
      const makers = this.#makersOf(lane, of);
      for (const maker of makers) visit(maker, this.of(maker));
      // Versions that read each other would wait for each other for ever.
      const done = makers.filter((m) => lanes.includes(m) && this.of(m) !== of);
      if (done.length > 0) this.#foreign.set(lane, done);
      lanes.push(lane);
    };
    for (const [lane, of] of inOrder) visit(lane, of);
    return lanes;
  }

  /** The lanes of rules whose findings some rule of `lane` is over. */
  #makersOf(lane: Lane, { parts: { unit, base } }: Generation): Lane[] {
    if (this.older.length === 0) return [...lane.inputs];
    const heard = new Set(
      lane.rules.flatMap(({ index }) => {
        const rule = unit.rules[index - base];
        return rule ? heardSteps(rule).flatMap((s) => s.kinds) : [];
      }),
    );
    const makers = this.all.flatMap((g) =>
      g.rules.runners
        .filter((r) => heard.has(findingKindOf(unit, r.reporter.rule)))
        .map((r) => g.rules.lanes.ofRule(r.index)),
    );
    return [...new Set([...lane.inputs, ...makers])].filter((m) => m !== lane);
  }
}

/** Only what rules at work listen for, under numbers of its own. */
function renumbered(fn: KindFunction, of: Generation, offset: number): KindFunction {
  const numbers = of.triggers.map((trigger, i) => {
    const isHeard =
      trigger.sets === "derive"
        ? [...of.rules.lanes.ofDerive(trigger.derive)].length > 0
        : of.has(trigger.rule);
    return isHeard ? offset + i : -1;
  });
  return (u8, u32, f64, at, reader, hits, n) => {
    const end = fn(u8, u32, f64, at, reader, hits, n);
    let to = n;
    for (let i = n; i < end; i++) {
      const number = numbers[hits[i] ?? -1] ?? -1;
      if (number >= 0) hits[to++] = number;
    }
    return to;
  };
}

/** Full names of the rules a generation is at work with. */
export function namesIn({ rules }: Generation): string[] {
  return rules.runners.map((r) => fullName(r.reporter.rule));
}
