/** The first round of a process; for `warm-up` it takes the shipped rules and says nothing. */
import { type Round, round, ruleCount, shippedRules, sources } from "./thousand-rules.ts";

/** What one process says of its first round. */
export interface Cold extends Round {
  readonly peakMb: number;
}

function coldRound(isTested: boolean): Cold {
  const done = round(sources(isTested));
  if (done.rules !== ruleCount) throw new Error(`${done.rules} rules`);
  // The kernel counts in KiB.
  return { ...done, peakMb: (process.resourceUsage().maxRSS * 1024) / 1e6 };
}

const [, , what] = process.argv;
if (what === "warm-up")
  round(shippedRules().map(({ whole }, i) => ({ file: `${i}`, text: whole })));
else process.stdout.write(JSON.stringify(coldRound(what === "tested")));
