/**
 * `npm run mutants`: plants small mistakes in engine and interpreter, one at a time, and says which
 * of them no law and no test notices.
 *
 *     npm run mutants                                  everything
 *     npm run mutants -- runtime/engine/patterns/all.ts …       some files or folders
 *     npm run mutants -- --sample 500 --seed 7         some of all, by chance
 *     npm run mutants -- --rules 1000 --patience 60    what survived, with more cases of the laws
 *                                                      and more seconds for each
 *     npm run mutants -- FILE --tests TEST             what this test notices, without laws, of
 *                                                      what is not known to be noticed
 *     npm run mutants -- --again                       all anew, whatever is known already
 *
 * Goes on where it was interrupted: what was noticed stays so while the mutant's own file and the
 * test that noticed it are the same, what survived while all code is. Exits with 1 when one
 * survives that `equivalents.txt` does not explain.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Basis } from "./basis.ts";
import { bundle } from "./bundle.ts";
import { readEquivalents } from "./equivalents.ts";
import { Log } from "./log.ts";
import { judgeAll } from "./pool.ts";
import { report } from "./report.ts";
import { filesIn, mutatedFiles, sampled, testFiles } from "./scope.ts";

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    sample: { type: "string" },
    seed: { type: "string", default: "1" },
    rules: { type: "string", default: "60" },
    patience: { type: "string", default: "4" },
    tests: { type: "string", multiple: true },
    workers: { type: "string", default: String(availableParallelism()) },
    again: { type: "boolean", default: false },
    keep: { type: "boolean", default: false },
  },
});

const root = process.cwd();
const folder = join(root, "dist/mutants");
mkdirSync(folder, { recursive: true });

const everything = positionals.length === 0;
const files = everything ? mutatedFiles(root) : filesIn(root, positionals);
const tests = testFiles(root, options.tests);
const { mutants, imports } = await bundle(root, files, tests, join(folder, "worker.mjs"));
const rules = options.tests ? 0 : Number(options.rules);
const effort = { rules, patienceMs: 1000 * Number(options.patience) };
const basis = new Basis(root, imports);
const log = new Log(join(folder, "judged.ndjson"), {
  mutants,
  basis,
  effort,
  isNew: options.again,
});
const wanted = sampled(mutants.length, options.sample, Number(options.seed));
const open = wanted.filter((id) => !log.verdicts.has(id));
process.stderr.write(
  `${files.length} files, ${wanted.length} of ${mutants.length} mutants, ${open.length} to judge\n`,
);
const started = performance.now();
await judgeAll({
  script: join(folder, "worker.mjs"),
  env: { TAPIO_LAW_SEED: "3", TAPIO_LAW_RULES: "24" },
  ...effort,
  workers: Number(options.workers),
  ids: open,
  onJudged: (id, verdict) => log.add(id, verdict),
});
const { text, isClean } = report({
  files,
  mutants,
  verdicts: new Map(wanted.map((id) => [id, log.verdicts.get(id)])),
  equivalents: readEquivalents(join(root, "test/mutation/equivalents.txt")),
  seconds: (performance.now() - started) / 1000,
  arguments: process.argv.slice(2),
});
process.stdout.write(text);
const isWhole = everything && options.tests === undefined && options.sample === undefined;
if (isWhole || options.keep) writeFileSync(join(root, "bench/results/mutants.txt"), text);
process.exit(isClean ? 0 : 1);
