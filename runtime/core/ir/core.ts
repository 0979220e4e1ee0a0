/**
 * The core language: what every rule becomes, and what every back end executes.
 *
 * Pattern nodes: `Seq`, `All`, `Win`, `Inv`, with `Step`s inside; a `Derive` makes one typed event
 * of another; everything else a rule can say is sugar for these. Expressions are trees of `Expr`.
 * The meaning is LANGUAGE part C; the reference interpreter beside this file executes it by
 * definition and is what generated code is proven against.
 *
 * All of it is plain data: it prints, it is hashed, and it travels in the bundle.
 *
 *     rule oom: sequence by e.cgroup within 30s { a: T where p  then b: U where q(a) }
 *     ⇒ Seq(within=30s, [Step a T p(current)], [Step b U q(current, capture 0)])
 */

import type { Schema } from "../schema.ts";
import type { TextProgram } from "../text/index.ts";

/** A step's event as an expression sees it. `current` is the event being judged. */
export type Ref = { readonly step: "current" } | { readonly step: number; readonly pick: Pick };
/**
 * Which event of a repeated step, or the one of that number, counted from 0, among those it keeps.
 * For a step without `repeat` first and last are the same event.
 */
export type Pick = "first" | "last" | number;

/** How a value is written for people; a list is written as its items are. */
export type Unit = ScalarUnit | MapUnit | RecordUnit;

export interface MapUnit {
  readonly key: Unit;
  readonly value: Unit;
}

export interface RecordUnit {
  readonly members: readonly { readonly name: string; readonly unit: Unit }[];
}

/** Also decides which operations are integer-valued. */
export type ScalarUnit =
  | "bool"
  | "int"
  | "float"
  | "text"
  | "id64"
  | "duration"
  | "size"
  | "percent"
  | "rate"
  | "bytes_rate"
  | "time"
  | "ip"
  | "port"
  | "event"
  | "entity";

export type Quantifier = "any" | "all" | "none" | "count";

export type CmpOp = "==" | "!=" | "<" | "<=" | ">" | ">=";
/** `a op b` says the same as `b mirrored[op] a`. */
export const mirrored: Readonly<Record<CmpOp, CmpOp>> = {
  "==": "==",
  "!=": "!=",
  "<": ">",
  "<=": ">=",
  ">": "<",
  ">=": "<=",
};
/** `a op b` is true exactly when `a negated[op] b` is false. */
export const negated: Readonly<Record<CmpOp, CmpOp>> = {
  "==": "!=",
  "!=": "==",
  "<": ">=",
  "<=": ">",
  ">": "<=",
  ">=": "<",
};
export type ArithOp = "+" | "-" | "*" | "/";

