/** `all of`, `any of` and `n of` to core. */
import type { All } from "#core";
import type { AllOf, GroupHead } from "#grammar";
import type { Scope } from "../elaborate/scope.ts";
import { Connections, isConnected } from "./connected.ts";
import { lowerHeads } from "./heads.ts";
import { PatternKeys } from "./key.ts";
import { defaultPartials, type LoweredPattern } from "./lowered.ts";
import { captured, checkStepNames, type LoweredStep, lowerStep, type SeenStep } from "./step.ts";

/** Undefined when it has no steps that could be read. */
export function lowerAllOf(node: AllOf, rule: Scope): LoweredPattern | undefined {
  const { steps: nodes, until } = node;
  if (nodes.length === 0) return undefined;
  checkStepNames(
    [...nodes, ...(until ? [until] : [])].map((s) => s.name),
    rule,
  );
  const heads = lowerHeads(node.heads, rule);
  refuseOrder(node, rule);
  const keys = new PatternKeys(heads.keys);
  const need = neededOf(node, rule);
  const lowered: LoweredStep[] = [];
  /** Events come in any order, so that none of the other steps need be there. */
  const others: SeenStep[] = [];
  for (const [i, step] of nodes.entries()) {
    const later = new Set(nodes.slice(i + 1).map((s) => s.name.text));
    lowered.push(lowerStep(step, others, later, keys, rule));
    const latest = lowered.at(-1);
    if (latest) others.push(captured(latest, i, { isOptional: true, isRepeated: true }));
  }
  const cancel = until && lowerStep(until, others, new Set(), keys, rule).step;
  if (heads.within === undefined) {
    const help = `write \`within D\` after \`${quantityText(node)} of\``;
    rule.session.report("TAP3101", node, { what: "this pattern" }, { help });
  }
  const pattern: All = {
    node: "all",
    steps: lowered.map((l) => l.step),
    need,
    until: cancel,
    within: heads.within ?? 0,
    slack: heads.slack,
    partials: heads.partials ?? defaultPartials,
  };
  const isOptional = need < nodes.length;
  const seen = lowered.map((l, i) => captured(l, i, { isOptional, isRepeated: true }));
  const connections = connect(node, lowered, need, keys, rule);
  return { pattern, seen, keys, connections };
}

function quantityText({ quantity }: AllOf): string {
  return String(quantity);
}

function neededOf(node: AllOf, { session }: Scope): number {
  const { quantity, steps } = node;
  if (quantity === "all") return steps.length;
  if (quantity === "any") return 1;
  if (quantity >= 1 && quantity <= steps.length) return quantity;
  const bounds = `from 1 to ${steps.length}, the number of its steps`;
  session.report("TAP2018", node, { what: `\`${quantity} of\``, bounds });
  return 1;
}

/** `strict` speaks of neighbours in an order that these patterns do not have. */
function refuseOrder(node: AllOf, { session }: Scope): void {
  const strict = node.heads.find((h: GroupHead) => h.kind === "strictHead");
  if (strict) session.report("TAP3106", strict, { pattern: `${quantityText(node)} of` });
}

/** A single event has nothing to be connected with; several must have something in common. */
function connect(
  node: AllOf,
  lowered: readonly LoweredStep[],
  need: number,
  keys: PatternKeys,
  { session }: Scope,
): Connections {
  const nodes = lowered.map(({ step, isUnsure }) => ({
    where: step.where,
    isOptional: false,
    isBroken: isUnsure,
  }));
  for (const [i, step] of nodes.entries()) {
    if (keys.isKeyed || need === 1 || i === 0 || step.isBroken || isConnected(nodes, i)) continue;
    session.report("TAP3201", node.steps[i] ?? node, { step: lowered[i]?.step.name ?? "" });
    step.isBroken = true;
  }
  return new Connections(nodes, keys.isKeyed);
}
