/**
 * The abstract syntax of `.tapio` files: what the grammar says, nothing inferred.
 *
 * Every node is plain readonly data with a `kind`, a `span`, and an `id` that is unique within its
 * file, so that later passes keep what they learn in tables keyed by node, never on the tree.
 * Where a part was missing in the source, the builder leaves an `error` expression or an empty name
 * behind; the parser has already reported it.
 */
import type { Span } from "../diagnostics/diagnostic.ts";

export interface Node {
  readonly id: number;
  readonly span: Span;
}

/** A word in the source together with its place. `text` is empty when the source lacked it. */
export interface Name extends Node {
  readonly kind: "name";
  readonly text: string;
}

/** `a.b.c` where only names may stand (event kinds, modules, rule names). */
export interface Path extends Node {
  readonly kind: "path";
  readonly parts: readonly Name[];
  /** The parts joined by dots. */
  readonly text: string;
}

export interface SourceFile extends Node {
  readonly kind: "file";
  readonly file: string;
  readonly module: Path | undefined;
  readonly imports: readonly Import[];
  readonly decls: readonly Decl[];
}

export interface Import extends Node {
  readonly kind: "import";
  readonly path: Path;
  readonly alias: Name | undefined;
  readonly names: readonly Name[] | undefined;
}

export interface Annotation extends Node {
  readonly kind: "annotation";
  readonly name: Name;
  readonly args: readonly Arg[];
}

interface DeclBase extends Node {
  readonly annotations: readonly Annotation[];
  readonly isPub: boolean;
  /** Text of the `///` comments before the declaration, without slashes, joined by `\n`. */
  readonly doc: string | undefined;
}

export type Decl =
  | SourceDecl
  | EventDecl
  | EntityDecl
  | RelationDecl
  | ListDecl
  | PatternDecl
  | DeriveDecl
  | ParamDecl
  | LetDecl
  | TemplateDecl
  | OverrideDecl
  | TestDecl
  | RuleDecl;

// ---------- schema ----------

export interface SourceDecl extends DeclBase {
  readonly kind: "sourceDecl";
  readonly name: Name;
  readonly attrs: readonly SourceAttr[];
}
export interface SourceAttr extends Node {
  readonly kind: "sourceAttr";
  readonly attr: "lateness" | "granularity" | "idle" | "rank" | "lossy";
  /** A duration literal, or the integer of `rank`; absent for `lossy`. */
  readonly value: Literal | undefined;
}
export interface EventDecl extends DeclBase {
  readonly kind: "eventDecl";
  readonly name: Path;
  readonly base: Path | undefined;
  readonly source: Name | undefined;
  readonly fields: readonly FieldDecl[];
}
export interface FieldDecl extends Node {
  readonly kind: "fieldDecl";
  readonly name: Name;
  readonly type: TypeNode;
  readonly annotations: readonly Annotation[];
  readonly doc: string | undefined;
}
export type TypeNode = NamedType | ListType | MapType | EnumType | RecordType;
interface TypeBase extends Node {
  readonly isOptional: boolean;
}
export interface NamedType extends TypeBase {
  readonly kind: "namedType";
  readonly name: Name;
  /** The bound in `string(64)`. */
  readonly size: number | undefined;
}
export interface ListType extends TypeBase {
  readonly kind: "listType";
  readonly element: TypeNode;
  readonly max: number;
}
export interface MapType extends TypeBase {
  readonly kind: "mapType";
  readonly key: TypeNode;
  readonly value: TypeNode;
  readonly max: number;
}
export interface EnumType extends TypeBase {
  readonly kind: "enumType";
  readonly members: readonly Name[];
}
export interface RecordType extends TypeBase {
  readonly kind: "recordType";
  readonly fields: readonly FieldDecl[];
}
export interface EntityDecl extends DeclBase {
  readonly kind: "entityDecl";
  readonly name: Name;
  readonly key: TypeNode;
  readonly parent: Name | undefined;
  readonly max: number;
}
export interface RelationDecl extends DeclBase {
  readonly kind: "relationDecl";
  readonly name: Name;
  readonly from: Name;
  readonly to: Name;
  readonly fanout: number;
}

// ---------- reuse ----------

