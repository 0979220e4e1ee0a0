/**
 * Everything that may notice a mutant, and which places it reaches: the cases of the laws, and the
 * tests. What noticed many mutants and takes little time is asked first.
 */
import type { LawCase, Said } from "./law-cases.ts";
import { type Covered, covering, isEndless, rearm, withMutant } from "./switch.ts";
import type { CollectedTest } from "./tests-in-place.ts";

/** Something that is right without a mutant. */
export interface Check {
  readonly name: string;
  /** What is told of a kill: the law, or the test's file. */
  readonly family: string;
  /** Reaches mutant `id`. */
  readonly reaches: (id: number) => boolean;
  readonly ms: number;
  /** Fails, or returns false, where the mutant is noticed. */
  readonly run: (id: number) => Promise<boolean>;
  /** By file how many of its mutants it noticed. */
  readonly kills: Map<number, number>;
}

export type Verdict =
  | { readonly verdict: "killed"; readonly by: string; readonly isEndless: boolean }
  /** After `checks` of the checks that reach it: of all, unless patience ended before. */
  | { readonly verdict: "survived"; readonly checks: number; readonly of: number }
  | { readonly verdict: "unreached" };

export class Battery {
  readonly #checks: Check[] = [];
  /** By id of a mutant the number of its file. */
  readonly #files: readonly number[];
  /** By that number. */
  readonly #paths: readonly string[];
  /** Checks that are not used, with the reason. */
  readonly unused: string[] = [];

  constructor(files: readonly number[], paths: readonly string[]) {
    this.#files = files;
    this.#paths = paths;
  }

  get size(): number {
    return this.#checks.length;
  }

  /** Time of all checks by family, ms. */
  get times(): Map<string, number> {
    const out = new Map<string, number>();
    for (const { family, ms } of this.#checks) out.set(family, (out.get(family) ?? 0) + ms);
    return out;
  }

  async addTest(family: string, test: CollectedTest): Promise<void> {
    try {
      const covered = await covering(this.#files.length, test.run);
      if (covered.ms > longestMs) {
        this.unused.push(`${family}: ${test.title}: takes ${Math.round(covered.ms)} ms`);
        return;
      }
      this.#checks.push({
        name: `${family}: ${test.title}`,
        family,
        ms: covered.ms,
        kills: new Map(),
        reaches: (id) => isIn(covered, id),
        run: async (id) => {
          await withMutant(id, limitOf(covered), test.run);
          return !isEndless();
        },
      });
    } catch (error) {
      this.unused.push(`${family}: ${test.title}: ${String(error).slice(0, 200)}`);
    }
  }

  async addLaw(number: number, c: LawCase): Promise<void> {
    let said: Said = { text: "", late: [] };
    let expected = "";
    const engine = await covering(this.#files.length, () => {
      said = c.engine();
    });
    const interpreter = await covering(this.#files.length, () => {
      expected = c.interpreter(said);
    });
    const name = `${c.law} (${number})`;
    if (!c.holds(said.text, expected)) {
      this.unused.push(name);
      return;
    }
    const run = async (id: number) => {
      const now = isIn(engine, id) ? await withMutant(id, limitOf(engine), c.engine) : said;
      if (isEndless()) return false;
      const other = isIn(interpreter, id)
        ? await withMutant(id, limitOf(interpreter), () => c.interpreter(now))
        : expected;
      return !isEndless() && c.holds(now.text, other);
    };
    const reaches = (id: number) => isIn(engine, id) || isIn(interpreter, id);
    const ms = engine.ms + interpreter.ms;
    this.#checks.push({ name, family: c.law, ms, kills: new Map(), reaches, run });
  }

  /** One that fails for another reason, such as the load of the machine, says nothing. */
  #giveUp(check: Check): void {
    this.#checks.splice(this.#checks.indexOf(check), 1);
    this.unused.push(`${check.name}: does not always hold`);
  }

  /** `onCheck` hears of every check that is begun, and says whether there is still time for it. */
  async judge(id: number, onCheck: () => boolean): Promise<Verdict> {
    const reaching = this.#checks.filter((c) => c.reaches(id));
    if (reaching.length === 0) return { verdict: "unreached" };
    const file = this.#files[id] ?? -1;
    for (const [i, check] of inTurn(reaching, file, this.#paths[file] ?? "").entries()) {
      if (!onCheck()) return { verdict: "survived", checks: i, of: reaching.length };
      if (await isRight(check, id)) continue;
      const wasEndless = isEndless();
      if (!(await isRight(check, nobody))) {
        this.#giveUp(check);
        continue;
      }
      check.kills.set(file, (check.kills.get(file) ?? 0) + 1);
      return { verdict: "killed", by: check.family, isEndless: wasEndless };
    }
    return { verdict: "survived", checks: reaching.length, of: reaching.length };
  }
}

/** No mutant has this number. */
const nobody = -1;

async function isRight(check: Check, id: number): Promise<boolean> {
  rearm();
  try {
    return await check.run(id);
  } catch {
    return false;
  }
}

/** What takes longer is left out: it would run for each mutant that survives. */
const longestMs = 5000;

/**
 * Cheap ones first, those that noticed mutants of the file, and tests that lie where it does; but
 * where many of a family have noticed nothing the next of it is not likely to, so the others get
 * their turn.
 */
function inTurn(checks: readonly Check[], file: number, path: string): Check[] {
  const cost = (c: Check) =>
    c.ms / (1 + 10 * (c.kills.get(file) ?? 0)) / 2 ** sharedFolders(c.family, `test/${path}`);
  const asked = new Map<string, number>();
  const turns = checks
    .map((check) => ({ check, cost: cost(check) }))
    .sort((a, b) => a.cost - b.cost)
    .map(({ check, cost: own }) => {
      const before = asked.get(check.family) ?? 0;
      asked.set(check.family, before + 1);
      return { check, cost: own * (1 + before / 8) };
    });
  return turns.sort((a, b) => a.cost - b.cost).map((t) => t.check);
}

/** How many folders two paths have in common. */
function sharedFolders(a: string, b: string): number {
  const [x, y] = [a, b].map((path) => path.split("/").slice(0, -1));
  const differs = x?.findIndex((folder, i) => folder !== y?.[i]) ?? 0;
  return differs < 0 ? (x?.length ?? 0) : differs;
}

/** Rounds of loops before a mutant counts as endless. */
const limitOf = ({ ticks }: Covered) => 10 * ticks + 20_000;

function isIn({ hits }: Covered, id: number): boolean {
  return ((hits[id >>> 5] ?? 0) & (1 << (id & 31))) !== 0;
}
