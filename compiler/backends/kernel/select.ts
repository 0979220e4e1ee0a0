/**
 * Which kernel events can matter: a kernel-neutral plan that keeps too much rather than too little.
 *
 * Law: if a step of any rule, positive or negative, is not definitely false on an event, the plan
 * keeps the event. So each step contributes the AND of those of its conjuncts the kernel can decide
 * (integer comparisons with constants); everything else counts as true. A step without such a
 * conjunct keeps all events of its kinds, and so does a rule for which contiguity matters.
 */
import {
  type CoreUnit,
  conjuncts,
  type Expr,
  heardSteps,
  type KernelAtom,
  type KernelNeed,
  mirrored,
  needsContiguity,
  type Step,
} from "#core";

const integerTypes: ReadonlySet<string> = new Set(["u32", "int", "size", "duration", "port"]);
/** More alternatives than this are not worth their instructions: keep the whole kind. */
const maxAlternatives = 32;

/** What the kernel should deliver for `unit`, by event kind. */
export function selectKernelEvents(unit: CoreUnit): KernelNeed[] {
  const source = unit.schema.sources.findIndex((s) => s.name === "kernel");
  const byKind = new Map<number, KernelAtom[][]>();
  const add = (step: Step, keepsAll: boolean) => {
    for (const kind of step.kinds) {
      const info = unit.schema.kinds[kind];
      if (info?.source !== source || info.made !== undefined) continue;
      const atoms = keepsAll ? [] : kernelAtoms(step, kind, unit);
      const alternatives = byKind.get(kind);
      if (alternatives) alternatives.push(atoms);
      else byKind.set(kind, [atoms]);
    }
  };
  for (const rule of unit.rules) {
    const keepsAll = needsContiguity(rule.pattern);
    for (const step of heardSteps(rule)) add(step, keepsAll);
  }
  for (const derive of unit.derives) add(derive.step, false);
  return [...byKind]
    .sort(([a], [b]) => a - b)
    .map(([kind, alternatives]) => ({
      kind: unit.schema.kinds[kind]?.name ?? "?",
      anyOf: simplify(alternatives),
    }));
}

/** One alternative without atoms, or too many alternatives, and everything is kept. */
function simplify(alternatives: readonly KernelAtom[][]): KernelNeed["anyOf"] {
  const distinct = [...new Map(alternatives.map((a) => [JSON.stringify(a), a])).values()];
  const keepsAll = distinct.some((a) => a.length === 0) || distinct.length > maxAlternatives;
  return keepsAll ? [] : distinct.map((allOf) => ({ allOf }));
}

function kernelAtoms(step: Step, kind: number, unit: CoreUnit): KernelAtom[] {
  return conjuncts(step.where).flatMap((e) => kernelAtom(e, kind, unit) ?? []);
}

function kernelAtom(e: Expr, kind: number, unit: CoreUnit): KernelAtom | undefined {
  if (e.op !== "cmp") return undefined;
  if (e.left.op === "const")
    return kernelAtom({ ...e, cmp: mirrored[e.cmp], left: e.right, right: e.left }, kind, unit);
  const { left, right } = e;
  if (left.op !== "field" || left.of.step !== "current" || right.op !== "const") return undefined;
  const field = unit.schema.kinds[kind]?.fields.find((f) => f.name === left.name);
  const isInteger = field !== undefined && integerTypes.has(field.type.t);
  if (!isInteger || typeof right.value !== "number" || !Number.isSafeInteger(right.value))
    return undefined;
  return { field: field.name, cmp: e.cmp, value: right.value };
}
