/**
 * Patterns, globs and literals → `TextProgram`. The order of the steps is here and nowhere else.
 *
 * The automaton comes first, because it reads a byte with one table look-up and answers exactly on
 * cut texts. Only when it would be too large is the program simulated, and only up to 256
 * positions.
 */

import { buildDfa } from "./dfa.ts";
import { parseGlob } from "./glob.ts";
import { removeDeadPositions } from "./live.ts";
import { minimise } from "./minimise.ts";
import { buildNfa, countPositions } from "./nfa.ts";
import { codePointNode, type PatternNode, sequenceOf } from "./pattern-node.ts";
import { parseRegex, type RegexOptions } from "./regex-syntax.ts";
import { requiredLiteral } from "./required-literal.ts";
import {
  type CaptureGroup,
  type CompileTextResult,
  TEXT_LIMITS,
  type TextError,
} from "./text-program.ts";
import { decideStates } from "./verdicts.ts";

export interface CompileTextOptions extends RegexOptions {
  /** Fewer automaton states than `TEXT_LIMITS.dfaStates`; 0 always simulates. */
  readonly maxStates?: number;
}

/** Compiles `re"…"`. The program says whether the pattern occurs somewhere in a text. */
export function compileRegex(pattern: string, options: CompileTextOptions = {}): CompileTextResult {
  const parsed = parseRegex(pattern, options);
  return parsed.ok ? compileNode(parsed.syntax.root, parsed.syntax.groups, options) : parsed;
}

/** Compiles `glob"…"`. The program says whether the glob describes the whole text. */
export function compileGlob(glob: string, options: CompileTextOptions = {}): CompileTextResult {
  const parsed = parseGlob(glob, options);
  return parsed.ok ? compileNode(parsed.root, [], options) : parsed;
}

export type LiteralRelation = "equals" | "startsWith" | "endsWith" | "contains";

/** A literal as a program, for readers that know only programs. Same answers as literal.ts. */
export function compileLiteral(
  relation: LiteralRelation,
  literal: string,
  options: CompileTextOptions = {},
): CompileTextResult {
  const parts: PatternNode[] = Array.from(literal, (character) =>
    codePointNode(scalarValueOf(character), options.nocase ?? false),
  );
  if (relation === "equals" || relation === "startsWith") {
    parts.unshift({ kind: "assert", assertion: "textStart" });
  }
  if (relation === "equals" || relation === "endsWith") {
    parts.push({ kind: "assert", assertion: "textEnd" });
  }
  return compileNode(sequenceOf(parts), [], options);
}

/** Half a surrogate pair stands for U+FFFD, as everywhere in this library. */
function scalarValueOf(character: string): number {
  const codePoint = character.codePointAt(0)!;
  return codePoint >= 0xd800 && codePoint <= 0xdfff ? 0xfffd : codePoint;
}

function compileNode(
  root: PatternNode,
  groups: readonly CaptureGroup[],
  { maxStates = TEXT_LIMITS.dfaStates }: CompileTextOptions,
): CompileTextResult {
  const code = buildNfa(root);
  if (code === undefined) {
    return tooLarge(`it needs more than ${TEXT_LIMITS.instructions} instructions`);
  }
  const literal = requiredLiteral(root) ?? "";
  const raw = maxStates > 0 ? buildDfa(code, maxStates) : undefined;
  if (raw !== undefined) {
    const kept = groups.length > 0 ? code : new Uint16Array(0);
    const automaton = minimise(decideStates(raw));
    return { ok: true, program: { automaton, code: kept, groups, requiredLiteral: literal } };
  }
  if (countPositions(code) > TEXT_LIMITS.nfaPositions) {
    return tooLarge(
      `it needs more than ${TEXT_LIMITS.dfaStates} states or more than ${TEXT_LIMITS.nfaPositions} positions`,
    );
  }
  const pruned = removeDeadPositions(code);
  return {
    ok: true,
    program: { automaton: { kind: "nfa" }, code: pruned, groups, requiredLiteral: literal },
  };
}

function tooLarge(reason: string): { readonly ok: false; readonly error: TextError } {
  const help =
    "lower the counts in `{n,m}`, replace `.` by `[ -~]` where the text is ASCII, or split the pattern";
  return {
    ok: false,
    error: { kind: "too-large", at: 0, message: `regex too large: ${reason}`, help },
  };
}
