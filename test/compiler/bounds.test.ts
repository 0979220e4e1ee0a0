/** Bounds on state and work: their terms, budgets, the certificate, and that they only grow. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { bundleBody, type CompileResult, compile, encodeBundle, unlimitedBudget } from "#compiler";
import { decodeBundle, type RuleBound } from "#core";
import { boundsJson, boundsTable, certificateOf } from "../../compiler/cli/bounds-report.ts";
import { parseSize } from "../../compiler/cli/size.ts";
import { schemaFile } from "./fixtures.ts";

const head = "module a\nimport fixture.schema\n";

function compiled(text: string): CompileResult {
  const files = [schemaFile, { file: "r.tapio", text: `${head}${text}\n` }];
  const result = compile(files, { std: [], version: "test", budget: unlimitedBudget });
  expect(result.diagnostics.map((d) => `${d.code} ${d.message}`)).toEqual([]);
  return result;
}

function boundOf(text: string): RuleBound {
  const [bound] = compiled(text).certificate.rules;
  if (!bound) throw new Error("no bound");
  return bound;
}

const terms = (b: RuleBound) => b.state.map((t) => `${t.what} = ${t.amount}`);

describe("terms of the state for each key", () => {
  test("a single event needs none", () => {
    const bound = boundOf("rule r { match e: proc.exit where e.code > 0 }");
    expect(bound).toMatchObject({ state: [], bytesPerKey: 0, keys: 0, cost: 1 });
  });

  test("a plain sequence keeps the newest partial match of each state", () => {
    const bound = boundOf(`rule r {
      match sequence by pid within 1m { x: proc.exec then y: proc.exit where y.code > 0 }
    }`);
    // An event: 40, three fields of proc.any with comm: 8 + 16, path: 8 + 64, and three entities.
    expect(terms(bound)).toEqual([
      "1 partial matches × 266 of `x` = 266",
      "times and doubts = 32",
      "the key = 46",
    ]);
    expect(bound).toMatchObject({ keys: 4096, cost: 2 });
  });

  test("a condition on an earlier step keeps as many as there may be, with what it reads", () => {
    const bound = boundOf(`rule r {
      match sequence by pid within 1m partials 8 {
        x: proc.exec
        then y: proc.exit where y.comm == x.comm
      }
      explain { root x summary "{x.path} {y.code} {x.pid}" }
    }`);
    expect(terms(bound)).toEqual([
      "8 partial matches × 266 of `x` = 2128",
      "times and doubts = 32",
      "the key = 46",
    ]);
    expect(bound.work.map((t) => `${t.what} = ${t.amount}`)).toEqual([
      "`y` against 8 partial matches = 8",
      "the key = 1",
    ]);
  });

  test("of a long text that nothing reads later 256 bytes are kept", () => {
    const state = (then: string, summary: string) => {
      const [term] = boundOf(`event t.long from log { message: string(4000) note: string(200) }
      rule r {
        match sequence by same node within 1m { x: t.long then y: proc.exit ${then} }
        explain { root x summary "${summary}" }
      }`).state;
      return { bytes: term?.amount ?? 0, what: term?.what };
    };
    const cut = state("", "plain");
    expect(state("", "{x.note}")).toEqual(cut);
    expect(state("where y.comm == x.note", "plain").what).toBe(
      cut.what?.replace("1 partial", "32 partial"),
    );
    const whole = state("", "{x.message}");
    expect(whole.bytes - cut.bytes).toBe(4000 - 256);
    expect(whole.what).toBe(`1 partial matches × ${whole.bytes} of \`x\`, with all of x.message`);
  });

  test("a run has a first and a last event and keeps evidence", () => {
    const bound = boundOf(`rule r {
      match sequence by pid within 1m partials 4 { x: proc.exec repeat 3.. keep 5 then y: proc.exit }
    }`);
    expect(terms(bound)).toEqual([
      "4 partial matches × 474 of `x` = 1896",
      "20 events as evidence of runs × 176 = 3520",
      "times and doubts = 32",
      "the key = 46",
    ]);
  });

  test("of a run what is asked of it is kept, a few numbers each", () => {
    const bound = (text: string) =>
      boundOf(`rule r {
        match sequence by pid within 1m partials 4 { x: proc.exec repeat 3.. keep 5 then y: proc.exit }
        explain { root x summary "${text}" }
      }`).state;
    const amount = (text: string) => bound(text)[0]?.amount ?? 0;
    const none = amount("plain");
    expect(amount("{sum(x.pid)} {sum(x.pid)}") - none).toBe(4 * (1 + 1) * 8);
    expect(amount("{sum(x.pid)} {sum(x.pid + 1)}") - none).toBe(2 * 4 * (1 + 1) * 8);
    // With what the event adds to each.
    expect(amount("{avg(x.pid)} {max(x.pid)}") - none).toBe(4 * (2 + 1 + 2) * 8);
    // Its text of 16 bytes is there in any case.
    expect(amount("{max(len(x.comm))}") - none).toBe(4 * (1 + 1) * 8);
  });

  test("a window keeps what its condition needs, not its events", () => {
    const bound = boundOf(`rule r {
      match over e: proc.exit sliding 1m by e.pid having count() >= 10 and distinct(e.comm) >= 3
    }`);
    expect(terms(bound).slice(0, 2)).toEqual([
      "`count()`: 10 times × 8 = 80",
      "`distinct(e.comm)`: 3 values × 33 = 99",
    ]);
  });

  test.each([
    ["count() >= 5", "`count()`: 5 times × 8"],
    ["count() > 5", "`count()`: 6 times × 8"],
    ["5 <= count()", "`count()`: 5 times × 8"],
    ["count() >= 5 or count() >= 9", "`count()`: 9 times × 8"],
    ["p99(e.took) > 5s", "`p99(e.took)`: 10000 values × 16"],
    ["share(e.comm) > 5%", "`share(e.comm)`: 8192 values × 32"],
    ["last(e.code) > 5", "`last(e.code)`: the newest value × 8"],
    ["stddev(e.took) > 5s", "`stddev(e.took)`: 61 panes × 24"],
    ["slope(e.took) > 5s", "`slope(e.took)`: 61 panes × 48"],
    ["ratio(count(), count(e.code > 0)) > 5%", "`count(e.code > 0)`: 61 panes × 8"],
    ["sum(e.took) > 5s", "`sum(e.took)`: 61 panes × 8"],
    ["avg(e.took) > 5s", "`avg(e.took)`: 61 panes × 16"],
    ["max(e.code) > 5", "`max(e.code)`: 61 panes × 8"],
  ])("%s", (having, what) => {
    const bound = boundOf(
      `rule r { match over e: proc.exit sliding 1m by e.pid having ${having} }`,
    );
    expect(bound.state.map((t) => t.what)).toContain(what);
  });

  test("panes follow the resolution, the hop and the shape", () => {
    const first = (shape: string) =>
      boundOf(`rule r { match over e: proc.exit ${shape} by e.pid having sum(e.took) > 5s }`)
        .state[0]?.what;
    expect(first("sliding 1m resolution 5s")).toBe("`sum(e.took)`: 13 panes × 8");
    // With the one that has just ended.
    expect(first("tumbling 1m")).toBe("`sum(e.took)`: 2 panes × 8");
    expect(first("hop 1m every 15s")).toBe("`sum(e.took)`: 5 panes × 8");
    expect(first("session gap 10s max 1m")).toBe("`sum(e.took)`: 1 panes × 8");
  });

  test("parameters count with the worst end of their range", () => {
    const bound = boundOf(`param least: int = 5 range 1 .. 100
    rule r { match over e: proc.exit sliding 1m by e.pid having count() >= least }`);
    expect(bound.state[0]?.what).toBe("`count()`: 100 times × 8");
  });

  test("an inventory has one clock for each entity", () => {
    const bound = boundOf("rule r { match absent l: log.line for 10s for each pod }");
    expect(terms(bound).map((t) => t.split(" × ")[0])).toEqual([
      "one clock",
      "1 event that started it",
      "its times, and one out of date",
      "the key = 16",
    ]);
    expect(bound).toMatchObject({ keys: 512, cost: 17 });
  });

  test("an unordered pattern keeps as many events for each step, and for what cancels", () => {
    const bound = boundOf(`rule r {
      match all of by pid within 1m partials 8 { x: proc.exec y: proc.exit }
    }`);
    expect(terms(bound)).toEqual([
      "24 events of the span × 224 = 5376",
      "place and doubt = 16",
      "the key = 46",
    ]);
    // Each of them is tested once for each step.
    expect(bound.cost).toBe(24 * 2 + 1);
  });

  test("on coarse clocks events are looked back at, and work is a budget", () => {
    const bound = boundOf(`source late { lateness 1s granularity 1s idle 2s rank 9 }
    event t.late from late { n: int }
    rule r {
      match sequence within 1m partials 4 { x: proc.exec then y: t.late where y.n == x.pid }
    }`);
    expect(terms(bound).map((t) => t.split(" × ")[0])).toEqual([
      "8 events to look back at",
      "4 partial matches",
      "136 places of events in them",
      "places, times and doubts = 56",
      "the key = 16",
    ]);
    expect(bound.work).toEqual([{ what: "tests of conditions, then it gives up", amount: 128 }]);
  });

  test("what is remembered of findings has keys of its own", () => {
    const bound = boundOf(`rule r {
      match e: proc.exit
      suppress 1m by e.pid
      rate 5 per 1h by e.comm
      keys max 100
    }`);
    expect(bound.findings.map((t) => `${t.what} = ${t.amount}`)).toEqual([
      "100 suppressed keys × 46 = 4600",
      "100 limited keys × 149 = 14900",
      "counters = 320",
      `256 findings that may still change × 394 = ${256 * 394}`,
    ]);
  });

  test("what may still end holds its events, what ends it what is tested of it", () => {
    const bound = boundOf(`rule r {
      match e: proc.exit resolve on x: proc.exec where x.path == e.comm keys max 4
    }`);
    expect(bound.findings.map((t) => t.what.split(" × ")[0])).toEqual([
      "4 open findings",
      "64 events that may end them",
      "counters",
      "16 findings that may still change",
    ]);
    expect(bound.work.at(-1)).toEqual({ what: "`x` against 4 open findings", amount: 9 });
  });

  test("a rule that tells on arrival has all of it twice", () => {
    const of = (emit: string) =>
      boundOf(`rule r {
        match sequence by pid within 1m { x: proc.exec then y: proc.exit } ${emit}
      }`).bytesPerKey;
    expect(of("emit eager")).toBe(2 * of(""));
  });

  test("keys are as many as there can be", () => {
    const keys = (by: string) =>
      boundOf(`rule r { match over e: log.line sliding 1m by ${by} having count() >= 3 }`).keys;
    expect(keys("same pod")).toBe(512);
    expect(keys("e.level")).toBe(3);
    expect(keys("e.message")).toBe(4096);
  });

  test("relations multiply the work", () => {
    const bound = boundOf(`entity box key string(8) max 4
    relation feeds pod -> box fanout 4
    rule r {
      match sequence within 10s partials 8 {
        x: t.a
        then y: t.b where related(x.entity.pod, y.entity.box, via: feeds)
      }
    }`);
    expect(bound.work.map((t) => t.what)).toEqual([
      "`y` against 8 partial matches × 2 related entities",
    ]);
  });
});

describe("budgets", () => {
  const text = `${head}rule big {
  match sequence by pid within 1m partials 100 { x: proc.exec then y: proc.exit where y.pid == x.pid }
  keys max 200
}
rule small {
  match sequence by pid within 1m { x: proc.exec then y: proc.exit }
  keys max 200
}
`;
  const messages = (budget: Partial<typeof unlimitedBudget>) =>
    compile([schemaFile, { file: "r.tapio", text }], {
      std: [],
      version: "test",
      budget: { ...unlimitedBudget, ...budget },
    }).diagnostics.map((d) => d.message);

  test("of a rule", () => {
    expect(messages({ ruleBytes: 2 ** 20 })).toEqual([
      "`big` can take 5.25MiB (200 keys × 26.05KiB), but the budget is 1MiB",
    ]);
    expect(messages({ ruleBytes: 7 * 2 ** 20 })).toEqual([]);
  });

  test("of a whole bundle, said once at the largest rule", () => {
    expect(messages({ bundleBytes: 2 ** 20 })).toEqual([
      "all rules together can take 5.47MiB, but the budget is 1MiB",
    ]);
  });

  test("of work", () => {
    expect(messages({ ruleCost: 100 })).toEqual([
      "`big` can take 101 transitions for each event, but the budget is 100",
    ]);
    expect(messages({ ruleCost: 101 })).toEqual([]);
  });

  test("a rule that does not say how many keys it follows takes 16 MiB, or follows 64", () => {
    const keysOf = (partials: number) => {
      const bound = boundOf(`rule r { match sequence by pid within 1m partials ${partials} {
        x: proc.exec then y: proc.exit where y.comm == x.comm } }`);
      return { keys: bound.keys, isModest: bound.bytes <= 16 * 2 ** 20 };
    };
    expect(keysOf(1)).toEqual({ keys: 4096, isModest: true });
    const some = keysOf(100);
    expect(some.isModest).toBe(true);
    expect(some.keys).toBeGreaterThan(600);
    expect(keysOf(2000)).toEqual({ keys: 64, isModest: false });
  });

  test("and not one key more would fit into the 16 MiB", () => {
    const sequence = "sequence by pid within 1m partials 100 { x: proc.exec then y: proc.exit }";
    const window = "over x: proc.exec sliding 1m by pid having distinct(x.path) >= 900";
    for (const pattern of [`${sequence} select each`, `${window} emit close suppress 1h`]) {
      const chosen = boundOf(`rule r { match ${pattern} }`);
      const oneMore = boundOf(`rule r { match ${pattern} keys max ${chosen.keys + 1} }`);
      expect(chosen.keys).toBeGreaterThan(64);
      expect(chosen.bytes).toBeLessThanOrEqual(16 * 2 ** 20);
      expect(oneMore.bytes).toBeGreaterThan(16 * 2 ** 20);
    }
  });

  test("are sizes as rules write them", () => {
    expect(parseSize("64MiB")).toBe(64 * 2 ** 20);
    expect(parseSize("10KB")).toBe(10_000);
    for (const wrong of ["", "64", "-1MiB", "0B", "1XB"]) expect(() => parseSize(wrong)).toThrow();
  });
});

test("law: a larger window, threshold, number of keys or partial matches never has a smaller bound", () => {
  const size = fc.record({
    windowS: fc.integer({ min: 1, max: 600 }),
    resolutionS: fc.constantFrom(1, 5),
    least: fc.integer({ min: 1, max: 500 }),
    keys: fc.integer({ min: 1, max: 5000 }),
    partials: fc.integer({ min: 1, max: 300 }),
    keep: fc.integer({ min: 1, max: 30 }),
  });
  type Size = typeof size extends fc.Arbitrary<infer T> ? T : never;
  const shapes: readonly ((s: Size) => string)[] = [
    (s) => `match over e: proc.exit sliding ${s.windowS * 5}s resolution 5s by e.pid
      having count() >= ${s.least} and distinct(e.comm) >= ${s.least} and sum(e.took) > 1s`,
    (s) =>
      `match over e: proc.exit hop ${s.windowS * 5}s every 5s by e.pid having avg(e.took) > 1s`,
    (s) => `match sequence by pid within ${s.windowS}s partials ${s.partials} {
      x: proc.exec repeat 2.. keep ${s.keep} then y: proc.exit where y.comm == x.comm }`,
    (s) => `match sequence by pid within ${s.windowS}s partials ${s.partials} {
      x: proc.exec then y: proc.exit }`,
    (s) =>
      `match all of by pid within ${s.windowS}s partials ${s.partials} { x: proc.exec y: proc.exit }`,
  ];
  const larger = (a: Size, b: Size): Size =>
    Object.fromEntries(
      Object.entries(a).map(([k, v]) => [k, Math.max(v, b[k as keyof Size])]),
    ) as Size;
  const shape = fc.integer({ min: 0, max: shapes.length - 1 });
  fc.assert(
    fc.property(shape, size, size, (i, a, b) => {
      const write = (s: Size) => boundOf(`rule r {\n${shapes[i]?.(s)}\nkeys max ${s.keys}\n}`);
      const small = write(a);
      const large = write(larger(a, b));
      expect(large.bytesPerKey).toBeGreaterThanOrEqual(small.bytesPerKey);
      expect(large.bytes).toBeGreaterThanOrEqual(small.bytes);
      expect(large.cost).toBeGreaterThanOrEqual(small.cost);
    }),
    { numRuns: 60 },
  );
});

describe("the certificate", () => {
  const result =
    compiled(`rule r { match over e: proc.exit sliding 1m by e.pid having count() >= 5 }
  rule s { match sequence by pid within 1m { x: proc.exec then y: proc.exit } suppress 1m }`);
  const { certificate } = result;

  test("sums up", () => {
    for (const b of certificate.rules) {
      const perKey = b.state.reduce((n, t) => n + t.amount, 0);
      const findings = b.findings.reduce((n, t) => n + t.amount, 0);
      expect(b.bytes).toBe(perKey * b.keys + findings);
      expect(b.cost).toBe(b.work.reduce((n, t) => n + t.amount, 0));
    }
    expect(certificate.bytes).toBe(certificate.rules.reduce((n, b) => n + b.bytes, 0));
  });

  test("travels in the bundle", () => {
    const read = decodeBundle(encodeBundle(bundleBody(result, [], "test")));
    expect(read.ok && read.bundle.certificate).toEqual(certificate);
  });

  test.each([
    ["nothing", undefined],
    ["a number that is none", { ...certificate, bytes: Number.NaN }],
    ["a rule that is none", { ...certificate, rules: [{ rule: "r" }] }],
    [
      "a term that is none",
      { ...certificate, rules: [{ ...certificate.rules[0], work: [{ what: 1 }] }] },
    ],
  ])("is refused with %s in its place", (_, bad) => {
    const body = { ...bundleBody(result, [], "test"), certificate: bad as typeof certificate };
    const read = decodeBundle(encodeBundle(body));
    expect(read.ok ? undefined : read.problem).toBe("unreadable");
  });

  test("is shown as a table and as JSON", () => {
    const lines = boundsTable(certificate).split("\n");
    expect(lines.slice(0, 4)).toEqual([
      "rule       state per key  keys     total  transitions per event",
      "r                2.26KiB  4096   9.66MiB                      4",
      "s                   344B  4096   1.68MiB                      2",
      "all rules                       11.34MiB                      6",
    ]);
    const [r] = result.rules;
    const only = certificateOf(result, r ? [r] : []);
    expect(boundsTable(only).split("\n").slice(1, 4)).toEqual([
      "r           2.26KiB  4096  9.66MiB                      4",
      "",
      "r",
    ]);
    expect([only.bytes, only.cost]).toEqual([
      certificate.rules[0]?.bytes,
      certificate.rules[0]?.cost,
    ]);
    expect(JSON.parse(boundsJson(certificate))).toEqual({ version: 1, certificate });
  });
});
