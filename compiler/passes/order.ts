/** Order of things that need each other. */

export interface Ordered<T> {
  /** What is needed comes first; otherwise as given. */
  readonly order: readonly T[];
  /** Circles of need, each from one of its members round to the last before it. */
  readonly cycles: readonly (readonly T[])[];
}

/** A node on the way down, and those of its needs that are still to be looked at. */
interface Visit<T> {
  readonly node: T;
  readonly needs: T[];
}

/**
 * Every node once; a circle is cut where it is closed. Depth first with a stack of its own: chains
 * of need may be as long as a source text allows.
 */
export function inOrderOfNeed<T>(
  nodes: readonly T[],
  needsOf: (node: T) => readonly T[],
): Ordered<T> {
  const order: T[] = [];
  const cycles: T[][] = [];
  const state = new Map<T, "open" | "done">();
  const path: Visit<T>[] = [];
  const enter = (node: T) => {
    state.set(node, "open");
    path.push({ node, needs: [...needsOf(node)].reverse() });
  };
  for (const start of nodes) {
    if (!state.has(start)) enter(start);
    for (let top = path.at(-1); top; top = path.at(-1)) {
      const need = top.needs.pop();
      if (need === undefined) {
        state.set(top.node, "done");
        order.push(top.node);
        path.pop();
      } else if (!state.has(need)) enter(need);
      else if (state.get(need) === "open") {
        const from = path.findIndex((v) => v.node === need);
        cycles.push(path.slice(from).map((v) => v.node));
      }
    }
  }
  return { order, cycles };
}
