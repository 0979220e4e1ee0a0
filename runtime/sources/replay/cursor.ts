/** Where to resume in a recording: behind the last event handed over. */

export interface ReplayCursor {
  /** Byte offset of the next line. */
  readonly offset: number;
  /** Number of the line before it. */
  readonly line: number;
  /** Last sequence number of each schema source, so that lines without one keep their event ids. */
  readonly seqs: readonly number[];
}

export const CURSOR_AT_START: ReplayCursor = { offset: 0, line: 0, seqs: [] };

export function formatCursor(cursor: ReplayCursor): string {
  return [cursor.offset, cursor.line, ...cursor.seqs].join(",");
}

/** Undefined when the text is not from `formatCursor`. */
export function parseCursor(text: string): ReplayCursor | undefined {
  if (!/^\d+(?:,\d+)+$/.test(text)) return undefined;
  const [offset = 0, line = 0, ...seqs] = text.split(",").map(Number);
  return [offset, line, ...seqs].every(Number.isSafeInteger) ? { offset, line, seqs } : undefined;
}
