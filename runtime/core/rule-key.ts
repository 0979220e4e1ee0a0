/** The key of a rule for people: its parts by name, and the values that events have for them. */
import { writerFor } from "./condition.ts";
import {
  allStepsOf,
  type CoreRule,
  type CoreUnit,
  type Env,
  evaluate,
  format,
  type KeyPart,
  keyOf,
} from "./ir/index.ts";
import type { EventData, Schema, Value } from "./schema.ts";
import { unitOf } from "./unit-of.ts";

/** One key that events have: the value of each part, as it is and as it is written. */
export interface SeenKey {
  readonly key: string;
  readonly parts: readonly { readonly value: Value; readonly text: string }[];
}

/** Entity kinds and fields, in the order of the key; empty for a rule without one. */
export function keyNames(rule: CoreRule, schema: Schema): string[] {
  const { pattern } = rule;
  if (pattern.node === "inv") return pattern.entity === undefined ? [] : [pattern.entity];
  const step = allStepsOf(pattern).find((s) => s.key.length > 0);
  if (!step) return [];
  const write = writerFor(rule, step.name, schema);
  return step.key.map(({ expr }) => {
    if (expr.op === "entity") return expr.kind;
    return expr.op === "field" ? expr.name : write(expr);
  });
}

/** Every key that some step sees on some event, in the order of the events. */
export function keysSeen(
  unit: CoreUnit,
  rule: CoreRule,
  params: ReadonlyMap<string, Value>,
  events: readonly EventData[],
): SeenKey[] {
  const out = new Map<string, SeenKey>();
  const steps = allStepsOf(rule.pattern).map((s) => ({ kinds: s.kinds, key: keyPartsOf(rule, s) }));
  for (const current of events) {
    const env: Env = { unit, params, current, captures: [] };
    for (const step of steps) {
      if (!step.kinds.includes(current.kind)) continue;
      const key = keyOf(step.key, current, env);
      if (key === undefined || out.has(key)) continue;
      const parts = step.key.map(({ expr }) => {
        const value = evaluate(expr, env);
        return { value, text: textOf(unit.schema, current, expr, value) };
      });
      out.set(key, { key, parts });
    }
  }
  return [...out.values()];
}

/** The clocks of an absence are told apart by its entity; there is no key beside it. */
function keyPartsOf({ pattern }: CoreRule, step: { readonly key: readonly KeyPart[] }) {
  if (pattern.node !== "inv" || pattern.entity === undefined) return step.key;
  const expr = { op: "entity", of: { step: "current" }, kind: pattern.entity } as const;
  return [{ expr, allowsMissing: false }];
}

function textOf(schema: Schema, event: EventData, expr: KeyPart["expr"], value: Value): string {
  if (value === undefined) return "missing";
  const field =
    expr.op === "field" && schema.kinds[event.kind]?.fields.find((f) => f.name === expr.name);
  return field ? format(value, unitOf(field.type)) : format(value, "text");
}
