/**
 * Runs in the bundle: makes the battery, then judges one mutant after another as it is told.
 */
import fc from "fast-check";
import { Battery, type Verdict } from "./battery.ts";
import { lawCases } from "./law-cases.ts";
import { busyMs, coveringNow } from "./switch.ts";
import { collected } from "./tests-in-place.ts";
import { mutantCount, mutantFiles, mutatedPaths, testFiles } from "./under-test.ts";

/** What a worker says. */
export type FromWorker =
  | {
      readonly is: "ready";
      readonly checks: number;
      readonly unused: readonly string[];
      readonly times: readonly (readonly [family: string, ms: number])[];
    }
  | { readonly is: "alive" }
  | { readonly is: "judged"; readonly id: number; readonly verdict: Verdict; readonly ms: number };

const send = (message: FromWorker) => process.send?.(message);

/** Tests and laws print what only helps a reader. */
console.log = () => {};
// A failed case says enough; a smaller one would only take time. Cases are always the same.
fc.configureGlobal({ endOnFailure: true, seed: 1 });

const battery = new Battery(mutantFiles, mutatedPaths);
// With more cases they are others, too.
const [lawRules = 0, patienceMs = 0] = process.argv.slice(2).map(Number);
const cases = lawRules === 0 ? [] : lawCases({ seed: lawRules, rules: lawRules });
for (const [i, c] of cases.entries()) await battery.addLaw(i, c);
for (const [file, load] of testFiles) {
  const reaches = (body: () => unknown) =>
    coveringNow(mutantCount, body).hits.some((bits) => bits !== 0);
  for (const test of await collected(load, reaches)) await battery.addTest(file, test);
}
const { size: checks, unused, times } = battery;
send({ is: "ready", checks, unused, times: [...times] });

process.on("message", async (id: number) => {
  const started = busyMs();
  let toldAt = performance.now();
  const verdict = await battery.judge(id, () => {
    const now = performance.now();
    if (now >= toldAt + 1000) {
      toldAt = now;
      send({ is: "alive" });
    }
    return busyMs() < started + patienceMs;
  });
  send({ is: "judged", id, verdict, ms: busyMs() - started });
});
