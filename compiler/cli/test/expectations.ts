/** Judges the expectations of a test on what the interpreter found, and says what it found. */
import type { Condition, Expectation } from "#compiler";
import {
  type CoreUnit,
  type Env,
  evaluate,
  format,
  type Judged,
  type Judgement,
  type Match,
  matchEnv,
  type NearMiss,
  rootOf,
  stepsOf,
  type Value,
  writeDuration,
} from "#core";
import {
  failure,
  type SeenCondition,
  type SeenFinding,
  type SeenNearMiss,
  type TestFailure,
} from "./outcome.ts";
import type { Story } from "./story.ts";
import { unfittedSteps } from "./unfitted.ts";

/** More findings or attempts than these say nothing new. */
const shownMax = 5;

const secondUs = 1_000_000;

type Expect<K extends Expectation["expects"]> = Extract<Expectation, { expects: K }>;

export class ExpectationJudge {
  readonly #unit: CoreUnit;
  readonly #params: ReadonlyMap<string, Value>;
  readonly #story: Story;
  readonly #judged: Judgement;
  readonly #later: (() => Judgement) | undefined;

  /**
   * `later`: what the story comes to when its end is put off, asked only to explain a failure;
   * without it only whether an expectation holds is of interest, and not why.
   */
  constructor(
    unit: CoreUnit,
    params: ReadonlyMap<string, Value>,
    story: Story,
    judged: Judgement,
    later?: () => Judgement,
  ) {
    this.#unit = unit;
    this.#params = params;
    this.#story = story;
    this.#judged = judged;
    this.#later = later;
  }

  /** Empty when it holds. */
  judge(expectation: Expectation): TestFailure[] {
    switch (expectation.expects) {
      case "finding":
        return this.#finding(expectation);
      case "no-finding":
        return this.#noFinding(expectation);
      case "near-miss":
        return this.#nearMiss(expectation);
      case "resolved":
        return this.#resolved(expectation);
    }
  }

