/** `tapio why-not` as a person meets it: every cause, on recordings made here. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ensureBuilt, type Ran, root, run } from "../../harness/programs.ts";

const folder = mkdtempSync(join(tmpdir(), "tapio-why-not-"));
const bundle = join(folder, "rules.tapiob");

const rules = `module w.rules
source left { lateness 100ms granularity 1us idle 10s rank 0 lossy }
source right { lateness 100ms granularity 1us idle 10s rank 1 lossy }
entity box key string(16) max 64
event w.any from left { pid: int code: int? secret: string(8)? @redact }
event w.a extends w.any {}
event w.b extends w.any {}
event w.c extends w.any {}
event w.r from right { pid: int }

rule two {
  match sequence by same box within 30s {
    a: w.a
    then b: w.b where b.code == 0 and b.pid != a.pid and (b.secret is missing or b.secret == "s")
  }
}
rule twice {
  match sequence by same box, pid within 30s {
    a: w.a repeat 3..
    then next b: w.b
  }
}
rule guarded {
  match sequence by same box within 30s {
    a: w.a
    without n: w.c where n.code > 1
    then b: w.b
  } until u: w.r where u.pid == a.pid
}
rule alone {
  match sequence by same box within 30s { a: w.a then no r: w.r for 5s }
  on loss hold
}
rule both {
  match all of by same box within 10s {
    a: w.a
    b: w.b where b.code == 0
  }
}
rule many {
  match over a: w.a where a.code == 0 sliding 10s by same box having count() >= 3
}
rule calm {
  match b: w.b
  suppress 1m
}
rule spared {
  match b: w.b
  except "known" when b.code == 7
}
rule scarce {
  match b: w.b
  rate 1 per 1h
}
rule quiet {
  match absent r: w.r for 20s
}
rule crowded {
  match sequence by same box within 30s { a: w.a then b: w.b }
  keys max 16
}
rule upstream {
  match sequence by same box within 30s { a: w.a then f: finding.w.rules.calm }
}
`;

beforeAll(() => {
  ensureBuilt();
  const file = join(folder, "rules.tapio");
  writeFileSync(file, rules);
  const done = run("tapioc", ["compile", file, "-o", bundle]);
  expect(done.err).toContain("12 rules");
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const epoch = Date.UTC(2026, 0, 1);
const time = (seconds: number) => new Date(epoch + seconds * 1000).toISOString();

function line(kind: string, seconds: number, fields: object = {}, box = "p1"): string {
  return JSON.stringify({
    kind: `w.${kind}`,
    ts: time(seconds),
    entity: { box },
    pid: 1,
    ...fields,
  });
}

function progress(source: string, seconds: number, lost = 0): string {
  return JSON.stringify({ progress: source, ts: time(seconds), lost });
}

/** Far enough for everything before to be decided. */
const end = line("c", 100, {}, "z");

function recording(lines: readonly string[], name = "log.ndjson"): string {
  const file = join(folder, name);
  writeFileSync(file, `${lines.join("\n")}\n`);
  return file;
}

function ask(rule: string, lines: readonly string[], ...args: string[]): Ran {
  const done = run("tapio", ["why-not", rule, recording(lines), "--bundle", bundle, ...args]);
  expect(done.err).not.toMatch(/internal error|\n\s+at .*:\d+:\d+/);
  return done;
}

/** The answer for machines. */
function answer(rule: string, lines: readonly string[], ...args: string[]) {
  return JSON.parse(ask(rule, lines, "--format", "json", ...args).out);
}

