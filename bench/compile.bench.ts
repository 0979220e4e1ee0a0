/**
 * How long does a fresh process take to check a thousand rules and emit their bundle, and how much
 * memory? The goal is one second and 300 MB on two cores.
 *
 * The rules are the shipped ones, renamed, with other windows, thresholds and texts, and as many of
 * three plain shapes: a pattern of text, a window and a sequence with an absence. The first round
 * of a process is the answer, as nothing is warm in a compiler that runs once; it is tried in
 * several processes. They are launched as `tapioc` is, with V8's code for functions that compiling
 * the shipped rules has used. Warm rounds say how much of it is start-up.
 */
import "../compiler/cli/v8-flags.ts";
import { spawnSync } from "node:child_process";
import { dirname, join } from "node:path";
import {
  bundleBody,
  compile,
  emitMatcher,
  encodeBundle,
  type SourceText,
  selectKernelEvents,
} from "#compiler";
import { CollectingSink, parse } from "#grammar";
import { sha256 } from "../compiler/cli/sha256.ts";
import type { Cold } from "./compile-cold.ts";
import { options, type Round, round, ruleCount, sources } from "./thousand-rules.ts";

const processes = 5;
const goalMs = 1000;
const goalMb = 300;

/** First rounds of processes of their own, the fastest first. */
function coldRounds(what: "rules" | "tested"): Cold[] {
  const script = join(dirname(process.argv[1] ?? ""), "compile-cold.js");
  const rounds = Array.from({ length: processes }, () => {
    const child = spawnSync(process.execPath, [script, what], { encoding: "utf8" });
    if (child.status !== 0) throw new Error(child.stderr);
    return JSON.parse(child.stdout) as Cold;
  });
  return rounds.sort((a, b) => msOf(a) - msOf(b));
}

function msOf({ checkMs, emitMs }: Round): number {
  return checkMs + emitMs;
}

function line(name: string, r: Round): string {
  const ms = msOf(r);
  return `${name.padEnd(28)} check ${r.checkMs.toFixed(0)} ms + emit ${r.emitMs.toFixed(0)} ms = ${ms.toFixed(0)} ms, ${(ms / goalMs).toFixed(2)} of the goal; bundle ${(r.bytes / 1e6).toFixed(1)} MB\n`;
}

/** What parts of a warm round cost by themselves. */
function parts(files: readonly SourceText[]): string {
  const timed = <T>(work: () => T): readonly [number, T] => {
    const start = performance.now();
    const made = work();
    return [performance.now() - start, made];
  };
  const sink = new CollectingSink();
  const [parseMs] = timed(() => files.map((f) => parse(f.text, f.file, sink)));
  const result = compile(files, options);
  const [matcherMs] = timed(() => emitMatcher(result.unit));
  const [kernelMs] = timed(() => selectKernelEvents(result.unit));
  const [encodeMs] = timed(() => encodeBundle(bundleBody(result, files, "bench"), sha256));
  return `of which parse ${parseMs.toFixed(0)} ms, matcher ${matcherMs.toFixed(0)} ms, kernel plan ${kernelMs.toFixed(0)} ms, encode ${(encodeMs - matcherMs - kernelMs).toFixed(0)} ms\n`;
}

function compare(): void {
  const files = sources(false);
  const length = files.reduce((n, f) => n + f.text.length, 0);
  const write = (text: string) => void process.stdout.write(text);
  write(`${ruleCount} rules in ${files.length} files, ${(length / 1e6).toFixed(2)} MB of text\n`);
  const cold = coldRounds("rules");
  const tested = coldRounds("tested");
  const peak = Math.max(...cold.map((c) => c.peakMb));
  for (const c of cold.slice(0, 1)) write(line(`first round, best of ${processes}`, c));
  for (const c of cold.slice(processes >> 1, (processes >> 1) + 1))
    write(line("the middle one", c));
  write(
    `${"peak memory".padEnd(28)} ${peak.toFixed(0)} MB, ${(peak / goalMb).toFixed(2)} of the goal\n`,
  );
  for (const c of tested.slice(0, 1)) write(line("with their tests, best", c));
  const warm = Array.from({ length: processes }, () => round(files)).sort(
    (a, b) => msOf(a) - msOf(b),
  );
  for (const w of warm.slice(0, 1)) write(line(`warm, best of ${processes}`, w));
  write(parts(files));
}

compare();