export type Expr =
  | { readonly op: "const"; readonly value: string | number | bigint | boolean }
  | { readonly op: "param"; readonly name: string }
  /** A declared field, by name because the members of a union step keep it at different places. */
  | { readonly op: "field"; readonly of: Ref; readonly name: string }
  /** What every event has: its time (µs), id, kind name. */
  | { readonly op: "meta"; readonly of: Ref; readonly what: "time" | "id" | "kind" }
  /** The key of the event's entity of that kind. */
  | { readonly op: "entity"; readonly of: Ref; readonly kind: string }
  /** Whether the step is bound (an optional step may not be). */
  | { readonly op: "bound"; readonly of: Ref }
  | { readonly op: "not"; readonly arg: Expr }
  | { readonly op: "and"; readonly args: readonly Expr[] }
  | { readonly op: "or"; readonly args: readonly Expr[] }
  | { readonly op: "cmp"; readonly cmp: CmpOp; readonly left: Expr; readonly right: Expr }
  | { readonly op: "in"; readonly item: Expr; readonly set: readonly Expr[] }
  | { readonly op: "cidr"; readonly item: Expr; readonly base: bigint; readonly prefixBits: number }
  | {
      readonly op: "text";
      readonly fn: "contains" | "startswith" | "endswith";
      readonly text: Expr;
      readonly needle: Expr;
      readonly nocase: boolean;
    }
  /** `program` is an index into the unit's compiled text programs. */
  | { readonly op: "matches"; readonly text: Expr; readonly program: number }
  | { readonly op: "has"; readonly arg: Expr }
  | { readonly op: "coalesce"; readonly left: Expr; readonly right: Expr }
  | {
      readonly op: "arith";
      readonly fn: ArithOp;
      readonly left: Expr;
      readonly right: Expr;
      /** The result is multiplied by this (units such as ppm), then truncated when `isInt`. */
      readonly scale: number;
      readonly isInt: boolean;
    }
  | {
      readonly op: "concat";
      readonly parts: readonly { readonly expr: Expr; readonly unit: Unit }[];
    }
  | { readonly op: "if"; readonly cond: Expr; readonly yes: Expr; readonly no: Expr }
  | { readonly op: "call"; readonly fn: string; readonly args: readonly Expr[] }
  /** The variable of an enclosing quantifier; the outermost has level 0. */
  | { readonly op: "var"; readonly level: number }
  | { readonly op: "list"; readonly items: readonly Expr[] }
  /** `list[int]` counts from 0, `map[key]`; missing when there is no such item. */
  | { readonly op: "index"; readonly list: Expr; readonly at: Expr }
  /** A member of a record that is an item, or that is a member of one. */
  | { readonly op: "member"; readonly record: Expr; readonly name: string }
  /**
   * Kleene `or` (any), `and` (all) or negated `or` (none) of `body` over the items of `list`, or
   * for how many of them it is true (count): missing when it is unknown of one.
   */
  | {
      readonly op: "quant";
      readonly quantifier: Quantifier;
      readonly list: Expr;
      readonly level: number;
      readonly body: Expr;
    }
  /** A named group of a regex in its declared type; missing when the group took no part. */
  | {
      readonly op: "capture";
      readonly text: Expr;
      readonly program: number;
      readonly group: string;
    }
  /**
   * Of a step: whether its place in the order was not certain, or what was known of it may not be
   * all there was.
   */
  | { readonly op: "quality"; readonly what: "uncertain" | "incomplete"; readonly step: number }
  /** The keys that `from` (one key or a list of them) leads to through a relation: a list. */
  | { readonly op: "hop"; readonly from: Expr; readonly via: string }
  /** Whether the relation leads from (one of) `from` to (one of) `to`, as of the current event. */
  | { readonly op: "related"; readonly from: Expr; readonly to: Expr; readonly via: string }
  /** The finding's own entity: of an inventory absence the missing one, otherwise the root's. */
  | { readonly op: "subject"; readonly kind: string }
  /** The names of the bound steps in the order of the pattern, joined by `, `. */
  | { readonly op: "matched" }
  /** Number of events a step took. */
  | { readonly op: "taken"; readonly step: number }
  /** Over the events that a repeated step took; `arg` sees each of them as `current`. */
  | {
      readonly op: "run";
      readonly fn: RunFn;
      readonly step: number;
      readonly arg: Expr;
      /** Of `arg`, to know what is an integer. */
      readonly unit: Unit | undefined;
    }
  /** Time from the first to the last event of the match, µs. */
  | { readonly op: "span" }
  /** Over the events of a window; `arg`, `where` and `limit` see each of them as `current`. */
  | {
      readonly op: "agg";
      readonly fn: AggregateFn;
      readonly arg: Expr | undefined;
      readonly where: Expr | undefined;
      /** Of `eta`: what the value grows towards, read from the last event. */
      readonly limit?: Expr | undefined;
      /** Of `top`: how many values. */
      readonly n?: number | undefined;
      /** Unit of `arg`, for `top` and to know what is an integer. */
      readonly unit?: Unit | undefined;
      /** Over whole panes of the window's resolution; otherwise over the exact span. */
      readonly isPaned?: boolean | undefined;
    }
  /** How `arg` stands against its own past under this key; see `history.ts`. */
  | {
      readonly op: "history";
      readonly what: "zscore" | "baseline";
      readonly arg: Expr;
      /** Weight of the past after one pane; a constant, so that no two machines differ. */
      readonly decay: number;
      /** Missing until the key has been known for this long, µs. */
      readonly warmupUs: number;
      /** Least deviation that counts as one, in the unit of `arg`. */
      readonly floor: number;
      readonly isInt: boolean;
    }
  /** Facts of a finding or of a near miss, for the checks of test blocks. */
  | { readonly op: "finding"; readonly what: FindingFact };

