/**
 * What was half matched and given up for room, for `tapio why-not`: of each rule the furthest, and
 * of those the latest. It is told to people and changes no finding, so no snapshot has it.
 */
import { type CoreRule, fullName } from "#core";

export interface GivenUp {
  /** Full name of the rule. */
  readonly rule: string;
  readonly key: string;
  /** Steps, or for a window whether there was anything. */
  readonly reached: number;
  /** When it was given up, µs. */
  readonly at: number;
}

const keptOfRule = 8;
const keptInAll = 256;

export class GivenUpList {
  /** Furthest first, of equally far ones the latest. */
  readonly #ofRule = new Map<string, GivenUp[]>();
  #count = 0;

  get all(): readonly GivenUp[] {
    return [...this.#ofRule.values()].flat();
  }

  add(rule: CoreRule, key: string, reached: number, at: number): void {
    const name = fullName(rule);
    const own = this.#ofRule.get(name) ?? [];
    this.#ofRule.set(name, own);
    const further = own.filter((g) => g.reached > reached).length;
    own.splice(further, 0, { rule: name, key, reached, at });
    this.#count++;
    if (own.length > keptOfRule) this.#drop(own);
    else if (this.#count > keptInAll) this.#drop(this.#leastFar());
  }

  #drop(own: GivenUp[]): void {
    own.pop();
    this.#count--;
  }

  /** The rule whose last one is the least far, of equally far ones the oldest. */
  #leastFar(): GivenUp[] {
    const lists = [...this.#ofRule.values()].filter((own) => own.length > 0);
    const isLess = (a: GivenUp | undefined, b: GivenUp | undefined) =>
      !!a && !!b && (a.reached < b.reached || (a.reached === b.reached && a.at < b.at));
    return lists.reduce((least, own) => (isLess(own.at(-1), least.at(-1)) ? own : least));
  }
}
