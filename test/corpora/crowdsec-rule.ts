/**
 * CrowdSec's scenarios as Tapio rules. A bucket of capacity C that leaks one event each L overflows
 * at an event when, since some event on, more came than C and what leaked in that time. Afterwards
 * it begins empty, as a sequence begins behind the last match.
 *
 *     trigger             match e: log.line where …
 *     leaky               burst: log.line where … repeat C..
 *                         then last: log.line where … and
 *                           (count(burst) + 1 - C) * L > last.time - first(burst).time
 *     leaky, distinct x   for m = 0, 1, …: over e sliding L * (m + 1) having distinct(x) > C + m
 *     groupby             by
 *     blackhole           suppress
 */
import { exclude } from "./corpus.ts";
import { type Filter, fieldName, parseFilter, parseKey } from "./crowdsec-filter.ts";
import { source } from "./execution.ts";
import { at, entriesOf, readYaml, type Yaml } from "./yaml.ts";

export interface Scenario {
  readonly name: string;
  readonly type: "trigger" | "leaky";
  /** As written; equal ones are about the same lines. */
  readonly filterText: string;
  /** CrowdSec's names of the fields. */
  readonly key: readonly string[];
  readonly distinct: string | undefined;
  readonly capacity: number;
  readonly leakUs: number;
  readonly blackholeUs: number | undefined;
}

/** The scenarios of a file; a thunk each, as one may be refused and the others not. */
export function scenariosOf(text: string): { name: string; read: () => Scenario }[] {
  return readYaml(text).flatMap((doc) => {
    const name = at(doc, "name");
    return typeof name === "string" ? [{ name, read: () => scenarioOf(doc, name) }] : [];
  });
}

const known = new Set(
  "type name description filter groupby distinct capacity leakspeed blackhole labels format debug reprocess data cache_size author references scope version".split(
    " ",
  ),
);

function scenarioOf(doc: Yaml, name: string): Scenario {
  const type = at(doc, "type");
  if (type === "conditional") exclude("a condition in CrowdSec's language over the whole bucket");
  if (type !== "trigger" && type !== "leaky") exclude(`a scenario of the type \`${type}\``);
  for (const [key] of entriesOf(doc)) if (!known.has(key)) exclude(`a scenario with \`${key}\``);
  const distinct = textAt(doc, "distinct");
  const blackhole = textAt(doc, "blackhole");
  const leak = textAt(doc, "leakspeed");
  const capacity = Number(at(doc, "capacity") ?? 0);
  if (type === "leaky" && (capacity < 1 || leak === undefined))
    exclude("a bucket without a capacity or without a leak");
  return {
    name,
    type,
    filterText: textAt(doc, "filter") ?? "true",
    key: parseKey(textAt(doc, "groupby") ?? ""),
    distinct: distinct === undefined ? undefined : parseKey(distinct)[0],
    capacity,
    leakUs: leak === undefined ? 0 : durationUs(leak),
    blackholeUs: blackhole === undefined ? undefined : durationUs(blackhole),
  };
}

function textAt(doc: Yaml, key: string): string | undefined {
  const value = at(doc, key);
  return value === undefined || value === null ? undefined : String(value).trim();
}

function durationUs(text: string): number {
  const units: Record<string, number> = { ms: 1e3, s: 1e6, m: 6e7, h: 3.6e9, d: 8.64e10 };
  const parts = [...text.matchAll(/([\d.]+)(ms|s|m|h|d)/g)];
  if (parts.map((p) => p[0]).join("") !== text) exclude("a time the adapter does not know");
  return parts.reduce((sum, [, n, unit = ""]) => sum + Number(n) * (units[unit] ?? 0), 0);
}

/** The filter, unless it is one that the adapter does not read. */
export function filterOf(scenario: Scenario): Filter {
  return parseFilter(scenario.filterText);
}

/**
 * `where`: a condition on the event `e`. `fields`: all it may have, by CrowdSec's names.
 * `mostValues`: how many values the distinct field has at most.
 */
export function scenarioRules(
  scenario: Scenario,
  where: string,
  fields: ReadonlySet<string>,
  mostValues: number,
): string {
  const declared = [...fields].map((f) => `${fieldName(f)}: string(4096)`).join(" ");
  const schema = `module corpus.crowdsec\n${source}\nevent log.line from corpus { one: int ${declared} }`;
  return `${schema}\n${rulesText(scenario, where, mostValues)}`;
}

function rulesText(scenario: Scenario, where: string, mostValues: number): string {
  const { capacity, leakUs, distinct, blackholeUs } = scenario;
  const keys = scenario.key.length === 0 ? ["one"] : scenario.key.map(fieldName);
  const mine = keys.map((k) => `e.${k}`).join(", ");
  const quiet = blackholeUs === undefined ? "" : `suppress ${blackholeUs}us`;
  if (scenario.type === "trigger")
    return `rule r {\n  match e: log.line where ${where}\n  ${quiet}${quiet && ` by ${mine}`}\n}\n`;
  if (distinct === undefined) {
    const of = (name: string) => where.replace(/\be\./g, `${name}.`);
    return `rule r {
  match sequence by ${keys.join(", ")} within 3650d partials 4000 {
    burst: log.line where ${of("burst")} repeat ${capacity}.. keep 512
    then last: log.line where ${of("last")}
      and (count(burst) + 1 - ${capacity}) * ${leakUs}us > last.time - first(burst).time
  }
  ${quiet}
}
`;
  }
  const most = Math.max(mostValues - capacity - 1, 0);
  const rules = Array.from({ length: most + 1 }, (_, m) => {
    const window = `sliding ${leakUs * (m + 1) - 1}us by ${mine}`;
    const enough = `distinct(e.${fieldName(distinct)}) > ${capacity + m}`;
    return `rule m${m} {\n  match over e: log.line where ${where} ${window} having ${enough}\n}\n`;
  });
  const any = rules.map((_, m) => `finding.m${m}`).join(" | ");
  const all = `rule r {\n  match sequence by f.key within 1s { f: ${any} }\n  ${quiet}\n}\n`;
  return `${rules.join("")}${all}`;
}