export type AggregateFn =
  | "count"
  | "distinct"
  | "sum"
  | "avg"
  | "min"
  | "max"
  | "first"
  | "last"
  | "rate"
  | "p50"
  | "p95"
  | "p99"
  | "stddev"
  | "slope"
  | "eta"
  | "increase"
  | "share"
  | "top";

/** Aggregates of a run: those that are a few numbers, whatever its length. */
export type RunFn = Extract<
  AggregateFn,
  "sum" | "avg" | "min" | "max" | "stddev" | "increase" | "slope"
>;

export type FindingFact =
  | "confidence"
  | "severity"
  | "summary"
  | "title"
  | "state"
  /** What is proposed, a list of texts. */
  | "recommendations"
  /** Of a near miss: by how much the nearest candidate missed its bound, µs. */
  | "overshoot"
  /** Of a near miss: how many steps were reached, and why it died. */
  | "reached"
  | "cause";

export interface KeyPart {
  readonly expr: Expr;
  /** A missing value is a key value of its own; otherwise it excludes the event. */
  readonly allowsMissing: boolean;
}

/** µs, or the name of a duration parameter. */
export type Duration = number | { readonly param: string };
export type Count = number | { readonly param: string };

export interface Step {
  readonly name: string;
  /** Kind ids, ascending. */
  readonly kinds: readonly number[];
  readonly where: Expr | undefined;
  readonly key: readonly KeyPart[];
}

export type Gap =
  | { readonly gap: "within"; readonly max: Duration }
  | { readonly gap: "after"; readonly min: Duration; readonly max: Duration | undefined }
  | { readonly gap: "next" };

export interface SeqStep {
  readonly step: Step;
  readonly gap: Gap | undefined;
  readonly isOptional: boolean;
  readonly repeat:
    | {
        readonly min: Count;
        readonly max: Count | undefined;
        readonly keep: number;
        /** So many of the first events are read by their number: they are always kept. */
        readonly numbered?: number | undefined;
      }
    | undefined;
  /** None of these between the previous bound step and this one. */
  readonly without: readonly Step[];
}

export interface Seq {
  readonly node: "seq";
  readonly steps: readonly SeqStep[];
  /** `then no x for D`: the match completes at the last event's time + D. */
  readonly deadline: { readonly step: Step; readonly wait: Duration } | undefined;
  readonly until: Step | undefined;
  readonly within: Duration | undefined;
  readonly isStrict: boolean;
  /** Added to every event's own clock granularity when order is judged. */
  readonly slack: Duration;
  /** Bound on partial matches kept per key. */
  readonly partials: number;
}

/** `need` of the steps, each with an event of its own or a shared one, in any order. */
export interface All {
  readonly node: "all";
  readonly steps: readonly Step[];
  readonly need: number;
  readonly until: Step | undefined;
  readonly within: Duration;
  readonly slack: Duration;
  /** Bound on events kept per step and key. */
  readonly partials: number;
}

export type WindowShape =
  | { readonly shape: "sliding"; readonly size: Duration }
  /** Aligned to the epoch. */
  | { readonly shape: "tumbling"; readonly size: Duration }
  | { readonly shape: "hop"; readonly size: Duration; readonly every: Duration }
  | { readonly shape: "session"; readonly gap: Duration; readonly max: Duration };

export interface Win {
  readonly node: "win";
  readonly step: Step;
  readonly shape: WindowShape;
  /** Width of a pane; a sixtieth of the window when not said. */
  readonly resolution: number | undefined;
  readonly having: Expr;
  /** Bound on values kept per key, of aggregates that only the values themselves can answer. */
  readonly maxEvents: number;
}

/** Absence over inventory: no `step` for `wait`, for each live entity of a kind. */
export interface Inv {
  readonly node: "inv";
  readonly step: Step;
  readonly wait: Duration;
  /** Without one there is a single clock, which starts with the observation. */
  readonly entity: string | undefined;
  /** Which entities count; sees the entity as `subject`. */
  readonly where: Expr | undefined;
}

