/** Where the comments in the gap before a token belong, for the formatter. */
import { type Leaf, type Trivia, triviaOf } from "./tree.ts";

export interface OwnLine {
  readonly text: string;
  readonly hasBlankBefore: boolean;
}

/** The comments of one gap, in source order: trailing, then own lines, then prefix. */
export interface GapComments {
  /** On the line of the token before. */
  readonly trailing: readonly string[];
  /** On lines of their own. */
  readonly own: readonly OwnLine[];
  /** On the line of the token after, in front of it. */
  readonly prefix: readonly string[];
  /** An empty line directly above the token. */
  readonly hasBlankBefore: boolean;
}

const none: GapComments = { trailing: [], own: [], prefix: [], hasBlankBefore: false };

/** Sorts the gap before `leaf`. */
export function commentsBefore(source: string, leaf: Leaf): GapComments {
  if (leaf.fullStart === leaf.startOffset) return none;
  const pieces = triviaOf(source, leaf.fullStart, leaf.startOffset);
  const sameLineFrom = lastLineStart(source, pieces);
  const trailing: string[] = [];
  const own: OwnLine[] = [];
  const prefix: string[] = [];
  let hasNewline = leaf.index === 0;
  let blankLines = 0;
  pieces.forEach((piece, at) => {
    const text = source.slice(piece.start, piece.end);
    if (piece.kind === "blank") {
      blankLines = countLines(text);
      hasNewline ||= blankLines > 0;
      return;
    }
    const isPrefix = at >= sameLineFrom && (leaf.image !== "" || !hasNewline);
    if (isPrefix && leaf.image !== "") prefix.push(tidy(text));
    else if (!hasNewline) trailing.push(tidy(text));
    else own.push({ text: tidy(text), hasBlankBefore: blankLines > 1 });
    blankLines = 0;
  });
  return { trailing, own, prefix, hasBlankBefore: blankLines > 1 };
}

/** Index of the first piece that stands on the token's own line. */
function lastLineStart(source: string, pieces: readonly Trivia[]): number {
  for (let at = pieces.length - 1; at >= 0; at -= 1) {
    const { kind, start, end } = pieces[at]!;
    if (kind === "lineComment" || kind === "docComment") return at + 1;
    if (kind === "blank" && countLines(source.slice(start, end)) > 0) return at + 1;
  }
  return 0;
}

function countLines(blank: string): number {
  return blank.match(/\r\n|\n|\r/g)?.length ?? 0;
}

/** A comment without spaces at its line ends, and with plain line ends. */
function tidy(comment: string): string {
  return comment.replace(/\r\n?/g, "\n").replace(/[ \t]+$/gm, "");
}
