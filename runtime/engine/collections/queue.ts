/** First in, first out, in constant time for each: an array's `shift` moves all that follows. */
export class Queue<T> {
  #items: (T | undefined)[] = [];
  #head = 0;

  /** The items, oldest first, as state; `replace` takes them back. */
  get items(): T[] {
    return this.#items.slice(this.#head) as T[];
  }

  replace(items: readonly T[]): void {
    this.#items = [...items];
    this.#head = 0;
  }

  get size(): number {
    return this.#items.length - this.#head;
  }

  peek(): T | undefined {
    return this.#items[this.#head];
  }

  push(item: T): void {
    this.#items.push(item);
  }

  shift(): T | undefined {
    if (this.size === 0) return undefined;
    const item = this.#items[this.#head];
    this.#items[this.#head++] = undefined;
    // What is gone is cut off when it is half of all, so that each item is moved once at most.
    if (this.#head * 2 > this.#items.length) this.replace(this.items);
    return item;
  }
}
