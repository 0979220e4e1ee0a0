/**
 * Strings to small numbers, so that matchers compare words instead of text. The ids belong to the
 * runtime; every bundle's constants are interned at load, before any event, and never leave.
 *
 * Bounded: when full, further strings simply are not interned (their text goes to the byte ring and
 * `misses` counts them). That is sound because an id, once given, means one string for ever, and a
 * string equal to a rule's constant always has the constant's id.
 */
export class Interner {
  readonly capacity: number;
  /** Strings longer than this are never interned unless they are constants. */
  static readonly maxLength = 128;
  #ids = new Map<string, number>([["", 0]]);
  #texts: string[] = [""];
  #misses = 0;

  constructor(capacity = 65_536) {
    this.capacity = capacity;
  }

  /** The id of a rule's constant; constants are taken in beyond the capacity. */
  constant(text: string): number {
    return this.#ids.get(text) ?? this.#add(text);
  }

  /** The id of an event's string, or -1 when it is not interned. */
  intern(text: string): number {
    const id = this.#ids.get(text);
    if (id !== undefined) return id;
    if (text.length <= Interner.maxLength && this.#texts.length < this.capacity)
      return this.#add(text);
    this.#misses++;
    return -1;
  }

  text(id: number): string {
    const text = this.#texts[id];
    if (text === undefined) throw new Error(`no interned string ${id}`);
    return text;
  }

  get size(): number {
    return this.#texts.length;
  }
  get misses(): number {
    return this.#misses;
  }

  #add(text: string): number {
    const id = this.#texts.length;
    this.#texts.push(text);
    this.#ids.set(text, id);
    return id;
  }
}
