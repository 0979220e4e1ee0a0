/**
 * From chunks of bytes to lines, whatever the chunks: lines end with LF or CRLF, the last one may
 * end with the input. Bounded: of a line longer than the limit nothing is kept but its place.
 * Bytes that are no UTF-8 become U+FFFD.
 */

export interface Line {
  /** From 1. */
  readonly number: number;
  /** Without its end; undefined when it is longer than the limit. */
  readonly text: string | undefined;
  /** Bytes up to and with its end, from the beginning of the input: where the next one starts. */
  readonly endOffset: number;
}

const LF = 0x0a;
const CR = 0x0d;
const BYTE_ORDER_MARK = "\uFEFF";

export class LineSplitter {
  readonly #limitBytes: number;
  #parts: Buffer[] = [];
  #partBytes = 0;
  #isTooLong = false;
  #number: number;
  #offset: number;

  /** `start`: where the input begins when it is the rest of something. */
  constructor(
    limitBytes: number,
    start: { line: number; offset: number } = { line: 0, offset: 0 },
  ) {
    this.#limitBytes = limitBytes;
    this.#number = start.line;
    this.#offset = start.offset;
  }

  /** The lines that end in `chunk`. The chunk must not change before the generator has finished. */
  *push(chunk: Buffer): Generator<Line> {
    let from = 0;
    for (let end = chunk.indexOf(LF); end >= 0; end = chunk.indexOf(LF, from)) {
      this.#offset += end + 1 - from;
      yield this.#finish(chunk.subarray(from, end));
      from = end + 1;
    }
    this.#offset += chunk.length - from;
    if (from < chunk.length) this.#keep(chunk.subarray(from));
  }

  /** The last line, if the input did not end with a line end. */
  *end(): Generator<Line> {
    if (this.#partBytes > 0 || this.#isTooLong) yield this.#finish(Buffer.alloc(0));
  }

  #keep(part: Buffer): void {
    this.#isTooLong ||= this.#partBytes + part.length > this.#limitBytes;
    if (this.#isTooLong) {
      this.#parts = [];
      this.#partBytes = 0;
      return;
    }
    this.#parts.push(part);
    this.#partBytes += part.length;
  }

  #finish(last: Buffer): Line {
    this.#number++;
    const isTooLong = this.#isTooLong || this.#partBytes + last.length > this.#limitBytes;
    const bytes = this.#parts.length === 0 ? last : Buffer.concat([...this.#parts, last]);
    this.#parts = [];
    this.#partBytes = 0;
    this.#isTooLong = false;
    const endOffset = this.#offset;
    if (isTooLong) return { number: this.#number, text: undefined, endOffset };
    const length = bytes.at(-1) === CR ? bytes.length - 1 : bytes.length;
    const text = bytes.toString("utf8", 0, length);
    const isFirst = this.#number === 1 && text.startsWith(BYTE_ORDER_MARK);
    return { number: this.#number, text: isFirst ? text.slice(1) : text, endOffset };
  }
}