describe("a rule that fired", () => {
  const lines = [line("a", 0), line("b", 3, { pid: 2, code: 0 }), end];

  test("says so and names the finding that a replay reports", () => {
    const done = ask("two", lines, "--key", "box=p1", "--at", "2026-01-01T00:00:03.000000Z");
    expect(done.code).toBe(1);
    expect(done.out).toContain("w.rules.two fired between");
    const replayed = run("tapio", [
      "replay",
      recording(lines),
      "--bundle",
      bundle,
      "--format",
      "ndjson",
    ]);
    const findings = replayed.out
      .trim()
      .split("\n")
      .map((l) => JSON.parse(l));
    const finding = findings.find((f) => f.rule === "two");
    expect(done.out).toContain(`finding ${finding.id} at 2026-01-01T00:00:03.000000Z (box=p1)`);
  });

  test("only around the time that was asked for", () => {
    expect(ask("two", lines, "--at", "00:00:03").code).toBe(1);
    expect(ask("two", lines, "--at", "00:02:00").code).toBe(0);
    expect(ask("two", lines, "--at", "00:00").code).toBe(1);
    expect(ask("two", lines, "--at", "00:02").code).toBe(0);
    expect(ask("two", lines, "--at", String((epoch + 3000) * 1000)).code).toBe(1);
  });

  test("from several recordings that belong together", () => {
    const [first = "", ...rest] = lines;
    const paths = [recording([first], "first.ndjson"), recording(rest, "second.ndjson")];
    const done = run("tapio", ["why-not", "w.rules.two", ...paths, "--bundle", bundle]);
    expect(done.code).toBe(1);
    expect(done.err).toMatch(/first\.ndjson: 1 lines.*\n.*second\.ndjson: 2 lines/);
  });

  test("on findings of another rule", () => {
    expect(ask("upstream", [line("a", 0), line("b", 1), end]).code).toBe(1);
  });
});

describe("near misses", () => {
  test("a candidate that failed tests: each with its value, a redacted one without", () => {
    const lines = [
      line("a", 0),
      line("b", 3, { pid: 2, code: 137 }),
      line("b", 4, { code: 137, secret: "x" }),
      end,
    ];
    const done = ask("two", lines);
    expect(done.code).toBe(0);
    expect(done.out).toMatchInlineSnapshot(`
      "w.rules.two did not fire in the recording

      expired: reached 1 of 2 steps (box=p1)
        had      2026-01-01T00:00:00.000000Z a w.a
        why      waited for \`b\` until 2026-01-01T00:00:30.000000Z
        met      2026-01-01T00:00:03.000000Z b w.b
                   b.code == 0: false, it was 137
                   b.pid != a.pid: true
                   not has b.secret: true
                   b.secret == "s": unknown, it was missing
        met      2026-01-01T00:00:04.000000Z b w.b
                   b.code == 0: false, it was 137
                   b.pid != a.pid: false, b.pid was 1, a.pid was 1
                   not has b.secret: false, it was ‹redacted›
                   b.secret == "s": false, it was ‹redacted›
        needed   \`w.b\` at 2026-01-01T00:00:03.000000Z as \`b\`, with \`b.code == 0\`
      "
    `);
    expect(done.out).not.toContain('"x"');
  });

  test("too late, by how much", () => {
    const lines = [line("a", 0), line("b", 32, { pid: 2, code: 0 }), end];
    expect(ask("two", lines).out).toContain("2s too late");
    expect(answer("two", lines)).toMatchObject({
      rule: "w.rules.two",
      findings: [],
      misses: [
        {
          cause: "expired",
          key: [["box", "p1"]],
          reached: 1,
          of: 2,
          missing: "b",
          overshootUs: 2_000_000,
          events: [{ step: "a", event: "w.a", ts: epoch * 1000 }],
          wouldMatch: "`w.b` at 2026-01-01T00:00:32.000000Z as `b`, 2s earlier",
        },
      ],
    });
  });

  test("negated and cancelled: by which event, and by which of its tests", () => {
    const negated = ask("guarded", [
      line("a", 0),
      line("c", 1, { code: 2 }),
      line("b", 3),
      end,
    ]).out;
    expect(negated).toContain("negated by `n` (`w.c` at 2026-01-01T00:00:01.000000Z)");
    expect(negated).toContain("n.code <= 1: false, it was 2");
    const cancelled = ask("guarded", [line("a", 0), line("r", 1), line("b", 3), end]).out;
    expect(cancelled).toContain("cancelled by `u`");
    const deadline = answer("alone", [line("a", 0), line("r", 1), end]);
    expect(deadline.misses).toMatchObject([{ cause: "negated", by: { step: "r", event: "w.r" } }]);
  });

  test("a run that was too short, and an event where none may be", () => {
    const short = answer("twice", [line("a", 0), line("a", 1), end]);
    expect(short.misses[0]).toMatchObject({ cause: "expired", missing: "a", wouldMatch: /w\.a/ });
    const apart = [line("a", 0), line("a", 1), line("a", 2), line("a", 40), line("b", 41), end];
    expect(answer("twice", apart).misses[0].missing).toBe("b");
  });

  test("k of N of a window, with what it did not count", () => {
    const lines = [0, 1, 2].map((s) => line("a", s, { code: s === 1 ? 1 : 0 }));
    const { out } = ask("many", [...lines, end]);
    expect(out).toContain("threshold: reached 2 events (box=p1)");
    expect(out).toContain("test     count() >= 3: false, it was 2");
    expect(out).toContain("a.code == 0: false, it was 1");
    expect(out).toContain("`count() >= 3`; nearest is `w.a` at 2026-01-01T00:00:01.000000Z");
  });

  test("k of N steps in any order", () => {
    const { misses } = answer("both", [line("a", 0), line("b", 3, { code: 1 }), end]);
    expect(misses).toMatchObject([
      { cause: "expired", reached: 1, of: 2, missing: "b", candidates: [{ step: "b" }] },
    ]);
    expect(misses).toHaveLength(1);
  });

  test("a first step that no event could be", () => {
    const { misses } = answer("many", [line("a", 0, { code: 4 }), end]);
    expect(misses).toMatchObject([{ cause: "unmet", missing: "a", reached: 0 }]);
  });

  test("a silence that was cut short, the longest first", () => {
    const { misses } = answer(
      "quiet",
      [0, 5, 20].map((s) => line("r", s)),
    );
    expect(misses.map((m: { cause: string }) => m.cause)).toEqual(["negated", "negated", "open"]);
    expect(misses.map((m: { overshootUs: number }) => m.overshootUs).slice(0, 2)).toEqual([
      5e6, 15e6,
    ]);
    expect(misses[0].why).toContain("came 5s before the wait was over");
  });

  test("what the recording ends before", () => {
    const done = ask("two", [line("a", 0), line("c", 3)]);
    expect(done.out).toContain("open: reached 1 of 2 steps");
    expect(done.out).toContain("the recording ends while it waits for `b`");
  });

  test("at most eight, closest first", () => {
    const lines = Array.from({ length: 12 }, (_, i) => line("a", i * 40));
    const { misses } = answer("two", [
      ...lines,
      line("b", 442, { pid: 2, code: 0 }),
      line("c", 600),
    ]);
    expect(misses).toHaveLength(8);
    expect(misses[0].events[0].ts).toBe((epoch + 400_000) * 1000);
  });
});

