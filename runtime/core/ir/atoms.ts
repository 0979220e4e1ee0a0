/**
 * A condition taken apart: the tests it is made of, what each came to, and the fewest of them that
 * would have to come out otherwise for the whole to hold.
 *
 *     b.code == 0 and (b.x > 1 or b.y > 1)   on {code: 1, x: 0, y: 0}
 *     ⇒ all three tests; `b.code == 0` and `b.x > 1` would have to hold
 *
 * Negations are pushed to the tests first. What remains is monotone: each way to make it true is a
 * set of tests that must come out in a certain way, and the best one changes the fewest.
 */
import type { Value } from "../schema.ts";
import { childrenOf, type Expr } from "./core.ts";
import { type Env, evaluate, truth } from "./eval.ts";
import { printExpr } from "./print.ts";

/** One test of a condition. */
export interface Atom {
  readonly expr: Expr;
  /** How it must come out for the condition to hold. */
  readonly wanted: boolean;
  /** How it came out; undefined: a value was missing. */
  readonly verdict: boolean | undefined;
  /** What it compared, without constants. */
  readonly readings: readonly { readonly expr: Expr; readonly value: Value }[];
}

/** A condition on one event or moment. */
export interface Proof {
  readonly verdict: boolean | undefined;
  /** Every test, in the order they are written; of two that say the same the first. */
  readonly atoms: readonly Atom[];
  /** The fewest tests that would have to come out otherwise; empty when none has to. */
  readonly flips: readonly Atom[];
}

/** Ways to make a condition true that are looked at; more than any condition by hand has. */
const waysMax = 256;

/** A way to make it true: tests by what they say and how they must come out. */
type Demand = ReadonlyMap<string, Atom>;

/** What `condition` comes to in `env`, test by test; a condition that is not there holds. */
export function proofOf(condition: Expr | undefined, env: Env): Proof {
  if (!condition) return { verdict: true, atoms: [], flips: [] };
  return new Prover(env, ({ wanted, verdict }) => verdict !== wanted).proof(condition, true);
}

/**
 * What it would take for `condition` not to be true: an unknown test does not make it true. One
 * that is not there is always true.
 */
export function proofOfNot(condition: Expr | undefined, env: Env): Proof {
  if (!condition) return { verdict: false, atoms: [], flips: [] };
  return new Prover(env, ({ wanted, verdict }) => verdict === !wanted).proof(condition, false);
}

class Prover {
  readonly #env: Env;
  readonly #isOpen: (atom: Atom) => boolean;
  /** By what they say and how they must come out. */
  readonly #atoms = new Map<string, Atom>();
  /** Under what the opposite of a test would stand. */
  readonly #opposites = new Map<Atom, string>();

  /** `isOpen`: whether a test stands in the way. */
  constructor(env: Env, isOpen: (atom: Atom) => boolean) {
    // What is looked at afterwards was not exercised.
    this.#env = { ...env, observe: undefined };
    this.#isOpen = isOpen;
  }

  proof(condition: Expr, wanted: boolean): Proof {
    const [best] = this.#demandsOf(condition, wanted);
    const verdict = truth(condition, this.#env);
    return {
      verdict: verdict === undefined ? undefined : verdict === wanted,
      atoms: [...this.#atoms.values()],
      flips: [...(best?.values() ?? [])].filter(this.#isOpen),
    };
  }

  /** Every way in which `e` comes out as `wanted`, cheapest first. */
  #demandsOf(e: Expr, wanted: boolean): Demand[] {
    if (e.op === "not") return this.#demandsOf(e.arg, !wanted);
    if (e.op !== "and" && e.op !== "or") return [this.#demandOf(e, wanted)];
    const parts = e.args.map((a) => this.#demandsOf(a, wanted));
    const areAllNeeded = (e.op === "and") === wanted;
    if (!areAllNeeded) return this.#cheapest(parts.flat());
    return parts.reduce((a, b) => this.#cheapest(this.#together(a, b)), [new Map<string, Atom>()]);
  }

  #demandOf(expr: Expr, wanted: boolean): Demand {
    const key = keyOf(expr, wanted);
    const atom = this.#atoms.get(key) ?? {
      expr,
      wanted,
      verdict: truth(expr, this.#env),
      readings: readingsOf(expr, this.#env),
    };
    this.#atoms.set(key, atom);
    this.#opposites.set(atom, keyOf(expr, !wanted));
    return new Map([[key, atom]]);
  }

  /**
   * Both of each pair. A test can come out one way only; an unknown one may be in the way of
   * neither.
   */
  #together(as: readonly Demand[], bs: readonly Demand[]): Demand[] {
    return as.flatMap((a) =>
      bs.flatMap((b) => {
        const isPossible = [...b.values()].every((atom) => {
          const other = a.get(this.#opposites.get(atom) ?? "");
          return !other || (!this.#isOpen(atom) && !this.#isOpen(other));
        });
        return isPossible ? [new Map([...a, ...b])] : [];
      }),
    );
  }

  #cheapest(demands: readonly Demand[]): Demand[] {
    const costed = demands.map((demand) => ({
      demand,
      cost: [...demand.values()].filter(this.#isOpen).length,
    }));
    return costed
      .sort((a, b) => a.cost - b.cost)
      .slice(0, waysMax)
      .map((c) => c.demand);
  }
}

/** What a test says, and how it must come out. */
function keyOf(expr: Expr, wanted: boolean): string {
  return `${wanted} ${printExpr(expr)}`;
}

function readingsOf(e: Expr, env: Env): Atom["readings"] {
  return operandsOf(e)
    .filter((x) => x.op !== "const" && x.op !== "list")
    .map((expr) => ({ expr, value: evaluate(expr, env) }));
}

/** What a test looks at; a value that is a test by itself looks at itself. */
function operandsOf(e: Expr): readonly Expr[] {
  switch (e.op) {
    case "cmp":
    case "in":
    case "cidr":
    case "text":
    case "matches":
    case "has":
    case "related":
      return childrenOf(e);
    // The body speaks of items, which stand in the list.
    case "quant":
      return [e.list];
    case "bound":
    case "quality":
      return [];
    default:
      return [e];
  }
}
