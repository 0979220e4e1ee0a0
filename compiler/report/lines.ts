/** Offsets of a text as lines and columns. */
import type { Span } from "#grammar";

/** Spans of any file as lines and columns, from 1: for reports that machines read. */
export class Places {
  readonly #textOf: (file: string) => string | undefined;
  readonly #indexes = new Map<string, LineIndex>();

  constructor(textOf: (file: string) => string | undefined) {
    this.#textOf = textOf;
  }

  of(at: Span) {
    const index = this.#indexes.get(at.file) ?? new LineIndex(this.#textOf(at.file) ?? "");
    this.#indexes.set(at.file, index);
    const start = index.position(at.start);
    const end = index.position(at.end);
    return {
      file: at.file,
      line: start.line,
      column: start.column,
      endLine: end.line,
      endColumn: end.column,
    };
  }
}

/** From offsets to lines and columns, both from 1; columns count characters as people do. */
export class LineIndex {
  readonly #text: string;
  readonly #starts: number[] = [0];

  constructor(text: string) {
    this.#text = text;
    for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1))
      this.#starts.push(at + 1);
  }

  position(offset: number): { line: number; column: number } {
    let low = 0;
    let high = this.#starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.#starts[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    const start = this.#starts[low] ?? 0;
    return { line: low + 1, column: [...this.#text.slice(start, offset)].length + 1 };
  }

  /** The text of a line, without its end. */
  line(number: number): string {
    const start = this.#starts[number - 1] ?? 0;
    const end = this.#starts[number] ?? this.#text.length + 1;
    return this.#text.slice(start, end - 1).replace(/\r$/, "");
  }
}
