/** Compiles in tests: a pattern that must compile, or the test fails with its error. */

import type { CompileTextOptions } from "../../../../runtime/core/text/compile.ts";
import {
  compileRegex,
  type TextError,
  type TextProgram,
} from "../../../../runtime/core/text/index.ts";
import { buildNfa } from "../../../../runtime/core/text/nfa.ts";
import { findMatch, type StepMeter } from "../../../../runtime/core/text/pike.ts";
import { parseRegex } from "../../../../runtime/core/text/regex-syntax.ts";

export function regex(pattern: string, options?: CompileTextOptions): TextProgram {
  const result = compileRegex(pattern, options);
  if (!result.ok) throw new Error(`${pattern}: ${result.error.message} at ${result.error.at}`);
  return result.program;
}

/** The pattern without an automaton; `undefined` when it has too many positions for that. */
export function simulated(pattern: string): TextProgram | undefined {
  const result = compileRegex(pattern, { maxStates: 0 });
  return result.ok ? result.program : undefined;
}

export function errorOf(pattern: string): TextError | undefined {
  const result = compileRegex(pattern);
  return result.ok ? undefined : result.error;
}

/** The whole match and the named groups as texts, straight from Pike's machine. */
export function leftmostFirst(
  pattern: string,
  text: string,
  meter?: StepMeter,
): Record<string, string | undefined> | undefined {
  const parsed = parseRegex(pattern);
  if (!parsed.ok) throw new Error(parsed.error.message);
  const code = buildNfa(parsed.syntax.root);
  if (code === undefined) throw new Error("too large");
  const { groups } = parsed.syntax;
  const slots = findMatch(code, 2 * groups.length + 2, text, meter);
  if (slots === undefined) return undefined;
  const cut = (group: number) => {
    const [start, end] = [slots[2 * group]!, slots[2 * group + 1]!];
    return start < 0 || end < 0 ? undefined : `${start}:${text.slice(start, end)}`;
  };
  return Object.fromEntries([["", cut(0)], ...groups.map(({ name }, i) => [name, cut(i + 1)])]);
}
