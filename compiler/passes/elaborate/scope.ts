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
  type Annotation,
  type Expr as Ast,
  type CallExpr,
  type CatalogCode,
  type DiagnosticSink,
  diagnostic,
  type Extras,
  type Label,
  type ListDecl,
  type LocalLet,
  type Name,
  type Node,
  type ParamDecl,
  type Params,
  type Span,
  type TypeNode,
} from "#grammar";
import { deprecationIn, type SchemaInfo } from "../../schema/build-schema.ts";
import type { Module } from "../collect.ts";
import { suggestion } from "../similar.ts";
import { errorType, type Type } from "../types.ts";

/** A step of the pattern as a name in expressions. */
export interface StepBinding {
  readonly name: string;
  readonly kinds: readonly number[];
  readonly of: Ref;
  /** May be unbound when the expression runs. */
  readonly isOptional: boolean;
  readonly isRepeated: boolean;
  /** The first or last event of the window, where its condition speaks of it. */
  readonly picked?: "first" | "last" | undefined;
  /**
   * Of a repeated step in its own condition: its number, under which stands what the run has taken
   * before the event that is judged.
   */
  readonly run?: number | undefined;
  /** Of a repeated step: how many events it keeps, and how many it has whenever it is bound. */
  readonly items?: { readonly keep: number; readonly sure: number } | undefined;
  /** An event of it is unknown, which has been reported: what it lacks is not news. */
  readonly isBroken?: boolean;
}

/** What a value stands for besides its type. */
export interface Value {
  readonly is: "value";
  readonly type: Type;
  readonly isOptional: boolean;
  readonly core: Expr;
  /** A level of an entity, or a list of such: what its own levels are read from. */
  readonly level?: EntityLevel | undefined;
  /** The values that arithmetic can come to, where all it is made of has declared ends. */
  readonly interval?: Interval | undefined;
  /** A field as it is declared, for `pattern … on kind.field`. */
  readonly origin?: { readonly kinds: readonly number[]; readonly field: string } | undefined;
  /** The type as it is written where the field, item or member is declared. */
  readonly declared?: TypeNode | undefined;
  /** Names that are bound where the value, a condition, is true: `matches … as m`. */
  readonly groups?: Groups | undefined;
}

export interface Interval {
  readonly min: number;
  readonly max: number;
}

export interface EntityLevel {
  readonly kind: string;
  /** Whose entity it is; undefined when it was reached through a relation. */
  readonly owner: Owner | undefined;
}

/** Whose entity: a step's event's, or the finding's own. */
export type Owner = Ref | "subject";

export type Groups = ReadonlyMap<string, Operand>;

export type Operand =
  | Value
  | { readonly is: "event"; readonly step: StepBinding }
  | { readonly is: "entity"; readonly step: StepBinding }
  /** The finding's own entity. */
  | { readonly is: "subject" }
  /** A record field: a name that more of the name must follow. */
  | { readonly is: "record"; readonly step: StepBinding; readonly path: string }
  /** The groups of a match, by name. */
  | { readonly is: "groups"; readonly name: string; readonly groups: ReadonlyMap<string, Value> }
  /** `first_of(a, b)`: whichever of these steps came first; only a root can be that. */
  | { readonly is: "firstOf"; readonly steps: readonly number[] }
  | { readonly is: "error" };

/** Where the expression stands, which decides the functions it may call. */
export type Place =
  | "condition"
  | "having"
  | "aggregate"
  | "explain"
  | "given"
  | "check"
  /** `abort when` of a rollout. */
  | "rollout";

/** A rule's own `let`, which is read with the names of the module it was written in. */
export interface Local {
  readonly decl: LocalLet;
  readonly module: Module;
}

