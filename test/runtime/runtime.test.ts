/** A node between two runs, and what it says of rules it has nothing to judge by. */
import { describe, expect, test } from "vitest";
import { bundleBody, compile, encodeBundle } from "#compiler";
import {
  type Bundle,
  decodeBundle,
  type Finding,
  makeEvent,
  type Schema,
  type Source,
  type SourceContext,
  type Value,
} from "#core";
import { Runtime } from "#runtime";
import { writeEvent } from "#runtime/events";
import { stdFiles } from "../../grammar/std.gen.ts";

const second = 1_000_000;

function bundleOf(rules: string): Bundle {
  const file = { file: "r.tapio", text: `module node.rules\nimport tapio.schema.v1\n${rules}` };
  const result = compile([file], { std: stdFiles, version: "test" });
  const error = result.diagnostics.find((d) => d.severity === "error");
  if (error) throw new Error(`${error.code} ${error.message}`);
  const read = decodeBundle(encodeBundle(bundleBody(result, [file], "test")));
  if (!read.ok) throw new Error(read.problem);
  return read.bundle;
}

/** A kernel source that says what the test says. */
class Told implements Source {
  readonly name = "kernel";
  readonly #schema: Schema;
  #context: SourceContext | undefined;
  #seq = 0;

  constructor(schema: Schema) {
    this.#schema = schema;
  }

  async start(context: SourceContext): Promise<undefined> {
    this.#context = context;
  }

  async stop(): Promise<void> {
    this.#context = undefined;
  }

  cursor(): undefined {
    return undefined;
  }

