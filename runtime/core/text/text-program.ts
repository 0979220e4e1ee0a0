/**
 * The compiled form of every text test: regular expressions, globs and literals alike.
 *
 * A `TextProgram` is plain data. The compiler makes it, the bundle carries it, the runner and a
 * kernel program read it; nobody needs the pattern's syntax again. It reads UTF-8 bytes one by one
 * and answers "does the pattern occur in this text".
 *
 * ```text
 *   pattern ──regex-syntax/glob──▶ PatternNode ──nfa──▶ instructions ──dfa──▶ table
 *                                                            │                  │
 *                                                            ▼                  ▼
 *                                                   captures (pike.ts)   matchText (run.ts)
 * ```
 *
 * The bytes must be well-formed UTF-8. A reader that cannot promise that (a kernel program looking
 * at a file name) has to treat an ill-formed text as "may match".
 */

/** An answer that may be unknown: Kleene's third value is `undefined`. */
export type Kleene = boolean | undefined;

export type TextErrorKind =
  /** The pattern is not well formed. */
  | "syntax"
  /** The pattern is well formed elsewhere, but this language leaves the feature out on purpose. */
  | "unsupported"
  /** The pattern exceeds a limit of `TEXT_LIMITS` (the compiler reports TAP3301). */
  | "too-large";

/** What is wrong with a pattern, where, and what to write instead. */
export interface TextError {
  readonly kind: TextErrorKind;
  /** Offset into the pattern, in UTF-16 code units, from 0 to its length. */
  readonly at: number;
  readonly message: string;
  readonly help: string;
}

export type CompileTextResult =
  | { readonly ok: true; readonly program: TextProgram }
  | { readonly ok: false; readonly error: TextError };

/** The type written after the name in `(?<pid:int>…)`. */
export type CaptureType = (typeof CAPTURE_TYPES)[number];

export const CAPTURE_TYPES = ["string", "int", "float", "ip"] as const;

export interface CaptureGroup {
  readonly name: string;
  readonly type: CaptureType;
}

/**
 * A deterministic automaton. State 0 rejects and state 1 accepts whatever follows; a run that
 * reaches either may stop. `table[state * classCount + classOf[byte]]` is the next state.
 */
export interface DfaProgram {
  readonly kind: "dfa";
  /** Byte → equivalence class, 256 entries. */
  readonly classOf: Uint8Array;
  readonly classCount: number;
  readonly start: number;
  readonly table: Uint16Array;
  /** Per state, a set of `VERDICT` bits for a text that ends here. */
  readonly verdicts: Uint8Array;
}

/** The automaton would be too large: simulate the instructions instead. */
export interface NfaProgram {
  readonly kind: "nfa";
}

export interface TextProgram {
  readonly automaton: DfaProgram | NfaProgram;
  /** Instructions of nfa.ts, four words each. Empty when nothing needs them. */
  readonly code: Uint16Array;
  /** Named groups in the order of their opening parenthesis; group i owns slots 2i+2 and 2i+3. */
  readonly groups: readonly CaptureGroup[];
  /**
   * Occurs in every matching text, case included; empty when no such literal is known. A scanner of
   * many patterns may look for it in the raw bytes before it decodes anything.
   */
  readonly requiredLiteral: string;
}

export const DEAD_STATE = 0;
export const ACCEPT_STATE = 1;

/** Bits of `DfaProgram.verdicts`. */
export const VERDICT = {
  /** The text matches when it ends here. */
  acceptsHere: 1,
  /** It matches whatever follows, nothing included. */
  acceptsAlways: 2,
  /** It does not match, whatever follows. */
  acceptsNever: 4,
} as const;

/** Every limit of the library. They bound compile time and memory, so patterns may be untrusted. */
export const TEXT_LIMITS = {
  /** UTF-16 code units of a pattern or glob. */
  patternLength: 4096,
  /** Groups inside groups. */
  nesting: 100,
  /** Counted repetitions multiply when nested; the product stays below this. */
  repetition: 1000,
  /** Named groups of one pattern. */
  groups: 32,
  /** Instructions of the non-deterministic program. */
  instructions: 8192,
  /** States of the deterministic automaton before minimisation. */
  dfaStates: 4096,
  /** Byte-reading instructions when the automaton has too many states. */
  nfaPositions: 256,
  /** Elementary steps of determinisation, after which the automaton counts as too large. */
  dfaWork: 15_000_000,
} as const;