export interface Scope {
  readonly session: Session;
  readonly module: Module;
  readonly place: Place;
  readonly steps: ReadonlyMap<string, StepBinding>;
  /** Steps of the pattern that come later; naming one gets its own message. */
  readonly later: ReadonlySet<string>;
  readonly locals: ReadonlyMap<string, Local>;
  /** Formals of the `let` being expanded, and other names bound to an operand. */
  readonly bound: ReadonlyMap<string, Operand>;
  /** The window's step, where aggregates over it are allowed. */
  readonly window: StepBinding | undefined;
  /** What the window's condition bound for each of its events (`matches … as m`). */
  readonly windowGroups?: Groups | undefined;
  /** Width of a pane of the window, µs; what a half-life is counted in. */
  readonly windowPane?: number | undefined;
  /** Printed core expressions known to be present here. */
  readonly facts: ReadonlySet<string>;
  /** The `let`s being expanded, to refuse recursion. */
  readonly expanding: readonly string[];
  /** Quantifiers around this place. */
  readonly depth?: number | undefined;
  /** Where the `let` that is being expanded is used. */
  readonly use?: LetUse | undefined;
}

/** The use of a `let`, which is where its reader decides what a missing value means. */
export interface LetUse {
  readonly node: Ast;
  readonly scope: Scope;
  /** Whether it stands under an odd number of negations. */
  readonly isNegated: boolean;
  /** What stands for formals that are not declared optional; undefined of a rule's own `let`. */
  readonly given: readonly Given[] | undefined;
}

/** Something an expression reads, and where it is written. */
export interface Given {
  readonly node: Ast;
  readonly x: Operand;
}

/** `let`s are read again at each use, so a few of them can stand for a tree of any size. */
const expandedNodesMax = 100_000;
/** Expressions of one source text nest less deep; `let`s in `let`s could exhaust the stack. */
const nestingMax = 1200;

export interface ListItems {
  readonly type: Type;
  /** Constants. */
  readonly items: readonly Expr[];
}

export interface SessionOptions {
  /** An unguarded optional under a negation is an error. */
  readonly isStrict?: boolean | undefined;
  /** The text of a file that a declaration names; undefined when there is none. */
  readonly readFile?: ((file: string, from: string) => string | undefined) | undefined;
}

/** What all rules of a compilation share. */
export class Session {
  readonly info: SchemaInfo;
  readonly sink: DiagnosticSink;
  readonly programs: TextProgram[] = [];
  readonly params = new Map<string, { param: Param; type: Type; decl: ParamDecl }>();
  /** Lists that were read; without items after an error. */
  readonly lists = new Map<ListDecl, { readonly list: ListItems | undefined }>();
  readonly modules: ReadonlyMap<string, Module>;
  /** Parameters being evaluated or known bad. */
  readonly pendingParams = new Set<ParamDecl>();
  /** Parameters whose default or range is being read, to refuse cycles. */
  readonly readingParams = new Set<ParamDecl>();
  /** A rule's own `let`s that some expression reads. */
  readonly readLocals = new Set<LocalLet>();
  /** The template that is being read, and the rule it is read for. */
  instance: { readonly template: Span; readonly at: Span } | undefined;
  /** Names of what was refused where it is declared: using it is not a second mistake. */
  readonly lostNames = new Set<string>();
  /** By file and node id. */
  readonly #types = new Map<string, Map<number, Type>>();
  readonly #lostFiles: ReadonlySet<string>;
  readonly #moduleByFile: ReadonlyMap<string, Module>;
  readonly #programIds = new Map<string, number | TextError>();
  readonly #textOf: (file: string) => string;
  readonly #options: SessionOptions;
  #errors = 0;
  #expandedNodes = 0;
  #depth = 0;
  #outermost: { readonly node: Ast; readonly let: string | undefined } | undefined;
  readonly #largeLets = new Set<string>();
  readonly #cyclic = new Set<string>();

  constructor(
    info: SchemaInfo,
    modules: readonly Module[],
    sink: DiagnosticSink,
    textOf: (file: string) => string,
    options: SessionOptions = {},
  ) {
    this.#options = options;
    this.info = info;
    this.sink = sink;
    this.modules = new Map(modules.map((m) => [m.name, m]));
    this.#moduleByFile = new Map(modules.map((m) => [m.file.file, m]));
    const lost = modules.filter((m) => m.isImportLost).map((m) => m.file.span.file);
    this.#lostFiles = new Set(lost);
    this.#textOf = textOf;
  }

