/**
 * What does an event cost in the engine, from slot to verdict, and how does that grow with rules?
 * Side by side in one run: the same rules as hand-written JavaScript over objects, the generated
 * engine over slots, and the reference interpreter. Medians of several rounds; only ratios matter.
 */
import { compile, emitMatcher } from "#compiler";
import { type EventData, interpretRule, makeEvent } from "#core";
import { Engine } from "#runtime/engine";
import { writeEvent } from "#runtime/events";
import { stdFiles } from "../grammar/std.gen.ts";

const eventsPerRound = 100_000;
const rounds = 7;

function rules(n: number): string {
  const one = (i: number) => `rule r${i} {
  match sequence by pid within 10s {
    a: kernel.process_exec where a.comm == "app${i}"
    then b: kernel.process_exit where b.exit_code == ${i + 1}
  }
}`;
  return `module bench.rules\nimport tapio.schema.v1\n${Array.from({ length: n }, (_, i) => one(i)).join("\n")}`;
}

function compileRules(n: number) {
  const result = compile([{ file: "bench.tapio", text: rules(n) }], {
    std: stdFiles,
    version: "bench",
  });
  if (result.hasErrors) throw new Error(result.diagnostics[0]?.message);
  return { unit: result.unit, matcher: emitMatcher(result.unit) };
}

type Unit = ReturnType<typeof compileRules>["unit"];

/** Mostly events no rule is about; one in five is for some rule. */
function trace(unit: Unit, n: number): EventData[] {
  const kind = (name: string) => unit.schema.kinds.findIndex((k) => k.name === name);
  const exec = kind("kernel.process_exec");
  const exit = kind("kernel.process_exit");
  let seed = 12345;
  const random = (n: number) => {
    seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
    return (seed >>> 8) % n;
  };
  return Array.from({ length: eventsPerRound }, (_, i) => {
    const isRelevant = i % 10 < 2;
    const pid = random(16);
    const fields =
      i % 2 === 0
        ? [isRelevant ? `app${random(n)}` : `other${random(50)}`, pid, 1n, 1, "/usr/bin/x"]
        : [`other${random(50)}`, pid, 1n, isRelevant ? random(n) + 1 : 0, undefined, 1];
    return makeEvent(unit.schema, {
      kind: i % 2 === 0 ? exec : exit,
      ts: i * 1000,
      seq: i + 1,
      entity: undefined,
      fields,
    });
  });
}

function runEngine(
  compiled: ReturnType<typeof compileRules>,
  events: readonly EventData[],
): { ns: number; findings: number } {
  let findings = 0;
  const engine = new Engine({
    unit: compiled.unit,
    matcher: compiled.matcher,
    bundleHash: "bench",
    onFinding: () => findings++,
    ring: { slots: 131_072, textBytes: 16 << 20 },
  });
  const writer = engine.writer("kernel");
  if (!writer) throw new Error("no writer");
  for (const e of events) writeEvent(writer, compiled.unit.schema, e);
  const start = process.hrtime.bigint();
  engine.runUntil(Number.MAX_SAFE_INTEGER);
  return { ns: Number(process.hrtime.bigint() - start) / events.length, findings };
}

/** What a careful person would write for exactly these rules. */
function runByHand(
  n: number,
  events: readonly EventData[],
  exec: number,
): { ns: number; findings: number } {
  const started = Array.from({ length: n }, () => new Map<number, number>());
  const names = new Map(Array.from({ length: n }, (_, i) => [`app${i}`, i]));
  let findings = 0;
  const start = process.hrtime.bigint();
  for (const e of events) {
    const pid = e.fields[1] as number;
    if (e.kind === exec) {
      const rule = names.get(e.fields[0] as string);
      if (rule !== undefined) started[rule]?.set(pid, e.ts);
    } else {
      const rule = (e.fields[3] as number) - 1;
      const at = started[rule]?.get(pid);
      if (at === undefined) continue;
      started[rule]?.delete(pid);
      if (e.ts - at <= 10_000_000) findings++;
    }
  }
  return { ns: Number(process.hrtime.bigint() - start) / events.length, findings };
}

function median(run: () => { ns: number; findings: number }): { ns: number; findings: number } {
  const results = Array.from({ length: rounds }, run).sort((a, b) => a.ns - b.ns);
  return results[rounds >> 1] ?? { ns: 0, findings: 0 };
}

for (const n of [1, 10, 100]) {
  const compiled = compileRules(n);
  const events = trace(compiled.unit, n);
  const exec = compiled.unit.schema.kinds.findIndex((k) => k.name === "kernel.process_exec");
  const engine = median(() => runEngine(compiled, events));
  const hand = median(() => runByHand(n, events, exec));
  const few = events.slice(0, 2000);
  const started = process.hrtime.bigint();
  for (const rule of compiled.unit.rules)
    interpretRule(compiled.unit, rule, new Map(), {
      events: few,
      watermark: Number.MAX_SAFE_INTEGER,
    });
  const interpreter = Number(process.hrtime.bigint() - started) / few.length;
  process.stdout.write(
    `${String(n).padStart(4)} rules: engine ${engine.ns.toFixed(0)} ns/event (${engine.findings} findings), by hand ${hand.ns.toFixed(0)} ns/event (${hand.findings} findings), interpreter ${interpreter.toFixed(0)} ns/event; engine/hand ${(engine.ns / hand.ns).toFixed(2)}, interpreter/engine ${(interpreter / engine.ns).toFixed(1)}\n`,
  );
}
