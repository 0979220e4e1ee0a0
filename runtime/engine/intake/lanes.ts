/** The lanes of a unit: which rule is in which, and who hears of what. */
import {
  type CoreRule,
  type CoreUnit,
  concludesFromSilence,
  findingKindOf,
  heardSteps,
  sourcesOf,
} from "#core";
import type { DeriveCode } from "../code/matcher.ts";
import type { RuleRunner } from "../rule-runner.ts";
import { Deriver } from "./deriver.ts";
import { Lane } from "./lane.ts";

export interface LanesInputs {
  readonly unit: CoreUnit;
  readonly derives: readonly DeriveCode[];
  readonly eventsMax: number;
  /** Number of the unit's first rule among the rules of all generations. */
  readonly base: number;
}

export class Lanes {
  readonly #inputs: LanesInputs;
  readonly #deriver: Deriver;
  readonly #byId = new Map<string, Lane>();
  readonly #ofRule: Lane[] = [];
  /** Steps for events that are made of others, by kind and rule. */
  readonly #madeSteps = new Map<number, Map<number, number[]>>();
  readonly #ofDerive: Set<Lane>[];

  constructor(inputs: LanesInputs) {
    this.#inputs = inputs;
    this.#deriver = new Deriver(inputs.unit, inputs.derives);
    this.#ofDerive = inputs.unit.derives.map(() => new Set());
  }

  /** Lanes of rules over findings come after those that make them. */
  get all(): readonly Lane[] {
    return [...this.#byId.values()];
  }

  ofRule(rule: number): Lane {
    const lane = this.#ofRule[rule];
    if (!lane) throw new Error(`rule ${rule} is in no lane`);
    return lane;
  }

  /** The lanes some rule of which hears what a derive makes. */
  ofDerive(derive: number): Iterable<Lane> {
    return this.#ofDerive[derive] ?? [];
  }

  /** The lanes some rule of which is over events of `kind`. */
  overKind(kind: number): Iterable<Lane> {
    return new Set([...(this.#madeSteps.get(kind)?.keys() ?? [])].map((rule) => this.ofRule(rule)));
  }

  /** The steps of `rule` that events of a made `kind` are for. */
  stepsFor(kind: number, rule: number): readonly number[] {
    return this.#madeSteps.get(kind)?.get(rule) ?? [];
  }

  /** Rules come in the order of the unit: one over findings after those that make them. */
  add(runner: RuleRunner, rule: CoreRule): void {
    const lane = this.#laneFor(rule);
    lane.rules.push(runner);
    this.#ofRule[runner.index] = lane;
    const { kinds } = this.#inputs.unit.schema;
    for (const [step, { kinds: heard }] of heardSteps(rule).entries()) {
      for (const kind of heard) {
        if (kinds[kind]?.made !== undefined) this.#addMade(kind, runner.index, step);
        if (kinds[kind]?.made === "derived") this.#addDerives(kind, lane);
      }
    }
  }

  #laneFor(rule: CoreRule): Lane {
    const { unit, eventsMax } = this.#inputs;
    const kinds = heardSteps(rule).flatMap((s) => s.kinds);
    const sources = sourcesOf(unit, kinds).sort((a, b) => a - b);
    const inputs = this.#makersOf(kinds);
    const waitsForIdle = concludesFromSilence(rule) && rule.policy.onIdle === "hold";
    const places = [...this.#byId.values()];
    const id = `${sources.join(",")}|${waitsForIdle}|${inputs.map((l) => places.indexOf(l)).join(",")}`;
    const lane =
      this.#byId.get(id) ??
      new Lane({
        unit,
        sources,
        waitsForIdle,
        inputs,
        deriver: this.#deriver,
        madeSteps: this.#madeSteps,
        eventsMax,
      });
    this.#byId.set(id, lane);
    return lane;
  }

  /** The lanes of the rules that make findings of `kinds`. */
  #makersOf(kinds: readonly number[]): Lane[] {
    const { unit, base } = this.#inputs;
    const makers = unit.rules.flatMap((rule, index) => {
      const made = findingKindOf(unit, rule);
      const lane = this.#ofRule[base + index];
      return made >= 0 && kinds.includes(made) && lane ? [lane] : [];
    });
    return [...new Set(makers)];
  }

  #addMade(kind: number, rule: number, step: number): void {
    const byRule = this.#madeSteps.get(kind) ?? new Map<number, number[]>();
    this.#madeSteps.set(kind, byRule);
    byRule.set(rule, [...(byRule.get(rule) ?? []), step]);
  }

  /** `lane` needs events of a derived kind: those that make it, from the sources on. */
  #addDerives(kind: number, lane: Lane): void {
    const { schema, derives } = this.#inputs.unit;
    for (const [i, derive] of derives.entries()) {
      if (derive.kind !== kind || this.#ofDerive[i]?.has(lane)) continue;
      this.#ofDerive[i]?.add(lane);
      for (const input of derive.step.kinds) {
        if (schema.kinds[input]?.made === "derived") this.#addDerives(input, lane);
      }
    }
  }
}
