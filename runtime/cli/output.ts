/** How commands talk: findings to standard output, everything else to standard error. */
import pc from "picocolors";
import { exitCodes, type Finding } from "#core";
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

let whenReaderIsGone: () => void = () => process.exit(exitCodes.ok);

/** What is done when nobody reads standard output any more; otherwise the program ends at once. */
export function onReaderGone(act: () => void): void {
  whenReaderIsGone = act;
}

export function readerIsGone(): void {
  whenReaderIsGone();
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

/** What happened to everything that came in; the numbers add up. */
export function sayCounters(status: RuntimeStatus): void {
  for (const s of status.sources) {
    if (s.unavailable) continue;
    const { seen, passed, lost, malformed } = s.progress;
    say(
      `source ${s.name}: ${seen} seen, ${passed} kept by its filter, ${lost} lost, ${malformed} malformed`,
    );
  }
  const c = status.counters;
  say(flowLine(c));
  const evicted = Object.values(c.evicted).reduce((a, b) => a + b, 0);
  say(`${outcomeLine(c)}, evicted: ${evicted}`);
}

/** Where the events went; the right side adds up to the left. */
export function flowLine(c: EngineCounters): string {
  const implausible = c.implausible > 0 ? `${c.implausible} of impossible times + ` : "";
  return `engine: ${c.received} received = ${c.delivered} delivered + ${c.filtered} filtered + ${c.dropped} dropped + ${c.late} late + ${implausible}${c.inFlight} in flight`;
}

export function outcomeLine(c: EngineCounters): string {
  const rare = (
    ["excepted", "limited", "held", "doubted", "provisional", "retracted", "stopped"] as const
  )
    .filter((name) => c[name] > 0)
    .map((name) => `, ${name}: ${c[name]}`);
  return `matched: ${c.matches}, findings: ${c.findings}, suppressed: ${c.suppressed}${rare.join("")}`;
}
