/**
 * What an expression may speak about at its place, and what it turned out to be.
 *
 * Elaboration reads an expression of the source in a scope and gives its core form and type at once
 * (bidirectional checking): a core expression exists only for what is well typed, so later passes
 * never meet bad input. Facts learned on the way go to tables keyed by node id.
 */

import {
  compileGlob,
  compileRegex,
  type Expr,
  type Param,
  type Ref,
  type TextError,
  type TextProgram,
} from "#core";
import {
  type Expr as Ast,
  type CatalogCode,
  type DiagnosticSink,
  diagnostic,
  type Extras,
  type LocalLet,
  type Node,
  type ParamDecl,
  type Params,
} from "#grammar";
import type { SchemaInfo } from "../../schema/build-schema.ts";
import type { Module } from "../collect.ts";
import { errorType, type Type } from "../types.ts";

/** A step of the pattern as a name in expressions. */
export interface StepBinding {
  readonly name: string;
  readonly kinds: readonly number[];
  readonly of: Ref;
  /** May be unbound when the expression runs. */
  readonly isOptional: boolean;
  readonly isRepeated: boolean;
}

export type Operand =
  | { readonly is: "value"; readonly type: Type; readonly isOptional: boolean; readonly core: Expr }
  | { readonly is: "event"; readonly step: StepBinding }
  | { readonly is: "entity"; readonly step: StepBinding }
  | { readonly is: "error" };

export type Value = Extract<Operand, { is: "value" }>;

/** Where the expression stands, which decides the functions it may call. */
export type Place = "condition" | "having" | "aggregate" | "explain" | "given" | "check";

export interface Scope {
  readonly session: Session;
  readonly module: Module;
  readonly place: Place;
  readonly steps: ReadonlyMap<string, StepBinding>;
  /** Steps of the pattern that come later; naming one gets its own message. */
  readonly later: ReadonlySet<string>;
  readonly locals: ReadonlyMap<string, LocalLet>;
  /** Formals of the `let` being expanded, and other names bound to an operand. */
  readonly bound: ReadonlyMap<string, Operand>;
  /** The window's step, where aggregates over it are allowed. */
  readonly window: StepBinding | undefined;
  /** Printed core expressions known to be present here. */
  readonly facts: ReadonlySet<string>;
  /** The `let`s being expanded, to refuse recursion. */
  readonly expanding: readonly string[];
}

/** What all rules of a compilation share. */
export class Session {
  readonly info: SchemaInfo;
  readonly sink: DiagnosticSink;
  readonly programs: TextProgram[] = [];
  readonly params = new Map<string, { param: Param; type: Type }>();
  /** Type of every expression that was read, by file and node id: for hover and hints. */
  readonly types = new Map<string, Type>();
  readonly modules: ReadonlyMap<string, Module>;
  /** Parameters being evaluated or known bad. */
  readonly pendingParams = new Set<ParamDecl>();
  readonly #programIds = new Map<string, number | TextError>();
  readonly #textOf: (file: string) => string;
  #errors = 0;

  constructor(
    info: SchemaInfo,
    modules: readonly Module[],
    sink: DiagnosticSink,
    textOf: (file: string) => string,
  ) {
    this.info = info;
    this.sink = sink;
    this.modules = new Map(modules.map((m) => [m.name, m]));
    this.#textOf = textOf;
  }

  report<C extends CatalogCode>(code: C, node: Node, params: Params<C>, extras?: Extras): void {
    const made = diagnostic(code, node.span, params, extras);
    if (made.severity === "error") this.#errors++;
    this.sink.add(made);
  }

  notSupported(node: Node, what: string): Operand {
    this.report("TAP6001", node, { what });
    return { is: "error" };
  }

  /** Errors reported so far, to tell whether a part went well. */
  sinkErrors(): number {
    return this.#errors;
  }

  /** The source text of a node, for messages and fixes. */
  text(node: Node): string {
    return this.#textOf(node.span.file).slice(node.span.start, node.span.end);
  }

  /** The number of the compiled text program; equal patterns share one. */
  program(kind: "regex" | "glob", pattern: string, isNocase: boolean): number | TextError {
    const key = JSON.stringify([kind, pattern, isNocase]);
    const known = this.#programIds.get(key);
    if (known !== undefined) return known;
    const compiled =
      kind === "glob"
        ? compileGlob(pattern, { nocase: isNocase })
        : compileRegex(pattern, { nocase: isNocase });
    const id = compiled.ok ? this.programs.push(compiled.program) - 1 : compiled.error;
    this.#programIds.set(key, id);
    return id;
  }

  kindNames(kinds: readonly number[]): string {
    return kinds.map((k) => this.info.schema.kinds[k]?.name ?? "?").join(" | ");
  }
}

export function value(type: Type, core: Expr, isOptional = false): Value {
  return { is: "value", type, isOptional, core };
}

/** Stands for something already reported; it fits everywhere. */
export const wrong: Value = value(errorType, { op: "const", value: false });

export type { Ast };
