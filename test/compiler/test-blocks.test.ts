/** `tapioc test`: what a failing test says, orders of arrival, recordings, coverage, mutants. */
import { describe, expect, test } from "vitest";
import { type CompileResult, plain } from "#compiler";
import { type EventData, formatTime } from "#core";
import { encodeHeader, encodeLine, encodeProgress } from "#runtime/sources/replay";
import { Observations } from "../../compiler/cli/test/coverage.ts";
import { mutationScores } from "../../compiler/cli/test/mutate.ts";
import { jsonTestReport, textReport } from "../../compiler/cli/test/report.ts";
import { defaultParams, type RunOptions, runTests } from "../../compiler/cli/test/run.ts";
import { onTime, permuted, seededBy, storyOf } from "../../compiler/cli/test/story.ts";
import { compileFixture, schemaFile } from "./fixtures.ts";

const head = "module a\nimport fixture.schema\n";
const rules = `${head}
rule two {
  match sequence by k within 10s {
    x: t.a where x.x > 1
    then y: t.b
  }
  explain { root x summary "saw {y.s ?? \\"nothing\\"}" }
}
rule slow {
  match sequence by k within 10s {
    x: t.a
    then y: t.far
  }
}
rule about {
  match over e: t.c sliding 1m by same pod having count() >= 1
}
rule gone {
  match sequence by k within 10s {
    x: t.a
    then no y: t.b for 5s
  }
}
rule silent {
  match absent h: t.d for 5s for each pod
}
rule ended {
  match e: t.c
  resolve after 5s quiet
}
`;

function compiled(text: string): CompileResult {
  const result = compileFixture([{ file: "r.tapio", text }]);
  expect(result.diagnostics.map((d) => `${d.code} ${d.message}`)).toEqual([]);
  return result;
}

function block(given: string, expected: string, rule = "two", title = "t"): string {
  return `test "${title}" for ${rule} {\n  given { ${given} }\n  expect { ${expected} }\n}\n`;
}

function failuresOf(given: string, expected: string, rule = "two", options: RunOptions = {}) {
  const result = compiled(rules + block(given, expected, rule));
  return runTests(result, options).flatMap((o) => o.failures);
}

const pair = 'at 1s t.a { k: 1 x: 2 } at 3s t.b { k: 1 s: "b" }';
const tooLate = "at 1s t.a { k: 1 x: 2 } at 13s t.b { k: 1 }";

