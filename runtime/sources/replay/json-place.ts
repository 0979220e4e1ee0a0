/**
 * Where in a line of JSON something is. `JSON.parse` is much faster but tells the place of an error
 * only sometimes and in changing words, so a line is read with this once it is known to be bad.
 */

export interface JsonError {
  /** Offset of the first character that cannot be there; the text's length if it ends too early. */
  readonly at: number;
  /** What should stand there instead. */
  readonly expected: string;
}

export interface JsonPlaces {
  readonly error: JsonError | undefined;
  /** Offset of each key of the outermost object and of its value; the last of equal keys. */
  readonly members: ReadonlyMap<string, { readonly keyAt: number; readonly valueAt: number }>;
}

/** Deeper nesting is refused; no value of an event nests at all. */
const DEPTH_MAX = 64;

/** Never throws. */
export function findPlaces(text: string): JsonPlaces {
  const scanner = new Scanner(text);
  const error = scanner.scan();
  return { error, members: scanner.members };
}

class Scanner {
  readonly members = new Map<string, { keyAt: number; valueAt: number }>();
  readonly #text: string;
  #at = 0;
  #error: JsonError | undefined;

  constructor(text: string) {
    this.#text = text;
  }

  scan(): JsonError | undefined {
    this.#value(0);
    this.#space();
    if (this.#error === undefined && this.#at < this.#text.length) this.#fail("end of line");
    return this.#error;
  }

  #fail(expected: string, at = this.#at): void {
    this.#error ??= { at, expected };
  }

  #space(): void {
    this.#take(/[ \t\r\n]*/y);
  }

  /** The text a sticky expression matches here, and steps over it. */
  #take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0];
    if (found !== undefined) this.#at += found.length;
    return found;
  }

  #value(depth: number): void {
    this.#space();
    const first = this.#text[this.#at];
    if (depth > DEPTH_MAX) this.#fail(`at most ${DEPTH_MAX} levels`);
    else if (first === "{") this.#object(depth);
    else if (first === "[") this.#list("]", () => this.#value(depth + 1));
    else if (first === '"') this.#string();
    else if (this.#take(/-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y) === undefined) {
      if (this.#take(/(?:true|false|null)\b/y) === undefined) this.#fail("a value");
    }
  }

  #object(depth: number): void {
    this.#list("}", () => {
      this.#space();
      const keyAt = this.#at;
      if (this.#text[keyAt] !== '"') return this.#fail('a name in "quotes"');
      const key = this.#string();
      this.#space();
      if (this.#take(/:/y) === undefined) return this.#fail("`:`");
      this.#space();
      if (depth === 0 && key !== undefined) this.members.set(key, { keyAt, valueAt: this.#at });
      this.#value(depth + 1);
    });
  }

  #list(end: "]" | "}", item: () => void): void {
    this.#at++;
    this.#space();
    if (this.#text[this.#at] === end) {
      this.#at++;
      return;
    }
    while (this.#error === undefined) {
      item();
      this.#space();
      if (this.#error !== undefined) return;
      if (this.#text[this.#at] === end) {
        this.#at++;
        return;
      }
      if (this.#take(/,/y) === undefined) this.#fail(`\`,\` or \`${end}\``);
    }
  }

  #string(): string | undefined {
    const start = this.#at++;
    for (;;) {
      this.#take(/[^"\\\u0000-\u001f]*/y);
      const stop = this.#text[this.#at];
      if (stop === '"') {
        this.#at++;
        return JSON.parse(this.#text.slice(start, this.#at)) as string;
      }
      if (stop === undefined) {
        this.#fail('a closing `"`');
        return undefined;
      }
      if (stop !== "\\") {
        this.#fail("no control character in a string");
        return undefined;
      }
      if (this.#take(/\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y) === undefined) {
        this.#fail("an escape such as `\\n` or `\\u000a`");
        return undefined;
      }
    }
  }
}