export type Pattern = Seq | All | Win | Inv;

/** One event of `step` gives one event of `kind`: same id, same time, same entity. */
export interface Derive {
  readonly kind: number;
  readonly step: Step;
  /** By field index of `kind`; sees the event as `current`. */
  readonly set: readonly (Expr | undefined)[];
}

export type Severity = "info" | "warning" | "error" | "critical";

export interface Explain {
  readonly root: {
    readonly of: Ref;
    /** `first_of(a, b)`: the step among these whose event came first, instead of `of`. */
    readonly firstOf?: readonly number[] | undefined;
    readonly as: Expr | undefined;
  };
  readonly impacts: readonly { readonly step: number; readonly facts: readonly Labelled[] }[];
  readonly chain: readonly { readonly steps: readonly number[]; readonly as: Expr | undefined }[];
  readonly because: readonly { readonly from: number; readonly to: number; readonly text: Expr }[];
  readonly confidence: {
    readonly base: number;
    readonly terms: readonly { readonly weight: number; readonly when: Expr }[];
  };
  readonly summary: Expr | undefined;
  readonly recommend: readonly { readonly text: Expr; readonly when: Expr | undefined }[];
  readonly evidence: readonly Labelled[];
}
export interface Labelled {
  readonly name: string;
  readonly expr: Expr;
  readonly unit: Unit;
}

export interface CoreRule {
  readonly name: string;
  readonly module: string;
  readonly version: number;
  /** Its author may still change what it means (`@experimental`). */
  readonly isExperimental?: true;
  readonly doc: string | undefined;
  readonly runbook: string | undefined;
  readonly owner: string | undefined;
  readonly mitre: readonly string[];
  readonly labels: readonly Labelled[];
  readonly severity: {
    readonly level: Severity;
    readonly when: Expr | undefined;
    readonly otherwise: Severity | undefined;
  };
  readonly pattern: Pattern;
  readonly policy: Policy;
  /** Bound on keys with state. */
  readonly keysMax: number;
  readonly exceptions: readonly Exception[];
  readonly suppress:
    | { readonly us: number; readonly key: readonly KeyPart[] | undefined }
    | undefined;
  /** At most `max` findings in any span of `us` per key. */
  readonly rate:
    | { readonly max: number; readonly us: number; readonly key: readonly KeyPart[] | undefined }
    | undefined;
  readonly resolve: { readonly on: Step } | { readonly quietUs: number } | undefined;
  readonly subsumes: readonly Subsumption[];
  readonly rollout: Rollout | undefined;
  readonly explain: Explain;
}

export interface Policy {
  readonly select: "tightest" | "widest" | "each";
  /** Which matches may follow a reported one; a number is a step: from its first event on. */
  readonly skip: "past" | "none" | number;
  readonly emit: "final" | "eager" | "close";
  readonly evict: "least_progress" | "oldest";
  readonly onLoss: "hold" | "flag" | "drop";
  readonly onIdle: "hold" | "flag" | "drop";
}

export const defaultPolicy: Policy = {
  select: "tightest",
  skip: "past",
  emit: "final",
  evict: "least_progress",
  onLoss: "flag",
  onIdle: "hold",
};

/** Matches for which `when` is true are not reported, but counted. */
export interface Exception {
  readonly reason: string;
  readonly when: Expr;
  /** From this time on it has no effect, µs since the epoch. */
  readonly expires: number | undefined;
  readonly owner: string | undefined;
}

/** While a finding is open, findings of `rules` under an equal key become its children. */
export interface Subsumption {
  /** Full names, `module.rule`. */
  readonly rules: readonly string[];
  readonly key: readonly KeyPart[] | undefined;
  /** How far before and after the finding, µs; undefined: as long as it is open. */
  readonly withinUs: number | undefined;
}

/** Carried to the node, which puts it into effect. */
export interface Rollout {
  readonly replaces: number | undefined;
  readonly shadowUs: number | undefined;
  readonly canary: readonly {
    readonly sharePpm: number;
    readonly by: string;
    readonly us: number;
  }[];
  readonly abort: readonly Expr[];
}

