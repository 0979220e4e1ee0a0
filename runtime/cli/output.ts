/** How commands talk: findings to standard output, everything else to standard error. */
import pc from "picocolors";
import { exitCodes, type Finding, fileProblem } from "#core";
import type { RuntimeStatus } from "#runtime";
import type { EngineCounters } from "#runtime/engine";
import { findingLine, renderFinding } from "#runtime/sinks";

export type OutputFormat = "pretty" | "ndjson";

export function printFinding(finding: Finding, format: OutputFormat): void {
  const paint = pc.createColors(process.stdout.isTTY === true && pc.isColorSupported);
  process.stdout.write(
    format === "ndjson" ? findingLine(finding) : `${renderFinding(finding, paint)}\n\n`,
  );
}

export function say(text: string): void {
  process.stderr.write(`${text}\n`);
}

const output = {
  /** Something was written and did not arrive, and not because its reader wants no more. */
  isBroken: false,
  whenGone: (): void => process.exit(output.isBroken ? exitCodes.environment : exitCodes.ok),
};

/** What is done when standard output takes nothing more; otherwise the program ends at once. */
export function onOutputGone(act: () => void): void {
  output.whenGone = act;
}

/** Whether findings are missing from standard output, such as on a full disk. */
export function isOutputBroken(): boolean {
  return output.isBroken;
}

/** A reader that stops early (`tapio … | head`) is not an error. */
export function outputFailed(error: NodeJS.ErrnoException): void {
  if (error.code !== "EPIPE" && !output.isBroken) {
    output.isBroken = true;
    say(`cannot write to standard output: ${fileProblem(error)}`);
    say("  help: make room or write elsewhere; what was to come is lost");
  }
  output.whenGone();
}

/** Which sources run and which rules can fire; said once at the start. */
export function sayStatus(status: RuntimeStatus): void {
  for (const s of status.sources) {
    if (s.unavailable)
      say(
        `source ${s.name}: not available: ${s.unavailable.reason}\n  help: ${s.unavailable.help}`,
      );
    else say(`source ${s.name}: running`);
  }
  for (const { rule, armed } of status.rules) {
    say(`rule ${rule}: ${armed.state}${armed.state === "armed" ? "" : ` (${armed.reason})`}`);
  }
}

/**
 * What happened to everything that came in; the numbers add up. `isContinued`: the engine counts
 * since its saved state began, the sources since this run did.
 */
export function sayCounters(status: RuntimeStatus, isContinued = false): void {
  for (const s of status.sources) {
    if (s.unavailable) continue;
    const { seen, passed, lost, malformed } = s.progress;
    say(
      `source ${s.name}: ${seen} seen, ${passed} kept by its filter, ${lost} lost, ${malformed} malformed`,
    );
  }
  if (isContinued) say("with the runs before that the saved state is of:");
  say(flowLine(status.counters));
  say(outcomeLine(status.counters));
}

/** Where the events went; the right side adds up to the left. */
export function flowLine(c: EngineCounters): string {
  const implausible = c.implausible > 0 ? `${c.implausible} of impossible times + ` : "";
  return `engine: ${c.received} received = ${c.delivered} delivered + ${c.filtered} filtered + ${c.dropped} dropped + ${c.late} late + ${implausible}${c.inFlight} in flight`;
}

export function outcomeLine(c: EngineCounters): string {
  const rare = (
    [
      "excepted",
      "limited",
      "held",
      "doubted",
      "provisional",
      "retracted",
      "hurried",
      "stopped",
    ] as const
  )
    .filter((name) => c[name] > 0)
    .map((name) => `, ${name}: ${c[name]}`);
  return `matched: ${c.matches}, findings: ${c.findings}, suppressed: ${c.suppressed}${rare.join("")}, evicted: ${evictedText(c.evicted)}`;
}

const evictedWords: Readonly<Record<keyof EngineCounters["evicted"], string>> = {
  keys: "keys",
  partials: "partial matches",
  windowEvents: "events of windows",
  evidence: "evidence of runs",
  suppressors: "suppressed keys",
  openFindings: "open findings",
  facts: "entities and relations",
  findings: "findings for other rules",
};

/** `5 (3 keys, 2 partial matches)`. */
function evictedText(evicted: EngineCounters["evicted"]): string {
  const all = Object.values(evicted).reduce((a, b) => a + b, 0);
  if (all === 0) return "0";
  const names = Object.keys(evictedWords) as (keyof typeof evictedWords)[];
  const parts = names.filter((n) => evicted[n] > 0).map((n) => `${evicted[n]} ${evictedWords[n]}`);
  return `${all} (${parts.join(", ")})`;
}
