/**
 * Runs a compiled pattern over a text: one pass over the JavaScript string, its UTF-8 bytes
 * computed on the way, no allocation (except where the program is simulated), stopping at the first
 * proof.
 *
 * A whole text is first searched for the literal that every match contains: that is some twenty
 * times faster than the automaton, and most texts match nothing.
 *
 * Example: `re"Killed process"` over `Out of memory: Killed process 1234 (java)` stops after
 * `process`. Over the cut text `…memory: Kill` it answers `undefined`: what is missing may match.
 *
 * On cut texts an automaton answers exactly. A simulated program (the automaton was too large) is
 * exact about "no", but may say "unknown" where every continuation happens to match.
 *
 * Half a surrogate pair counts as U+FFFD, as it would in an encoder.
 */

import { CutText } from "../schema.ts";
import { simulate } from "./pike.ts";
import {
  ACCEPT_STATE,
  type DfaProgram,
  type Kleene,
  type TextProgram,
  VERDICT,
} from "./text-program.ts";

/**
 * Whether the pattern occurs in the text. On a cut text (the visible part followed by zero or more
 * characters) `true` means "in all such texts", `false` "in none", `undefined` anything else.
 */
export function matchText(program: TextProgram, text: string): boolean;
export function matchText(program: TextProgram, text: string | CutText): Kleene;
export function matchText(program: TextProgram, text: string | CutText): Kleene {
  const { automaton } = program;
  if (!(text instanceof CutText)) {
    if (!text.includes(program.requiredLiteral)) return false;
    if (automaton.kind === "nfa") return simulate(program.code, text, false);
    return (automaton.verdicts[runDfa(automaton, text)]! & VERDICT.acceptsHere) !== 0;
  }
  const visible = wholeCharacters(text);
  if (automaton.kind === "nfa") return simulate(program.code, visible, true);
  const verdict = automaton.verdicts[runDfa(automaton, visible)]!;
  if ((verdict & VERDICT.acceptsAlways) !== 0) return true;
  return (verdict & VERDICT.acceptsNever) !== 0 ? false : undefined;
}

/**
 * The visible part without the first half of a surrogate pair at its end: the other half may
 * follow.
 */
export function wholeCharacters({ visible }: CutText): string {
  const last = visible.charCodeAt(visible.length - 1);
  return last >= 0xd800 && last <= 0xdbff ? visible.slice(0, -1) : visible;
}

/** The state after the text, or the accepting or dead state as soon as it is reached. */
export function runDfa(dfa: DfaProgram, text: string): number {
  const { classCount, classOf, table } = dfa;
  let state = dfa.start;
  for (let i = 0; i < text.length && state > ACCEPT_STATE; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0x80) {
      state = table[state * classCount + classOf[unit]!]!;
      continue;
    }
    if (unit < 0x800) {
      state = table[state * classCount + classOf[0xc0 | (unit >> 6)]!]!;
    } else {
      let codePoint = unit;
      if (unit >= 0xd800 && unit <= 0xdfff) {
        const read = text.codePointAt(i)!;
        if (read > 0xffff) i++;
        codePoint = read > 0xffff ? read : 0xfffd;
      }
      if (codePoint < 0x10000) {
        state = table[state * classCount + classOf[0xe0 | (codePoint >> 12)]!]!;
      } else {
        state = table[state * classCount + classOf[0xf0 | (codePoint >> 18)]!]!;
        state = table[state * classCount + classOf[0x80 | ((codePoint >> 12) & 0x3f)]!]!;
      }
      state = table[state * classCount + classOf[0x80 | ((codePoint >> 6) & 0x3f)]!]!;
      state = table[state * classCount + classOf[0x80 | (codePoint & 0x3f)]!]!;
      continue;
    }
    state = table[state * classCount + classOf[0x80 | (unit & 0x3f)]!]!;
  }
  return state;
}
