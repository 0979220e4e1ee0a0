/** What becomes of matches after matching (LANGUAGE B.5): except, suppress, rate; then resolve. */
import type { KeyPart, Step } from "../core.ts";
import { evaluate, truth } from "../eval.ts";
import { durationOf, keyOf, keyOfValues } from "./key.ts";
import { type Case, type Match, matchEnv, type Withheld } from "./match.ts";
import { intervalOf } from "./order.ts";
import { isCertainlyBefore } from "./placement.ts";

export interface Reported {
  readonly matches: readonly Match[];
  readonly withheld: readonly Withheld[];
}

/** `found` in the order in which they become known. */
export function applyPolicies(the: Case, found: readonly Match[]): Reported {
  const withheld: Withheld[] = [];
  const withhold = (w: Withheld) => void withheld.push(w);
  const allowed = found.filter((m) => !isExcepted(the, m, withhold));
  const admitted = admit(the, allowed, withhold);
  return { matches: admitted.map((m) => resolve(the, m, allowed)), withheld };
}

/** Is told of a match that is not reported. */
type Withhold = (withheld: Withheld) => void;

function envOf(the: Case, match: Match) {
  const env = matchEnv(the.unit, the.base.params, match, the.trace.world);
  return { ...env, observe: the.trace.observe };
}

function isExcepted(the: Case, match: Match, withhold: Withhold): boolean {
  const exception = the.rule.exceptions.find(
    (x) =>
      (x.expires === undefined || match.at < x.expires) &&
      truth(x.when, envOf(the, match)) === true,
  );
  if (exception) withhold({ match, cause: "excepted", reason: exception.reason });
  return exception !== undefined;
}

/** The key policies count under: their own, or the rule's. */
function policyKey(the: Case, match: Match, parts: readonly KeyPart[] | undefined): string {
  if (!parts) return match.key;
  const env = envOf(the, match);
  return keyOfValues(parts.map((p) => evaluate(p.expr, env)));
}

/**
 * `suppress` and `rate`: for a while after a reported match the others under its key are not, and
 * do not prolong it; at most `max` are reported in any (at − us, at]. Both count what was reported:
 * a match that one of them withheld stands in the way of no other.
 */
function admit(the: Case, matches: readonly Match[], withhold: Withhold): readonly Match[] {
  const { suppress, rate } = the.rule;
  const reported: { match: Match; suppressKey: string; rateKey: string }[] = [];
  for (const match of matches) {
    const suppressKey = policyKey(the, match, suppress?.key);
    const rateKey = policyKey(the, match, rate?.key);
    const since = suppress && reported.findLast((r) => r.suppressKey === suppressKey)?.match;
    if (since && match.at < since.at + suppress.us) {
      withhold({ match, cause: "suppressed", since });
      continue;
    }
    const isRecent = (r: Match) => rate !== undefined && r.at > match.at - rate.us;
    const recent = reported.filter((r) => r.rateKey === rateKey && isRecent(r.match));
    if (rate && recent.length >= rate.max) withhold({ match, cause: "limited" });
    else reported.push({ match, suppressKey, rateKey });
  }
  return reported.map((r) => r.match);
}

/** `allowed`: all matches of the rule that were not excepted, suppressed ones included. */
function resolve(the: Case, match: Match, allowed: readonly Match[]): Match {
  const { resolve: policy } = the.rule;
  if (!policy) return match;
  const resolvedAt =
    "on" in policy
      ? resolvedOn(the, match, policy.on)
      : quietAfter(the, match, allowed, policy.quietUs);
  return resolvedAt === undefined ? match : { ...match, resolvedAt };
}

/** The first event certainly after the match that satisfies `step` under the match's key. */
function resolvedOn(the: Case, match: Match, step: Step): number | undefined {
  const env = envOf(the, match);
  return the.events.find(
    (event) =>
      step.kinds.includes(event.kind) &&
      event.ts >= match.at &&
      isAfter(the, match, event) &&
      keyOf(step.key, event, env) === match.key &&
      (!step.where || truth(step.where, { ...env, current: event }) === true),
  )?.ts;
}

function isAfter(the: Case, match: Match, event: Match["last"] & object): boolean {
  const { last } = match;
  if (!last || last.ts !== match.at) return event.ts > match.at;
  if (last === event || the.events.indexOf(last) > the.events.indexOf(event)) return false;
  const { pattern } = the.rule;
  const slack = "slack" in pattern ? durationOf(pattern.slack, the.base.params) : 0;
  const intervals = [last, event].map((e) => intervalOf(the.unit.schema, e, slack));
  return isCertainlyBefore(intervals, 0, 1);
}

/** When no match of the key came for `quietUs` after the last one that followed this. */
function quietAfter(
  the: Case,
  match: Match,
  allowed: readonly Match[],
  quietUs: number,
): number | undefined {
  let last = match.at;
  for (const m of allowed) {
    if (m.key === match.key && m.at > last && m.at <= last + quietUs) last = m.at;
  }
  return last + quietUs < the.trace.watermark ? last + quietUs : undefined;
}
