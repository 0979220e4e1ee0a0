/** A finding as an event, for the rules over findings. */
import type { Finding } from "./finding.ts";
import {
  type CoreUnit,
  type Env,
  type Expr,
  evaluate,
  type Match,
  matchEnv,
  rootOf,
  stepsOf,
  type World,
  walkExpr,
} from "./ir/index.ts";
import type { EventData, Schema, Value } from "./schema.ts";

/** Undefined when no rule is over findings of this one. `seq`: its number among all findings. */
export function findingEvent(
  unit: CoreUnit,
  params: ReadonlyMap<string, Value>,
  { finding, match }: { readonly finding: Finding; readonly match: Match },
  seq: number,
  world?: World,
): EventData | undefined {
  const name = `finding.${finding.module}.${finding.rule}`;
  const kind = unit.schema.kinds.findIndex((k) => k.made === "finding" && k.name === name);
  const info = unit.schema.kinds[kind];
  if (!info) return undefined;
  const env = matchEnv(unit, params, match, world);
  const fields = info.fields.map((f) => fieldValue(unit, f.name, finding, match, env));
  const { id, at: ts, entity } = finding;
  return { id, kind, ts, seq, entity: Object.keys(entity).length > 0 ? entity : undefined, fields };
}

function fieldValue(unit: CoreUnit, name: string, finding: Finding, match: Match, env: Env): Value {
  switch (name) {
    case "severity":
    case "confidence":
    case "summary":
    case "title":
      return finding[name];
    case "key":
      return readableKey(match.key);
    case "score":
      return scoreOf(match, env);
    default:
      return eventField(unit.schema, name, match);
  }
}

/** `root.<field>` and `<step>.<field>`: of the root's event, and of the first one of a step. */
function eventField(schema: Schema, name: string, match: Match): Value {
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

/** The value of the first `zscore` of a window's condition. */
function scoreOf(match: Match, env: Env): Value {
  const { pattern } = match.rule;
  let score: Expr | undefined;
  if (pattern.node === "win")
    walkExpr(pattern.having, (e) => {
      if (e.op === "history" && e.what === "zscore") score ??= e;
    });
  return score && evaluate(score, env);
}
