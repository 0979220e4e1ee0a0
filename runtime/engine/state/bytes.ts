/**
 * Bytes of a graph of state, written and read from front to back: numbers as varints or doubles,
 * texts once each and then by number.
 */
const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
const firstBytes = 1 << 16;
/** Texts up to this length are tried byte by byte, which is faster for short ones. */
const shortText = 32;

export class ByteWriter {
  #bytes = new Uint8Array(firstBytes);
  #view = new DataView(this.#bytes.buffer);
  #at = 0;
  readonly #texts = new Map<string, number>();

  bytes(): Uint8Array {
    return this.#bytes.slice(0, this.#at);
  }

  byte(x: number): void {
    this.#reserve(1);
    this.#bytes[this.#at++] = x;
  }

  /** A whole number of at least 0 and below 2^32. */
  size(x: number): void {
    this.#reserve(5);
    let rest = x;
    while (rest > 0x7f) {
      this.#bytes[this.#at++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    this.#bytes[this.#at++] = rest;
  }

  /** Small numbers of either sign are short. */
  int(x: number): void {
    this.size(((x << 1) ^ (x >> 31)) >>> 0);
  }

  float(x: number): void {
    this.#reserve(8);
    this.#view.setFloat64(this.#at, x, true);
    this.#at += 8;
  }

  /** Number 0 is a new text, which follows; the others are those before, from 1 on. */
  text(x: string): void {
    const number = this.#texts.get(x);
    if (number !== undefined) {
      this.size(number);
      return;
    }
    this.#texts.set(x, this.#texts.size + 1);
    this.size(0);
    if (!this.#ascii(x)) this.raw(encoder.encode(x));
  }

  /** The bytes of a typed array, as this machine orders them, behind their number. */
  raw(x: Uint8Array): void {
    const { byteLength } = x;
    this.size(byteLength);
    this.#reserve(byteLength);
    this.#bytes.set(new Uint8Array(x.buffer, x.byteOffset, byteLength), this.#at);
    this.#at += byteLength;
  }

  /** False when the text is not a short one of ASCII; then nothing is written. */
  #ascii(x: string): boolean {
    if (x.length > shortText) return false;
    this.#reserve(1 + x.length);
    for (let i = 0; i < x.length; i++) {
      const code = x.charCodeAt(i);
      if (code > 0x7f) return false;
      this.#bytes[this.#at + 1 + i] = code;
    }
    this.#bytes[this.#at] = x.length;
    this.#at += 1 + x.length;
    return true;
  }

  #reserve(count: number): void {
    const needed = this.#at + count;
    if (needed <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
    grown.set(this.#bytes.subarray(0, this.#at));
    this.#bytes = grown;
    this.#view = new DataView(grown.buffer);
  }
}

/** Reads what `ByteWriter` wrote; throws beyond its end. */
export class ByteReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #texts: string[] = [""];
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  byte(): number {
    const x = this.#bytes[this.#at++];
    if (x === undefined) throw new Error("the state ends too early");
    return x;
  }

  size(): number {
    let x = 0;
    for (let scale = 1; ; scale *= 128) {
      const part = this.byte();
      x += (part & 0x7f) * scale;
      if (part < 0x80) return x;
    }
  }

  int(): number {
    const x = this.size();
    return (x >>> 1) ^ -(x & 1);
  }

  float(): number {
    const x = this.#view.getFloat64(this.#at, true);
    this.#at += 8;
    return x;
  }

  text(): string {
    const number = this.size();
    if (number === 0) {
      const text = decoder.decode(this.raw());
      this.#texts.push(text);
      return text;
    }
    const known = this.#texts[number];
    if (known === undefined) throw new Error(`the state has no text ${number}`);
    return known;
  }

  /** A copy of the bytes, so that any array type may lie over it. */
  raw(): ArrayBuffer {
    const length = this.size();
    const from = this.#at;
    this.#at += length;
    if (this.#at > this.#bytes.length) throw new Error("the state ends too early");
    return this.#bytes.slice(from, this.#at).buffer as ArrayBuffer;
  }
}
