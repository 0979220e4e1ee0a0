/** The rules of a unit at work: in their lanes, and those that tell on arrival once more. */
import type { CoreRule, CoreUnit, EventData, Value } from "#core";
import { EagerRunner } from "./eager-runner.ts";
import type { Lane, LaneHits } from "./lane.ts";
import { Lanes } from "./lanes.ts";
import type { MatcherCode, RuleCode } from "./matcher.ts";
import { createMatcher } from "./matchers.ts";
import type { MatcherInputs } from "./pattern-matcher.ts";
import { Reporter, type Told } from "./reporter.ts";
import { RuleRunner } from "./rule-runner.ts";
import type { EngineMatch } from "./scope.ts";

export interface RuleSetInputs {
  readonly unit: CoreUnit;
  readonly code: MatcherCode;
  readonly params: ReadonlyMap<string, Value>;
  readonly bundleHash: string;
  readonly startUs: number | undefined;
  readonly laneEventsMax: number;
  /** Whether a rule may conclude something from silence; see `MatcherInputs`. */
  readonly concludes: (rule: CoreRule) => MatcherInputs["concludes"];
  /** `match` with what is known to have been lost around it. */
  readonly withLosses: (match: EngineMatch) => EngineMatch;
  readonly onFinding: (rule: number, told: Told) => void;
  readonly onProvisional: (told: Told) => void;
}

export class RuleSet {
  readonly lanes: Lanes;
  readonly #inputs: RuleSetInputs;
  /** By number of the rule: those that tell what they find on arrival. */
  readonly #eager = new Map<number, EagerRunner>();
  /** What state refers to and the bundle brings, by name. */
  readonly externals = new Map<string, object>();

  constructor(inputs: RuleSetInputs) {
    this.#inputs = inputs;
    const { unit, code, laneEventsMax } = inputs;
    this.lanes = new Lanes({ unit, derives: code.derives, eventsMax: laneEventsMax });
    for (const [index, rule] of unit.rules.entries()) this.#add(index, rule);
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

  /** Numbers of the rules of `lane` that tell on arrival. */
  eagerIn(lane: Lane): number[] {
    return lane.rules.map((r) => r.index).filter((index) => this.#eager.has(index));
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
    }
    for (const [rule, own] of saved.eager) this.#eager.get(rule)?.restore(own);
  }

  #add(index: number, rule: CoreRule): void {
    const code = this.#inputs.code.rules[index];
    if (!code) throw new Error(`the matcher has no code for rule ${rule.name}`);
    const { withLosses, onFinding, concludes } = this.#inputs;
    const reporter = this.#reporter(rule, code, (told) => onFinding(index, told));
    const matcher = createMatcher({
      ...this.#matcherInputs(rule, code),
      emit: (match) => reporter.onMatch(withLosses(match)),
      concludes: concludes(rule),
    });
    const { resolveStep } = code;
    this.lanes.add(new RuleRunner({ index, matcher, reporter, resolveStep }), rule);
    this.externals.set(`rule ${index}`, rule).set(`reporter ${index}`, reporter);
    if (rule.policy.emit === "eager") this.#addEager(index, rule, code);
  }

  /** The same rule once more, on events as they arrive; it ends no findings. */
  #addEager(index: number, rule: CoreRule, code: RuleCode): void {
    const once: CoreRule = { ...rule, resolve: undefined };
    const { onProvisional } = this.#inputs;
    const reporter = this.#reporter(once, code, (told) =>
      onProvisional({ ...told, match: { ...told.match, rule } }),
    );
    const matcher = createMatcher({
      ...this.#matcherInputs(once, code),
      emit: (match) => reporter.onMatch(match),
      concludes: () => "sound",
    });
    this.#eager.set(index, new EagerRunner(this.#inputs.unit, matcher, reporter));
    this.externals.set(`eager rule ${index}`, once).set(`eager reporter ${index}`, reporter);
  }

  #reporter(rule: CoreRule, code: RuleCode, onFinding: (told: Told) => void): Reporter {
    const { unit, params, bundleHash } = this.#inputs;
    return new Reporter({ unit, rule, code, params, bundleHash, onFinding });
  }

  #matcherInputs(rule: CoreRule, code: RuleCode) {
    const { unit, params, startUs } = this.#inputs;
    return { unit, rule, pattern: rule.pattern, code, params, startUs };
  }
}