export interface ListDecl extends DeclBase {
  readonly kind: "listDecl";
  readonly name: Name;
  readonly type: TypeNode;
  readonly items: readonly Expr[] | undefined;
  readonly from: { readonly file: StringLiteral; readonly max: number } | undefined;
}
export interface PatternDecl extends DeclBase {
  readonly kind: "patternDecl";
  readonly name: Name;
  /** Event kind and field: `journal.entry.message`. */
  readonly on: Path;
  readonly regex: StringLiteral;
}
export interface DeriveDecl extends DeclBase {
  readonly kind: "deriveDecl";
  readonly name: Path;
  readonly from: Step;
  readonly sets: readonly FieldInit[];
}
export interface FieldInit extends Node {
  readonly kind: "fieldInit";
  readonly name: Name;
  readonly value: Expr;
}
export interface ParamDecl extends DeclBase {
  readonly kind: "paramDecl";
  readonly name: Name;
  readonly type: TypeNode;
  readonly value: Expr;
  readonly range: { readonly min: Expr; readonly max: Expr } | undefined;
}
export interface LetDecl extends DeclBase {
  readonly kind: "letDecl";
  readonly name: Name;
  readonly formals: readonly Formal[];
  readonly returns: TypeNode | undefined;
  readonly body: Expr;
}
export interface Formal extends Node {
  readonly kind: "formal";
  readonly name: Name;
  readonly type: TypeRef;
  readonly fallback: Expr | undefined;
}
/** The type of a formal: a basic type (`bool`), `entity.ref`, or an event kind. */
export interface TypeRef extends Node {
  readonly kind: "typeRef";
  readonly path: Path;
  readonly isOptional: boolean;
}
export interface TemplateDecl extends DeclBase {
  readonly kind: "templateDecl";
  readonly name: Name;
  readonly formals: readonly Formal[];
  readonly items: readonly RuleItem[];
}
export interface OverrideDecl extends DeclBase {
  readonly kind: "overrideDecl";
  readonly rule: Path;
  readonly items: readonly OverrideItem[];
}
export type OverrideItem = ExceptItem | SetItem | LifecycleItem | RolloutItem;
export interface SetItem extends Node {
  readonly kind: "setItem";
  readonly name: Name;
  readonly value: Expr;
}

// ---------- rules ----------

export interface RuleDecl extends DeclBase {
  readonly kind: "ruleDecl";
  readonly name: Name;
  readonly version: number | undefined;
  /** Present for `rule r = template(args)`. */
  readonly instance: { readonly template: Path; readonly args: readonly Arg[] } | undefined;
  readonly items: readonly RuleItem[];
}
export type RuleItem =
  | SeverityItem
  | TextItem
  | LabelsItem
  | MitreItem
  | LocalLet
  | MatchItem
  | PolicyItem
  | ExceptItem
  | ExplainItem
  | LifecycleItem
  | RolloutItem;

export interface SeverityItem extends Node {
  readonly kind: "severityItem";
  readonly level: Name;
  readonly when: Expr | undefined;
  readonly otherwise: Name | undefined;
}
export interface TextItem extends Node {
  readonly kind: "textItem";
  readonly attr: "doc" | "runbook" | "owner";
  readonly text: StringLiteral;
}
export interface LabelsItem extends Node {
  readonly kind: "labelsItem";
  readonly labels: readonly FieldInit[];
}
export interface MitreItem extends Node {
  readonly kind: "mitreItem";
  readonly ids: readonly StringLiteral[];
}
export interface LocalLet extends Node {
  readonly kind: "localLet";
  readonly name: Name;
  readonly body: Expr;
}
export interface MatchItem extends Node {
  readonly kind: "matchItem";
  readonly pattern: Pattern;
}
export type Pattern = Sequence | AllOf | Window | Absence | Step | ErrorPattern;
export interface ErrorPattern extends Node {
  readonly kind: "errorPattern";
}

export interface Sequence extends Node {
  readonly kind: "sequence";
  readonly heads: readonly GroupHead[];
  readonly items: readonly SeqItem[];
  readonly until: Step | undefined;
}
export interface AllOf extends Node {
  readonly kind: "allOf";
  readonly quantity: "all" | "any" | number;
  readonly heads: readonly GroupHead[];
  readonly steps: readonly Step[];
  readonly until: Step | undefined;
}
export type GroupHead =
  | (Node & { readonly kind: "byHead"; readonly keys: readonly Key[] })
  | (Node & { readonly kind: "withinHead"; readonly span_: DurArg })
  | (Node & { readonly kind: "slackHead"; readonly slack: DurArg })
  | (Node & { readonly kind: "strictHead" })
  | (Node & { readonly kind: "partialsHead"; readonly max: NumArg });