  #findingsOf(rule: string, judged = this.#judged): Judged[] {
    return judged.findings.filter((f) => `${f.finding.module}.${f.finding.rule}` === rule);
  }

  #nearMissesOf(rule: string, judged = this.#judged): NearMiss[] {
    return judged.nearMisses.filter((n) => `${n.rule.module}.${n.rule.name}` === rule);
  }

  #finding(e: Expect<"finding">): TestFailure[] {
    const found = this.#findingsOf(e.rule);
    const name = plainName(e.rule);
    const { completeAt } = e;
    const timed =
      completeAt === undefined
        ? found
        : found.filter((f) => this.#since(f.finding.at) === completeAt);
    const when = completeAt === undefined ? "" : ` at ${writeDuration(completeAt)}`;
    if (timed.length === 0 && e.times !== 0)
      return [
        this.#instead(e, `expected a finding of \`${name}\`${when}, found ${this.#times(found)}`),
      ];
    if (e.times !== undefined && found.length !== e.times) {
      const message = `expected ${counted(e.times)} of \`${name}\`, found ${found.length}`;
      return [this.#instead(e, message)];
    }
    const isFit = (f: Judged) => this.#failing(e.conditions, this.#envOf(f)).length === 0;
    const [closest] = timed;
    return !closest || timed.some(isFit) ? [] : this.#unfit(e, this.#envOf(closest));
  }

  #noFinding(e: Expect<"no-finding">): TestFailure[] {
    const found = this.#findingsOf(e.rule);
    if (found.length === 0) return [];
    const message = `expected no finding of \`${plainName(e.rule)}\`, found ${found.length}`;
    return [this.#found(e, message, found)];
  }

  #nearMiss(e: Expect<"near-miss">): TestFailure[] {
    const near = this.#nearMissesOf(e.rule);
    const waiting = near.filter((n) => e.missing === undefined || n.missing === e.missing);
    const what = e.missing === undefined ? "" : ` missing \`${e.missing}\``;
    const [closest] = waiting;
    if (!closest) {
      const expected = `expected a near miss of \`${plainName(e.rule)}\`${what}`;
      return [this.#instead(e, `${expected}, found ${near.length === 0 ? "none" : "others"}`)];
    }
    const isFit = (n: NearMiss) => this.#failing(e.conditions, this.#nearMissEnv(n)).length === 0;
    return waiting.some(isFit) ? [] : this.#unfit(e, this.#nearMissEnv(closest));
  }

  #resolved(e: Expect<"resolved">): TestFailure[] {
    const found = this.#findingsOf(e.rule);
    const ends = found.flatMap(({ match }) => match.resolvedAt ?? []).map((t) => this.#since(t));
    if (ends.some((t) => e.resolvedAt === undefined || t === e.resolvedAt)) return [];
    const when = e.resolvedAt === undefined ? "" : ` at ${writeDuration(e.resolvedAt)}`;
    const instead =
      found.length === 0
        ? "found none"
        : ends.length === 0
          ? "it stays open"
          : `it is resolved at ${ends.map(writeDuration).join(", ")}`;
    const message = `expected \`${plainName(e.rule)}\` to be resolved${when}; ${instead}`;
    return [this.#instead(e, message)];
  }

  /** What was there instead: findings of the rule, otherwise its closest attempts. */
  #instead(e: Expectation, message: string): TestFailure {
    const found = this.#findingsOf(e.rule);
    if (found.length > 0 && e.expects !== "near-miss") return this.#found(e, message, found);
    const soFar = this.#nearMissesOf(e.rule);
    const later = found.length + soFar.length > 0 ? undefined : this.#later?.();
    const [first] = later ? this.#findingsOf(e.rule, later) : [];
    const near = first || !later ? soFar : this.#nearMissesOf(e.rule, later);
    const nearMisses = near.slice(0, shownMax).map((n) => this.#seenNear(n));
    const notes = [
      ...this.#seen(found).notes,
      ...(first ? [this.#tooShort(first)] : []),
      ...nearMisses.map((n) => `closest: ${attempt(n)}`),
      ...(first ? [] : this.#unfitted(e.rule, false)),
    ];
    return failure(e.at, message, { ...this.#seen(found), notes, nearMisses });
  }

  /** The finding is only known later than the test looks. */
  #tooShort({ finding }: Judged): string {
    const at = this.#since(finding.at);
    const enough = writeDuration((Math.floor(at / secondUs) + 1) * secondUs);
    return `found at ${writeDuration(at)}, when the test is over: write \`advance to ${enough}\``;
  }

  /** The findings there were, which may come of events that the rule could not see. */
  #found(e: Expectation, message: string, found: readonly Judged[]): TestFailure {
    const seen = this.#seen(found);
    return failure(e.at, message, {
      ...seen,
      notes: [...seen.notes, ...this.#unfitted(e.rule, true)],
    });
  }

  /** Why steps of the rule could take no event of the test. */
  #unfitted(name: string, hasFound: boolean): string[] {
    const rule = this.#unit.rules.find((r) => `${r.module}.${r.name}` === name);
    if (!rule || !this.#later) return [];
    const stage = { unit: this.#unit, rule, params: this.#params };
    return unfittedSteps({ ...stage, story: this.#story, judged: this.#judged }, hasFound);
  }

  #seen(found: readonly Judged[]) {
    const findings = found.slice(0, shownMax).map((f) => this.#seenFinding(f));
    const notes = findings.map(
      (f) => `found at ${writeDuration(f.atUs)}${ofKey(f.key)}: ${f.summary}`,
    );
    if (found.length > shownMax) notes.push(`and ${found.length - shownMax} more`);
    return { findings, notes };
  }

  #seenFinding({ finding, match }: Judged): SeenFinding {
    const { resolvedAt } = match;
    return {
      rule: finding.rule,
      atUs: this.#since(finding.at),
      key: keyValues(match.key),
      summary: finding.summary,
      resolvedAtUs: resolvedAt === undefined ? undefined : this.#since(resolvedAt),
    };
  }

  #seenNear(n: NearMiss): SeenNearMiss {
    const names = stepsOf(n.rule.pattern).map((s) => s.name);
    return {
      rule: n.rule.name,
      cause: n.cause,
      reached: n.reached,
      steps: names.filter((_, i) => n.captures[i]),
      missing: n.missing,
      overshootUs: n.overshoot,
      atUs: this.#since(n.at),
      key: keyValues(n.key),
    };
  }

  /** When there were findings, in words. */
  #times(found: readonly Judged[]): string {
    const times = found.slice(0, shownMax).map((f) => writeDuration(this.#since(f.finding.at)));
    const more = found.length > shownMax ? ", …" : "";
    return times.length === 0 ? "none" : `${times.join(", ")}${more}`;
  }

  #since(us: number): number {
    return us - this.#story.start;
  }

  #envOf({ finding, match }: Judged): Env {
    const { confidence, severity, summary, title, state, recommendations } = finding;
    const env = withRoot(matchEnv(this.#unit, this.#params, match, this.#story.world), match);
    return { ...env, finding: { confidence, severity, summary, title, state, recommendations } };
  }

  #nearMissEnv(n: NearMiss): Env {
    const { rule, key, at, captures, view, overshoot, reached, cause } = n;
    const last = undefined;
    const match: Match = { rule, key, at, captures, view, last, isIncomplete: false };
    const env = matchEnv(this.#unit, this.#params, match, this.#story.world);
    return { ...env, finding: { overshoot, reached, cause } };
  }

  #failing(conditions: readonly Condition[], env: Env): Condition[] {
    return conditions.filter((c) => evaluate(c.expr, env) !== true);
  }

  #unfit(e: Expect<"finding" | "near-miss">, env: Env): TestFailure[] {
    return this.#failing(e.conditions, env).map((c) => {
      const condition = sidesOf(c, env);
      const sides =
        condition.left === undefined ? "" : `: ${condition.left} against ${condition.right}`;
      return failure(c.at, `\`${c.text}\` does not hold${sides}`, { condition });
    });
  }
}

/**
 * The root that only the match knows (`first_of`) stands behind the captures of the steps, where
 * conditions on it look for it.
 */
function withRoot(env: Env, match: Match): Env {
  if (!match.rule.explain.root.firstOf) return env;
  const at = stepsOf(match.rule.pattern).length;
  const { step = at } = rootOf(match);
  // Where none of these steps came, an event of another one stands in, which has other fields.
  const root = env.captures[step];
  const captures = Array.from({ length: at + 1 }, (_, i) => (i === at ? root : env.captures[i]));
  const { uncertain = [], incomplete = [] } = env.quality ?? {};
  const isIn = (steps: readonly number[]) => (steps.includes(step) ? [...steps, at] : steps);
  return {
    ...env,
    captures,
    quality: { uncertain: isIn(uncertain), incomplete: isIn(incomplete) },
  };
}

function sidesOf(c: Condition, env: Env): SeenCondition {
  if (c.expr.op !== "cmp" || !c.units) return { text: c.text, left: undefined, right: undefined };
  return {
    text: c.text,
    left: format(evaluate(c.expr.left, env), c.units.left),
    right: format(evaluate(c.expr.right, env), c.units.right),
  };
}

/** "reached `oom`, waited for `restarts`; the nearest came 2s too late". */
function attempt(n: SeenNearMiss): string {
  const steps = n.steps.map((s) => `\`${s}\``).join(", ");
  const reached =
    n.cause === "threshold" ? `reached ${n.reached}` : `reached ${steps || "nothing"}`;
  const late =
    n.overshootUs === undefined
      ? ""
      : `; the nearest came ${writeDuration(n.overshootUs)} too late`;
  const causes: Readonly<Record<string, string>> = {
    expired: `waited for \`${n.missing}\`${late}`,
    negated: `before \`${n.missing}\` came what must not come`,
    cancelled: `was cancelled while it waited for \`${n.missing}\``,
    threshold: "and did not get as far as `having` asks",
  };
  return `${reached}, ${causes[n.cause] ?? n.cause}${ofKey(n.key)}`;
}

function ofKey(key: readonly string[]): string {
  return key.length === 0 ? "" : ` (key ${key.join(", ")})`;
}

/** The values in a match's key, without the letters that tell their types apart. */
function keyValues(key: string): string[] {
  if (key === "") return [];
  const parts: unknown = JSON.parse(key);
  return Array.isArray(parts) ? parts.map((p) => (p === "?" ? "?" : String(p).slice(1))) : [];
}

function counted(n: number): string {
  return n === 1 ? "1 finding" : `${n} findings`;
}

function plainName(rule: string): string {
  return rule.slice(rule.lastIndexOf(".") + 1);
}
