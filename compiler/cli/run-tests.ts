/**
 * Runs `test` blocks: every test in the reference interpreter and in the generated engine. The
 * checks are judged on the interpreter's findings; the engine must have found the same.
 */
import type { CompileResult, FindingCheck, TestCase } from "#compiler";
import { emitMatcher, testEpochUs } from "#compiler";
import {
  allStepsOf,
  type CoreRule,
  type Env,
  type EventData,
  evaluate,
  type Finding,
  format,
  formatDuration,
  interpretRule,
  type Match,
  matchEnv,
  type Value,
  writeFinding,
} from "#core";
import type { Span } from "#grammar";
import { Engine } from "#runtime/engine";
import { writeEvent } from "#runtime/events";

export interface TestFailure {
  readonly at: Span;
  readonly message: string;
}

export interface TestOutcome {
  readonly test: TestCase;
  readonly failures: readonly TestFailure[];
}

interface Found {
  readonly finding: Finding;
  readonly match: Match;
}

export function runTests(result: CompileResult): TestOutcome[] {
  const matcher = emitMatcher(result.unit);
  return result.tests.map((test) => ({
    test,
    failures: new TestRun(result, matcher, test).failures(),
  }));
}

class TestRun {
  readonly #result: CompileResult;
  readonly #matcher: string;
  readonly #test: TestCase;
  readonly #params: ReadonlyMap<string, Value>;

  constructor(result: CompileResult, matcher: string, test: TestCase) {
    this.#result = result;
    this.#matcher = matcher;
    this.#test = test;
    this.#params = new Map(result.unit.params.map((p) => [p.name, p.value]));
  }

  failures(): TestFailure[] {
    const found = this.#interpret();
    const failures = this.#test.checks.flatMap((c) => this.#check(c, found));
    const expected = found.map((f) => JSON.stringify(f.finding)).sort();
    const actual = this.#runEngine()
      .map((f) => JSON.stringify(f))
      .sort();
    if (JSON.stringify(expected) !== JSON.stringify(actual)) {
      const message = `the engine and the reference interpreter disagree: ${actual.length} and ${expected.length} findings; this is a bug in tapio, please report it`;
      failures.push({ at: this.#test.at, message });
    }
    return failures;
  }

  /** Events in the order they arrive. */
  #arrivals() {
    return [...this.#test.events].sort(
      (a, b) => a.arrivesAt - b.arrivesAt || a.event.ts - b.event.ts || a.event.seq - b.event.seq,
    );
  }

  #sourcesOf(rule: CoreRule): number[] {
    const { schema } = this.#result.unit;
    return [
      ...new Set(
        allStepsOf(rule.pattern)
          .flatMap((s) => s.kinds)
          .map((k) => schema.kinds[k]?.source ?? 0),
      ),
    ];
  }

  /** What reaches a rule in time: late is judged against the slowest source the rule needs. */
  #onTime(rule: CoreRule): EventData[] {
    const { schema } = this.#result.unit;
    const lateness = Math.max(
      0,
      ...this.#sourcesOf(rule).map((s) => schema.sources[s]?.latenessUs ?? 0),
    );
    let clock = Number.NEGATIVE_INFINITY;
    return this.#arrivals().flatMap(({ event, arrivesAt }) => {
      clock = Math.max(clock, arrivesAt);
      return event.ts < clock - lateness ? [] : [event];
    });
  }

  #interpret(): Found[] {
    const { unit } = this.#result;
    return unit.rules.flatMap((rule) => {
      const trace = { events: this.#onTime(rule), watermark: this.#test.advanceTo };
      return interpretRule(unit, rule, this.#params, trace).matches.map((match) => {
        const finding = writeFinding(unit, match, (e) => evaluate(e, this.#env(match)), "");
        return { finding, match };
      });
    });
  }

  #env(match: Match, finding?: Finding): Env {
    const env = matchEnv(this.#result.unit, this.#params, match);
    return finding ? { ...env, finding: factsOf(finding) } : env;
  }

  #runEngine(): Finding[] {
    const { unit } = this.#result;
    const findings: Finding[] = [];
    const engine = new Engine({
      unit,
      matcher: this.#matcher,
      bundleHash: "",
      onFinding: (f) => findings.push(f),
    });
    let clock = Number.NEGATIVE_INFINITY;
    for (const { event, arrivesAt } of this.#arrivals()) {
      clock = Math.max(clock, arrivesAt);
      for (const source of unit.schema.sources) engine.progress(source.name, clock);
      const name = unit.schema.sources[unit.schema.kinds[event.kind]?.source ?? 0]?.name ?? "";
      const writer = engine.writer(name);
      if (writer && !writeEvent(writer, unit.schema, event)) engine.read();
    }
    engine.runUntil(this.#test.advanceTo);
    return findings;
  }

  #check(check: FindingCheck, found: readonly Found[]): TestFailure[] {
    const mine = found.filter((f) => f.finding.rule === check.rule);
    const fail = (message: string, at = check.at) => [{ at, message }];
    if (check.wants === "none") {
      const [first] = mine;
      return first
        ? fail(
            `expected no finding of \`${check.rule}\`, found ${mine.length}, the first at ${since(first.finding.at)}`,
          )
        : [];
    }
    const timed =
      check.completeAt === undefined
        ? mine
        : mine.filter((f) => f.finding.at === testEpochUs + (check.completeAt ?? 0));
    if (timed.length === 0) {
      if (mine.length === 0) return fail(`expected a finding of \`${check.rule}\`, found none`);
      return fail(
        `expected a finding of \`${check.rule}\` at ${formatDuration(check.completeAt ?? 0)}, found ${mine.map((f) => since(f.finding.at)).join(", ")}`,
      );
    }
    const fits = timed.filter((f) =>
      check.conditions.every((c) => evaluate(c.expr, this.#env(f.match, f.finding)) === true),
    );
    if (fits.length === 0) return this.#explainMiss(check, timed[0] as Found);
    if (check.times !== undefined && mine.length !== check.times) {
      return fail(
        `expected ${check.times} findings of \`${check.rule}\`, found ${mine.length} at ${mine.map((f) => since(f.finding.at)).join(", ")}`,
      );
    }
    return [];
  }

  #explainMiss(check: FindingCheck, closest: Found): TestFailure[] {
    const env = this.#env(closest.match, closest.finding);
    return check.conditions.flatMap((c) => {
      if (evaluate(c.expr, env) === true) return [];
      const sides =
        c.expr.op === "cmp"
          ? `: ${format(evaluate(c.expr.left, env), "text")} against ${format(evaluate(c.expr.right, env), "text")}`
          : "";
      return [{ at: c.at, message: `\`${c.text}\` does not hold${sides}` }];
    });
  }
}

function factsOf({ confidence, severity, summary, title, state }: Finding) {
  return { confidence, severity, summary, title, state };
}

function since(us: number): string {
  return formatDuration(us - testEpochUs);
}