describe("a failing expectation says what happened instead", () => {
  test.each([
    [pair, "finding two at 4s", "expected a finding of `two` at 4s, found 3s"],
    [pair, "finding two times 2", "expected 2 findings of `two`, found 1"],
    [pair, "no finding two", "expected no finding of `two`, found 1"],
    [pair, "finding two { y.x == 1 }", "`y.x == 1` does not hold: ? against 1"],
    [
      pair,
      "finding two { y.time - x.time > 5s }",
      "`y.time - x.time > 5s` does not hold: 2s against 5s",
    ],
    [
      pair,
      "finding two { confidence < 50% / 100% }",
      "`confidence < 50% / 100%` does not hold: 1 against 0.5",
    ],
    [tooLate, "finding two", "expected a finding of `two`, found none"],
    [tooLate, "near_miss two missing x", "expected a near miss of `two` missing `x`, found others"],
    [
      tooLate,
      "near_miss two { overshoot == 3s }",
      "`overshoot == 3s` does not hold: 2s against 3s",
    ],
    [pair, "near_miss two", "expected a near miss of `two`, found none"],
  ])("%s | %s", (given, expected, message) => {
    expect(failuresOf(given, expected).map((f) => f.message)).toEqual([message]);
  });

  test("with the findings there were", () => {
    const [failure] = failuresOf(pair, "finding two at 4s");
    expect(failure?.notes).toEqual(["found at 3s (key 1): saw b"]);
    expect(failure?.findings).toEqual([
      { rule: "two", atUs: 3_000_000, key: ["1"], summary: "saw b", resolvedAtUs: undefined },
    ]);
  });

  test("or with the closest attempt", () => {
    const [failure] = failuresOf(tooLate, "finding two");
    expect(failure?.notes).toEqual([
      "closest: reached `x`, waited for `y`; the nearest came 2s too late (key 1)",
    ]);
    expect(failure?.nearMisses[0]).toMatchObject({ missing: "y", overshootUs: 2_000_000 });
  });

  test("at times that can be pasted behind `at`", () => {
    const given = 'at 1h25s7us t.a { k: 1 x: 2 } at 1h25s200ms t.b { k: 1 s: "b" }';
    const [failure] = failuresOf(given, "finding two at 1h25s");
    expect(failure?.message).toBe("expected a finding of `two` at 1h25s, found 1h25s200ms");
    expect(failure?.notes).toEqual(["found at 1h25s200ms (key 1): saw b"]);
    expect(failuresOf(given, "finding two at 1h25s200ms")).toEqual([]);
  });

  test.each([
    [
      "at 1s t.a { k: 1 x: 2 }",
      "two",
      [
        "closest: reached `x`, waited for `y` (key 1)",
        "step `y` waits for `t.b`, and the test has none",
      ],
    ],
    [
      "at 1s every 1s times 2 t.a { x: 2 } at 5s t.b { k: 1 }",
      "two",
      ["the 2 `t.a` have no `x.k`, so step `x` cannot take them"],
    ],
    [
      "at 1s t.a { k: 1 x: 1 } at 2s t.a { k: 1 } at 3s t.b { k: 1 }",
      "two",
      ["none of the 2 `t.a` fits step `x`; the nearest, at 1s: `x.x > 1` is false (x.x is 1)"],
    ],
    [
      "at 2s t.a { k: 1 } at 3s t.b { k: 1 }",
      "two",
      ["the only `t.a` does not fit step `x`; at 2s: `x.x > 1` is unknown (x.x is missing)"],
    ],
    [
      "at 1s t.c {}",
      "about",
      [
        "the only `t.c` has no pod, so step `e` cannot take it; " +
          'say whom an event is about with `entity: pod("…")`',
      ],
    ],
  ])("or why no event fitted: %s", (given, rule, notes) => {
    expect(failuresOf(given, `finding ${rule}`, rule).map((f) => f.notes)).toEqual([notes]);
  });

  test.each([
    ["at 1s t.a { k: 1 }", "gone", "found at 6s, when the test is over: write `advance to 7s`"],
    [
      "at 1s t.a { k: 1 } advance to 4500ms",
      "gone",
      "found at 6s, when the test is over: write `advance to 7s`",
    ],
    [
      "at 1s t.a { k: 1 x: 2 } at 2s t.b { k: 2 }",
      "two",
      "closest: reached `x`, waited for `y` (key 1)",
    ],
  ])("or that the test ends too early: %s", (given, rule, note) => {
    expect(failuresOf(given, `finding ${rule}`, rule).map((f) => f.notes)).toEqual([[note]]);
  });

  test("a heartbeat that is nobody's is told beside the finding it did not prevent", () => {
    const given = 'entity pod "p" in node "n" at 0s every 1s times 9 t.d {}';
    const [failure] = failuresOf(given, "no finding silent", "silent");
    expect(failure?.notes).toEqual([
      "found at 5s (key p): silent matched",
      "the 9 `t.d` have no pod, so step `h` cannot take them; " +
        'say whom an event is about with `entity: pod("…")`',
    ]);
  });

  test("at the place of the expectation, or of the condition", () => {
    const text = rules + block(pair, "finding two { y.x == 1 }");
    const [failure] = runTests(compiled(text)).flatMap((o) => o.failures);
    expect(text.slice(failure?.at.start, failure?.at.end)).toBe("y.x == 1");
  });

  test.each([
    ["resolved ended at 3s", "expected `ended` to be resolved at 3s; it is resolved at 6s"],
    ["resolved ended at 6s", undefined],
    ["resolved ended", undefined],
  ])("%s", (expected, message) => {
    const given = "at 1s t.c {} advance to 20s";
    expect(failuresOf(given, expected, "ended").map((f) => f.message)).toEqual(
      message ? [message] : [],
    );
  });

  test("an open finding is not resolved", () => {
    const found = failuresOf("at 1s t.c {} advance to 4s", "resolved ended", "ended");
    expect(found.map((f) => f.message)).toEqual(["expected `ended` to be resolved; it stays open"]);
  });
});

