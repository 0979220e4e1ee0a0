/**
 * A bundle at work in an engine: its code, and its rules in their lanes. One is current; after a
 * reload older ones end what their rules have begun.
 */
import { type CoreUnit, type Trigger, triggersOf, type Value } from "#core";
import type { Interner } from "#runtime/events";
import { type KindFunction, loadMatcher, type MatcherCode } from "./code/matcher.ts";
import { createSupport } from "./code/support.ts";
import type { WorldState } from "./intake/world-state.ts";
import { RuleSet, type RuleSetInputs } from "./rule-set.ts";

/** What is known of a bundle: plain data, from which its code is loaded again. */
export interface GenerationParts {
  readonly unit: CoreUnit;
  /** Text of the generated matcher. */
  readonly matcher: string;
  readonly bundleHash: string;
  readonly params: ReadonlyMap<string, Value>;
  /** Number of its first rule among the rules of all generations. */
  readonly base: number;
  /** By a kind's number in the matcher its number in the engine; undefined: the same. */
  readonly kinds: readonly number[] | undefined;
  /** Those of its rules that are at work; undefined: all. */
  readonly rules: readonly number[] | undefined;
}

export type GenerationSurroundings = Pick<
  RuleSetInputs,
  | "startUs"
  | "laneEventsMax"
  | "concludes"
  | "withLosses"
  | "onFinding"
  | "onProvisional"
  | "onGoingOn"
  | "onWithheld"
  | "onStopped"
  | "onGivenUp"
  | "beginsUs"
> & { readonly interner: Interner; readonly world: WorldState };

export class Generation {
  readonly parts: GenerationParts;
  readonly code: MatcherCode;
  readonly rules: RuleSet;
  readonly triggers: readonly Trigger[];
  /** By number of the kind in the engine. */
  readonly kinds: (readonly KindFunction[] | undefined)[] = [];

  constructor(parts: GenerationParts, around: GenerationSurroundings) {
    this.parts = parts;
    const { unit, params, bundleHash, base } = parts;
    const support = createSupport({
      schema: unit.schema,
      programs: unit.programs,
      interner: around.interner,
      params: unit.params.map((p) => params.get(p.name)),
      world: around.world,
    });
    this.code = loadMatcher(parts.matcher, support);
    for (const [kind, functions] of this.code.kinds)
      this.kinds[parts.kinds?.[kind] ?? kind] = functions;
    this.triggers = triggersOf(unit);
    const rules = parts.rules && new Set(parts.rules);
    this.rules = new RuleSet({ ...around, unit, code: this.code, params, bundleHash, base, rules });
  }

  /** Whether rule `index` of the unit is at work here. */
  has(index: number): boolean {
    return this.parts.rules?.includes(index) ?? index < this.parts.unit.rules.length;
  }
}