export interface Param {
  readonly name: string;
  readonly unit: Unit;
  readonly value: number | string | bigint | boolean;
  readonly min: number | undefined;
  readonly max: number | undefined;
}

/** A whole compilation: what back ends take and the bundle carries. */
export interface CoreUnit {
  readonly schema: Schema;
  readonly params: readonly Param[];
  readonly programs: readonly TextProgram[];
  /** A derived event may feed a later one. */
  readonly derives: readonly Derive[];
  /** A rule that reads findings comes after the rules that make them. */
  readonly rules: readonly CoreRule[];
}

/** The steps of a pattern in the order captures are numbered. */
export function stepsOf(pattern: Pattern): readonly Step[] {
  switch (pattern.node) {
    case "win":
    case "inv":
      return [pattern.step];
    case "all":
      return pattern.steps;
    case "seq":
      return pattern.steps.map((s) => s.step);
    default:
      return assertNever(pattern);
  }
}

/** Every step an event can meet: positive, negative, deadline and cancel. */
export function allStepsOf(pattern: Pattern): readonly Step[] {
  if (pattern.node === "win" || pattern.node === "inv") return [pattern.step];
  if (pattern.node === "all") return [...pattern.steps, ...(pattern.until ? [pattern.until] : [])];
  const out: Step[] = [];
  for (const s of pattern.steps) out.push(s.step, ...s.without);
  if (pattern.deadline) out.push(pattern.deadline.step);
  if (pattern.until) out.push(pattern.until);
  return out;
}

/** Every step of a rule an event can meet: those of its pattern, then that of `resolve on`. */
export function heardSteps(rule: CoreRule): readonly Step[] {
  const { pattern, resolve } = rule;
  return resolve && "on" in resolve ? [...allStepsOf(pattern), resolve.on] : allStepsOf(pattern);
}

/**
 * Whether it matters which other events lie between two steps (`next`, `strict`), so that every
 * event of the rule's own kinds must be seen: by the kernel filter, the matcher and the engine
 * alike.
 */
export function needsContiguity(pattern: Pattern): boolean {
  return (
    pattern.node === "seq" && (pattern.isStrict || pattern.steps.some((s) => s.gap?.gap === "next"))
  );
}

/** Whether more events could only keep the condition true: then it rests on no silence. */
export function onlyGrows(e: Expr): boolean {
  if (e.op === "and" || e.op === "or") return e.args.every(onlyGrows);
  if (e.op !== "cmp") return false;
  const grows = (x: Expr) => x.op === "agg" && (x.fn === "count" || x.fn === "distinct");
  const isFixed = (x: Expr) => x.op === "const" || x.op === "param";
  if (e.cmp === ">" || e.cmp === ">=") return grows(e.left) && isFixed(e.right);
  if (e.cmp === "<" || e.cmp === "<=") return isFixed(e.left) && grows(e.right);
  return false;
}

/** The first `zscore` of a window's condition: what a finding of the rule has as `score`. */
export function scoreExpr(pattern: Pattern): Expr | undefined {
  let score: Expr | undefined;
  if (pattern.node === "win")
    walkExpr(pattern.having, (e) => {
      if (e.op === "history" && e.what === "zscore") score ??= e;
    });
  return score;
}

/** Whether a match rests on something not having happened, which an idle source leaves open. */
export function concludesFromSilence({ pattern }: CoreRule): boolean {
  if (pattern.node === "inv") return true;
  if (pattern.node === "seq") return pattern.deadline !== undefined;
  if (pattern.node !== "win") return false;
  const { shape } = pattern.shape;
  return (shape === "tumbling" || shape === "hop") && !onlyGrows(pattern.having);
}

