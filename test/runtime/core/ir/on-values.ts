/**
 * Runs rules given as text on events whose values are of any type, and gives what was found. The
 * engine must find the same. A rule is followed by the kinds of events it needs; seconds are those
 * of `at`.
 *
 *     toldOn("rule r { match e: v.e }", kinds, [["v.e", 3, { x: 1 }]])
 *     ⇒ ["r@3 <its summary>"]
 */
import {
  type CoreUnit,
  type EntityRef,
  type Finding,
  judge,
  makeEvent,
  type RelationFact,
  type Value,
} from "#core";
import { compileFixture } from "../../../compiler/fixtures.ts";
import { disagreement } from "../../../harness/unit-agreement.ts";
import { at, epochUs, type Setting, traceOf } from "./by-hand.ts";

/** Its kind, when it happened, its fields, and what it is about. */
export type Happening = readonly [
  kind: string,
  seconds: number,
  fields?: Readonly<Record<string, Value>>,
  entity?: EntityRef | undefined,
];

export interface World extends Setting {
  readonly relations?: readonly RelationFact[];
}

export function findingsOn(
  rules: string,
  kinds: string,
  happenings: readonly Happening[],
  setting: World = {},
): readonly Finding[] {
  const unit = unitOn(rules, kinds);
  const events = happenings.map(([name, seconds, fields = {}, entity], i) => {
    const kind = unit.schema.kinds.findIndex((k) => k.name === name);
    const values = (unit.schema.kinds[kind]?.fields ?? []).map((f) => fields[f.name]);
    return makeEvent(unit.schema, { kind, ts: at(seconds), seq: i + 1, entity, fields: values });
  });
  const bare = traceOf(unit, events, setting);
  const { entities = [] } = bare.world ?? {};
  const trace = { ...bare, world: { entities, relations: setting.relations ?? [] } };
  const difference = disagreement(unit, trace);
  if (difference) throw new Error(`${rules}\n${difference}`);
  const params = new Map(unit.params.map((p) => [p.name, p.value]));
  return judge(unit, params, trace).findings.map((f) => f.finding);
}

/** When each was found, and its summary. */
export function toldOn(...given: Parameters<typeof findingsOn>): string[] {
  return findingsOn(...given).map((f) => `${f.rule}@${(f.at - epochUs) / 1e6} ${f.summary}`);
}

/**
 * What a condition on `p`, of the first of `kinds`, comes to for each of these: true, false, or
 * undefined where neither it nor its negation holds.
 */
export function verdictsOn(
  where: string,
  kinds: string,
  given: readonly Readonly<Record<string, Value>>[],
): (boolean | undefined)[] {
  const name = /event (\S+)/.exec(kinds)?.[1] ?? "";
  const rules = `rule holds { match p: ${name} where ${where} }
    rule fails { match p: ${name} where not (${where}) }`;
  const found = findingsOn(
    rules,
    kinds,
    given.map((fields, i): Happening => [name, i, fields]),
  );
  return given.map((_, i) => {
    const told = found.filter((f) => f.at === at(i)).map((f) => f.rule);
    return told.length === 0 ? undefined : told[0] === "holds";
  });
}

function unitOn(rules: string, kinds: string): CoreUnit {
  const text = `module a\nimport fixture.schema\n${kinds}\n${rules}\n`;
  const { unit, diagnostics } = compileFixture([{ file: "r.tapio", text }]);
  const errors = diagnostics.filter((d) => d.severity === "error");
  if (errors.length > 0) throw new Error(errors.map((d) => `${d.code} ${d.message}`).join("\n"));
  return unit;
}
