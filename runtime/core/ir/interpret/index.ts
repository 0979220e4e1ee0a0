/**
 * The reference interpreter: patterns executed by definition (LANGUAGE part C), slow and obvious.
 * It looks at a whole sorted trace, writes down every way a pattern can be matched, and then picks
 * what the policies say. Nothing here is incremental; that is the point.
 *
 * `order.ts` and `placement.ts` say when one event is before another, `sequence.ts`, `closing.ts`,
 * `all.ts`, `window.ts`, `panes.ts` and `inventory.ts` what matches, `completion.ts` which match is
 * reported, `silence.ts` what may be concluded from nothing, `policy.ts` what becomes of it, and
 * `near-miss.ts` with the `miss-….ts` of each pattern what almost matched.
 */
import type { Value } from "../../schema.ts";
import { assertNever, type CoreRule, type CoreUnit } from "../core.ts";
import type { Env } from "../eval.ts";
import { interpretAll } from "./all.ts";
import { interpretSequence, type Played } from "./completion.ts";
import { interpretInventory } from "./inventory.ts";
import {
  type Case,
  compareMatches,
  type Found,
  type Interpretation,
  type Match,
  startOf,
  type Trace,
  type Withheld,
} from "./match.ts";
import { nearMissesOf } from "./near-miss.ts";
import { compareEvents } from "./order.ts";
import { applyPolicies } from "./policy.ts";
import { markLoss } from "./silence.ts";
import { interpretWindow } from "./window.ts";

export { closest } from "./closeness.ts";
export { countOf, durationOf, keyOf } from "./key.ts";
export {
  type Candidate,
  compareMatches,
  type Focus,
  type Interpretation,
  type Killer,
  type Match,
  type MatchFacts,
  matchEnv,
  type NearMiss,
  rootOf,
  type SourceLoss,
  startOf,
  type Trace,
  type Withheld,
} from "./match.ts";
export { compareEvents, type Interval, intervalOf, isPlain } from "./order.ts";
export {
  type Constraint,
  isCertainlyBefore,
  isPlaceable,
  isPossiblyBefore,
} from "./placement.ts";
export { sourcesOf, withDoubt, withLosses } from "./silence.ts";
export { resolutionOf } from "./views.ts";

/** What `rule` reports on `trace`, in the order it becomes known; policies applied. */
export function interpretRule(
  unit: CoreUnit,
  rule: CoreRule,
  params: ReadonlyMap<string, Value>,
  trace: Trace,
): Interpretation {
  const events = trace.events
    .filter((e) => e.ts < trace.watermark)
    .sort((a, b) => compareEvents(unit.schema, a, b));
  const { world, observe } = trace;
  const base: Env = { unit, params, current: undefined, captures: [], world, observe };
  const the: Case = { unit, rule, events, trace, base };
  const { matches, withheld, played = [] } = found(the);
  const known = matches
    .filter((m) => hasBegun(the, m))
    .map((m) => markLoss(the, m))
    .sort((a, b) => compareMatches(unit.schema, a, b));
  const nearMisses = nearMissesOf(the, known, played);
  const reported = applyPolicies(the, known);
  const all = [...withheld, ...reported.withheld];
  const count = (cause: Withheld["cause"]) => all.filter((w) => w.cause === cause).length;
  return {
    matches: reported.matches,
    suppressed: count("suppressed"),
    excepted: count("excepted"),
    limited: count("limited"),
    held: count("held"),
    dropped: count("dropped"),
    withheld: all,
    nearMisses,
  };
}

/** Of sequences and all-ofs it is decided before one of several ways to match is chosen. */
function hasBegun({ rule, trace: { begunBy } }: Case, match: Match): boolean {
  const { node } = rule.pattern;
  const isDecided = node === "seq" || node === "all";
  return begunBy === undefined || isDecided || startOf(match) <= begunBy;
}

function found(the: Case): Found & { readonly played?: readonly Played[] } {
  const { pattern } = the.rule;
  switch (pattern.node) {
    case "seq":
      return interpretSequence(the);
    case "all":
      return interpretAll(the);
    case "win":
      return interpretWindow(the);
    case "inv":
      return interpretInventory(the);
    default:
      return assertNever(pattern);
  }
}
