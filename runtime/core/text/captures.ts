/**
 * The named groups of a match as typed values. Runs only for events that matched, so it may
 * allocate.
 *
 * Example: `\((?<pid:int>\d+)\)` on `(42)` gives `{ pid: 42 }`. A value is *missing* (`undefined`)
 * when its group took no part in the match, when its text does not spell a value of its type, and,
 * on a cut text, when the unseen rest could change it: `(?<pid:int>\d+)` on the visible `pid 12`
 * may well be 1234.
 */

import { CutText } from "../schema.ts";
import { captureValueOf } from "./capture-value.ts";
import { findMatch, findSettledSlots } from "./pike.ts";
import { matchText, wholeCharacters } from "./run.ts";
import type { TextProgram } from "./text-program.ts";

/** `int` and `float` give numbers, `ip` a 128-bit bigint, `undefined` is missing. */
export type CaptureValue = string | number | bigint | undefined;

export type Captures = Readonly<Record<string, CaptureValue>>;

/** The groups of the leftmost-first match; `undefined` unless the text certainly matches. */
export function captures(program: TextProgram, text: string | CutText): Captures | undefined {
  if (matchText(program, text) !== true) return undefined;
  const slotCount = 2 * program.groups.length + 2;
  const isCut = text instanceof CutText;
  const visible = isCut ? wholeCharacters(text) : text;
  const slots =
    program.groups.length === 0
      ? undefined
      : isCut
        ? findSettledSlots(program.code, slotCount, visible)
        : findMatch(program.code, slotCount, visible);
  return Object.fromEntries(
    program.groups.map((group, index) => {
      const start = slots?.[2 * index + 2] ?? -1;
      const end = slots?.[2 * index + 3] ?? -1;
      const isSet = start >= 0 && end >= start;
      return [
        group.name,
        isSet ? captureValueOf(visible.slice(start, end), group.type) : undefined,
      ];
    }),
  );
}