  report<C extends CatalogCode>(code: C, node: Node, params: Params<C>, extras?: Extras): void {
    const isRaised = code === "TAP2101" && this.#options.isStrict === true;
    const all: Extras = isRaised ? { ...extras, severity: "error" } : (extras ?? {});
    const made = diagnostic(code, node.span, params, this.#located(node, all));
    if (made.severity === "error") this.#errors++;
    this.sink.add(made);
  }

  /** The module as the file that `node` stands in sees it: imports are the file's own. */
  moduleOf(node: Node): Module | undefined {
    return this.#moduleByFile.get(node.span.file);
  }

  /** What stands in a template is said together with the rule that is made of it. */
  #located(node: Node, extras: Extras): Extras {
    const { instance } = this;
    if (!instance || !isWithin(node.span, instance.template)) return extras;
    const site = { at: instance.at, text: "instantiated here" };
    return { ...extras, labels: [...(extras.labels ?? []), site] };
  }

  /** The text of `file`, which `node` names; undefined when it cannot be read. */
  readFile(file: string, node: Node): string | undefined {
    return this.#options.readFile?.(file, node.span.file);
  }

  /** Warns about the use of a declaration that is marked so. */
  checkDeprecated(
    node: Node,
    what: string,
    name: string,
    annotations: readonly Annotation[] | undefined,
  ): void {
    const reason = annotations && deprecationIn(annotations);
    if (reason !== undefined) this.report("TAP2031", node, { what, name, reason });
  }

  /** Begins an expression; false when what `let`s make of it is more than the compiler takes. */
  enter(e: Ast, scope: Scope): boolean {
    if (this.#depth === 0) {
      this.#expandedNodes = 0;
      this.#outermost = { node: e, let: scope.expanding[0] };
    }
    if (scope.expanding.length > 0) this.#expandedNodes++;
    if (this.#expandedNodes > expandedNodesMax || this.#depth >= nestingMax) {
      // Said once: everything that is still waiting to be read comes here too.
      if (this.#expandedNodes !== Number.POSITIVE_INFINITY) this.#tooLarge();
      this.#expandedNodes = Number.POSITIVE_INFINITY;
      return false;
    }
    this.#depth++;
    return true;
  }

  /** Whether the `let` was found too large by itself, so that its uses are not news. */
  isTooLarge(key: string): boolean {
    const isTooLarge = this.#largeLets.has(key);
    if (isTooLarge) this.#errors++;
    return isTooLarge;
  }

  leave(): void {
    this.#depth--;
  }

  #tooLarge(): void {
    const { node, let: key } = this.#outermost ?? {};
    if (!node) return;
    if (key !== undefined) this.#largeLets.add(key);
    const what = "this expression, with its `let`s written out,";
    const bounds = `at most ${expandedNodesMax} parts and ${nestingMax} levels`;
    const help = "use each `let` fewer times, or split the condition into several steps";
    this.report("TAP2018", node, { what, bounds }, { help });
  }

  /** Whether `name` is unknown only because something else, reported already, was refused. */
  isLost(node: Node, name: string, isRefused = false): boolean {
    const isLost = isRefused || this.lostNames.has(name) || this.#lostFiles.has(node.span.file);
    if (isLost) this.#errors++;
    return isLost;
  }

  /** Nothing here is called `name`; `known` is what could have been meant. */
  unknownName(node: Node, name: string, known: Iterable<string>, help?: string): Operand {
    if (this.isLost(node, name)) return { is: "error" };
    const { similar, fixes } = suggestion(name, known, node.span);
    const extras = help === undefined ? { fixes } : { fixes, help };
    this.report("TAP2001", node, { name, similar }, extras);
    return { is: "error" };
  }

  unknownEvent(node: Node, event: string): void {
    if (this.isLost(node, event)) return;
    const { similar, fixes } = suggestion(event, this.info.kindByName.keys(), node.span);
    this.report("TAP2002", node, { event, similar }, { fixes });
  }

