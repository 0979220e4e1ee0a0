/**
 * What every shipped rule owes an operator: a statement of the sources it needs, an explanation, a
 * way out, and tests in the language that fire, that must not, and that nearly do.
 */
import { describe, expect, test } from "vitest";
import { type LoweredRule, type TestCase, testEpochUs } from "#compiler";
import { allStepsOf, type CoreRule, type Pattern, type Step } from "#core";
import { format } from "#grammar";
import { judgeStory } from "../../compiler/cli/test/reference.ts";
import { defaultParams, runTests } from "../../compiler/cli/test/run.ts";
import { storyOf } from "../../compiler/cli/test/story.ts";
import { ruleFiles, shipped } from "./shipped.ts";

const { unit, rules, tests } = shipped;

/** Pages of those who make what the rules are about; nothing else is linked. */
const runbookHosts = ["docs.kernel.org", "kubernetes.io", "www.freedesktop.org"];

/** Sources in rank order, through derived events and findings. */
function sourcesOf(rule: CoreRule, seen = new Set<CoreRule>()): string[] {
  const { schema } = unit;
  const out = new Set<number>();
  const visit = (r: CoreRule) => {
    if (seen.has(r)) return;
    seen.add(r);
    for (const id of stepsRead(r).flatMap((s) => s.kinds)) {
      const kind = schema.kinds[id];
      const maker =
        kind?.made === "finding"
          ? unit.rules.find((x) => kind.name === `finding.${x.module}.${x.name}`)
          : undefined;
      if (maker) visit(maker);
      else out.add(kind?.source ?? -1);
    }
  };
  visit(rule);
  const found = schema.sources.filter((_, i) => out.has(i));
  return [...found].sort((a, b) => a.rank - b.rank).map((s) => s.name);
}

/** Steps of the pattern and the step that resolves the finding. */
function stepsRead(rule: CoreRule): readonly Step[] {
  const { resolve } = rule;
  const ends = resolve && "on" in resolve ? [resolve.on] : [];
  return [...allStepsOf(rule.pattern), ...ends];
}

const expectsOf = (rule: CoreRule, t: TestCase) =>
  t.expectations.filter((e) => e.rule === `${rule.module}.${rule.name}`).map((e) => e.expects);
const testsOf = (rule: CoreRule) => tests.filter((t) => t.target === `${rule.module}.${rule.name}`);
const mustNotFire = (rule: CoreRule) =>
  testsOf(rule).filter((t) => expectsOf(rule, t).includes("no-finding") && t.events.length > 0);

/** One event, or silence: no part of such a pattern could be there without the rest. */
function isIndivisible(pattern: Pattern): boolean {
  if (pattern.node === "inv") return true;
  return pattern.node === "seq" && pattern.steps.length === 1 && !pattern.deadline;
}

const isAlert = (rule: CoreRule) => rule.severity.level === "error" || isCritical(rule);
const isCritical = (rule: CoreRule) =>
  rule.severity.level === "critical" || rule.severity.otherwise === "critical";

const byName = (name: string): LoweredRule => {
  const rule = rules.find((r) => r.core.name === name);
  if (!rule) throw new Error(`no rule ${name}`);
  return rule;
};