describe("orders of arrival", () => {
  const given = "at 1s every 200ms times 8 t.a { k: 1 x: 2 } at 3s arriving 3800ms t.a { k: 2 }";
  const [only] = compiled(rules + block(given, "no finding two")).tests;
  const story = storyOf(only!, undefined);
  const { schema } = compiled(rules).unit;

  test("stay within the lateness of the source, and late events stay late", () => {
    const random = seededBy("t");
    const orders = new Set<string>();
    for (let i = 0; i < 20; i++) {
      const other = permuted(story, schema, random);
      orders.add(other.events.map((e) => e.event.seq).join());
      for (const { event, arrivesAt } of other.events) {
        const delay = arrivesAt - event.ts;
        expect(delay === 800_000 || (delay >= 0 && delay <= 100_000)).toBe(true);
      }
      const ids = (s: typeof story) => new Set(onTime(s, 100_000).map((e) => e.id));
      expect(ids(other)).toEqual(ids(story));
      expect(onTime(other, 100_000)).toHaveLength(8);
    }
    expect(orders.size).toBe(1);
  });

  test("are really different when events are close together", () => {
    const near = "at 1s every 1ms times 20 t.a { k: 1 }";
    const [close] = compiled(rules + block(near, "no finding two")).tests;
    const random = seededBy("t");
    const orders = Array.from({ length: 10 }, () =>
      permuted(storyOf(close!, undefined), schema, random)
        .events.map((e) => e.event.seq)
        .join(),
    );
    expect(new Set(orders).size).toBe(10);
  });

  test("are the same for the same title", () => {
    const numbers = (text: string) => {
      const random = seededBy(text);
      return Array.from({ length: 5 }, random);
    };
    expect(numbers("a")).toEqual(numbers("a"));
    expect(numbers("a")).not.toEqual(numbers("b"));
    expect(numbers("a").every((x) => x >= 0 && x < 1)).toBe(true);
  });

  test("an event is judged by the slowest source its rule needs", () => {
    const late = "at 1s arriving 3s t.a { k: 1 x: 2 } at 2s t.far { k: 1 } at 2s t.b { k: 1 }";
    expect(failuresOf(late, "no finding two finding slow at 2s")).toEqual([]);
  });
});

describe("recordings", () => {
  const text = `${rules}test "t" for two {\n  replay "a.ndjson"\n  expect { finding two at 2s }\n}\n`;
  const result = compiled(text);
  const { schema } = result.unit;
  const start = Date.UTC(2026, 10, 21) * 1000;
  const line = (letter: string, ts: number, x: number) => {
    const kind = schema.kinds.findIndex((k) => k.name === `t.${letter}`);
    const event: Omit<EventData, "id" | "seq"> = {
      kind,
      ts,
      entity: undefined,
      fields: [1, x, undefined],
    };
    return encodeLine(schema, event);
  };
  const run = (lines: readonly string[] | undefined) =>
    runTests(result, { readRecording: () => lines?.join("\n") }).flatMap((o) =>
      o.failures.map((f) => f.message),
    );

  test("are the given events; the clock starts with the first of them", () => {
    const lines = [
      encodeHeader(),
      line("a", start, 2),
      encodeProgress("kernel", start + 1_000_000),
    ];
    expect(run([...lines, line("b", start + 2_000_000, 0), ""])).toEqual([]);
    expect(run([...lines, line("b", start + 3_000_000, 0)])).toEqual([
      "expected a finding of `two` at 2s, found 3s",
    ]);
  });

  test("an event behind the recorded progress is late", () => {
    const late = [line("a", start, 2), encodeProgress("kernel", start + 2_500_000)];
    expect(run([...late, line("b", start + 2_000_000, 0)])).toEqual([
      "expected a finding of `two` at 2s, found none",
    ]);
  });

  test("that cannot be read fail the test with the reason", () => {
    expect(run(undefined)).toEqual(["cannot read the recording a.ndjson"]);
    expect(run([encodeHeader()])).toEqual(["a.ndjson holds no events"]);
    expect(run(["{}"])[0]).toMatch(/^a\.ndjson:1: the line has no `kind`/);
  });

  test("times in failures count from the first event", () => {
    expect(formatTime(start)).toBe("2026-11-21T00:00:00.000000Z");
  });
});