  unknownField(
    node: Name,
    event: string,
    fields: readonly string[],
    labels: readonly Label[] = [],
  ): void {
    const { similar, fixes } = suggestion(node.text, fields, node.span);
    const params = { event, field: node.text, similar };
    if (labels.length > 0 || fields.length === 0)
      this.report("TAP2003", node, params, { fixes, labels });
    else {
      const help = `use a field that the event declares: ${fields.join(", ")}`;
      this.report("TAP2003", node, params, { fixes, help });
    }
  }

  /** Whether there is an entity kind of that name; reports one that is not. */
  isEntityKind(name: string, node: Node): boolean {
    const kinds = this.info.schema.entities.map((e) => e.name);
    if (kinds.includes(name)) return true;
    const { similar, fixes } = suggestion(name, kinds, node.span);
    const help = `use one of ${kinds.join(", ") || "none: no entity kind is declared"}`;
    this.report("TAP2007", node, { what: "entity kind", name, similar }, { fixes, help });
    return false;
  }

  declaredTwice(name: Name, first: Node): void {
    const labels = [{ at: first.span, text: "first declared here" }];
    this.report("TAP2005", name, { name: name.text }, { labels });
  }

  /** A cycle of `let`s is said once, whichever of them it is entered by. */
  usesItself(node: Node, name: string, { expanding }: Scope, key: string): Operand {
    const cycle = expanding.slice(expanding.indexOf(key));
    const isKnown = cycle.some((k) => this.#cyclic.has(k));
    for (const k of cycle) this.#cyclic.add(k);
    if (isKnown) this.#errors++;
    else this.report("TAP2017", node, { name });
    return { is: "error" };
  }

  /** A name inside a rule may not hide one of the module's values. */
  checkShadowing(name: Name, module: Module): void {
    const alias = module.aliases.get(name.text)?.alias;
    if (alias) this.declaredTwice(name, alias);
    const decl = module.names.get(name.text)?.decl;
    if (decl && decl.kind !== "ruleDecl" && decl.kind !== "templateDecl")
      this.declaredTwice(name, decl.name);
  }

  /** A call with other arguments than the function takes. */
  wrongCount(e: CallExpr, expected: string, help?: string): Operand {
    const texts = e.args.map((a) => `\`${this.text(a)}\``);
    const found = texts.length === 0 ? "nothing" : texts.join(" and ");
    const params = { name: e.callee.text, expected, found };
    this.report("TAP2014", e, params, help === undefined ? {} : { help });
    return { is: "error" };
  }

  /** A name that an expression binds may not hide another one. */
  checkFreeName(name: Name, scope: Scope): void {
    const isTaken =
      scope.steps.has(name.text) || scope.bound.has(name.text) || scope.later.has(name.text);
    const local = scope.locals.get(name.text);
    if (local) this.declaredTwice(name, local.decl.name);
    else if (isTaken) this.report("TAP2005", name, { name: name.text });
    else this.checkShadowing(name, scope.module);
  }

  /** A clause that may stand once stands again; taking the second away is the way out. */
  writtenTwice(clause: string, first: Node, second: Node): void {
    const labels = [{ at: first.span, text: "first written here" }];
    const title = `remove the second \`${clause}\``;
    const fixes = [{ title, kind: "review" as const, edits: [{ at: second.span, newText: "" }] }];
    this.report("TAP2019", second, { clause }, { labels, fixes });
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

  learnType({ span, id }: Ast, type: Type): void {
    const ofFile = this.#types.get(span.file);
    if (ofFile) ofFile.set(id, type);
    else this.#types.set(span.file, new Map([[id, type]]));
  }

  /** The type of an expression that was read. */
  typeOf({ span, id }: Ast): Type | undefined {
    return this.#types.get(span.file)?.get(id);
  }

  kindNames(kinds: readonly number[]): string {
    return kinds.map((k) => this.info.schema.kinds[k]?.name ?? "?").join(" | ");
  }
}

function isWithin(inner: Span, outer: Span): boolean {
  return inner.file === outer.file && inner.start >= outer.start && inner.end <= outer.end;
}

export function value(type: Type, core: Expr, isOptional = false): Value {
  return { is: "value", type, isOptional, core };
}

/** Stands for something already reported; it fits everywhere. */
export const wrong: Value = value(errorType, { op: "const", value: false });

export type { Ast };
