/**
 * Runs `test` blocks. Every test is judged by the reference interpreter; the generated engine must
 * find exactly the same; then both see the events again in other orders of arrival that the sources
 * allow, which must change nothing.
 */
import { type CompileResult, emitMatcher, type TestCase } from "#compiler";
import type { CoreUnit, Finding, Judgement, Value } from "#core";
import type { Observations } from "./coverage.ts";
import { runEngine } from "./engine-run.ts";
import { ExpectationJudge } from "./expectations.ts";
import { failure, type TestFailure, type TestOutcome } from "./outcome.ts";
import { type ReadRecording, readRecording } from "./recording.ts";
import { judgeStory } from "./reference.ts";
import { onTime, permuted, type Story, seededBy, storyOf } from "./story.ts";

export interface RunOptions {
  /** Other orders of arrival to try for each test; 10 unless said. */
  readonly permutations?: number;
  /** Only tests of this rule, by plain or full name. */
  readonly rule?: string | undefined;
  /** Only tests whose title contains this. */
  readonly filter?: string | undefined;
  readonly readRecording?: ReadRecording | undefined;
  /** Told of everything that is evaluated, for coverage. */
  readonly observations?: Observations | undefined;
}

export const defaultPermutations = 10;

/** How far past its end a failing test is looked at, to say what it missed, µs. */
const putOffUs = 3_600_000_000;

export function selectTests(tests: readonly TestCase[], options: RunOptions): TestCase[] {
  const { rule, filter } = options;
  return tests.filter(
    (t) =>
      (rule === undefined || t.rule === rule || t.target === rule) &&
      (filter === undefined || t.title.includes(filter)),
  );
}

export function runTests(result: CompileResult, options: RunOptions = {}): TestOutcome[] {
  const matcher = emitMatcher(result.unit);
  return selectTests(result.tests, options).map((test) =>
    new TestRun(result.unit, matcher, test, options).outcome(),
  );
}

/** Values of parameters in tests: their defaults. */
export function defaultParams(unit: CoreUnit): ReadonlyMap<string, Value> {
  return new Map(unit.params.map((p) => [p.name, p.value]));
}

class TestRun {
  readonly #unit: CoreUnit;
  readonly #matcher: string;
  readonly #test: TestCase;
  readonly #options: RunOptions;
  readonly #params: ReadonlyMap<string, Value>;

  constructor(unit: CoreUnit, matcher: string, test: TestCase, options: RunOptions) {
    this.#unit = unit;
    this.#matcher = matcher;
    this.#test = test;
    this.#options = options;
    this.#params = defaultParams(unit);
  }

  outcome(): TestOutcome {
    const test = this.#test;
    const permutations = this.#options.permutations ?? defaultPermutations;
    const backEnds = ["interpreter", "engine"] as const;
    return { test, failures: this.#failures(permutations), backEnds, permutations };
  }

  #failures(permutations: number): TestFailure[] {
    const { schema } = this.#unit;
    const recorded = readRecording(schema, this.#test, this.#options.readRecording);
    if (recorded?.ok === false) return [failure(recorded.at, recorded.message)];
    const story = storyOf(this.#test, recorded?.events);
    const { observations } = this.#options;
    const judged = judgeStory(this.#unit, this.#params, story, observations?.observe);
    observations?.judged(this.#test.target, story, judged);
    const longer = { ...story, advanceTo: story.advanceTo + putOffUs };
    const later = () => judgeStory(this.#unit, this.#params, longer);
    const judge = new ExpectationJudge(this.#unit, this.#params, story, judged, later);
    const failures = this.#test.expectations.flatMap((e) => judge.judge(e));
    failures.push(...this.#agreement(story, judged));
    // One order that disagrees says enough.
    const random = seededBy(this.#test.title);
    for (let i = 0; i < permutations && failures.length === 0; i++)
      failures.push(...this.#sameIn(permuted(story, schema, random), judged, i + 1));
    return failures;
  }

  /** The engine must find what the interpreter found. */
  #agreement(story: Story, judged: Judgement): TestFailure[] {
    const expected = this.#inTheEnd(
      judged.findings.map((f) => f.finding),
      story,
    );
    const actual = this.#inTheEnd(runEngine(this.#unit, this.#matcher, story), story);
    if (equal(expected, actual)) return [];
    const message = `the engine and the reference interpreter disagree: ${actual.length} and ${expected.length} findings; this is a bug in tapio, please report it`;
    return [failure(this.#test.at, message)];
  }

  /** The interpreter sorts its events, so that one other order tells as much as all of them. */
  #sameIn(story: Story, first: Judgement, number: number): TestFailure[] {
    const expected = first.findings.map((f) => f.finding);
    if (number === 1) {
      const again = judgeStory(this.#unit, this.#params, story).findings.map((f) => f.finding);
      if (!equal(texts(expected), texts(again)))
        return [this.#orderMatters("the reference interpreter", number, again, expected)];
    }
    const actual = runEngine(this.#unit, this.#matcher, story);
    if (equal(this.#inTheEnd(expected, story), this.#inTheEnd(actual, story))) return [];
    return [this.#orderMatters("the engine", number, actual, expected)];
  }

  #orderMatters(
    who: string,
    number: number,
    found: readonly Finding[],
    expected: readonly Finding[],
  ): TestFailure {
    const message = `in another order of arrival (number ${number}, seeded by the test's title) ${who} finds ${found.length} instead of ${expected.length} findings, or others; this is a bug in tapio, please report it`;
    return failure(this.#test.at, message);
  }

  /**
   * Findings as texts in an order of their own, as they are in the end: how often one was told
   * again depends on the order of arrival. Events that are late are lost to the engine and unknown
   * to the interpreter, so what may be missing then is left out.
   */
  #inTheEnd(findings: readonly Finding[], story: Story): string[] {
    const isLate = onTime(story, 0).length < story.events.length;
    return texts(
      findings.map((f) => ({
        ...f,
        revision: 0,
        state: f.state === "update" ? "open" : f.state,
        ...(isLate ? { degraded: [], confidence: 0 } : {}),
      })),
    );
  }
}

function texts(findings: readonly object[]): string[] {
  return findings.map((f) => JSON.stringify(f)).sort();
}

function equal(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((x, i) => x === b[i]);
}
