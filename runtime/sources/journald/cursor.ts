/**
 * Where to resume: journald's own cursor of the last entry handed over. journalctl is started *at*
 * that entry and not behind it, because only then can it be seen whether the entry still exists:
 * the first one delivered is the same, and skipped, or another, and what lay between is gone.
 */
import { formatTime } from "#core";

export interface Gap {
  readonly message: string;
  /** Entries of all units that are gone: exact when both cursors number one sequence, else 1. */
  readonly lost: number;
}

/** What lies between the entry of `cursor` and the oldest one left. */
export function describeGap(cursor: string, oldestCursor: string): Gap {
  const from = readCursor(cursor);
  const to = readCursor(oldestCursor);
  const sameSequence = from.sequence !== undefined && from.sequence === to.sequence;
  const between = sameSequence ? (to.number ?? 0) - (from.number ?? 0) - 1 : Number.NaN;
  const count = between > 0 ? between : undefined;
  const what = count === undefined ? "entries" : `${count} entries`;
  const times = [from.timeUs, to.timeUs].map((us) => (us === undefined ? "?" : formatTime(us)));
  return {
    message: `the journal has a gap: ${what} between ${times[0]} and ${times[1]} are gone`,
    lost: count ?? 1,
  };
}

/** systemd calls cursors opaque; this is for messages and counts only, and parts may be missing. */
function readCursor(cursor: string): {
  sequence: string | undefined;
  number: number | undefined;
  timeUs: number | undefined;
} {
  const parts = new Map(cursor.split(";").map((part) => [part.slice(0, 2), part.slice(2)]));
  const hex = (key: string) => {
    const value = Number.parseInt(parts.get(key) ?? "", 16);
    return Number.isSafeInteger(value) ? value : undefined;
  };
  return { sequence: parts.get("s="), number: hex("i="), timeUs: hex("t=") };
}
