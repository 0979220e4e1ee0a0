/**
 * CrowdSec's scenarios over the log lines of their own tests, with the alerts they must give: for
 * whom, how many, and at which event each. One case is one scenario over one log.
 */
import { describe, expect, it } from "vitest";
import { skipReason } from "../harness/skip.ts";
import { exclude, isUsualFolder, missingReason, readRecords, Tally } from "./corpus.ts";
import { type Filter, fieldName } from "./crowdsec-filter.ts";
import {
  type AlertEvent,
  type LogLine,
  linesLike,
  readAccess,
  readLine,
  timesIn,
} from "./crowdsec-log.ts";
import { overflows } from "./crowdsec-naive.ts";
import { filterOf, type Scenario, scenarioRules, scenariosOf } from "./crowdsec-rule.ts";
import { runBoth, type Sent } from "./execution.ts";

interface CrowdsecCase {
  readonly id: string;
  readonly log_type: string;
  readonly scenarios: Readonly<Record<string, string>>;
  readonly log_lines: readonly string[];
  readonly expected: readonly Alert[];
}

interface Alert {
  readonly scenario: string;
  readonly sources: readonly string[];
  readonly event_meta: Readonly<Record<string, AlertEvent>>;
}

const file = "crowdsec/scenario_tests.ndjson";
const floor = { checked: 56, excluded: 46 };

describe.skipIf(skipReason("CrowdSec scenarios", missingReason(file)))("CrowdSec", () => {
  const tally = new Tally("crowdsec");
  const cases = readRecords<CrowdsecCase>(file).flatMap((record) => {
    const all = Object.values(record.scenarios).flatMap(scenariosOf);
    const names = all.length === 0 ? ["no scenario"] : all.map((s) => s.name);
    return [...new Set(names)].map((name) => [`${record.id} ${name}`, record, all, name] as const);
  });
  it.each(cases)("%s", (id, record, all, name) => {
    tally.run(id, () => checkScenario(record, all, name));
  });
  it("enough cases are checked", () => {
    console.log(tally.table());
    if (isUsualFolder) tally.expectFloor(floor);
  });
});

type Read = { readonly name: string; readonly read: () => Scenario };

/** Several scenarios may have one name. */
function checkScenario(record: CrowdsecCase, all: readonly Read[], name: string): void {
  if (all.length === 0) exclude("only parsers, or a scenario that the record does not hold");
  const scenarios = all.filter((s) => s.name === name).map((s) => s.read());
  const alerts = record.expected.filter((a) => a.scenario === name);
  const events = scenarios.map((scenario) => eventsOf(record, all, scenario));
  const addresses = alerts.map((a) => lastAddress(a.sources));
  if (events.some((e) => e.isLearned)) checkExplained(events, addresses);
  const found = events.flatMap(told);
  const hasTimes = alerts.every((a) => lastTime(a) !== undefined);
  const shown = (x: { address: string; second: number }) =>
    hasTimes ? `${x.address} at ${dayAndTime(x.second)}` : x.address;
  const expected = alerts.map((a, i) => ({
    address: addresses[i] ?? "",
    second: lastTime(a) ?? 0,
  }));
  expect(found.map(shown).sort(), events.map((e) => e.text).join("\n")).toEqual(
    expected.map(shown).sort(),
  );
}

/** Some logs leave out the year. */
function dayAndTime(second: number): string {
  return new Date(second * 1000).toISOString().slice(5, 19);
}

interface Events {
  readonly text: string;
  readonly sent: readonly Sent[];
  /** Of each event: whom it is about, and when, ms. */
  readonly about: readonly { readonly address: string; readonly timeMs: number }[];
  /** Which lines it is about is known from the alerts. */
  readonly isLearned: boolean;
  /** Whom a bucket tells of when lines come as they are written, and in order of time. */
  readonly asWritten: readonly string[];
  readonly asHappened: readonly string[];
}

function told({ text, sent, about }: Events): { address: string; second: number }[] {
  const found = runBoth(text, sent, (sent.at(-1)?.atUs ?? 0) + 1);
  return found
    .filter((f) => f.rule === "r")
    .map((f) => {
      const at = [...f.steps.values()].flat().at(-1) ?? -1;
      // A finding about findings took no event of the log.
      const isLast = (_: unknown, i: number) => sent[i]?.atUs === f.atUs && isFor(f.key, about[i]);
      const last = about[at] ?? about.findLast(isLast);
      return { address: last?.address ?? "nobody", second: Math.floor((last?.timeMs ?? 0) / 1000) };
    });
}

function isFor(key: string, about: Events["about"][number] | undefined): boolean {
  return key.includes(about?.address ?? "");
}

/** The events that the scenario's rule is run on, and the rule. */
function eventsOf(record: CrowdsecCase, all: readonly Read[], scenario: Scenario): Events {
  const lines = record.log_lines.filter((l) => l.trim() !== "").map(readLine);
  const access = lines.map((l) => readAccess(l.text));
  const isAccess =
    /^(nginx|apache2)$/.test(record.log_type) && access.every((a) => a !== undefined);
  const filter = isAccess ? readable(scenario) : undefined;
  const asked = [...scenario.key, ...(scenario.distinct === undefined ? [] : [scenario.distinct])];
  if (filter) {
    const rows = lines.map((line, i) => row(access[i] ?? new Map(), timeOf(line)));
    return events(scenario, filter.text, new Set([...filter.reads, ...asked]), rows, false);
  }
  if (scenario.type === "trigger")
    exclude("a single line: what it is, only CrowdSec's parser says");
  const rows = learned(record, all, scenario, lines);
  return events(scenario, "true", new Set(asked), rows, true);
}

