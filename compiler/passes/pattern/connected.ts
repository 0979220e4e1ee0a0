/**
 * What connects the steps of a pattern: a shared key, an equality or a relation in a condition.
 * Steps that nothing connects would be combined with each other whoever they are about.
 *
 *     a, optional b, then c where c.x == a.x and (b is missing or c.y == b.y)
 *     c is connected with a always, and with b whenever b is bound
 */
import { type Expr, isMissingOfNone, walkOutsideRuns } from "#core";

/** A positive step as far as connections go. */
export interface Node {
  readonly where: Expr | undefined;
  readonly isOptional: boolean;
  /** Has errors that were reported, so that what it lacks is not news. */
  readonly isBroken: boolean;
}

/** Beyond so many optional steps only the case in which all of them are bound is looked at. */
const optionalMost = 8;

export class Connections {
  /** By step: the first step of the group it is connected with. */
  readonly #group: number[] = [];

  /** Every step is connected with every other when events share keys. */
  constructor(nodes: readonly Node[], isKeyed: boolean) {
    for (const [at, { where, isBroken }] of nodes.entries()) {
      const isTaken = isKeyed || isBroken;
      this.#group.push(isTaken ? 0 : at);
      if (isTaken || !where) continue;
      const earlier = new Set(nodes.slice(0, at).keys());
      const link = linkOf(where, earlier, (step) => this.#group[step] ?? step);
      for (const group of link.to) this.#merge(group, at);
    }
  }

  areConnected(a: number, b: number): boolean {
    return this.#group[a] === this.#group[b];
  }

  #merge(group: number, at: number): void {
    const old = this.#group[at];
    for (const [i, g] of this.#group.entries()) if (g === old) this.#group[i] = group;
  }
}

/**
 * Whether step `at` is connected with an earlier one, whichever of the optional ones are bound. The
 * first step to be bound has nothing to be connected with.
 */
export function isConnected(nodes: readonly Node[], at: number): boolean {
  const { where } = nodes[at] ?? {};
  const earlier = [...nodes.slice(0, at).keys()];
  const optional = earlier.filter((i) => nodes[i]?.isOptional);
  const mandatory = earlier.filter((i) => !nodes[i]?.isOptional);
  const free = optional.slice(0, optionalMost);
  for (let choice = 0; choice < 2 ** free.length; choice++) {
    const bound = new Set([
      ...mandatory,
      ...optional.slice(optionalMost),
      ...free.filter((_, i) => (choice >> i) & 1),
    ]);
    if (bound.size === 0) continue;
    const link = where && linkOf(where, bound, (step) => step);
    if (!link || (link.isPossible && !link.isJoined)) return false;
  }
  return true;
}

/** What a condition says of the connection of its event with the steps bound before. */
interface Link {
  /** It can be true when exactly these steps are bound. */
  readonly isPossible: boolean;
  /** Every way in which it can be true connects the event with some step. */
  readonly isJoined: boolean;
  /** Groups of steps with which every way connects it. */
  readonly to: ReadonlySet<number>;
}

function linkOf(e: Expr, bound: ReadonlySet<number>, groupOf: (step: number) => number): Link {
  switch (e.op) {
    case "and":
      return both(e.args.map((a) => linkOf(a, bound, groupOf)));
    case "or":
      return either(e.args.map((a) => linkOf(a, bound, groupOf)));
    case "bound":
      return { ...unlinked, isPossible: e.of.step === "current" || bound.has(e.of.step) };
    case "not":
      return e.arg.op === "bound" && e.arg.of.step !== "current"
        ? { ...unlinked, isPossible: !bound.has(e.arg.of.step) }
        : unlinked;
    case "cmp":
      return e.cmp === "==" ? equated([e.left], [e.right], bound, groupOf) : unlinked;
    case "in":
      return equated([e.item], e.set, bound, groupOf);
    case "related":
      return equated([e.from], [e.to], bound, groupOf);
    default:
      return unlinked;
  }
}

const unlinked: Link = { isPossible: true, isJoined: false, to: new Set() };

function both(links: readonly Link[]): Link {
  return {
    isPossible: links.every((l) => l.isPossible),
    isJoined: links.some((l) => l.isJoined),
    to: new Set(links.flatMap((l) => [...l.to])),
  };
}

function either(links: readonly Link[]): Link {
  const [first, ...rest] = links.filter((l) => l.isPossible);
  if (!first) return { ...unlinked, isPossible: false };
  return {
    isPossible: true,
    isJoined: first.isJoined && rest.every((l) => l.isJoined),
    to: new Set([...first.to].filter((g) => rest.every((l) => l.to.has(g)))),
  };
}

/** Two sides that must be equal or related: one speaks of this event, the other of bound steps. */
function equated(
  left: readonly Expr[],
  right: readonly Expr[],
  bound: ReadonlySet<number>,
  groupOf: (step: number) => number,
): Link {
  const [a, b] = [spokenOf(left), spokenOf(right)];
  const other = a.isCurrent && !b.isCurrent ? b : b.isCurrent && !a.isCurrent ? a : undefined;
  const steps = [...a.steps, ...b.steps];
  const isPossible = a.mayLack || b.mayLack || steps.every((s) => bound.has(s));
  // A step's own run connects it with nothing, nor does what was left out.
  const others = [...(other?.steps ?? [])].filter((s) => bound.has(s));
  if (others.length === 0) return { ...unlinked, isPossible };
  return { isPossible, isJoined: true, to: new Set(others.map(groupOf)) };
}

function spokenOf(side: readonly Expr[]) {
  const steps = new Set<number>();
  let isCurrent = false;
  let mayLack = false;
  for (const e of side) {
    walkOutsideRuns(e, (x) => {
      if (x.op === "run") steps.add(x.step);
      if (x.op === "run" && !isMissingOfNone(x.fn)) mayLack = true;
      if (x.op === "coalesce" || x.op === "if") mayLack = true;
      if (!("of" in x)) return;
      if (x.of.step === "current") isCurrent = true;
      else steps.add(x.of.step);
    });
  }
  return { steps, isCurrent, mayLack };
}