describe("found and not reported", () => {
  const two = [line("b", 0), line("b", 3), end];

  test("suppressed, and after which finding", () => {
    const { withheld } = answer("calm", two, "--at", "00:00:03");
    expect(withheld).toMatchObject([{ cause: "suppressed" }]);
    expect(withheld[0].why).toMatch(
      /suppressed for 1m after finding \w{20} at 2026-01-01T00:00:00/,
    );
  });

  test("excepted, with the reason", () => {
    const { withheld } = answer("spared", [line("b", 3, { code: 7 }), end]);
    expect(withheld).toMatchObject([{ cause: "excepted", why: "an exception holds: known" }]);
  });

  test("limited by the rate", () => {
    const { findings, withheld } = answer("scarce", two);
    expect(findings).toHaveLength(1);
    expect(withheld).toMatchObject([{ cause: "limited", why: "the rate of 1 in 1h was reached" }]);
  });

  test("held for silence that is in doubt: after a loss, and of a source that went silent", () => {
    const lossy = [
      line("a", 0),
      progress("right", 2, 3),
      progress("left", 100),
      progress("right", 100, 3),
    ];
    const silent = [line("a", 0), progress("right", 2), progress("left", 100)];
    for (const lines of [lossy, silent]) {
      const { findings, withheld } = answer("alone", [...lines, end]);
      expect(findings).toEqual([]);
      expect(withheld).toMatchObject([{ cause: "held" }]);
      expect(withheld[0].why).toContain("source `right` was silent or lost events");
    }
  });

  test("late: what a replay does not judge", () => {
    const lines = [line("a", 0), progress("left", 10), line("b", 3, { pid: 2, code: 0 }), end];
    const done = ask("two", lines);
    expect(done.code).toBe(0);
    expect(done.out).toContain("late: finding");
    expect(done.out).toContain(
      "`w.b` at 2026-01-01T00:00:03.000000Z came after its time was decided",
    );
  });

  test("a negative that came too late did not keep it from being reported", () => {
    const told = [progress("left", 60), progress("right", 60)];
    const lines = [line("a", 0), line("b", 3), ...told, line("c", 1, { code: 2 }), end];
    expect(ask("guarded", lines).code).toBe(1);
  });

  test("evicted for room", () => {
    const boxes = Array.from({ length: 20 }, (_, i) => `p${i}`);
    const lines = [
      ...boxes.map((box, i) => line("a", i / 10, {}, box)),
      ...boxes.map((box, i) => line("b", 3 + i / 10, {}, box)),
      end,
    ];
    const { withheld } = answer("crowded", lines, "--key", "box=p0");
    expect(withheld).toMatchObject([{ cause: "evicted" }]);
  });
});

