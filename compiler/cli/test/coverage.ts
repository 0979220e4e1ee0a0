/**
 * What the tests of a rule exercise. A step is covered when some event fitted it; a condition of a
 * conjunction, and those of exceptions and of what findings say, when it was true once and false
 * once; a policy when it did something once. Seen is what the reference interpreter evaluates while
 * it judges the tests.
 */
import {
  type CoreRule,
  type Expr,
  fullName,
  heardSteps,
  type Judgement,
  type Schema,
  type Step,
  writerFor,
} from "#core";
import type { Story } from "./story.ts";

export interface CoverageGap {
  /** ``step `oom` ``, `having`, the exception, or another clause. */
  readonly part: string;
  readonly text: string;
  readonly never: readonly ("met" | "true" | "false")[];
}

export interface RuleCoverage {
  readonly rule: string;
  readonly covered: number;
  readonly total: number;
  readonly gaps: readonly CoverageGap[];
}

/** Collects the verdicts of conditions while tests run. */
export class Observations {
  readonly #verdicts = new Map<Expr, Set<boolean>>();
  /** What each condition came to when it was last evaluated. */
  readonly #last = new Map<Expr, boolean | undefined>();
  readonly #kinds = new Map<string, Set<number>>();
  readonly #effects = new Map<string, Set<Effect>>();

  /** To be told of every condition that is evaluated. */
  readonly observe = (expr: Expr, judged: boolean | undefined): void => {
    const verdict = judged ?? this.#falseArm(expr);
    this.#last.set(expr, verdict);
    if (verdict === undefined) return;
    const seen = this.#verdicts.get(expr);
    if (seen) seen.add(verdict);
    else this.#verdicts.set(expr, new Set([verdict]));
  };

  /**
   * Over a union step `A or B` is never false when one event lacks the fields of `A` and the other
   * those of `B`: it is as false as it can be when one is false and the other unknown.
   */
  #falseArm(expr: Expr): false | undefined {
    if (expr.op !== "or") return undefined;
    return expr.args.some((arg) => this.#last.get(arg) === false) ? false : undefined;
  }

  /** `story` was judged for the rule with this full name; `found` is what came of it. */
  judged(rule: string, story: Story, found: Judgement): void {
    const kinds = this.#kinds.get(rule) ?? new Set();
    for (const { event } of story.events) kinds.add(event.kind);
    // Derived events and findings are not in the story, but in what was made of it.
    const ways = [...found.findings.map((f) => f.match), ...found.nearMisses];
    for (const { captures } of ways)
      for (const taken of captures) for (const event of taken?.kept ?? []) kinds.add(event.kind);
    this.#kinds.set(rule, kinds);
    this.#learnEffects(found);
  }

  #learnEffects({ counts, findings }: Judgement): void {
    for (const [rule, { suppressed, limited }] of counts) {
      if (suppressed > 0) this.#effectsOf(rule).add("suppressed");
      if (limited > 0) this.#effectsOf(rule).add("limited");
    }
    for (const { match } of findings)
      if (match.resolvedAt !== undefined) this.#effectsOf(fullName(match.rule)).add("resolved");
  }

  #effectsOf(rule: string): Set<Effect> {
    const known = this.#effects.get(rule) ?? new Set();
    this.#effects.set(rule, known);
    return known;
  }

  of(rule: CoreRule, schema: Schema): RuleCoverage {
    const parts = [
      ...heardSteps(rule).map((s) => this.#step(rule, s)),
      ...conditionsOf(rule, schema).map((c) => this.#condition(c)),
      ...policiesOf(rule).map((p) => this.#policy(rule, p)),
    ];
    const gaps = parts.filter((g) => g.never.length > 0);
    const total = parts.length;
    return { rule: rule.name, covered: total - gaps.length, total, gaps };
  }

  #step(rule: CoreRule, step: Step): CoverageGap {
    const kinds = this.#kinds.get(`${rule.module}.${rule.name}`) ?? new Set();
    const isMet = step.where
      ? this.#verdicts.get(step.where)?.has(true)
      : step.kinds.some((k) => kinds.has(k));
    return { part: `step \`${step.name}\``, text: "an event", never: isMet ? [] : ["met"] };
  }

  #policy(rule: CoreRule, { part, text, effect }: PlacedPolicy): CoverageGap {
    const isMet = this.#effects.get(fullName(rule))?.has(effect);
    return { part, text, never: isMet ? [] : ["met"] };
  }

  #condition({ part, text, expr }: PlacedCondition): CoverageGap {
    const seen = this.#verdicts.get(expr);
    const never = [true, false].filter((v) => !seen?.has(v)).map((v) => (v ? "true" : "false"));
    return { part, text, never: never as ("true" | "false")[] };
  }
}

/** What a policy did to findings. */
type Effect = "suppressed" | "limited" | "resolved";

interface PlacedPolicy {
  readonly part: string;
  readonly text: string;
  readonly effect: Effect;
}

function policiesOf({ suppress, rate, resolve }: CoreRule): PlacedPolicy[] {
  const held = "a finding held back";
  return [
    ...(suppress ? [{ part: "`suppress`", text: held, effect: "suppressed" as const }] : []),
    ...(rate ? [{ part: "`rate`", text: held, effect: "limited" as const }] : []),
    ...(resolve
      ? [{ part: "`resolve`", text: "a finding over", effect: "resolved" as const }]
      : []),
  ];
}

interface PlacedCondition {
  readonly part: string;
  readonly text: string;
  readonly expr: Expr;
}

function conditionsOf(rule: CoreRule, schema: Schema): PlacedCondition[] {
  const { pattern, explain } = rule;
  const placed = (part: string, current: string, condition: Expr | undefined) =>
    condition ? partsOf(part, condition, writerFor(rule, current, schema)) : [];
  return [
    ...heardSteps(rule).flatMap((s) => placed(`step \`${s.name}\``, s.name, s.where)),
    ...(pattern.node === "win" ? placed("having", pattern.step.name, pattern.having) : []),
    ...(pattern.node === "inv" ? placed("the entities", "entity", pattern.where) : []),
    ...rule.exceptions.map((e) => ({
      part: `except "${e.reason}"`,
      text: "its condition",
      expr: e.when,
    })),
    ...placed("`severity`", "", rule.severity.when),
    ...explain.confidence.terms.flatMap((t) => placed("`confidence`", "", t.when)),
    ...explain.recommend.flatMap((r) => placed("`recommend`", "", r.when)),
  ];
}

function partsOf(part: string, condition: Expr, write: (e: Expr) => string): PlacedCondition[] {
  const parts = condition.op === "and" ? condition.args : [condition];
  return parts.map((expr) => ({ part, text: `\`${write(expr)}\``, expr }));
}
