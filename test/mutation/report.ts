/** Counts by file, and each mutant that survived. */
import { cpus } from "node:os";
import type { Verdict } from "./battery.ts";
import type { Equivalents } from "./equivalents.ts";
import { type Mutant, nameOf } from "./instrument.ts";

export interface Judged {
  readonly files: readonly string[];
  readonly mutants: readonly Mutant[];
  /** By id, of all that were wanted. */
  readonly verdicts: ReadonlyMap<number, Verdict | undefined>;
  readonly equivalents: Equivalents;
  readonly seconds: number;
  readonly arguments: readonly string[];
}

type Fate = "law" | "test" | "endless" | "default" | "equivalent" | "survived";

/** Columns: by whom a mutant was noticed, or why not. */
const columns: readonly (readonly [fate: Fate, title: string])[] = [
  ["law", "laws"],
  ["test", "tests"],
  ["endless", "endless"],
  ["default", "defaults"],
  ["equivalent", "equivalent"],
  ["survived", "survived"],
];

export function report(judged: Judged): { readonly text: string; readonly isClean: boolean } {
  const { mutants, verdicts, equivalents } = judged;
  const all = [...verdicts].flatMap(([id, verdict]) => {
    const mutant = mutants[id];
    return mutant && verdict
      ? [{ mutant, verdict, fate: fateOf(mutant, verdict, equivalents) }]
      : [];
  });
  const files = [...new Set(all.map((x) => x.mutant.file))];
  const row = (name: string, of: typeof all) =>
    [
      name.padEnd(48),
      String(of.length).padStart(7),
      ...columns.map(([fate, title]) =>
        String(of.filter((x) => x.fate === fate).length).padStart(title.length + 2),
      ),
    ].join("");
  const survivors = all.filter((x) => x.fate === "survived");
  const killed = all.filter((x) => x.verdict.verdict === "killed");
  // One name may be that of several; the explanation is about those that change nothing.
  const explained = new Set(
    all.filter((x) => x.fate === "equivalent").map((x) => nameOf(x.mutant)),
  );
  const wrong = killed.filter(({ mutant }) => {
    const name = nameOf(mutant);
    return equivalents.has(name) && !explained.has(name);
  });
  const stale = staleNames(judged);
  const lines = [
    `command: npm run mutants${judged.arguments.length > 0 ? ` -- ${judged.arguments.join(" ")}` : ""}`,
    `machine: ${cpus()[0]?.model ?? "unknown CPU"}, ${cpus().length} cores, node ${process.version}; ${Math.round(judged.seconds)} s`,
    "",
    "noticed by laws, by tests, by a loop without end; `defaults`: right sides of `??` that only the",
    "type asks for and no run reaches; `equivalent`: explained in test/mutation/equivalents.txt",
    "",
    `${"".padEnd(48)}mutants${columns.map(([, title]) => `  ${title}`).join("")}`,
    ...files.map((f) =>
      row(
        f,
        all.filter((x) => x.mutant.file === f),
      ),
    ),
    row("together", all),
    "",
    ...survivors.map(({ mutant, verdict }) => `${toldOf(verdict)}: ${placed(mutant)}`),
    ...wrong.map(({ mutant }) => `noticed, though said to be equivalent: ${placed(mutant)}`),
    ...stale.map((name) => `said to be equivalent, and no mutant: ${name}`),
  ];
  return {
    text: `${lines.join("\n")}\n`,
    isClean: survivors.length + wrong.length + stale.length === 0,
  };
}

function toldOf(verdict: Verdict): string {
  if (verdict.verdict !== "survived" || verdict.checks === verdict.of) return verdict.verdict;
  return `survived ${verdict.checks} of ${verdict.of} checks`;
}

/** Explanations of what the code does not have any more. */
function staleNames({ files, mutants, equivalents }: Judged): string[] {
  const names = new Set(mutants.map(nameOf));
  return [...equivalents.keys()].filter(
    (name) => files.includes(name.split(" ")[0] ?? "") && !names.has(name),
  );
}

const placed = (m: Mutant) => `${nameOf(m)}   (line ${m.line})`;

function fateOf(mutant: Mutant, verdict: Verdict, equivalents: Equivalents): Fate {
  if (verdict.verdict === "killed") {
    if (verdict.isEndless) return "endless";
    return verdict.by.startsWith("test/") ? "test" : "law";
  }
  if (verdict.verdict === "unreached" && mutant.isDefault) return "default";
  return equivalents.has(nameOf(mutant)) ? "equivalent" : "survived";
}