export type SeqItem = SeqStep | SeqWithout | SeqDeadline;
export interface SeqStep extends Node {
  readonly kind: "seqStep";
  readonly hasThen: boolean;
  readonly gap: Gap | undefined;
  readonly isOptional: boolean;
  readonly step: Step;
  readonly repeat: Repeat | undefined;
}
export interface SeqWithout extends Node {
  readonly kind: "seqWithout";
  readonly step: Step;
}
/** `then no x: T for D`. */
export interface SeqDeadline extends Node {
  readonly kind: "seqDeadline";
  readonly step: Step;
  readonly wait: DurArg;
}
export type Gap =
  | (Node & { readonly kind: "withinGap"; readonly max: DurArg })
  | (Node & { readonly kind: "afterGap"; readonly min: DurArg; readonly max: DurArg | undefined })
  | (Node & { readonly kind: "nextGap" });
export interface Repeat extends Node {
  readonly kind: "repeat";
  readonly min: NumArg;
  /** `exact`: `repeat 3`; `open`: `repeat 3..`; otherwise the upper bound. */
  readonly max: NumArg | "exact" | "open";
  readonly keep: number | undefined;
}
/** A duration written out, or the name of a duration parameter. */
export type DurArg = DurationLiteral | NameRef | ErrorExpr;
/** An integer written out, or the name of an int parameter. */
export type NumArg = NumberLiteral | NameRef | ErrorExpr;

export interface Step extends Node {
  readonly kind: "step";
  readonly name: Name;
  /** One path, or several for a union step `a: T | U`. */
  readonly events: readonly Path[];
  readonly where: Expr | undefined;
  readonly by: readonly Key[] | undefined;
}
export type Key =
  | (Node & { readonly kind: "sameKey"; readonly entity: Name })
  | (Node & { readonly kind: "exprKey"; readonly expr: Expr; readonly allowsMissing: boolean });

export interface Window extends Node {
  readonly kind: "window";
  readonly step: Step;
  readonly shape: WindowShape;
  readonly resolution: DurationLiteral | undefined;
  readonly by: readonly Key[] | undefined;
  readonly having: Expr;
}
export type WindowShape =
  | (Node & { readonly kind: "sliding"; readonly size: DurArg })
  | (Node & { readonly kind: "tumbling"; readonly size: DurArg })
  | (Node & { readonly kind: "hop"; readonly size: DurArg; readonly every: DurArg })
  | (Node & { readonly kind: "session"; readonly gap: DurArg; readonly max: DurArg });
export interface Absence extends Node {
  readonly kind: "absence";
  readonly step: Step;
  readonly wait: DurArg;
  readonly each: { readonly entity: Name; readonly where: Expr | undefined } | undefined;
}

export type PolicyItem =
  | (Node & { readonly kind: "selectItem"; readonly mode: "tightest" | "widest" | "each" })
  | (Node & {
      readonly kind: "skipItem";
      readonly mode: "past" | "none" | "to";
      readonly to: Name | undefined;
    })
  | (Node & { readonly kind: "emitItem"; readonly mode: "final" | "eager" | "close" })
  | (Node & {
      readonly kind: "keysItem";
      readonly max: number;
      readonly evict: "least_progress" | "oldest" | undefined;
    })
  | (Node & {
      readonly kind: "onItem";
      readonly event: "loss" | "idle";
      readonly action: "hold" | "flag" | "drop";
    });
export type ExceptItem =
  | (Node & {
      readonly kind: "exceptItem";
      readonly reason: StringLiteral;
      readonly when: Expr;
      readonly expires: StringLiteral | undefined;
      readonly owner: StringLiteral | undefined;
    })
  | (Node & { readonly kind: "allowExceptItem"; readonly fields: readonly Path[] });

export interface ExplainItem extends Node {
  readonly kind: "explainItem";
  readonly lines: readonly ExplainLine[];
}
export type ExplainLine =
  | (Node & {
      readonly kind: "rootLine";
      readonly root: Expr;
      readonly as: StringLiteral | undefined;
    })
  | (Node & {
      readonly kind: "impactLine";
      readonly paths: readonly Path[];
      readonly facts: readonly FieldInit[];
    })
  | (Node & {
      readonly kind: "chainLine";
      readonly paths: readonly Path[];
      readonly as: StringLiteral | undefined;
    })
  | (Node & {
      readonly kind: "becauseLine";
      readonly from: Path;
      readonly to: Path;
      readonly text: StringLiteral;
    })
  | (Node & {
      readonly kind: "confidenceLine";
      readonly base: number;
      readonly terms: readonly ConfidenceTerm[];
    })
  | (Node & { readonly kind: "summaryLine"; readonly text: StringLiteral })
  | (Node & {
      readonly kind: "recommendLine";
      readonly text: StringLiteral;
      readonly when: Expr | undefined;
    })
  | (Node & { readonly kind: "evidenceLine"; readonly paths: readonly Path[] });