describe("the library", () => {
  test("compiles without a word", () => {
    expect(shipped.diagnostics.map((d) => `${d.at.file}: ${d.code} ${d.message}`)).toEqual([]);
  });

  test("has the rules that are promised", () => {
    expect(rules.map((r) => r.core.name).sort()).toEqual([
      "cpu_throttle_latency",
      "cpu_throttled",
      "disk_pressure_eviction",
      "dns_error_burst",
      "dns_outage",
      "http_5xx_burst",
      "image_pull_backoff",
      "latency_anomaly",
      "leak_to_http_500",
      "memory_growth",
      "missing_config_cascade",
      "network_partition",
      "node_degrading",
      "node_lease_lost",
      "oom_cascade",
      "oom_kill_restart",
      "pod_restart",
      "rollout_stuck",
      "service_crash_loop",
    ]);
  });

  test("passes its own tests", () => {
    const failures = runTests(shipped, { permutations: 3 }).flatMap((o) =>
      o.failures.map((f) => `${o.test.rule}: ${o.test.title}: ${f.message}`),
    );
    expect(failures).toEqual([]);
  });

  test("sources are followed through findings and derived events", () => {
    expect(sourcesOf(byName("dns_outage").core)).toEqual(["kernel", "journal", "otel"]);
    expect(sourcesOf(byName("node_degrading").core)).toEqual(["kernel", "k8s"]);
  });

  test("a restart that an OOM kill explains is a part of that finding", () => {
    const title = "one restart is enough, and its own finding is there too";
    const given = tests.find((t) => t.title === title);
    if (!given) throw new Error(`no test "${title}"`);
    const { findings } = judgeStory(unit, defaultParams(unit), storyOf(given, undefined));
    const of = (name: string) => findings.find((f) => f.match.rule.name === name)?.finding;
    expect(of("pod_restart")?.parent).toBe(of("oom_cascade")?.id);
    expect(of("oom_cascade")?.parent).toBeUndefined();
  });

  for (const { file, text } of ruleFiles) {
    test(`${file} is formatted`, () => {
      expect(format(text, file).text).toBe(text);
    });
  }
});

for (const { core: rule, decl } of rules) {
  describe(rule.name, () => {
    test("is public and says what it is about", () => {
      expect(decl.isPub).toBe(true);
      expect(rule.doc).toMatch(/^[A-Z].*[^.]$/);
      const lines = decl.doc?.split("\n") ?? [];
      expect(lines.slice(0, -1).join(" ")).toMatch(/^[A-Z].*\.$/);
    });

    test("states exactly the sources it needs", () => {
      const stated = decl.doc?.split("\n").at(-1);
      expect(stated).toBe(`Sources: ${sourcesOf(rule).join(", ")}.`);
    });

    test("explains itself", () => {
      const { explain } = rule;
      expect(explain.root.as, "root … as").toBeDefined();
      expect(explain.summary, "summary").toBeDefined();
      expect(explain.confidence.base, "confidence").toBeGreaterThan(0);
      const steps = rule.pattern.node === "seq" ? rule.pattern.steps.length : 1;
      if (steps > 1) expect(explain.chain.length, "chain").toBeGreaterThan(0);
    });

    test("leads to a way out", () => {
      if (isAlert(rule)) expect(rule.explain.recommend.length, "recommend").toBeGreaterThan(0);
      if (isCritical(rule)) expect(rule.runbook, "runbook").toBeDefined();
      if (rule.runbook === undefined) return;
      const url = new URL(rule.runbook);
      expect(url.protocol).toBe("https:");
      expect(runbookHosts).toContain(url.hostname);
    });

    test("has a test that fires, to the microsecond and field by field", () => {
      const exact = testsOf(rule).filter((t) =>
        t.expectations.some(
          (e) =>
            e.expects === "finding" &&
            e.rule === `${rule.module}.${rule.name}` &&
            e.completeAt !== undefined &&
            e.conditions.length > 0,
        ),
      );
      expect(exact.map((t) => t.title)).not.toEqual([]);
    });

    test("has a test that must not fire", () => {
      expect(mustNotFire(rule).map((t) => t.title)).not.toEqual([]);
    });

    test("has a near miss", () => {
      const nearly = testsOf(rule).filter((t) => expectsOf(rule, t).includes("near-miss"));
      if (isIndivisible(rule.pattern)) expect(mustNotFire(rule).length).toBeGreaterThan(1);
      else expect(nearly.map((t) => t.title)).not.toEqual([]);
    });

    test("is decided in its tests", () => {
      // An absence that is expected must not hang on a test that ends before it can be concluded.
      for (const t of testsOf(rule)) {
        const last = Math.max(testEpochUs, ...t.events.map((e) => e.arrivesAt));
        expect(t.advanceTo, t.title).toBeGreaterThan(last);
      }
    });

    if (rule.resolve)
      test("has a test of its end", () => {
        const ends = testsOf(rule).filter((t) => expectsOf(rule, t).includes("resolved"));
        expect(ends.map((t) => t.title)).not.toEqual([]);
      });
  });
}