describe("selection and back ends", () => {
  const text =
    rules +
    block(pair, "finding two at 3s", "two", "first") +
    block("at 1s t.c {} advance to 9s", "resolved ended", "ended", "second");
  const result = compiled(text);
  const titles = (options: RunOptions) => runTests(result, options).map((o) => o.test.title);

  test("by rule and by title", () => {
    expect(titles({})).toEqual(["first", "second"]);
    expect(titles({ rule: "two" })).toEqual(["first"]);
    expect(titles({ rule: "a.ended" })).toEqual(["second"]);
    expect(titles({ filter: "sec" })).toEqual(["second"]);
    expect(titles({ rule: "two", filter: "sec" })).toEqual([]);
  });

  test("say what ran", () => {
    const outcomes = runTests(result);
    const report = { outcomes, coverage: undefined, mutation: undefined };
    const paint = { ...plain, green: (s: string) => s };
    expect(textReport(report, () => text, paint)).toBe(
      "ok   two: first [interpreter, engine]\n" +
        "ok   ended: second [interpreter, engine]\n" +
        "2 passed, 0 failed\n",
    );
  });

  test("as JSON with the same facts", () => {
    const failing = compiled(rules + block(tooLate, "finding two"));
    const outcomes = runTests(failing);
    const report = { outcomes, coverage: undefined, mutation: undefined };
    const json: unknown = JSON.parse(
      jsonTestReport(report, () => rules + block(tooLate, "finding two")),
    );
    expect(json).toMatchObject({
      version: 1,
      passed: 0,
      failed: 1,
      tests: [
        {
          title: "t",
          rule: "two",
          ok: false,
          backEnds: ["interpreter", "engine"],
          permutations: 10,
          failures: [
            { file: "r.tapio", column: 12, nearMisses: [{ missing: "y", overshootUs: 2e6 }] },
          ],
        },
      ],
    });
  });
});

describe("coverage", () => {
  const source = `${head}rule r {
  match sequence by k within 10s {
    x: t.a where x.x > 1 and has x.s
    without n: t.c where n.x == 1
    then y: t.b
  }
  except "known" when y.x == 9
}
`;
  const gapsOf = (given: string) => {
    const result = compiled(source + block(given, "finding r", "r"));
    const observations = new Observations();
    runTests(result, { observations, permutations: 0 });
    const { covered, total, gaps } = observations.of(result.unit.rules[0]!, result.unit.schema);
    return { covered, total, gaps: gaps.map((g) => `${g.part} ${g.text}: ${g.never.join()}`) };
  };

  test("names what was never true or never false", () => {
    const given = 'at 1s t.a { k: 1 x: 2 s: "s" } at 2s t.b { k: 1 x: 1 }';
    expect(gapsOf(given)).toEqual({
      covered: 2,
      total: 7,
      gaps: [
        "step `n` an event: met",
        "step `x` `x.x > 1`: false",
        "step `x` `has x.s`: false",
        "step `n` `n.x == 1`: true,false",
        'except "known" its condition: true',
      ],
    });
  });

  test("is whole when everything was seen both ways", () => {
    const given = `at 1s t.a { k: 1 x: 2 s: "s" } at 2s t.b { k: 1 x: 1 }
      at 11s t.a { k: 2 x: 2 } at 12s t.a { k: 2 x: 0 s: "s" }
      at 21s t.a { k: 3 x: 2 s: "s" } at 22s t.c { k: 3 x: 0 } at 23s t.b { k: 3 x: 9 }
      at 31s t.a { k: 4 x: 2 s: "s" } at 32s t.c { k: 4 x: 1 } at 33s t.b { k: 4 x: 1 }`;
    expect(gapsOf(given)).toEqual({ covered: 7, total: 7, gaps: [] });
  });
});

test("coverage of `or` over a union step: one false side and one missing is as false as it gets", () => {
  const text = `${head}rule r {
  match e: t.a | log.line where e.x > 1 or e.message == "on"
}
`;
  const neverOf = (given: string) => {
    const result = compiled(text + block(given, "finding r", "r"));
    const observations = new Observations();
    runTests(result, { observations, permutations: 0 });
    const [rule] = result.unit.rules;
    return observations.of(rule!, result.unit.schema).gaps.map((g) => [g.text, g.never]);
  };
  const both = '`e.x > 1 or e.message == "on"`';
  expect(neverOf("at 1s t.a { k: 1 x: 2 }")).toEqual([[both, ["false"]]]);
  expect(neverOf("at 1s t.a { k: 1 }")).toContainEqual([both, ["true", "false"]]);
  expect(neverOf("at 1s t.a { k: 1 x: 2 } at 2s t.a { k: 1 x: 0 }")).toEqual([]);
});

