/** The rules of a unit at work: in their lanes, and those that tell on arrival once more. */
import type { CoreRule, CoreUnit, EventData, Value } from "#core";
import type { MatcherCode, RuleCode } from "./code/matcher.ts";
import type { EngineMatch } from "./code/scope.ts";
import { EagerRunner } from "./eager-runner.ts";
import { Reporter, type ReporterInputs, type Told } from "./findings/reporter.ts";
import type { Lane, LaneHits } from "./intake/lane.ts";
import { Lanes } from "./intake/lanes.ts";
import type { LateBetween } from "./intake/source-states.ts";
import { createMatcher } from "./patterns/matchers.ts";
import type { MatcherInputs } from "./patterns/pattern-matcher.ts";
import { RuleRunner } from "./rule-runner.ts";

export interface RuleSetInputs {
  readonly unit: CoreUnit;
  /** Number of the unit's first rule among the rules of all generations. */
  readonly base: number;
  /** Indexes of the unit's rules that are at work; undefined: all. */
  readonly rules: ReadonlySet<number> | undefined;
  /** Of a rule (by index) that began with a reload: only events after this time are for it, µs. */
  readonly beginsUs?: ((index: number) => number | undefined) | undefined;
  readonly code: MatcherCode;
  readonly params: ReadonlyMap<string, Value>;
  readonly bundleHash: string;
  readonly startUs: number | undefined;
  readonly laneEventsMax: number;
  /** Whether a rule may conclude something from silence; see `MatcherInputs`. */
  readonly concludes: (rule: CoreRule, lateBetween: LateBetween) => MatcherInputs["concludes"];
  /** `match` with what is known to have been lost around it. */
  readonly withLosses: (rule: number, match: EngineMatch) => EngineMatch;
  readonly onFinding: (rule: number, told: Told) => void;
  readonly onProvisional: (told: Told) => void;
  /** Of a match that goes on; see `ReporterInputs`. */
  readonly onGoingOn: NonNullable<ReporterInputs["onGoingOn"]>;
  readonly onWithheld: (id: string) => void;
  readonly onStopped: (rule: CoreRule, error: unknown) => void;
  /** A partial match of that key was given up for room; see `MatcherInputs`. */
  readonly onGivenUp: (rule: CoreRule, key: string, reached: number, at: number) => void;
}

export class RuleSet {
  readonly lanes: Lanes;
  readonly #inputs: RuleSetInputs;
  /** By number of the rule: those that tell what they find on arrival. */
  readonly #eager = new Map<number, EagerRunner>();
  /** What state refers to and the bundle brings, by name. */
  readonly externals: Map<string, object> = new Externals((index, version) =>
    this.asVersion(index, version),
  );

  constructor(inputs: RuleSetInputs) {
    this.#inputs = inputs;
    const { unit, code, laneEventsMax, base, rules } = inputs;
    this.lanes = new Lanes({ unit, derives: code.derives, eventsMax: laneEventsMax, base });
    for (const [index, rule] of unit.rules.entries())
      if (rules?.has(index) ?? true) this.#add(index, rule);
  }

  get runners(): RuleRunner[] {
    return this.lanes.all.flatMap((l) => l.rules);
  }

  /** An event as it arrives, for the rules that do not wait. */
  feedEager(event: EventData, hits: ReadonlyMap<Lane, LaneHits>): void {
    for (const [rule, eager] of this.#eager) {
      const lane = this.lanes.ofRule(rule);
      const own = hits.get(lane);
      const steps = own?.steps.get(rule);
      if (steps) eager.onEvent(event, steps);
      for (const made of lane.derived(event, own?.derives ?? []))
        eager.onEvent(made, this.lanes.stepsFor(made.kind, rule));
    }
  }

