/**
 * Linear-time text matching: patterns, globs and literals, exact on cut texts. See text-program.ts.
 */

export { type Captures, type CaptureValue, captures } from "./captures.ts";
export {
  type CompileTextOptions,
  compileGlob,
  compileLiteral,
  compileRegex,
  type LiteralRelation,
} from "./compile.ts";
export { textContains, textEndsWith, textEquals, textStartsWith } from "./literal.ts";
export { type TextOrder, textsInOrder } from "./order.ts";
export type { PatternNode } from "./pattern-node.ts";
export { type PackedTextProgram, packTextProgram, unpackTextProgram } from "./program-codec.ts";
export { parseRegex, type RegexSyntax } from "./regex-syntax.ts";
export { requiredLiteral } from "./required-literal.ts";
export { matchText } from "./run.ts";
export {
  ACCEPT_STATE,
  type CaptureGroup,
  type CaptureType,
  type CompileTextResult,
  DEAD_STATE,
  type DfaProgram,
  type Kleene,
  type NfaProgram,
  TEXT_LIMITS,
  type TextError,
  type TextErrorKind,
  type TextProgram,
  VERDICT,
} from "./text-program.ts";
