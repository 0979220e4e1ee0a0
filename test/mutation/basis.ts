/** What verdicts rest on, as digests: whoever changes the text makes them void. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Verdict } from "./battery.ts";

/** How mutants are made. */
const makers = ["test/mutation/instrument.ts", "test/mutation/operators.ts"];
/** Where the cases of the laws come from. */
const laws = "test/mutation/law-cases.ts";

export class Basis {
  readonly #root: string;
  readonly #imports: ReadonlyMap<string, readonly string[]>;
  readonly #known = new Map<string, string>();

  /** `imports`: what each file of the bundle imports, from `root`. */
  constructor(root: string, imports: ReadonlyMap<string, readonly string[]>) {
    this.#root = root;
    this.#imports = imports;
  }

  /**
   * Of what was noticed in `file`: its text, and that of the test with all it imports of the tests.
   * Other code may have changed; that what it does is noticed still is then only likely. Of what
   * was not noticed: all code that is bundled, tests and laws included.
   */
  of(file: string, verdict: Verdict): string {
    if (verdict.verdict !== "killed") return this.#digest("", () => this.#bundled());
    const by = verdict.by.startsWith("test/") ? verdict.by : laws;
    const tests = this.#digest(by, () => this.#reached(by).filter((f) => f.startsWith("test/")));
    return `${this.#digest(file, () => [file, ...makers])}-${tests}`;
  }

  #bundled(): string[] {
    return [...this.#imports.keys()].filter(
      (f) => f.endsWith(".ts") && !f.startsWith("node_modules"),
    );
  }

  /** `file` and all it imports, and they in turn. */
  #reached(file: string): string[] {
    const reached = new Set([file]);
    for (const from of reached) for (const to of this.#imports.get(from) ?? []) reached.add(to);
    return [...reached];
  }

  #digest(of: string, filesOf: () => string[]): string {
    let digest = this.#known.get(of);
    if (digest === undefined) {
      const hash = createHash("sha256");
      for (const file of filesOf().sort()) hash.update(`${file}\n${this.#textOf(file)}\n`);
      digest = hash.digest("hex").slice(0, 16);
      this.#known.set(of, digest);
    }
    return digest;
  }

  #textOf(file: string): string {
    try {
      return readFileSync(join(this.#root, file), "utf8");
    } catch {
      return "";
    }
  }
}
