/** Small changes to a condition: thresholds by one, parts dropped, parts negated. */
import type { Expr } from "#core";

interface Change {
  readonly description: string;
  readonly to: Expr;
}

type Write = (e: Expr) => string;

/** Every way to change one thing in `condition`; `part` says where it stands. */
export function conditionVariants(part: string, condition: Expr, write: Write): Change[] {
  return variants(condition, write).map(({ description, to }) => ({
    description: `${part}: ${description}`,
    to,
  }));
}

function variants(e: Expr, write: Write): Change[] {
  switch (e.op) {
    case "and":
    case "or":
      return [
        ...e.args.flatMap((arg, i) => [
          { description: `\`${write(arg)}\` is dropped`, to: without(e, i) },
          ...variants(arg, write).map(({ description, to }) => ({
            description,
            to: { ...e, args: e.args.with(i, to) },
          })),
        ]),
      ];
    case "not":
      return [
        { description: `\`${write(e)}\` is negated`, to: e.arg },
        ...variants(e.arg, write).map(({ description, to }) => ({
          description,
          to: { ...e, arg: to },
        })),
      ];
    case "cmp":
      return [...thresholds(e, write), negated(e, write), ...withinCounts(e, write)];
    case "quant":
      return [negated(e, write), ...withinQuantifier(e, write)];
    default:
      return [negated(e, write)];
  }
}

/** What its condition says of an item makes sense only together with the list. */
function withinQuantifier(e: Extract<Expr, { op: "quant" }>, write: Write): Change[] {
  return variants(e.body, write).map((change) => {
    const to = { ...e, body: change.to };
    return { description: `\`${write(e)}\` becomes \`${write(to)}\``, to };
  });
}

/** What is counted of the items of a list. */
function withinCounts(e: Extract<Expr, { op: "cmp" }>, write: Write): Change[] {
  return (["left", "right"] as const).flatMap((side) => {
    const counted = e[side];
    if (counted.op !== "quant") return [];
    return variants(counted.body, write).map((change) => {
      const to = { ...e, [side]: { ...counted, body: change.to } };
      return { description: `\`${write(e)}\` becomes \`${write(to)}\``, to };
    });
  });
}

function negated(e: Expr, write: Write): Change {
  return { description: `\`${write(e)}\` is negated`, to: { op: "not", arg: e } };
}

function without(e: Extract<Expr, { op: "and" | "or" }>, at: number): Expr {
  const args = e.args.filter((_, i) => i !== at);
  const [only] = args;
  return only && args.length === 1 ? only : { ...e, args };
}

function thresholds(e: Extract<Expr, { op: "cmp" }>, write: Write): Change[] {
  const out: Change[] = [];
  for (const side of ["left", "right"] as const) {
    const x = e[side];
    if (x.op !== "const" || typeof x.value !== "number") continue;
    const step = stepOf(x.value);
    for (const value of [x.value - step, x.value + step]) {
      const to = { ...e, [side]: { op: "const", value } } as Expr;
      out.push({ description: `\`${write(e)}\` becomes \`${write(to)}\``, to });
    }
  }
  return out;
}

/** One, in the unit the number was probably written in: its last digit, or its size prefix. */
function stepOf(value: number): number {
  if (!Number.isInteger(value) || Math.abs(value) < 1000) return 1;
  for (const base of [1024, 10]) {
    let step = 1;
    while (value % (step * base) === 0) step *= base;
    if (step > 1) return step;
  }
  return 1;
}
