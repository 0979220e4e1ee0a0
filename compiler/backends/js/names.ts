/** Identifiers of generated code and the constants it binds at load. */
import { type Code, code, join, lit, name } from "./code.ts";

/** What generated functions call their inputs. */
export const id = {
  rt: name("rt"),
  /** Views of the memory. */
  u8: name("u8"),
  u32: name("u32"),
  f64: name("f64"),
  /** Byte, word and double-word position of the slot. */
  b: name("b"),
  w: name("w"),
  d: name("d"),
  reader: name("r"),
  event: name("e"),
  scope: name("s"),
  params: name("P"),
} as const;

/** String constants become interned ids, bound once when a bundle is loaded. */
export class Constants {
  #ids = new Map<string, number>();

  /** The variable that holds the interned id of `text`. */
  interned(text: string): Code {
    let at = this.#ids.get(text);
    if (at === undefined) {
      at = this.#ids.size;
      this.#ids.set(text, at);
    }
    return name("k", at);
  }

  declarations(): Code {
    const lines = [...this.#ids].map(
      ([text, at]) => code`const ${name("k", at)} = rt.constant(${lit(text)});\n`,
    );
    return join(lines, "");
  }
}
