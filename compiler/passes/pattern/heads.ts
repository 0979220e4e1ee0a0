/** What stands between `sequence` or `all of` and the brace. */
import type { Duration } from "#core";
import type { DurArg, GroupHead, Key, NumArg } from "#grammar";
import type { Scope } from "../elaborate/scope.ts";
import { lowerCount, lowerDuration, reach } from "./numbers.ts";

export interface Heads {
  readonly keys: readonly Key[];
  readonly within: Duration | undefined;
  readonly slack: Duration;
  readonly isStrict: boolean;
  readonly partials: number | undefined;
}

const partialsMost = 4096;

export function lowerHeads(heads: readonly GroupHead[], rule: Scope): Heads {
  checkOnce(heads, rule);
  const find = <K extends GroupHead["kind"]>(kind: K) =>
    heads.findLast((h): h is Extract<GroupHead, { kind: K }> => h.kind === kind);
  const within = find("withinHead");
  const slack = find("slackHead");
  const partials = find("partialsHead");
  return {
    keys: find("byHead")?.keys ?? [],
    within: within && lowerSpan(within.span_, rule),
    slack: slack ? lowerDuration(slack.slack, rule) : 0,
    isStrict: find("strictHead") !== undefined,
    partials: partials && lowerPartials(partials.max, rule),
  };
}

function checkOnce(heads: readonly GroupHead[], { session }: Scope): void {
  const seen = new Set<string>();
  for (const head of heads) {
    if (seen.has(head.kind))
      session.report("TAP2019", head, { clause: session.text(head).split(" ")[0] ?? "" });
    seen.add(head.kind);
  }
}

/** A story that is over when it begins cannot be told. */
function lowerSpan(arg: DurArg, rule: Scope): Duration {
  const span = lowerDuration(arg, rule);
  if (arg.kind === "duration" && span === 0)
    rule.session.report("TAP2018", arg, { what: "the span", bounds: "longer than 0s" });
  return span;
}

/** State is reserved for the most that a parameter may ask for. */
function lowerPartials(arg: NumArg, rule: Scope): number {
  const { most } = reach(lowerCount(arg, rule), rule);
  if (most <= partialsMost) return most;
  const params = { what: "`partials`", bounds: `from 1 to ${partialsMost}` };
  const help = `give \`param ${rule.session.text(arg)}\` a range that ends at ${partialsMost} or lower`;
  rule.session.report("TAP2018", arg, params, arg.kind === "nameRef" ? { help } : {});
  return 1;
}
