/** `absent … for … for each …` to core. */
import type { Inv } from "#core";
import type { Absence } from "#grammar";
import { elaborateCondition } from "../elaborate/elaborate.ts";
import { type Operand, type Scope, value } from "../elaborate/scope.ts";
import { Connections } from "./connected.ts";
import { PatternKeys } from "./key.ts";
import type { LoweredPattern } from "./lowered.ts";
import { lowerDuration, reach } from "./numbers.ts";
import { captured, checkStepNames, lowerStep } from "./step.ts";

export function lowerAbsence(node: Absence, rule: Scope): LoweredPattern {
  const { session } = rule;
  checkStepNames([node.step.name], rule);
  const keyless = new PatternKeys([]);
  const lowered = lowerStep({ ...node.step, by: undefined }, [], new Set(), keyless, rule);
  const before = session.sinkErrors();
  const wait = lowerDuration(node.wait, rule);
  const isRead = node.wait.kind !== "errorExpr" && session.sinkErrors() === before;
  if (isRead && reach(wait, rule).least <= 0)
    session.report("TAP2018", node.wait, {
      what: "the time of `absent`",
      bounds: "longer than 0s",
    });
  const each = node.each;
  const isKnown = each !== undefined && session.isEntityKind(each.entity.text, each.entity);
  const pattern: Inv = {
    node: "inv",
    step: lowered.step,
    wait,
    entity: isKnown ? each.entity.text : undefined,
    where: each?.where && elaborateCondition(each.where, aboutEntity(each.entity.text, rule)),
  };
  // The clock starts when the entity appears, so there may never have been such an event.
  const seen = [captured(lowered, 0, { isOptional: true, isRepeated: false }, "last")];
  // Each entity has a clock of its own, so it is what the findings are told apart by.
  const keys = new PatternKeys(
    each
      ? [{ id: each.entity.id, span: each.entity.span, kind: "sameKey", entity: each.entity }]
      : [],
  );
  return { pattern, seen, keys, connections: new Connections([], true) };
}

/** Which entities count: `entity` is the whole of it, and its kind's name its own level. */
function aboutEntity(kind: string, rule: Scope): Scope {
  const level = { kind, owner: "subject" } as const;
  const own = { ...value({ t: "string" }, { op: "subject", kind }), level };
  const names: [string, Operand][] = [
    ["entity", { is: "subject" }],
    [kind, own],
  ];
  return { ...rule, steps: new Map(), bound: new Map([...rule.bound, ...names]) };
}
