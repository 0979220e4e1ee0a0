/**
 * Pattern test suites of other systems, with answers nobody here wrote. They lie beside the
 * repository, with their licences; they are run where they are and never copied.
 *
 * Every case is checked or excluded for a named reason; `Tally` keeps the book and prints it.
 * `TAPIO_CORPORA` names another folder of the same shape, for example cases that were held back.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "vitest";

const beside = fileURLToPath(new URL("../../../shared/corpora", import.meta.url));
const folder = process.env.TAPIO_CORPORA ?? beside;

/** Why the suites cannot be run here; undefined when they can. */
export function missingReason(file: string): string | undefined {
  const path = join(folder, file);
  return existsSync(path) ? undefined : `${path} is not there`;
}

/** The records of a file with one JSON value per line; none when the file is absent. */
export function readRecords<T>(file: string): T[] {
  if (missingReason(file) !== undefined) return [];
  const lines = readFileSync(join(folder, file), "utf8").split("\n");
  return lines.filter((l) => l.trim() !== "").map((l) => JSON.parse(l) as T);
}

/** One JSON value. */
export function readJson<T>(file: string): T {
  return JSON.parse(readFileSync(join(folder, file), "utf8")) as T;
}

/** The texts of the files of a folder, by name; none when the folder is absent. */
export function readFolder(name: string, ending: string): { name: string; text: string }[] {
  if (missingReason(name) !== undefined) return [];
  const files = readdirSync(join(folder, name)).filter((f) => f.endsWith(ending));
  return files.sort().map((f) => ({ name: f, text: readFileSync(join(folder, name, f), "utf8") }));
}

/** Whether these are the cases the floors were counted on. */
export const isUsualFolder = process.env.TAPIO_CORPORA === undefined;

/**
 * The case says something that cannot be compared. The reason is a class, not the case's detail.
 */
export class Excluded extends Error {}

export function exclude(reason: string): never {
  throw new Excluded(reason);
}

/** At least so many cases are checked, and no more are excluded, than when they were counted. */
export interface Floor {
  readonly checked: number;
  readonly excluded: number;
}

export class Tally {
  readonly #name: string;
  readonly #checked: string[] = [];
  readonly #excluded = new Map<string, string[]>();

  constructor(name: string) {
    this.#name = name;
  }

  get checked(): number {
    return this.#checked.length;
  }

  get excluded(): number {
    return [...this.#excluded.values()].reduce((n, ids) => n + ids.length, 0);
  }

  expectFloor({ checked, excluded }: Floor): void {
    expect(this.checked, "checked cases").toBeGreaterThanOrEqual(checked);
    expect(this.excluded, "excluded cases").toBeLessThanOrEqual(excluded);
  }

  /** Runs one case; a case that excludes itself is counted, every other error is the test's. */
  run(id: string, check: () => void): void {
    try {
      check();
    } catch (error) {
      if (!(error instanceof Excluded)) throw error;
      const ids = this.#excluded.get(error.message) ?? [];
      this.#excluded.set(error.message, [...ids, id]);
      return;
    }
    this.#checked.push(id);
  }

  table(): string {
    const rows = [...this.#excluded].sort((a, b) => b[1].length - a[1].length);
    const lines = rows.map(([reason, ids]) => {
      const shown = ids.slice(0, 3).join(", ");
      const more = ids.length > 3 ? ", …" : "";
      return `  ${String(ids.length).padStart(3)}  ${reason} (${shown}${more})`;
    });
    return [`${this.#name}: ${this.checked} checked, ${this.excluded} excluded`, ...lines].join(
      "\n",
    );
  }
}
