/**
 * Line layout for the formatter: a stream of pieces with break opportunities becomes lines.
 *
 * A *hard* break always ends a line. Between two hard breaks stands one logical line; when it does
 * not fit in the width, it is split at all its *soft* breaks of the lowest level, and each part
 * again by itself. So outer structure breaks before inner, whatever the input looked like.
 */

export const WIDTH = 100;
export const INDENT = 2;

export interface SoftBreak {
  /** Lower levels break first. */
  readonly level: number;
  /** Extra indentation of the part that begins here: 0 for a closing brace. */
  readonly shift: number;
  /** Parts are packed onto lines instead of one per line. */
  readonly fills: boolean;
  /** `shift` counts from the line on which the part before ended, and not from its first one. */
  readonly isUnderLast?: boolean;
}

export interface LayoutPiece {
  readonly text: string;
  readonly hasSpace: boolean;
  readonly soft: SoftBreak | undefined;
}

/** Lines of one logical line that begins `indent` columns in. */
export function layOut(pieces: readonly LayoutPiece[], indent: number): string[] {
  const flat = joined(pieces);
  const level = indent + flat.length > WIDTH ? lowestLevel(pieces) : undefined;
  if (level === undefined) return [" ".repeat(indent) + flat];
  const lines: string[] = [];
  let under = indent;
  for (const [at, part] of pack(split(pieces, level), indent).entries()) {
    const soft = at > 0 ? part[0]?.soft : undefined;
    lines.push(...layOut(part, (soft?.isUnderLast ? under : indent) + (soft?.shift ?? 0)));
    if (!soft?.isUnderLast) under = indentOf(lines.at(-1) ?? "");
  }
  return lines;
}

/** Columns before the first word of a line. */
export function indentOf(line: string): number {
  return line.length - line.trimStart().length;
}

/** Joins parts that begin with a filling break to the part before them while they fit. */
function pack(parts: readonly LayoutPiece[][], indent: number): LayoutPiece[][] {
  const packed: LayoutPiece[][] = [];
  let width = 0;
  for (const part of parts) {
    const last = packed.at(-1);
    const partWidth = joined(part).length;
    const room = WIDTH - indent - (packed.length > 1 ? INDENT : 0);
    if (last !== undefined && part[0]?.soft?.fills && width + 1 + partWidth <= room) {
      last.push(...part);
      width += 1 + partWidth;
    } else {
      packed.push([...part]);
      width = partWidth;
    }
  }
  return packed;
}

function joined(pieces: readonly LayoutPiece[]): string {
  return pieces
    .map((piece, at) => (at > 0 && piece.hasSpace ? ` ${piece.text}` : piece.text))
    .join("");
}

function lowestLevel(pieces: readonly LayoutPiece[]): number | undefined {
  let lowest: number | undefined;
  for (const { soft } of pieces.slice(1)) {
    if (soft !== undefined && (lowest === undefined || soft.level < lowest)) lowest = soft.level;
  }
  return lowest;
}

/** Cuts at every break of `level`. */
function split(pieces: readonly LayoutPiece[], level: number): LayoutPiece[][] {
  const parts: LayoutPiece[][] = [];
  let part: LayoutPiece[] = [];
  for (const piece of pieces) {
    if (part.length > 0 && piece.soft?.level === level) {
      parts.push(part);
      part = [];
    }
    part.push(piece);
  }
  parts.push(part);
  return parts;
}
