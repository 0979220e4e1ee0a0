/**
 * The core language: what every rule becomes, and what every back end executes.
 *
 * Pattern nodes: `Seq`, `Win`, with `Step`s inside; everything else a rule can say is sugar for
 * these. Expressions are trees of `Expr`. The meaning is LANGUAGE part C; the reference interpreter
 * beside this file executes it by definition and is what generated code is proven against.
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
/** Which event of a repeated step; for a step without `repeat` both are the same event. */
export type Pick = "first" | "last";

/** How a value is written for people; also decides which operations are integer-valued. */
export type Unit =
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
  | "entity"
  | "list";

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
      readonly fn: "contains" | "startswith" | "endswith" | "equals";
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
  /** Number of events a step took. */
  | { readonly op: "taken"; readonly step: number }
  /** Time from the first to the last event of the match, µs. */
  | { readonly op: "span" }
  /** Over the events of a window; `arg` and `where` see each of them as `current`. */
  | {
      readonly op: "agg";
      readonly fn: "count" | "distinct";
      readonly arg: Expr | undefined;
      readonly where: Expr | undefined;
    }
  /** Facts of a finding, for the checks of test blocks. */
  | { readonly op: "finding"; readonly what: "confidence" | "severity" | "summary" };

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
    | { readonly min: Count; readonly max: Count | undefined; readonly keep: number }
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
  /** Bound on partial matches kept per key. */
  readonly partials: number;
}

export interface Win {
  readonly node: "win";
  readonly step: Step;
  readonly size: Duration;
  readonly having: Expr;
  /** Bound on events kept per key. */
  readonly maxEvents: number;
}

export type Severity = "info" | "warning" | "error" | "critical";

export interface Explain {
  readonly root: { readonly of: Ref; readonly as: Expr | undefined };
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
  readonly pattern: Seq | Win;
  /** Bound on keys with state. */
  readonly keysMax: number;
  readonly suppress:
    | { readonly us: number; readonly key: readonly KeyPart[] | undefined }
    | undefined;
  readonly explain: Explain;
}

export interface Param {
  readonly name: string;
  readonly unit: Unit;
  readonly value: number | string | boolean;
  readonly min: number | undefined;
  readonly max: number | undefined;
}

/** A whole compilation: what back ends take and the bundle carries. */
export interface CoreUnit {
  readonly schema: Schema;
  readonly params: readonly Param[];
  readonly programs: readonly TextProgram[];
  readonly rules: readonly CoreRule[];
}

/** The steps of a pattern in the order captures are numbered. */
export function stepsOf(pattern: Seq | Win): readonly Step[] {
  return pattern.node === "win" ? [pattern.step] : pattern.steps.map((s) => s.step);
}

/** Every step an event can meet: positive, negative, deadline and cancel. */
export function allStepsOf(pattern: Seq | Win): readonly Step[] {
  if (pattern.node === "win") return [pattern.step];
  const out: Step[] = [];
  for (const s of pattern.steps) out.push(s.step, ...s.without);
  if (pattern.deadline) out.push(pattern.deadline.step);
  if (pattern.until) out.push(pattern.until);
  return out;
}

/**
 * Whether it matters which other events lie between two steps (`next`, `strict`), so that every
 * event of the rule's own kinds must be seen: by the kernel filter, the matcher and the engine
 * alike.
 */
export function needsContiguity(pattern: Seq | Win): boolean {
  return (
    pattern.node === "seq" && (pattern.isStrict || pattern.steps.some((s) => s.gap?.gap === "next"))
  );
}

/** Calls `visit` on `expr` and everything in it, parents first. */
export function walkExpr(expr: Expr, visit: (e: Expr) => void): void {
  visit(expr);
  for (const child of childrenOf(expr)) walkExpr(child, visit);
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
    case "finding":
      return [];
    case "not":
    case "has":
      return [e.arg];
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
      return [e.arg, e.where].filter((x) => x !== undefined);
    default:
      return assertNever(e);
  }
}

/** Marks a `switch` as exhaustive for the type checker; reaching it is our bug. */
export function assertNever(x: never): never {
  throw new Error(`unreachable: ${JSON.stringify(x)}`);
}