  event(kind: string, ts: number, values: Readonly<Record<string, Value>>): void {
    const id = this.#schema.kinds.findIndex((k) => k.name === kind);
    const given = this.#schema.kinds[id]?.fields ?? [];
    const fields = given.map((f) =>
      f.isOptional ? values[f.name] : (values[f.name] ?? (f.type.t === "string" ? "" : 0)),
    );
    const event = makeEvent(this.#schema, { kind: id, ts, seq: ++this.#seq, fields });
    if (this.#context) writeEvent(this.#context.writer as never, this.#schema, event);
  }

  progress(timeUs: number): void {
    this.#context?.progress({ timeUs, seen: 0, passed: 0, lost: 0, malformed: 0 });
  }
}

function nodeOf(bundle: Bundle, clockUs?: () => number) {
  const source = new Told(bundle.unit.schema);
  const findings: Finding[] = [];
  const warnings: string[] = [];
  const runtime = new Runtime({
    bundle,
    sources: [source],
    onFinding: (f) => findings.push(f),
    onWarning: (w) => warnings.push(w),
    now: () => 0,
    ...(clockUs ? { clockUs } : {}),
  });
  return { runtime, source, findings, warnings };
}

const chain = bundleOf(`rule r {
  match sequence by pid within 1m {
    a: kernel.process_exec
    then b: kernel.process_exit where b.exit_code != 0
  }
}`);

describe("a node that was stopped", () => {
  test("goes on with what was half matched, and says that it may have missed something", async () => {
    const before = nodeOf(chain);
    await before.runtime.start();
    before.source.event("kernel.process_exec", 1 * second, { pid: 7 });
    before.source.progress(5 * second);
    await before.runtime.stop();

    const after = nodeOf(chain);
    expect(after.runtime.restore(before.runtime.snapshot())).toBeUndefined();
    await after.runtime.start();
    after.source.event("kernel.process_exit", 20 * second, { pid: 7, exit_code: 1 });
    after.source.progress(30 * second);
    await after.runtime.stop();
    expect(after.findings.map((f) => f.chain.map((c) => c.step))).toEqual([["a", "b"]]);
    expect(after.findings[0]?.degraded).toContain("source kernel lost 1 event in this time");
  });

  test("starts anew with another bundle, and says why", () => {
    const other = nodeOf(bundleOf("rule r { match e: kernel.process_exit }"));
    const refusal = other.runtime.restore(nodeOf(chain).runtime.snapshot());
    expect(refusal?.reason).toMatch(/of another bundle/);
  });
});

describe("a clock that is wrong", () => {
  const hour = 3600 * second;
  const single = bundleOf("rule r { match e: kernel.process_exit }");

  test("makes no time believable that is far ahead of this machine's, and is told of once", async () => {
    let clockUs = 100 * hour;
    const node = nodeOf(single, () => clockUs);
    await node.runtime.start();
    node.source.progress(clockUs);
    for (const ahead of [5 * hour, 6 * hour]) {
      node.source.event("kernel.process_exit", clockUs + ahead, { pid: 1 });
      node.source.progress(clockUs + ahead);
    }
    node.source.event("kernel.process_exit", clockUs + second, { pid: 1 });
    clockUs += 5 * second;
    node.source.progress(clockUs);
    await node.runtime.stop();
    expect(node.findings.map((f) => f.at)).toEqual([100 * hour + second]);
    expect(node.warnings).toEqual([expect.stringMatching(/^kernel: a time 5h ahead/)]);
  });

  test("and is set back is told, and events are judged from then on", async () => {
    const node = nodeOf(single, () => 100 * hour);
    await node.runtime.start();
    node.source.progress(100 * hour);
    node.source.progress(90 * hour);
    node.source.event("kernel.process_exit", 90 * hour + second, { pid: 1 });
    node.source.progress(90 * hour + 5 * second);
    await node.runtime.stop();
    expect(node.findings).toHaveLength(1);
    expect(node.warnings).toEqual([
      expect.stringMatching(/^kernel: its clock was set back by 10h/),
    ]);
  });
});

test("a rule whose code fails is stopped in the status; the others go on", async () => {
  const bundle =
    bundleOf(`rule bad { match e: kernel.process_exit where e.exit_code * 2 > 4242 + e.pid }
rule good { match e: kernel.process_exit }
rule above { match f: finding.bad }`);
  const matcher = bundle.matcher.replace("4242", "(() => { throw new Error('broken') })()");
  expect(matcher).not.toBe(bundle.matcher);
  const node = nodeOf({ ...bundle, matcher });
  await node.runtime.start();
  node.source.event("kernel.process_exit", second, { pid: 1 });
  node.source.progress(5 * second);
  await node.runtime.stop();
  const said = node.runtime.status().rules.map(({ rule, armed }) => `${rule}: ${armed.state}`);
  expect(said).toEqual(["bad: stopped", "good: armed", "above: not armed"]);
  expect(node.findings.map((f) => f.rule)).toEqual(["good"]);
  expect(node.warnings).toEqual([expect.stringMatching(/rule node.rules.bad is stopped/)]);
});

describe("a rule that nothing can tell about", () => {
  const armed = (rules: string) => {
    const { rules: said } = nodeOf(bundleOf(rules)).runtime.status();
    return said.map(({ rule, armed: a }) => `${rule}: ${a.state === "armed" ? "" : a.reason}`);
  };

  test("over an inventory that no source tells", () => {
    expect(armed("rule r { match absent e: kernel.process_exec for 10s for each node }")).toEqual([
      "r: no source tells which entities of kind node there are",
    ]);
  });

  test("that waits for the silence of a source that is not there", () => {
    const silence = `rule r { match sequence by pid within 1m {
  a: kernel.process_exec
  then no b: journal.entry for 10s
}`;
    expect(armed(`${silence} }`)).toEqual(["r: step b: source journal is not running"]);
    // What it cannot prove it says under `flag`, so it can fire.
    expect(armed(`${silence}\n on idle flag }`)).toEqual([
      "r: step b: source journal is not running",
    ]);
  });

  test("whose events no collector delivers", () => {
    const bundle = bundleOf("rule r { match e: kernel.process_exec }");
    const runtime = new Runtime({
      bundle,
      sources: [new Told(bundle.unit.schema)],
      uncollected: ["kernel.process_exec"],
      onFinding: () => undefined,
      onWarning: () => undefined,
      now: () => 0,
    });
    expect(runtime.status().rules.map((r) => r.armed)).toEqual([
      { state: "not armed", reason: "step e: no collector delivers kernel.process_exec yet" },
    ]);
  });

  test("over findings of such a rule", () => {
    const rules = `rule low { match absent e: kernel.process_exec for 10s for each node }
rule high { match f: finding.low }`;
    expect(armed(rules)[1]).toBe(
      "high: step f: rule low is not armed: no source tells which entities of kind node there are",
    );
  });
});
