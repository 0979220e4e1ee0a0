/** Runs one rule on a few short events in the interpreter and in the engine, which must agree. */
import { expect } from "vitest";
import { emitMatcher } from "#compiler";
import {
  type EventData,
  evaluate,
  type Finding,
  interpretRule,
  makeEvent,
  matchEnv,
  type Value,
  writeFinding,
} from "#core";
import { Engine } from "#runtime/engine";
import { writeEvent } from "#runtime/events";
import { compileFixture } from "./fixtures.ts";

const epochUs = Date.UTC(2026, 0, 1) * 1000;
const head = "module a\nimport fixture.schema\n";

/** Findings of the one rule of `text` on events `t.a`, `t.b`, … with k = 1, x = 1: [letter, s]. */
export function findingsOf(text: string, given: readonly (readonly [string, Value])[]) {
  const { unit, diagnostics } = compileFixture([{ file: "r.tapio", text: `${head}${text}\n` }]);
  expect(diagnostics.filter((d) => d.severity === "error")).toEqual([]);
  const [rule] = unit.rules;
  if (!rule) throw new Error("no rule");
  const events = given.map(([letter, s], i): EventData => {
    const kind = unit.schema.kinds.findIndex((k) => k.name === `t.${letter}`);
    return makeEvent(unit.schema, { kind, ts: epochUs + i, seq: i + 1, fields: [1, 1, s] });
  });
  const watermark = epochUs + 10_000_000;
  const { matches } = interpretRule(unit, rule, new Map(), { events, watermark });
  const expected = matches.map((m) => {
    const env = matchEnv(unit, new Map(), m);
    return writeFinding(unit, m, (e) => evaluate(e, env), "");
  });
  const actual: Finding[] = [];
  const onFinding = (f: Finding) => void actual.push(f);
  const engine = new Engine({ unit, matcher: emitMatcher(unit), bundleHash: "", onFinding });
  const writer = engine.writer("kernel");
  for (const e of events) if (writer) writeEvent(writer, unit.schema, e);
  engine.runUntil(watermark);
  expect(actual).toEqual(expected);
  return expected;
}
