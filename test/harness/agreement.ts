/**
 * Runs one rule on one trace in the reference interpreter and in the engine, to compare findings.
 */
import { type CompileResult, compile, emitMatcher, unlimitedBudget } from "#compiler";
import {
  allStepsOf,
  CutText,
  type EventData,
  evaluate,
  type Finding,
  interpretRule,
  type Match,
  makeEvent,
  matchEnv,
  parseIp,
  writeFinding,
} from "#core";
import { Engine } from "#runtime/engine";
import { writeEvent } from "#runtime/events";
import { inTheEnd } from "./in-the-end.ts";
import { type LawOp, lawSchema } from "./law-rules.ts";

const epoch = Date.UTC(2026, 0, 1) * 1000;
const unitUs = 500_000;
const endUs = epoch + 200 * unitUs;

export interface Compiled {
  readonly result: CompileResult;
  readonly matcher: string;
}

export function compileLaw(text: string, mutate: (matcher: string) => string = (m) => m): Compiled {
  const result = compile(
    [
      { file: "schema.tapio", text: lawSchema },
      { file: "rules.tapio", text },
    ],
    { std: [], version: "test", budget: unlimitedBudget },
  );
  if (result.hasErrors) {
    const [first] = result.diagnostics.filter((d) => d.severity === "error");
    throw new Error(
      `the generated rule does not compile: ${first?.code} ${first?.message}\n${text}`,
    );
  }
  return { result, matcher: mutate(emitMatcher(result.unit)) };
}

interface Scenario {
  readonly ops: readonly (
    | { readonly event: EventData }
    | { readonly source: string; readonly timeUs: number }
  )[];
}

function scenarioOf(compiled: Compiled, ops: readonly LawOp[]): Scenario {
  const { schema } = compiled.result.unit;
  const seq = [0, 0];
  return {
    ops: ops.map((op) => {
      if (op.op === "progress")
        return { source: op.source === 0 ? "s1" : "s2", timeUs: epoch + op.at * unitUs };
      const kind = schema.kinds[op.kind];
      const source = kind?.source ?? 0;
      seq[source] = (seq[source] ?? 0) + 1;
      const text = op.s === undefined ? undefined : op.isCut ? new CutText(op.s) : op.s;
      const required = kind?.name === "t.b" ? text : (text ?? "");
      const fields =
        kind?.name === "t.c"
          ? [op.k, op.x, text ?? "", parseIp(op.k === 0 ? "10.0.0.1" : "192.168.0.1"), op.l]
          : [
              op.k,
              op.x ?? 0,
              op.y,
              required,
              kind?.fields[4]?.type.t === "enum" ? kind.fields[4].type.members[op.e] : "",
              op.i,
              kind?.name === "t.b" ? op.b : (op.b ?? false),
              op.l,
            ];
      const entity = op.entity === undefined ? undefined : { pod: op.entity };
      return {
        event: makeEvent(schema, {
          kind: op.kind,
          ts: epoch + op.at * unitUs,
          seq: seq[source] ?? 0,
          entity,
          fields,
        }),
      };
    }),
  };
}

/** What the interpreter sees: events that were not late for the rule. */
function onTime(compiled: Compiled, scenario: Scenario): EventData[] {
  const { schema, rules } = compiled.result.unit;
  const rule = rules[0];
  if (!rule) return [];
  const kinds = allStepsOf(rule.pattern).flatMap((s) => s.kinds);
  const sources = [...new Set(kinds.map((k) => schema.kinds[k]?.source ?? 0))];
  const progress = schema.sources.map(() => Number.NEGATIVE_INFINITY);
  const events: EventData[] = [];
  let watermark = Number.NEGATIVE_INFINITY;
  for (const op of scenario.ops) {
    if ("event" in op) {
      if (op.event.ts >= watermark) events.push(op.event);
      continue;
    }
    const at = schema.sources.findIndex((s) => s.name === op.source);
    progress[at] = Math.max(progress[at] ?? 0, op.timeUs);
    watermark = Math.max(
      watermark,
      Math.min(...sources.map((s) => (progress[s] ?? 0) - (schema.sources[s]?.latenessUs ?? 0))),
    );
  }
  return events;
}

/** `late`: events of the trace that the engine told were late; they count as lost. */
export function runInterpreter(
  compiled: Compiled,
  ops: readonly LawOp[],
  late: readonly EventData[] = [],
): Finding[] {
  const { unit } = compiled.result;
  const events = onTime(compiled, scenarioOf(compiled, ops));
  const sources = unit.schema.sources.map((_, source) => ({
    source,
    silentFrom: undefined,
    lost: late
      .filter((e) => unit.schema.kinds[e.kind]?.source === source)
      .map((e) => ({ at: e.ts, count: 1 })),
  }));
  const params = new Map(unit.params.map((p) => [p.name, p.value]));
  return unit.rules.flatMap((rule) => {
    const { matches } = interpretRule(unit, rule, params, {
      events,
      sources,
      watermark: endUs - 300_000,
    });
    return matches.map((match) =>
      writeFinding(unit, match, interpreterEval(compiled, match), "law"),
    );
  });
}

function interpreterEval(compiled: Compiled, match: Match) {
  const { unit } = compiled.result;
  const params = new Map(unit.params.map((p) => [p.name, p.value]));
  const env = matchEnv(unit, params, match);
  return (e: Parameters<typeof evaluate>[0]) => evaluate(e, env);
}

export function runEngine(
  compiled: Compiled,
  ops: readonly LawOp[],
): { findings: Finding[]; late: EventData[]; engine: Engine } {
  const findings = new Map<string, Finding>();
  const late: EventData[] = [];
  const { unit } = compiled.result;
  const engine = new Engine({
    unit,
    matcher: compiled.matcher,
    bundleHash: "law",
    ring: { slots: 64, textBytes: 4096 },
    onFinding: (f) => findings.set(f.id, f),
    onLate: (e) => late.push(e),
  });
  for (const op of scenarioOf(compiled, ops).ops) {
    if ("source" in op) engine.progress(op.source, op.timeUs);
    else {
      const name = unit.schema.sources[unit.schema.kinds[op.event.kind]?.source ?? 0]?.name ?? "";
      const writer = engine.writer(name);
      if (writer) writeEvent(writer, unit.schema, op.event);
    }
  }
  engine.progress("s1", endUs);
  engine.progress("s2", endUs);
  engine.runUntil(endUs - 300_000);
  return { findings: [...findings.values()], late, engine };
}

function written(findings: readonly Finding[]): string {
  return JSON.stringify(inTheEnd(findings), null, 1);
}

/** Undefined when both agree, otherwise what each found. */
export function disagreement(compiled: Compiled, ops: readonly LawOp[]): string | undefined {
  const { findings, late, engine } = runEngine(compiled, ops);
  const expected = written(runInterpreter(compiled, ops, late));
  const actual = written(findings);
  const { counters } = engine;
  const { received, delivered, filtered, dropped, inFlight } = counters;
  if (received !== delivered + filtered + dropped + counters.late + inFlight) {
    return `conservation is broken: ${JSON.stringify(counters)}`;
  }
  return expected === actual ? undefined : `interpreter: ${expected}\nengine: ${actual}`;
}
