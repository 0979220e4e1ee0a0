/** Bytes of the events and matches that a rule keeps, and of the texts of its keys. */
import {
  allBounds,
  allStepsOf,
  bytesOfKind,
  type CoreRule,
  type CoreUnit,
  type Cuts,
  cutsBeforeJudged,
  cutsOfUnseen,
  cutsShown,
  evidenceKept,
  heardSteps,
  type KeyPart,
  runAggregatesAt,
  runMath,
  type Step,
  sourcesOf,
  stepsOf,
} from "#core";
import { keyPartBytes } from "./width.ts";
import { viewBytes } from "./window-view.ts";

/** A number, or a reference to something that is counted elsewhere. */
export const word = 8;
/** A truth. */
export const flag = 1;

/** None of it depends on how many keys the rule may have. */
export class EventBytes {
  readonly #unit: CoreUnit;
  readonly #rule: CoreRule;
  readonly #shown: Cuts;
  #match: number | undefined;

  constructor(unit: CoreUnit, rule: CoreRule) {
    this.#unit = unit;
    this.#rule = rule;
    this.#shown = cutsShown(unit, rule);
  }

  /** An event that `step` took. */
  taken({ kinds }: Step): number {
    return this.#widest(kinds, this.#shown);
  }

  /** An event on which conditions are still to be judged. */
  judgedLater(steps: readonly Step[]): number {
    const cuts = cutsBeforeJudged(this.#unit, this.#rule);
    return this.#widest(
      steps.flatMap((s) => s.kinds),
      cuts,
    );
  }

  /** An event that only ends findings. */
  unseen({ kinds }: Step): number {
    return this.#widest(kinds, cutsOfUnseen(this.#unit, this.#rule), 0);
  }

  #widest(kinds: readonly number[], cuts: Cuts, cutBytes?: number): number {
    return Math.max(0, ...kinds.map((k) => bytesOfKind(this.#unit, k, cuts, cutBytes)));
  }

  /** What a step took: references to the first, the last and those that are evidence, a number. */
  run(keep: number): number {
    return 3 * word + keep * word;
  }

  /** The numbers that are kept of a run of step `at`, and of the event that it takes. */
  cells(at: number): number {
    return runAggregatesAt(this.#rule, at).reduce(
      (n, { fn }) => n + word * (runMath(fn).width + 1),
      0,
    );
  }

  /** The text of the key. */
  key(parts: readonly KeyPart[] = keyPartsOf(this.#rule)): number {
    if (parts.length === 0) return word;
    const { pattern } = this.#rule;
    const kinds = allStepsOf(pattern)[0]?.kinds ?? [];
    const texts = parts.map((p) => keyPartBytes(this.#unit, pattern, kinds, p.expr));
    // A list of texts: brackets, and quotes and a comma around each.
    return word + 1 + texts.reduce((n, bytes) => n + bytes + 3, 0);
  }

  /** Levels of an entity, each a reference. */
  get entity(): number {
    return word * this.#unit.schema.entities.length;
  }

  /** A match with all its events. */
  match(): number {
    this.#match ??= this.#ofMatch();
    return this.#match;
  }

  #ofMatch(): number {
    const { pattern, resolve, policy } = this.#rule;
    const steps = stepsOf(pattern);
    const sources = sourcesOf(
      this.#unit,
      heardSteps(this.#rule).flatMap((s) => s.kinds),
    );
    let [runs, events, widest] = [0, 0, 0];
    for (const [i, step] of steps.entries()) {
      const repeat = pattern.node === "seq" ? pattern.steps[i]?.repeat : undefined;
      const isOne = pattern.node === "inv" || (pattern.node === "seq" && !repeat);
      const keep = isOne ? 1 : (repeat?.keep ?? evidenceKept);
      const own = isOne || pattern.node === "win" ? keep : keep + 1;
      runs += this.run(keep) + word + this.cells(i);
      events += own * this.taken(step);
      widest = Math.max(widest, this.taken(step));
    }
    // An event may stand for several steps of an all-of, and there are not more than are held.
    if (pattern.node === "all") events = Math.min(events, allBounds(pattern, 1).entries * widest);
    const doubts = 2 * word * steps.length + 2 * word * sources.length;
    const ends = resolve ? word : 0;
    const began = pattern.node === "win" && policy.emit === "close" ? word : 0;
    const view = began + viewBytes(this.#unit, this.#rule);
    return 3 * word + this.key() + flag + this.entity + doubts + ends + runs + events + view;
  }
}

export function keyPartsOf({ pattern }: CoreRule): readonly KeyPart[] {
  if (pattern.node === "seq") return pattern.steps[0]?.step.key ?? [];
  return pattern.node === "all" ? (pattern.steps[0]?.key ?? []) : pattern.step.key;
}
