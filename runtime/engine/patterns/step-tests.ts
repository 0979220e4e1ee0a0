/**
 * Tests of a rule's steps on events of which many are judged again and again: what reads no other
 * step is tested once, and of one event's work there is a bound.
 */
import { type EventData, type Step, standsAlone } from "#core";
import type { RuleCode } from "../code/matcher.ts";
import type { Scope } from "../code/scope.ts";

export class StepTests {
  readonly #code: RuleCode;
  readonly #most: number;
  /** Verdicts of steps that read no others; undefined for a step that does. */
  readonly #known: readonly (Map<EventData, number> | undefined)[];
  #done = 0;
  /** Tests were left out: what rests on their answers is not certain. */
  isOver = false;

  /** `most`: tests between one `begin` and the next. */
  constructor(steps: readonly Step[], code: RuleCode, most: number) {
    this.#code = code;
    this.#most = most;
    this.#known = steps.map((s) => (standsAlone(s) ? new Map() : undefined));
  }

  /** From here on tests are counted, for another event. */
  begin(): void {
    this.#done = 0;
    this.isOver = false;
    for (const known of this.#known) known?.clear();
  }

  /** 1 true, 0 false, 2 unknown, as is what there is no room to test. */
  of(step: number, event: EventData, scope: Scope): number {
    const known = this.#known[step];
    const verdict = known?.get(event);
    if (verdict !== undefined) return verdict;
    if (this.#done >= this.#most) {
      this.isOver = true;
      return 2;
    }
    this.#done++;
    const judge = this.#code.steps[step]?.judge;
    const found = judge ? judge(event, scope) : 1;
    known?.set(event, found);
    return found;
  }
}