/** Every expression of a rule that is evaluated when a finding is written, in a fixed order. */
export function explainExprs(rule: CoreRule): Expr[] {
  const { explain: x } = rule;
  const maybe = (e: Expr | undefined) => (e ? [e] : []);
  return [
    ...maybe(rule.severity.when),
    ...rule.labels.map((l) => l.expr),
    ...maybe(x.root.as),
    ...x.impacts.flatMap((i) => i.facts.map((f) => f.expr)),
    ...x.chain.flatMap((c) => maybe(c.as)),
    ...x.because.map((b) => b.text),
    ...x.confidence.terms.map((t) => t.when),
    ...maybe(x.summary),
    ...x.recommend.flatMap((r) => [r.text, ...maybe(r.when)]),
    ...x.evidence.map((e) => e.expr),
  ];
}

/** `module.rule`: what a rule is called in all of a unit. */
export function fullName(rule: CoreRule): string {
  return `${rule.module}.${rule.name}`;
}

/** The parts of a condition that must all hold; none when there is no condition. */
export function conjuncts(e: Expr | undefined): readonly Expr[] {
  if (!e) return [];
  return e.op === "and" ? e.args.flatMap(conjuncts) : [e];
}

/** Whether `test` holds of `expr` or of anything in it. */
export function someExpr(expr: Expr, test: (e: Expr) => boolean): boolean {
  return test(expr) || childrenOf(expr).some((child) => someExpr(child, test));
}

const factsOfMatch: ReadonlySet<Expr["op"]> = new Set<Expr["op"]>([
  "taken",
  "run",
  "span",
  "matched",
  "quality",
  "subject",
]);

/** Whether `expr` reads anything of a match besides the event that is judged. */
export function readsMatch(expr: Expr): boolean {
  return someExpr(expr, (e) => factsOfMatch.has(e.op) || ("of" in e && e.of.step !== "current"));
}

/** Whether the value is of many events, which stand inside it as the current one in turn. */
export function isAggregate({ op }: Expr): boolean {
  return op === "agg" || op === "run" || op === "history";
}

/** Numbers of the steps whose events `expr` reads, besides the one that is judged. */
export function stepsRead(expr: Expr | undefined): number[] {
  const out: number[] = [];
  if (!expr) return out;
  walkExpr(expr, (e) => {
    if ("of" in e && e.of.step !== "current") out.push(e.of.step);
    if (e.op === "taken" || e.op === "run") out.push(e.step);
  });
  return out;
}

/** Calls `visit` on `expr` and everything in it, parents first. */
export function walkExpr(expr: Expr, visit: (e: Expr) => void): void {
  visit(expr);
  for (const child of childrenOf(expr)) walkExpr(child, visit);
}

/** The same without what stands inside aggregates of runs, which speaks of other events. */
export function walkOutsideRuns(expr: Expr, visit: (e: Expr) => void): void {
  visit(expr);
  if (expr.op === "run") return;
  for (const child of childrenOf(expr)) walkOutsideRuns(child, visit);
}

export function childrenOf(e: Expr): readonly Expr[] {
  switch (e.op) {
    case "const":
    case "param":
    case "field":
    case "meta":
    case "entity":
    case "bound":
    case "taken":
    case "span":
    case "var":
    case "quality":
    case "subject":
    case "matched":
    case "finding":
      return [];
    case "not":
    case "has":
    case "history":
    case "run":
      return [e.arg];
    case "list":
      return e.items;
    case "index":
      return [e.list, e.at];
    case "member":
      return [e.record];
    case "quant":
      return [e.list, e.body];
    case "capture":
      return [e.text];
    case "hop":
      return [e.from];
    case "related":
      return [e.from, e.to];
    case "and":
    case "or":
      return e.args;
    case "cmp":
    case "coalesce":
    case "arith":
      return [e.left, e.right];
    case "in":
      return [e.item, ...e.set];
    case "cidr":
      return [e.item];
    case "text":
      return [e.text, e.needle];
    case "matches":
      return [e.text];
    case "concat":
      return e.parts.map((p) => p.expr);
    case "if":
      return [e.cond, e.yes, e.no];
    case "call":
      return e.args;
    case "agg":
      return [e.arg, e.where, e.limit].filter((x) => x !== undefined);
    default:
      return assertNever(e);
  }
}

/** Marks a `switch` as exhaustive for the type checker; reaching it is our bug. */
export function assertNever(x: never): never {
  throw new Error(`unreachable: ${JSON.stringify(x)}`);
}