test("conditions are shown as their author would write them", () => {
  const text = `${head}rule r {
  match over f: net.fail
    where f.share > 25% and f.bytes >= 2/s and (f.port == 80 or f.peer in cidr"10.0.0.0/8")
    sliding 5m having ratio(count(f.share > 50%), count()) > 5% and rate() > 10/s
}
rule s {
  match e: proc.exit where not (e.took > 90s) and (e.code + 1) * 2 > 4 and e.comm contains "x" nocase
}
`;
  const { unit } = compiled(text);
  const [r, s] = unit.rules;
  const textsOf = (rule: typeof r) =>
    new Observations()
      .of(rule!, unit.schema)
      .gaps.flatMap((g) => (g.text === "an event" ? [] : g.text));
  expect(textsOf(r)).toEqual([
    "`f.share > 25%`",
    "`f.bytes >= 2/s`",
    '`f.port == 80 or f.peer in cidr"10.0.0.0/8"`',
    "`ratio(count(f.share > 50%), count()) > 5%`",
    "`rate() > 10/s`",
  ]);
  expect(textsOf(s)).toEqual([
    "`not e.took > 1m30s`",
    "`(e.code + 1) * 2 > 4`",
    '`e.comm contains "x" nocase`',
  ]);
});

test("aggregates of runs are shown as their author would write them", () => {
  const { unit } = compiled(`${head}rule r {
  match sequence by comm within 1m {
    p: proc.oom where sum(p.rss) < 10MiB repeat 2..
    then o: proc.exit where o.took > 5s and (avg(o.took) ?? 0s) < 90s repeat 2..
    then q: proc.oom where q.rss > max(p.rss) * 2 and sum(p.rss + 1MiB) > 3MiB and avg(o.code) > 1
      and increase(p.rss) > 4KiB and sum(o.took) > 2m and slope(p.rss) > 1MiB/s
  }
}
`);
  const [rule] = unit.rules;
  const texts = new Observations().of(rule!, unit.schema).gaps.map((g) => g.text);
  expect(texts.filter((text) => text !== "an event")).toEqual([
    "`sum(p.rss) < 10MiB`",
    "`o.took > 5s`",
    "`avg(o.took) ?? 0s < 1m30s`",
    "`q.rss > max(p.rss) * 2`",
    "`sum(p.rss + 1MiB) > 3MiB`",
    "`avg(o.code) > 1`",
    "`increase(p.rss) > 4KiB`",
    "`sum(o.took) > 2m`",
    "`slope(p.rss) > 1MiB/s`",
  ]);
});

test("what only an aggregate of a run reads must be given, the rest may be left out", () => {
  const notGiven = (line: string) => {
    const text = `${head}rule r {
  match sequence by comm within 10s {
    p: proc.exit repeat 2..
    then q: proc.exec where sum(p.code) > 3 and max(p.pid) > 1
  }
}
${block(`at 1s every 1s times 2 ${line} at 5s proc.exec { comm: "x" }`, "finding r", "r")}`;
    const { diagnostics } = compileFixture([{ file: "r.tapio", text }]);
    return diagnostics.map((d) => `${d.code} ${d.message}`);
  };
  // Of the second step, whose events have a `pid` too, nothing asks for it.
  expect(notGiven('proc.exit { comm: "x" code: 2 pid: 3 }')).toEqual([]);
  expect(notGiven('proc.exit { comm: "x" pid: 3 }')).toEqual([
    "TAP2016 `proc.exit` always has `code`, which is not given here",
  ]);
});

describe("mutants", () => {
  const source = `${head}rule r {
  match sequence by k within 10s {
    x: t.a where x.x > 1
    without n: t.c
    then y: t.b
  }
}
`;
  const scoreOf = (...tests: readonly string[]) => {
    const result = compiled(source + tests.join(""));
    const [score] = mutationScores(result, result.tests, defaultParams(result.unit), undefined);
    return score;
  };
  const plainPair = block("at 1s t.a { k: 1 x: 2 } at 3s t.b { k: 1 }", "finding r at 3s", "r");

  test("survive a test that tries one case", () => {
    expect(scoreOf(plainPair)).toEqual({
      rule: "r",
      killed: 3,
      total: 9,
      survivors: [
        "step `x`: its condition is dropped",
        "step `x`: `x.x > 1` becomes `x.x > 0`",
        "`without n` is dropped",
        "`within` is 5s instead of 10s",
        "`within` is 20s instead of 10s",
        "the key `k` is dropped",
      ],
    });
  });

  test("die under tests at the edges", () => {
    const edges = `at 1s t.a { k: 1 x: 1 } at 2s t.b { k: 1 }
      at 21s t.a { k: 2 x: 2 } at 22s t.c { k: 2 } at 23s t.b { k: 2 }
      at 41s t.a { k: 3 x: 2 } at 50s t.b { k: 3 }
      at 61s t.a { k: 4 x: 2 } at 72s t.b { k: 4 }
      at 81s t.a { k: 5 x: 2 } at 82s t.b { k: 6 }`;
    const score = scoreOf(plainPair, block(edges, "finding r at 50s times 1", "r", "edges"));
    expect(score).toEqual({ rule: "r", killed: 9, total: 9, survivors: [] });
  });

  test("are not judged by a test that fails anyway", () => {
    expect(scoreOf(block(tooLate, "finding r", "r"))?.killed).toBe(0);
  });

  test("of a swapped pair keep what the test says of each step", () => {
    const text = `${head}rule r {
  match sequence by k within 10s {
    x: t.a | t.b
    then y: t.a | t.b
  }
}
`;
    const given = "at 1s t.a { k: 1 x: 1 } at 2s t.b { k: 1 x: 2 }";
    const result = compiled(text + block(given, "finding r { x.x == 1, y.x == 2 }", "r"));
    const [score] = mutationScores(result, result.tests, defaultParams(result.unit), undefined);
    expect(score?.survivors).not.toContain("`x` and `y` are swapped");
  });
});