export interface ConfidenceTerm extends Node {
  readonly kind: "confidenceTerm";
  readonly sign: "plus" | "minus";
  readonly weight: number;
  readonly when: Expr;
}

export type LifecycleItem =
  | (Node & {
      readonly kind: "suppressItem";
      readonly wait: DurationLiteral;
      readonly by: readonly Key[] | undefined;
    })
  | (Node & {
      readonly kind: "rateItem";
      readonly max: number;
      readonly per: DurationLiteral;
      readonly by: readonly Key[] | undefined;
    })
  | (Node & { readonly kind: "resolveOnItem"; readonly step: Step })
  | (Node & { readonly kind: "resolveQuietItem"; readonly after: DurationLiteral })
  | (Node & {
      readonly kind: "subsumesItem";
      readonly rules: readonly Name[];
      readonly by: readonly Key[] | undefined;
      readonly within: DurationLiteral | undefined;
    });
export interface RolloutItem extends Node {
  readonly kind: "rolloutItem";
  readonly lines: readonly RolloutLine[];
}
export type RolloutLine =
  | (Node & { readonly kind: "replacesLine"; readonly version: number })
  | (Node & { readonly kind: "shadowLine"; readonly length: DurationLiteral })
  | (Node & {
      readonly kind: "canaryLine";
      readonly share: PercentLiteral;
      readonly by: Name;
      readonly length: DurationLiteral;
    })
  | (Node & { readonly kind: "abortLine"; readonly when: Expr });

// ---------- tests ----------

export interface TestDecl extends DeclBase {
  readonly kind: "testDecl";
  readonly title: StringLiteral;
  readonly rule: Path;
  readonly items: readonly TestItem[];
}
export type TestItem =
  | (Node & { readonly kind: "givenItem"; readonly lines: readonly GivenLine[] })
  | (Node & { readonly kind: "expectItem"; readonly lines: readonly ExpectLine[] })
  | (Node & { readonly kind: "replayItem"; readonly file: StringLiteral });
export type GivenLine =
  | (Node & {
      readonly kind: "entityLine";
      readonly entity: Name;
      readonly key: StringLiteral;
      readonly parent: { readonly entity: Name; readonly key: StringLiteral } | undefined;
    })
  | (Node & {
      readonly kind: "relateLine";
      readonly from: Name;
      readonly fromKey: StringLiteral;
      readonly to: Name;
      readonly toKey: StringLiteral;
    })
  | (Node & {
      readonly kind: "eventLine";
      readonly at: DurationLiteral;
      readonly every: { readonly step: DurationLiteral; readonly times: number } | undefined;
      readonly arriving: DurationLiteral | undefined;
      readonly event: Path;
      readonly fields: readonly FieldInit[];
    })
  | (Node & { readonly kind: "idleLine"; readonly source: Name; readonly from: DurationLiteral })
  | (Node & {
      readonly kind: "lostLine";
      readonly source: Name;
      readonly count: number;
      readonly at: DurationLiteral;
    })
  | (Node & { readonly kind: "advanceLine"; readonly to: DurationLiteral });
export type ExpectLine =
  | (Node & {
      readonly kind: "findingLine";
      readonly rule: Name;
      readonly at: DurationLiteral | undefined;
      readonly times: number | undefined;
      readonly checks: readonly Expr[];
    })
  | (Node & { readonly kind: "noFindingLine"; readonly rule: Name })
  | (Node & {
      readonly kind: "nearMissLine";
      readonly rule: Name;
      readonly missing: Name | undefined;
      readonly checks: readonly Expr[];
    })
  | (Node & {
      readonly kind: "resolvedLine";
      readonly rule: Name;
      readonly at: DurationLiteral | undefined;
    });

// ---------- expressions ----------

export type Expr =
  | Literal
  | NameRef
  | MemberExpr
  | IndexExpr
  | CallExpr
  | ListExpr
  | QuantifiedExpr
  | UnaryExpr
  | BinaryExpr
  | InExpr
  | TextExpr
  | IsExpr
  | ErrorExpr;

