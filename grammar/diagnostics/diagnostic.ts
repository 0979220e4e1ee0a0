/**
 * The one diagnostic type of the product: errors, warnings and hints from every stage share it,
 * so that the terminal, JSON output and an editor show the same thing.
 */

export type Severity = "error" | "warning" | "hint";

/** A half-open range of UTF-16 code units in one source file. */
export interface Span {
  /** Path as the user gave it, or a `tapio:` name for embedded sources. */
  readonly file: string;
  readonly start: number;
  readonly end: number;
}

/** A second place that explains the first, such as the declaration an error refers to. */
export interface Label {
  readonly at: Span;
  readonly text: string;
}

export interface TextEdit {
  readonly at: Span;
  readonly newText: string;
}

/** `safe`: keeps the meaning the author wrote down. `review`: the author must look at it. */
export interface Fix {
  readonly title: string;
  readonly kind: "safe" | "review";
  readonly edits: readonly TextEdit[];
}

/** `TAP` and four digits; ranges are listed in `catalog.ts`. */
export type Code = `TAP${number}`;

export interface Diagnostic {
  readonly code: Code;
  readonly severity: Severity;
  /** One line, lower case, no full stop, user text in backticks. */
  readonly message: string;
  readonly at: Span;
  readonly labels: readonly Label[];
  readonly notes: readonly string[];
  /** An instruction: the way out. */
  readonly help?: string;
  readonly fixes: readonly Fix[];
}
