/** `rollout { … }` to core. */
import { format, type Rollout } from "#core";
import type { RolloutLine } from "#grammar";
import { elaborateCondition } from "../elaborate/elaborate.ts";
import { emptyScope } from "../elaborate/reuse.ts";
import type { Scope, Session } from "../elaborate/scope.ts";
import { type Clause, clauseOf, scopeOf } from "./clause.ts";

type Line<K extends RolloutLine["kind"]> = Extract<RolloutLine, { readonly kind: K }>;

const whole = 1_000_000;

/** `version`: of the rule, which replaces an older one. */
export function lowerRollout(
  clauses: readonly Clause[],
  version: number,
  rule: Scope,
): Rollout | undefined {
  const clause = clauseOf(clauses, "rolloutItem");
  if (!clause) return undefined;
  const { lines } = clause.item;
  const { module, bound, session } = scopeOf(clause, rule);
  const all = <K extends RolloutLine["kind"]>(kind: K) =>
    lines.filter((l): l is Line<K> => l.kind === kind);
  onlyOnce("replaces", all("replacesLine"), session);
  onlyOnce("shadow", all("shadowLine"), session);
  const replaces = all("replacesLine")[0];
  if (replaces && replaces.version >= version) {
    const bounds = `lower than ${version}, the version of this rule`;
    session.report("TAP2018", replaces, { what: "the version that is replaced", bounds });
  }
  checkShares(all("canaryLine"), session);
  const scope: Scope = { ...emptyScope(module.name, session), module, bound, place: "rollout" };
  return {
    replaces: replaces?.version,
    shadowUs: all("shadowLine")[0]?.length.us,
    canary: all("canaryLine").map((l) => ({
      sharePpm: l.share.ppm,
      by: l.by.text,
      us: l.length.us,
    })),
    abort: all("abortLine").map((l) => elaborateCondition(l.when, scope)),
  };
}

function onlyOnce(clause: string, lines: readonly RolloutLine[], session: Session): void {
  const [first, second] = lines;
  if (first && second) session.writtenTwice(clause, first, second);
}

/** Every step of a canary reaches more entities than the one before. */
function checkShares(lines: readonly Line<"canaryLine">[], session: Session): void {
  let before = 0;
  for (const { share, by } of lines) {
    session.isEntityKind(by.text, by);
    const bounds =
      before === 0
        ? "more than 0% and at most 100%"
        : `more than ${format(before, "percent")}, the share before it, and at most 100%`;
    const isFine = share.ppm > before && share.ppm <= whole;
    if (!isFine) session.report("TAP2018", share, { what: "this share", bounds });
    before = Math.max(before, Math.min(share.ppm, whole));
  }
}