describe("nothing at all", () => {
  test("no event of the first step, and a source that is not there", () => {
    const done = ask("guarded", [line("b", 0), end]);
    expect(done.code).toBe(0);
    expect(done.out).toContain("has no `w.a`, which the first step `a` waits for");
    expect(done.out).toContain("source `right` is not in the recording");
  });

  test("events without the key, and which part of it", () => {
    const keyless = (kind: string) => line(kind, 1, { entity: {} });
    const done = ask("two", [keyless("a"), keyless("b"), end]);
    expect(done.out).toContain("no `w.a` there has a `box`, which the key of the rule needs");
    expect(done.out).toContain("no `w.b` there has a `box`");
    const one = ask("two", [keyless("a"), line("a", 2), keyless("b"), end]);
    expect(one.out).not.toContain("no `w.a`");
  });

  test("nothing around that time", () => {
    const done = ask("two", [line("a", 0), line("b", 1), end], "--at", "00:10:00");
    expect(done.out).toContain("no event there began a match");
  });
});

describe("wrong questions", () => {
  const lines = [line("a", 0), line("a", 1, { pid: 7 }, "p2"), end];
  test.each([
    ["two", ["--key", "box=p9"], "the key box=p9 was never seen", "box=p1, box=p2"],
    ["twice", ["--key", "pid=9"], "the key pid=9 was never seen", "box=p1 pid=1, box=p2 pid=7"],
    ["two", ["--key", "pod=p1"], "pod is no part of the key", "box=…"],
    ["two", ["--key", "p1"], "is not name=value", "box=…"],
    ["calm", ["--key", "box=p1"], "rule calm has no key", "leave --key out"],
    ["two", ["--at", "noon"], "`noon` is not a time", "10:00:00.123456"],
    ["nothing", [], "the bundle has no rule nothing", "w.rules.two"],
    ["two", ["--param", "x=1"], "no parameter x", "none"],
  ])("%s %j is refused with code 3", (rule, args, message, help) => {
    const done = ask(rule, lines, ...args);
    expect(done.code).toBe(3);
    expect(done.err).toContain(message);
    expect(done.err).toContain(help);
  });

  test("a key is found by a part of it", () => {
    const { misses } = answer("twice", lines, "--key", "pid=7");
    expect(misses).toMatchObject([
      {
        key: [
          ["box", "p2"],
          ["pid", "7"],
        ],
      },
    ]);
  });

  test("no recording", () => {
    const done = run("tapio", ["why-not", "two", "nowhere.ndjson", "--bundle", bundle]);
    expect(done.code).toBe(3);
    expect(done.err).toContain("there is no recording");
  });
});

test("a shipped rule, on its recorded near miss", () => {
  const scenarios = join(root, "rules/memory/oom_kill_restart.scenarios");
  const shipped = join(folder, "shipped.tapiob");
  run("tapioc", ["compile", join(root, "rules/memory/oom_kill_restart.tapio"), "-o", shipped]);
  const file = join(scenarios, "near-miss-late-restart.ndjson");
  const args = ["--key", "cgroup=40213", "--bundle", shipped];
  const done = run("tapio", ["why-not", "oom_kill_restart", file, ...args]);
  expect(done.code).toBe(0);
  expect(done.out).toContain("waited for `restart` until");
  expect(done.out).toContain("2.164s too late");
  const allowed = run("tapio", [
    "why-not",
    "oom_kill_restart",
    file,
    ...args,
    "--param",
    "restart_within=1m",
  ]);
  expect(allowed.code).toBe(1);
});
