/**
 * Runs rules given as text on events, in the reference interpreter and, if it can run all of them,
 * in the engine. Both must find the same, which is what a suite's answer is compared with.
 */
import { type CompileResult, compile, emitMatcher, unlimitedBudget } from "#compiler";
import {
  compareEvents,
  type EventData,
  type Finding,
  judge,
  type Match,
  makeEvent,
  stepsOf,
  type Value,
} from "#core";
import { Engine } from "#runtime/engine";
import { writeEvent } from "#runtime/events";
import { exclude } from "./corpus.ts";

export interface Sent {
  readonly kind: string;
  readonly atUs: number;
  readonly fields: Readonly<Record<string, Value>>;
}

/** What one match took: the positions of the events among those sent, by step name. */
export interface Found {
  readonly rule: string;
  readonly key: string;
  readonly atUs: number;
  readonly steps: ReadonlyMap<string, readonly number[]>;
}

/** When the first event of a trace may come, µs. */
export const epochUs = Date.UTC(2026, 0, 1) * 1000;
export const source = "source corpus { lateness 1ms granularity 1us idle 1h rank 0 }";

export function compileText(text: string): CompileResult {
  const options = { std: [], version: "test", budget: unlimitedBudget };
  const result = compile([{ file: "corpus.tapio", text }], options);
  const [error] = result.diagnostics.filter((d) => d.severity === "error");
  if (error?.message.endsWith("what the span leaves"))
    exclude("gaps that the span leaves no room for: an error in Tapio");
  if (error?.code === "TAP3301" || error?.message.startsWith("this regular expression cannot"))
    exclude("a regular expression that Tapio does not have: look-around, back-references, size");
  if (error) throw new Error(`the adapter wrote a bad rule: ${error.message}\n${text}`);
  return result;
}

/** `events` must be in order of time; `endUs` is how far time goes, the last event included. */
export function runBoth(text: string, events: readonly Sent[], endUs: number): Found[] {
  const result = compileText(text);
  const trace = events.map((e, i) => toEvent(result, e, i + 1));
  const judged = interpret(result, trace, epochUs + endUs);
  const expected = judged.map(({ finding }) => JSON.stringify(finding)).sort();
  const actual = runEngine(result, trace, epochUs + endUs).map((f) => JSON.stringify(f));
  actual.sort();
  if (JSON.stringify(expected) !== JSON.stringify(actual))
    throw new Error(`interpreter: ${expected.join("\n")}\nengine: ${actual.join("\n")}\n${text}`);
  const positions = new Map(trace.map((e, i) => [e.id, i]));
  return judged.map(({ match }) => foundOf(match, positions));
}

function toEvent(result: CompileResult, sent: Sent, seq: number): EventData {
  const { schema } = result.unit;
  const kind = schema.kinds.findIndex((k) => k.name === sent.kind);
  const info = schema.kinds[kind];
  if (!info) throw new Error(`no event kind ${sent.kind}`);
  const fields = info.fields.map((f) => sent.fields[f.name]);
  return makeEvent(schema, { kind, ts: epochUs + sent.atUs, seq, fields });
}

function interpret(result: CompileResult, events: readonly EventData[], watermark: number) {
  const { unit } = result;
  const { findings } = judge(unit, new Map(), { events, watermark });
  return [...findings].sort(
    (a, b) =>
      a.match.at - b.match.at ||
      (a.match.last && b.match.last ? compareEvents(unit.schema, a.match.last, b.match.last) : 0),
  );
}

function runEngine(result: CompileResult, events: readonly EventData[], endUs: number): Finding[] {
  const { unit } = result;
  const findings: Finding[] = [];
  const engine = new Engine({
    unit,
    matcher: emitMatcher(unit),
    bundleHash: "",
    ring: { slots: 256, textBytes: 65_536 },
    onFinding: (f) => findings.push(f),
  });
  for (const event of events) {
    engine.progress("corpus", event.ts);
    const writer = engine.writer("corpus");
    if (!writer || !writeEvent(writer, unit.schema, event)) throw new Error("an event was lost");
  }
  engine.runUntil(endUs);
  return findings;
}

function foundOf(match: Match, positions: ReadonlyMap<string, number>): Found {
  const { pattern, name } = match.rule;
  const names = stepsOf(pattern).map((s) => s.name);
  const steps = new Map<string, readonly number[]>();
  for (const [i, taken] of match.captures.entries()) {
    if (!taken) continue;
    if (pattern.node === "seq" && taken.kept.length < taken.count)
      throw new Error("the rule keeps too few events");
    const at = taken.kept.map((e) => positions.get(e.id) ?? -1);
    steps.set(names[i] ?? "", at);
  }
  return { rule: name, key: match.key, atUs: match.at - epochUs, steps };
}
