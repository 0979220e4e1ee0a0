/** A finding as an event, for the rules over findings. */
import type { Finding } from "./finding.ts";
import {
  type CoreUnit,
  evaluate,
  type Match,
  type MatchFacts,
  matchEnv,
  rootOf,
  scoreExpr,
  stepsOf,
  type World,
} from "./ir/index.ts";
import type { EventData, Schema, Value } from "./schema.ts";

/**
 * Undefined when no rule is over findings of this one. `seq` orders findings of one time; `score`
 * is the value of the condition's first `zscore`.
 */
export function findingEvent(
  unit: CoreUnit,
  { finding, match }: { readonly finding: Finding; readonly match: MatchFacts },
  seq: number,
  score: () => Value,
): EventData | undefined {
  const kind = findingKindOf(unit, match.rule);
  const info = unit.schema.kinds[kind];
  if (!info) return undefined;
  const fields = info.fields.map((f) => fieldValue(unit, f.name, finding, match, score));
  const { id, at: ts, entity } = finding;
  return { id, kind, ts, seq, entity: Object.keys(entity).length > 0 ? entity : undefined, fields };
}

/** The kind of a rule's findings as events; -1 when no rule is over them. */
export function findingKindOf(
  unit: CoreUnit,
  { module, name }: { readonly module: string; readonly name: string },
): number {
  const kind = `finding.${module}.${name}`;
  return unit.schema.kinds.findIndex((k) => k.made === "finding" && k.name === kind);
}

function fieldValue(
  unit: CoreUnit,
  name: string,
  finding: Finding,
  match: MatchFacts,
  score: () => Value,
): Value {
  switch (name) {
    case "severity":
    case "confidence":
    case "summary":
    case "title":
      return finding[name];
    case "key":
      return readableKey(match.key);
    case "score":
      return score();
    default:
      return eventField(unit.schema, name, match);
  }
}

/** `root.<field>` and `<step>.<field>`: of the root's event, and of the first one of a step. */
function eventField(schema: Schema, name: string, match: MatchFacts): Value {
  const dot = name.indexOf(".");
  const step = name.slice(0, dot);
  const names = stepsOf(match.rule.pattern).map((s) => s.name);
  const event = step === "root" ? rootOf(match).event : match.captures[names.indexOf(step)]?.first;
  const fields = schema.kinds[event?.kind ?? -1]?.fields ?? [];
  return event?.fields[fields.findIndex((f) => f.name === name.slice(dot + 1))];
}

/** The key's values without what tells values of different types apart. */
function readableKey(key: string): string | undefined {
  if (key === "") return undefined;
  const parts = JSON.parse(key) as readonly string[];
  return parts.map((p) => p.slice(1)).join(", ");
}

/** The value of a rule's score for a match. */
export function scoreOf(
  unit: CoreUnit,
  params: ReadonlyMap<string, Value>,
  match: Match,
  world?: World,
): Value {
  const score = scoreExpr(match.rule.pattern);
  return score && evaluate(score, matchEnv(unit, params, match, world));
}
