/** What came of a test: facts first, so that people and machines are told the same. */
import type { TestCase } from "#compiler";
import type { Span } from "#grammar";

/** A finding that was there instead of the expected one. Times count from the test's start, µs. */
export interface SeenFinding {
  readonly rule: string;
  readonly atUs: number;
  /** The values of its key, empty without one. */
  readonly key: readonly string[];
  readonly summary: string;
  readonly resolvedAtUs: number | undefined;
}

/** How the closest attempt failed. */
export interface SeenNearMiss {
  readonly rule: string;
  readonly cause: string;
  /** Names of the steps it reached, or for a window how far the count came. */
  readonly reached: number;
  readonly steps: readonly string[];
  readonly missing: string;
  readonly overshootUs: number | undefined;
  readonly atUs: number;
  readonly key: readonly string[];
}

/** A condition that does not hold, with both sides of a comparison in their units. */
export interface SeenCondition {
  readonly text: string;
  readonly left: string | undefined;
  readonly right: string | undefined;
}

export interface TestFailure {
  readonly at: Span;
  readonly message: string;
  /** What happened instead, in words. */
  readonly notes: readonly string[];
  readonly findings: readonly SeenFinding[];
  readonly nearMisses: readonly SeenNearMiss[];
  readonly condition: SeenCondition | undefined;
}

export type BackEnd = "interpreter" | "engine";

export interface TestOutcome {
  readonly test: TestCase;
  readonly failures: readonly TestFailure[];
  /** What judged the rule under test. */
  readonly backEnds: readonly BackEnd[];
  /** Orders of arrival that were tried beyond the written one. */
  readonly permutations: number;
}

export function failure(at: Span, message: string, more: Partial<TestFailure> = {}): TestFailure {
  return { at, message, notes: [], findings: [], nearMisses: [], condition: undefined, ...more };
}