interface Row {
  readonly fields: ReadonlyMap<string, string>;
  readonly timeMs: number;
}

function row(fields: ReadonlyMap<string, string>, timeMs: number): Row {
  return { fields, timeMs };
}

function timeOf(line: LogLine): number {
  return line.times[0] ?? exclude("a line without a time");
}

/** The filter, when all it reads is what an access log has. */
function readable(scenario: Scenario): Filter | undefined {
  const filter = filterOf(scenario);
  const has = readAccess('1.2.3.4 - - [x] "GET / HTTP/1.1" 200 1');
  return [...filter.reads].every((f) => has?.has(f)) ? filter : undefined;
}

/** The lines that the alerts of scenarios with this filter tell of. */
function learned(
  record: CrowdsecCase,
  all: readonly Read[],
  scenario: Scenario,
  lines: readonly LogLine[],
): Row[] {
  const names = all.filter((s) => isAbout(s, scenario.filterText)).map((s) => s.name);
  const alerts = record.expected.filter((a) => names.includes(a.scenario));
  if (alerts.length === 0) exclude("no alert says which lines it is about");
  const taken = linesLike(
    lines,
    alerts.flatMap((a) => Object.values(a.event_meta)),
  );
  return taken.map(({ timeMs, address, user }) => {
    const fields = [
      ["Meta.source_ip", address],
      ["Parsed.source_ip", address],
      ["Meta.target_user", user],
    ] as const;
    return row(new Map(fields), timeMs);
  });
}

/** Whom CrowdSec's bucket tells of, on these lines. */
function naive(scenario: Scenario, rows: readonly Row[]): string[] {
  const { key, distinct } = scenario;
  const of = ({ fields }: Row, field: string) =>
    fields.get(field) ?? exclude("a field that only CrowdSec's parser knows");
  const poured = rows.map((r) => ({
    timeMs: r.timeMs,
    key: key.map((k) => of(r, k)).join("\n"),
    distinct: distinct === undefined ? undefined : of(r, distinct),
  }));
  return overflows(poured, scenario).map((i) => rows[i]?.fields.get("Meta.source_ip") ?? "");
}

/** Refuses what the lines that were taken do not explain in CrowdSec's own terms. */
function checkExplained(all: readonly Events[], expected: readonly string[]): void {
  const isExplained = (told: readonly string[]) =>
    JSON.stringify([...told].sort()) === JSON.stringify([...expected].sort());
  if (!isExplained(all.flatMap((e) => e.asWritten)))
    exclude("alerts that do not follow from the lines which the record tells of");
  if (!isExplained(all.flatMap((e) => e.asHappened)))
    exclude("alerts that depend on lines out of order");
}

function isAbout(scenario: Read, filterText: string): boolean {
  try {
    return scenario.read().filterText === filterText;
  } catch {
    return false;
  }
}

function events(
  scenario: Scenario,
  where: string,
  names: ReadonlySet<string>,
  rows: readonly Row[],
  isLearned: boolean,
): Events {
  const missing = [...names].find((n) => rows.some((r) => !r.fields.has(n)));
  if (missing !== undefined) exclude("a field that only CrowdSec's parser knows");
  const sorted = [...rows].sort((a, b) => a.timeMs - b.timeMs);
  const startMs = sorted[0]?.timeMs ?? 0;
  const sent = sorted.map(({ fields, timeMs }) => {
    const values = [...names].map((n) => [fieldName(n), fields.get(n) ?? ""] as const);
    return {
      kind: "log.line",
      atUs: (timeMs - startMs) * 1000,
      fields: { one: 1, ...Object.fromEntries(values) },
    };
  });
  const { distinct } = scenario;
  const values = new Set(distinct === undefined ? [] : rows.map((r) => r.fields.get(distinct)));
  return {
    text: scenarioRules(scenario, where, names, values.size),
    sent,
    about: sorted.map((r) => ({ address: r.fields.get("Meta.source_ip") ?? "", timeMs: r.timeMs })),
    isLearned,
    asWritten: isLearned ? naive(scenario, rows) : [],
    asHappened: isLearned ? naive(scenario, sorted) : [],
  };
}

function lastAddress(sources: readonly string[]): string {
  const [only, ...more] = sources;
  if (only === undefined || more.length > 0) exclude("an alert about several addresses");
  return only.replace(/^::ffff:/, "");
}

/** When the last event of the alert happened, s; undefined when the alert does not tell. */
function lastTime(alert: Alert): number | undefined {
  const times = Object.values(alert.event_meta).map((m) => timesIn(m.timestamp ?? "")[0]);
  const told = times.filter((t) => t !== undefined);
  return told.length < times.length ? undefined : Math.floor(Math.max(...told) / 1000);
}