  /** A finding as an event, for the rules over it. */
  feedFinding(event: EventData): void {
    for (const lane of this.lanes.overKind(event.kind)) lane.offerFinding(event);
    for (const [rule, eager] of this.#eager)
      eager.onEvent(event, this.lanes.stepsFor(event.kind, rule));
  }

  /** The rule of that number on events as they arrive. */
  eagerOf(rule: number): EagerRunner | undefined {
    return this.#eager.get(rule);
  }

  /** What state refers to of the rule of that number, by what it is. */
  broughtFor(rule: number): Map<string, object> {
    const sorts = ["rule", "reporter", "eager rule", "eager reporter"];
    return new Map(
      sorts.flatMap((sort) => {
        const thing = this.externals.get(`${sort} ${rule}`);
        return thing ? [[sort, thing] as const] : [];
      }),
    );
  }

  /** The rule of that number as what was told under another version of it refers to it. */
  asVersion(index: number, version: number): CoreRule | undefined {
    const name = `rule ${index} version ${version}`;
    const rule = this.externals.get(`rule ${index}`) as CoreRule | undefined;
    const known = rule && this.externals.has(name) ? this.externals.get(name) : undefined;
    const made = (known as CoreRule | undefined) ?? (rule && { ...rule, version });
    if (made) this.externals.set(name, made);
    return made;
  }

  save() {
    return {
      lanes: this.lanes.all.map((l) => l.save()),
      rules: this.runners.map((r) => r.save()),
      eager: new Map([...this.#eager].map(([rule, runner]) => [rule, runner.save()])),
    };
  }

  restore(saved: ReturnType<RuleSet["save"]>): void {
    for (const [i, lane] of this.lanes.all.entries()) {
      const own = saved.lanes[i];
      if (own) lane.restore(own);
    }
    for (const [i, runner] of this.runners.entries()) {
      const own = saved.rules[i];
      if (own) runner.restore(own);
      if (runner.stopped !== undefined) this.#eager.delete(runner.index);
    }
    for (const [rule, own] of saved.eager) this.#eager.get(rule)?.restore(own);
  }

  #add(place: number, rule: CoreRule): void {
    const code = this.#inputs.code.rules[place];
    if (!code) throw new Error(`the matcher has no code for rule ${rule.name}`);
    const { onFinding, onStopped, base } = this.#inputs;
    const index = base + place;
    const beginsUs = this.#inputs.beginsUs?.(place);
    const startUs = this.#startOf(beginsUs);
    const { onGoingOn, onWithheld } = this.#inputs;
    const isClosing = rule.policy.emit === "close";
    const reporter = this.#reporter(index, rule, code, {
      onFinding: (told) => onFinding(index, told),
      ...(isClosing ? { onGoingOn, onWithheld } : {}),
    });
    const runner = new RuleRunner({
      index,
      matcher: this.#matcher(index, rule, reporter, startUs),
      reporter,
      resolveStep: code.resolveStep,
      beginsUs,
      onStopped: (error) => {
        this.#eager.delete(index);
        onStopped(rule, error);
      },
    });
    this.lanes.add(runner, rule);
    this.externals.set(`rule ${index}`, rule).set(`reporter ${index}`, reporter);
    if (rule.policy.emit === "eager") this.#addEager(runner, rule, code, beginsUs);
  }

  /** When the observation of a rule began that began at `beginsUs` of a reload, µs. */
  #startOf(beginsUs: number | undefined): number | undefined {
    const { startUs } = this.#inputs;
    if (beginsUs === undefined || beginsUs === Number.NEGATIVE_INFINITY) return startUs;
    return Math.max(startUs ?? beginsUs, beginsUs);
  }

  /** The rule knows nothing of before `startUs`, when its observation begins anew. */
  restart(runner: RuleRunner, startUs: number): void {
    const { reporter, index } = runner;
    runner.restart(this.#matcher(index, reporter.rule, reporter, startUs));
    const eager = this.#eager.get(index);
    eager?.restart(this.#eagerMatcher(eager.reporter, startUs));
  }

  #matcher(index: number, rule: CoreRule, reporter: Reporter, startUs: number | undefined) {
    const { withLosses, concludes, onGivenUp } = this.#inputs;
    return createMatcher({
      ...this.#matcherInputs(rule, reporter.code, startUs),
      onGivenUp: (key, reached, at) => onGivenUp(rule, key, reached, at),
      emit: (match) => reporter.onMatch(withLosses(index, match)),
      onGoingOn: (match, untilUs) => reporter.onGoingOn(withLosses(index, match), untilUs),
      concludes: concludes(rule, (source, from, to) =>
        this.lanes.ofRule(index).lateBetween(source, from, to),
      ),
    });
  }

  /** The same rule once more, on events as they arrive; it ends no findings. */
  #addEager(
    runner: RuleRunner,
    rule: CoreRule,
    code: RuleCode,
    beginsUs: number | undefined,
  ): void {
    const once: CoreRule = { ...rule, resolve: undefined };
    const { index } = runner;
    const { onProvisional, unit } = this.#inputs;
    const reporter = this.#reporter(index, once, code, {
      onFinding: (told) => onProvisional({ ...told, match: { ...told.match, rule } }),
    });
    const matcher = this.#eagerMatcher(reporter, this.#startOf(beginsUs));
    const onFailed = (error: unknown) => runner.stop(error);
    this.#eager.set(index, new EagerRunner(unit, matcher, reporter, onFailed, beginsUs));
    this.externals.set(`eager rule ${index}`, once).set(`eager reporter ${index}`, reporter);
  }

  #eagerMatcher(reporter: Reporter, startUs: number | undefined) {
    return createMatcher({
      ...this.#matcherInputs(reporter.rule, reporter.code, startUs),
      emit: (match) => reporter.onMatch(match),
      concludes: () => "sound",
    });
  }

  #reporter(
    index: number,
    rule: CoreRule,
    code: RuleCode,
    tell: Pick<ReporterInputs, "onFinding" | "onGoingOn" | "onWithheld">,
  ): Reporter {
    const { unit, params, bundleHash } = this.#inputs;
    return new Reporter({ unit, rule, index, code, params, bundleHash, ...tell });
  }

  #matcherInputs(rule: CoreRule, code: RuleCode, startUs: number | undefined) {
    const { unit, params } = this.#inputs;
    return { unit, rule, pattern: rule.pattern, code, params, startUs };
  }
}

/** Rules under versions they no longer have are found when what was told of them is read again. */
class Externals extends Map<string, object> {
  readonly #asVersion: (index: number, version: number) => object | undefined;

  constructor(asVersion: (index: number, version: number) => object | undefined) {
    super();
    this.#asVersion = asVersion;
  }

  override get(name: string): object | undefined {
    const [, index, version] = /^rule (\d+) version (\d+)$/.exec(name) ?? [];
    if (version === undefined || this.has(name)) return super.get(name);
    return this.#asVersion(Number(index), Number(version));
  }
}