describe("what becomes of a match", () => {
  const source = `${head}rule r {
  severity error when e.x > 5 and has e.s else info
  match e: t.a by e.k
  resolve on f: t.b where f.x == 1 by f.k
  suppress 10s
  rate 2 per 1m
  explain {
    root e
    confidence 0.5 plus 0.25 when e.x > 7
    recommend "look at {e.x}" when e.x > 8
  }
}
`;
  const measured = (given: string, expected: string) => {
    const result = compiled(source + block(given, expected, "r"));
    const observations = new Observations();
    expect(runTests(result, { observations }).flatMap((o) => o.failures)).toEqual([]);
    const coverage = observations.of(result.unit.rules[0]!, result.unit.schema);
    const [score] = mutationScores(result, result.tests, defaultParams(result.unit), undefined);
    return { coverage, score };
  };

  test("is in the coverage, each condition and each policy", () => {
    const { coverage } = measured("at 1s t.a { k: 1 x: 9 }", "finding r");
    expect(coverage.gaps.map((g) => `${g.part}: ${g.text}: ${g.never.join()}`)).toEqual([
      "step `f`: an event: met",
      "step `f`: `f.x == 1`: true,false",
      "`severity`: `e.x > 5`: false",
      "`severity`: `has e.s`: true",
      "`confidence`: `e.x > 7`: false",
      "`recommend`: `e.x > 8`: false",
      "`suppress`: a finding held back: met",
      "`rate`: a finding held back: met",
      "`resolve`: a finding over: met",
    ]);
  });

  test("is changed by mutants, which tests of it notice", () => {
    const weak = measured("at 1s t.a { k: 1 x: 9 }", "finding r");
    const survivors = weak.score?.survivors ?? [];
    expect(survivors).toContain("`severity`: `e.x > 5` becomes `e.x > 6`");
    expect(survivors).toContain("`confidence`: `e.x > 7` is negated");
    expect(survivors).toContain("`recommend`: `e.x > 8` is negated");
    for (const clause of ["suppress", "resolve"])
      expect(survivors).toContain(`\`${clause}\` is dropped`);
    expect(survivors).toContain("`rate` is 1 instead of 2");

    const given = `at 1s t.a { k: 1 x: 6 s: "s" }
      at 7s t.a { k: 1 x: 9 s: "s" }
      at 9s t.b { k: 1 x: 0 }
      at 10s t.b { k: 1 x: 1 }
      at 12s t.a { k: 1 x: 5 s: "s" }
      at 22s t.a { k: 1 x: 9 }
      at 40s t.a { k: 2 x: 8 } at 52s t.a { k: 2 x: 9 s: "s" }
      at 65s t.a { k: 1 x: 7 } at 80s t.b { k: 2 x: 2 }`;
    const { coverage, score } = measured(
      given,
      `finding r at 1s { severity == "error", confidence == 0.5, state == "resolved" }
      finding r at 12s { severity == "info", len(recommendations) == 0, state == "open" }
      finding r at 40s { confidence == 0.75, len(recommendations) == 0, severity == "info" }
      finding r at 52s { any(t in recommendations: t == "look at 9"), severity == "error" }
      finding r at 65s { confidence == 0.5 }
      finding r times 5
      resolved r at 10s`,
    );
    expect(coverage.gaps).toEqual([]);
    expect(score?.survivors).toEqual(["the time of `rate` is 30s instead of 1m"]);
  });
});

test("the schema of the fixtures is the one these tests are written for", () => {
  expect(schemaFile.text).toContain("source slow { lateness 3s");
});
