/** `subsumes`: findings that become children of one that explains them (LANGUAGE B.5). */
import type { Finding } from "./finding.ts";
import {
  type CoreUnit,
  type Expr,
  evaluate,
  type KeyPart,
  keyText,
  type Match,
  matchEnv,
  type Subsumption,
  type World,
} from "./ir/index.ts";
import type { Value } from "./schema.ts";

interface Reported {
  readonly finding: Finding;
  readonly match: Match;
}

/** `findings` with the parent of each that has one: the first that claims it. */
export function withParents(
  unit: CoreUnit,
  params: ReadonlyMap<string, Value>,
  findings: readonly Reported[],
  world?: World,
): readonly Reported[] {
  const isClaimed = (parent: Reported, child: Reported) =>
    parent.match.rule.subsumes.some(
      (s) =>
        parent !== child &&
        s.rules.includes(`${child.finding.module}.${child.finding.rule}`) &&
        isInTime(s, parent.finding, child.finding) &&
        isSameKey(s.key, parent, child),
    );
  const isSameKey = (key: readonly KeyPart[] | undefined, parent: Reported, child: Reported) => {
    if (!key) return parent.match.key === child.match.key;
    const mine = key.map((p) => evaluate(p.expr, matchEnv(unit, params, parent.match, world)));
    const its = key.map((p) => valueForChild(p.expr, child));
    return mine.every((x, i) => x !== undefined && keyText(x) === keyText(its[i]));
  };
  const valueForChild = (expr: Expr, child: Reported): Value => {
    const kind = entityKindOf(expr);
    return kind === undefined
      ? evaluate(expr, matchEnv(unit, params, child.match, world))
      : keyOfEntity(child.finding, kind);
  };
  return findings.map((child) => {
    const parent = findings.find((p) => isClaimed(p, child));
    return parent ? { ...child, finding: { ...child.finding, parent: parent.finding.id } } : child;
  });
}

/** Around the parent when a span is given, otherwise while the parent is open. */
export function isInTime(
  { withinUs }: Subsumption,
  parent: Pick<Finding, "at" | "resolvedAt">,
  child: Pick<Finding, "at">,
): boolean {
  if (withinUs !== undefined) return Math.abs(child.at - parent.at) <= withinUs;
  return child.at >= parent.at && child.at < (parent.resolvedAt ?? Number.POSITIVE_INFINITY);
}

/** The entity kind a key part names: of one step, or of the first of several that is bound. */
export function entityKindOf(expr: Expr): string | undefined {
  if (expr.op === "entity" || expr.op === "subject") return expr.kind;
  return expr.op === "coalesce" ? entityKindOf(expr.left) : undefined;
}

/** The key of the finding's entity of that kind. */
export function keyOfEntity({ entity }: Pick<Finding, "entity">, kind: string): string | undefined {
  return Object.hasOwn(entity, kind) ? entity[kind] : undefined;
}
