/**
 * What must hold of every rule of the language: a generated module compiles, formatting changes
 * nothing about it, judging any trace neither throws nor depends on the order in which events
 * arrive, and the engine finds the same.
 */
import fc from "fast-check";
import { expect, test } from "vitest";
import { type CompileResult, compile, unlimitedBudget } from "#compiler";
import { judge, printRule, type Value } from "#core";
import { format } from "#grammar";
import { lawSeed } from "../harness/seed.ts";
import { disagreement } from "../harness/unit-agreement.ts";
import { wholeModule, wholeSchema, wholeTrace } from "../harness/whole-rules.ts";

const modules = Number(process.env.TAPIO_LAW_RULES ?? 150);
const tracesPerModule = 5;
const timeout = Math.max(120_000, modules * 400);
const epoch = Date.UTC(2026, 0, 1) * 1000;

function compiled(text: string): CompileResult {
  const result = compile(
    [
      { file: "schema.tapio", text: wholeSchema },
      { file: "rules.tapio", text },
    ],
    { std: [], version: "test", budget: unlimitedBudget },
  );
  const errors = result.diagnostics.filter((d) => d.severity === "error");
  if (errors.length > 0)
    throw new Error(
      `${errors.map((d) => `${d.code} ${d.message} at ${text.slice(d.at.start, d.at.end)}`).join("\n")}\n${text}`,
    );
  return result;
}

function printed({ unit }: CompileResult): string {
  const kinds = unit.schema.kinds.map((k) => k.name);
  return unit.rules.map((r) => printRule(r, kinds)).join("\n");
}

/** The trace with what is known besides events: pods that come and go, relations, losses. */
function traceOf(events: Parameters<typeof judge>[2]["events"]): Parameters<typeof judge>[2] {
  const life = (key: string, up: number, down: number | undefined) => ({
    kind: "pod",
    key,
    chain: { pod: key, node: "n1" },
    up: epoch + up,
    down: down === undefined ? undefined : epoch + down,
  });
  const relation = (name: string, from: string) => ({
    relation: name,
    from,
    to: "s1",
    since: epoch,
    until: epoch + 6_000_000,
  });
  return {
    events,
    watermark: epoch + 30_000_000,
    start: epoch,
    world: {
      entities: [life("p1", 0, undefined), life("p2", 2_000_000, 9_000_000)],
      relations: [relation("backs", "p1"), relation("calls", "s1")],
    },
    sources: [
      { source: 0, silentFrom: undefined, lost: [{ at: epoch + 3_000_000, count: 2 }] },
      { source: 1, silentFrom: epoch + 11_000_000, lost: [] },
    ],
  };
}

const params: ReadonlyMap<string, Value> = new Map([["whole.rules.span", 4_000_000]]);
const shown = (x: unknown) =>
  JSON.stringify(x, (_, v: unknown) => (typeof v === "bigint" ? `${v}n` : v));

test(`${modules} modules of every form on ${tracesPerModule} traces each`, { timeout }, () => {
  let findings = 0;
  const property = fc.property(wholeModule, fc.nat(), (text, seed) => {
    const result = compiled(text);
    const traces = fc.sample(wholeTrace(result.unit.schema, epoch), {
      numRuns: tracesPerModule,
      seed,
    });
    for (const events of traces) {
      const { findings: found } = judge(result.unit, params, traceOf(events));
      findings += found.length;
      const texts = shown(found.map((f) => f.finding));
      expect(texts).not.toMatch(/undefined|NaN|\[object|Infinity/);
      const backwards = judge(result.unit, params, traceOf([...events].reverse()));
      expect(shown(backwards.findings.map((f) => f.finding))).toBe(texts);
      const difference = disagreement(result.unit, traceOf(events), { params });
      if (difference) throw new Error(`${text}\n${shown(events)}\n${difference}`);
    }
  });
  fc.assert(property, {
    numRuns: modules,
    seed: lawSeed("every form"),
  });
  console.log(`${modules * tracesPerModule} cases, ${findings} findings`);
  expect(findings).toBeGreaterThan(modules);
});

test("formatting changes nothing about a rule, and not itself", { timeout }, () => {
  const property = fc.property(wholeModule, (text) => {
    const once = format(text, "rules.tapio").text;
    expect(format(once, "rules.tapio")).toEqual({ text: once, diagnostics: [] });
    expect(printed(compiled(once))).toBe(printed(compiled(text)));
  });
  fc.assert(property, { numRuns: modules });
});
