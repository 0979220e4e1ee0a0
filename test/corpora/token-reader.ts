/**
 * A recursive-descent parser's view of its tokens, for the languages the corpora are written in.
 */
import { exclude } from "./corpus.ts";

/** Excludes the case when the text holds something `token` (a sticky expression) does not know. */
export class TokenReader {
  protected readonly tokens: string[] = [];
  protected at = 0;
  readonly #ignoresCase: boolean;

  constructor(text: string, token: RegExp, ignoresCase: boolean) {
    this.#ignoresCase = ignoresCase;
    token.lastIndex = 0;
    while (token.lastIndex < text.trimEnd().length) {
      const found = token.exec(text);
      if (!found) exclude("a character the adapter does not know");
      this.tokens.push(found[1] ?? "");
    }
  }

  protected peek(): string {
    return this.tokens[this.at] ?? "";
  }

  protected next(): string {
    return this.tokens[this.at++] ?? "";
  }

  protected is(text: string): boolean {
    return (this.#ignoresCase ? this.peek().toLowerCase() : this.peek()) === text;
  }

  protected accept(text: string): boolean {
    if (!this.is(text)) return false;
    this.at++;
    return true;
  }

  protected expect(text: string): void {
    if (!this.accept(text)) exclude("syntax the adapter does not know");
  }
}
