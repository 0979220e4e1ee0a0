/** Derived events: one event makes one typed event, and that may make further ones. */
import type { CoreUnit, EventData } from "#core";
import type { DeriveCode } from "../code/matcher.ts";
import { emptyScope } from "../code/scope.ts";

export class Deriver {
  readonly #unit: CoreUnit;
  readonly #code: readonly DeriveCode[];

  constructor(unit: CoreUnit, code: readonly DeriveCode[]) {
    this.#unit = unit;
    this.#code = code;
  }

  /**
   * What is made of `event` by those of `derives` (numbers in the unit) that it may be for, and of
   * what was made by all of them; in the order ≺.
   */
  derived(event: EventData, derives: readonly number[]): EventData[] {
    if (derives.length === 0) return [];
    const made: EventData[] = [];
    for (const [i, derive] of this.#unit.derives.entries()) {
      const { kinds } = derive.step;
      const inputs = [
        ...(derives.includes(i) ? [event] : []),
        ...made.filter((e) => kinds.includes(e.kind)),
      ];
      for (const input of inputs) {
        const code = this.#code[i];
        if (!code || (code.judge && code.judge(input, emptyScope) !== 1)) continue;
        const fields = code.set.map((f) => f?.(input, emptyScope));
        made.push({ ...input, kind: derive.kind, fields });
      }
    }
    // Same time, number and id: what is left of the order is the kind.
    return made.sort((a, b) => a.kind - b.kind);
  }
}