export type Literal =
  | StringLiteral
  | NumberLiteral
  | BoolLiteral
  | DurationLiteral
  | SizeLiteral
  | PercentLiteral
  | RateLiteral;

/** `""` is the plain string; the other prefixes are type marks (`re"…"`, `cidr"…"`). */
export type StringPrefix = "" | "re" | "glob" | "ip" | "cidr" | "t" | "r";
export interface StringLiteral extends Node {
  readonly kind: "string";
  readonly prefix: StringPrefix;
  /** The value after escapes. For `re` and `r` backslashes are kept as written. */
  readonly value: string;
  /**
   * The text split at its `{expr}` holes; undefined when it has none. Only plain strings in places
   * that speak to people have holes (`summary`, `because`, `recommend`, and `as` of `root` and
   * `chain`); everywhere else, inside a hole as well, a brace is text.
   */
  readonly template: Template | undefined;
}
export interface Template {
  readonly parts: readonly (string | Expr)[];
}
export interface NumberLiteral extends Node {
  readonly kind: "number";
  readonly value: number;
  /** True when written without a fraction or exponent. */
  readonly isInt: boolean;
}
export interface BoolLiteral extends Node {
  readonly kind: "bool";
  readonly value: boolean;
}
/** Microseconds. */
export interface DurationLiteral extends Node {
  readonly kind: "duration";
  readonly us: number;
}
/** Bytes. */
export interface SizeLiteral extends Node {
  readonly kind: "size";
  readonly bytes: number;
}
/** Parts per million: `85%` is 850,000. */
export interface PercentLiteral extends Node {
  readonly kind: "percent";
  readonly ppm: number;
}
/** A count or an amount of bytes per second, in millionths: `10/s` is 10,000,000. */
export interface RateLiteral extends Node {
  readonly kind: "rate";
  readonly microPerSecond: number;
  readonly of: "count" | "bytes";
}
export interface NameRef extends Node {
  readonly kind: "nameRef";
  readonly name: string;
}
export interface MemberExpr extends Node {
  readonly kind: "member";
  readonly object: Expr;
  readonly member: Name;
}
export interface IndexExpr extends Node {
  readonly kind: "index";
  readonly object: Expr;
  readonly index: Expr;
}
export interface CallExpr extends Node {
  readonly kind: "call";
  readonly callee: Name;
  readonly args: readonly Arg[];
}
export interface Arg extends Node {
  readonly kind: "arg";
  readonly name: Name | undefined;
  readonly value: Expr;
}
export interface ListExpr extends Node {
  readonly kind: "list";
  readonly items: readonly Expr[];
}
/** `count` gives how many items the body holds for, the others whether it does. */
export type Quantifier = "any" | "all" | "none" | "count";
export interface QuantifiedExpr extends Node {
  readonly kind: "quantified";
  readonly quantifier: Quantifier;
  readonly variable: Name;
  readonly list: Expr;
  readonly body: Expr;
}
export interface UnaryExpr extends Node {
  readonly kind: "unary";
  readonly op: "not" | "-" | "has";
  readonly operand: Expr;
}
export type BinaryOp =
  | "or"
  | "and"
  | "=="
  | "!="
  | "<="
  | ">="
  | "<"
  | ">"
  | "??"
  | "+"
  | "-"
  | "*"
  | "/";
export interface BinaryExpr extends Node {
  readonly kind: "binary";
  readonly op: BinaryOp;
  readonly left: Expr;
  readonly right: Expr;
}
/** `x in [a, b]`, `x in name`, `x in cidr"…"`. */
export interface InExpr extends Node {
  readonly kind: "in";
  readonly isNegated: boolean;
  readonly item: Expr;
  readonly set: Expr;
}
export type TextOp = "contains" | "startswith" | "endswith" | "matches" | "like";
export interface TextExpr extends Node {
  readonly kind: "text";
  readonly op: TextOp;
  readonly isNegated: boolean;
  readonly text: Expr;
  readonly pattern: Expr;
  /** `matches p as m`. */
  readonly as: Name | undefined;
  readonly nocase: boolean;
}
export interface IsExpr extends Node {
  readonly kind: "is";
  readonly isNegated: boolean;
  readonly operand: Expr;
  readonly what: "missing" | "uncertain" | "incomplete";
}
/** Stands where the source had no readable expression. */
export interface ErrorExpr extends Node {
  readonly kind: "errorExpr";
}
