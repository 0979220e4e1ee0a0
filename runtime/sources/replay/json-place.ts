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
  /** Offset of what the path leads to, or as far as it leads; undefined when it leads nowhere. */
  readonly at: number | undefined;
}

/** Deeper nesting is refused; values of events have a few levels. */
const DEPTH_MAX = 64;

/**
 * Never throws. `path` leads from the outermost value inwards, by keys of objects and places in
 * lists: a key leads to itself, the last of equal ones, and a place to its value.
 */
export function findPlaces(text: string, path: readonly (string | number)[] = []): JsonPlaces {
  const scanner = new Scanner(text, path);
  const error = scanner.scan();
  return { error, at: scanner.found };
}

class Scanner {
  found: number | undefined;
  readonly #text: string;
  readonly #path: readonly (string | number)[];
  #at = 0;
  #error: JsonError | undefined;

  constructor(text: string, path: readonly (string | number)[]) {
    this.#text = text;
    this.#path = path;
  }

  scan(): JsonError | undefined {
    this.#value(0, true);
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

  /** Whether the path goes on to `key`, `depth` levels deep; then that is the place so far. */
  #leadsTo(key: string | number | undefined, depth: number, at: number): boolean {
    if (this.#path[depth] !== key || depth >= this.#path.length) return false;
    this.found = at;
    return true;
  }

  #value(depth: number, isOnPath: boolean): void {
    this.#space();
    const first = this.#text[this.#at];
    if (depth > DEPTH_MAX) this.#fail(`at most ${DEPTH_MAX} levels`);
    else if (first === "{") this.#object(depth, isOnPath);
    else if (first === "[") this.#array(depth, isOnPath);
    else if (first === '"') this.#string();
    else if (this.#take(/-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y) === undefined) {
      if (this.#take(/(?:true|false|null)\b/y) === undefined) this.#fail("a value");
    }
  }

  #array(depth: number, isOnPath: boolean): void {
    let i = 0;
    this.#list("]", () => {
      this.#space();
      this.#value(depth + 1, isOnPath && this.#leadsTo(i, depth, this.#at));
      i++;
    });
  }

  #object(depth: number, isOnPath: boolean): void {
    this.#list("}", () => {
      this.#space();
      const keyAt = this.#at;
      if (this.#text[keyAt] !== '"') return this.#fail('a name in "quotes"');
      const key = this.#string();
      this.#space();
      if (this.#take(/:/y) === undefined) return this.#fail("`:`");
      this.#value(depth + 1, isOnPath && this.#leadsTo(key, depth, keyAt));
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
