/**
 * Connections of steps against the definition: whichever optional steps are bound, and in whichever
 * way the condition comes true, the event has something in common with a bound step.
 */
import fc from "fast-check";
import { expect, test } from "vitest";
import type { Expr } from "#core";
import {
  Connections,
  isConnected,
  type Node,
} from "../../../../compiler/passes/pattern/connected.ts";

type Atom =
  | { readonly atom: "join" | "bound" | "unbound"; readonly step: number }
  | { readonly atom: "own" };
type Condition = Atom | { readonly op: "and" | "or"; readonly args: readonly Condition[] };

const earlierSteps = 3;

const atom: fc.Arbitrary<Atom> = fc.oneof(
  fc.record({
    atom: fc.constantFrom("join" as const, "join" as const, "bound" as const, "unbound" as const),
    step: fc.nat(earlierSteps - 1),
  }),
  fc.constant({ atom: "own" as const }),
);
const { condition } = fc.letrec<{ condition: Condition }>((tie) => ({
  condition: fc.oneof(
    { maxDepth: 3 },
    atom,
    fc.record({
      op: fc.constantFrom("and" as const, "or" as const),
      args: fc.array(tie("condition"), { minLength: 1, maxLength: 3 }),
    }),
  ),
}));

function coreOf(c: Condition): Expr {
  if ("op" in c) return { op: c.op, args: c.args.map(coreOf) };
  const pid = (of: Extract<Expr, { op: "field" }>["of"]): Expr => ({
    op: "field",
    of,
    name: "pid",
  });
  const current = pid({ step: "current" });
  if (c.atom === "own")
    return { op: "cmp", cmp: "==", left: current, right: { op: "const", value: 1 } };
  const of = { step: c.step, pick: "first" } as const;
  if (c.atom === "join") return { op: "cmp", cmp: "==", left: current, right: pid(of) };
  const bound: Expr = { op: "bound", of };
  return c.atom === "bound" ? bound : { op: "not", arg: bound };
}

/** Every way in which the condition can be true: sets of atoms that are true together. */
function waysOf(c: Condition): Atom[][] {
  if (!("op" in c)) return [[c]];
  const parts = c.args.map(waysOf);
  if (c.op === "or") return parts.flat();
  return parts.reduce<Atom[][]>(
    (all, part) => all.flatMap((a) => part.map((b) => [...a, ...b])),
    [[]],
  );
}

function connectedByDefinition(c: Condition, optional: readonly boolean[]): boolean {
  for (let choice = 1; choice < 2 ** earlierSteps; choice++) {
    const isBound = (step: number) => ((choice >> step) & 1) === 1;
    if (optional.some((o, step) => !o && !isBound(step))) continue;
    const isPossible = (a: Atom) =>
      a.atom === "own" || (a.atom === "unbound" ? !isBound(a.step) : isBound(a.step));
    const ways = waysOf(c).filter((way) => way.every(isPossible));
    if (ways.some((way) => !way.some((a) => a.atom === "join"))) return false;
  }
  return true;
}

const step = (where: Expr | undefined, isOptional = false): Node => ({
  where,
  isOptional,
  isBroken: false,
});

test("a step is connected exactly when the definition says so", () => {
  const flags = fc.array(fc.boolean(), { minLength: earlierSteps, maxLength: earlierSteps });
  let connected = 0;
  const property = fc.property(condition, flags, (c, optional) => {
    const nodes = [...optional.map((o) => step(undefined, o)), step(coreOf(c))];
    const expected = connectedByDefinition(c, optional);
    if (expected) connected++;
    expect(isConnected(nodes, earlierSteps)).toBe(expected);
  });
  fc.assert(property, { numRuns: 2000 });
  // Neither answer is the rule.
  expect(connected).toBeGreaterThan(200);
  expect(connected).toBeLessThan(1800);
});

test("steps are connected through others", () => {
  const join = (to: number) => coreOf({ atom: "join", step: to });
  const chain = new Connections([step(undefined), step(join(0)), step(join(1))], false);
  expect(chain.areConnected(0, 2)).toBe(true);
  const apart = new Connections([step(undefined), step(undefined), step(join(1))], false);
  expect(apart.areConnected(0, 2)).toBe(false);
  expect(apart.areConnected(1, 2)).toBe(true);
});

test("a choice connects with what each of its ways connects with", () => {
  const either: Condition = {
    op: "or",
    args: [
      { atom: "join", step: 0 },
      { atom: "join", step: 1 },
    ],
  };
  const apart = [step(undefined), step(undefined), step(coreOf(either))];
  expect(new Connections(apart, false).areConnected(0, 2)).toBe(false);
  const together = [step(undefined), step(coreOf({ atom: "join", step: 0 })), step(coreOf(either))];
  expect(new Connections(together, false).areConnected(0, 2)).toBe(true);
});
