/**
 * How long does a fresh process take to check a thousand rules and emit their bundle, and how much
 * memory? The goal is one second and 300 MB on two cores.
 *
 * The rules are the shipped ones, renamed, with other windows, thresholds and texts, and as many of
 * three plain shapes: a pattern of text, a window and a sequence with an absence. The first round
 * of a process is the answer, as nothing is warm in a compiler that runs once; it is tried in
 * several processes. Warm rounds say how much of it is start-up. V8 is set up as in `tapioc`.
 */
import "../compiler/cli/v8-flags.ts";
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import {
  bundleBody,
  compile,
  emitMatcher,
  encodeBundle,
  type SourceText,
  selectKernelEvents,
  unlimitedBudget,
} from "#compiler";
import { CollectingSink, parse } from "#grammar";
import { sha256 } from "../compiler/cli/sha256.ts";
import { stdFiles } from "../grammar/std.gen.ts";

const ruleCount = 1000;
const processes = 5;
const goalMs = 1000;
const goalMb = 300;
/** Nobody runs a thousand rules in one bundle's budget; how fast they compile is the question. */
const options = { std: stdFiles, version: "bench", budget: unlimitedBudget };

/** The text of a shipped rule file without its tests, and with them. */
interface Shipped {
  readonly rule: string;
  readonly whole: string;
}

function shippedRules(): Shipped[] {
  const files = readdirSync("rules", { recursive: true, encoding: "utf8" })
    .filter((f) => f.endsWith(".tapio") && !f.startsWith("std"))
    .sort();
  const shipped = files.map((f) => {
    const whole = readFileSync(join("rules", f), "utf8");
    return { rule: whole.replace(/^test "[\s\S]*/m, ""), whole };
  });
  // A file that imports rules of others cannot be copied by itself.
  return shipped.filter(({ rule }) => !/^import tapio\.rules/m.test(rule));
}

function rulesIn(text: string): number {
  return text.match(/^pub rule /gm)?.length ?? 0;
}

/** The same rules under names of their own, with windows and numbers that differ. */
function variant(text: string, i: number): string {
  const names = [...text.matchAll(/^(?:pub )?(?:rule|template|param|let|list|derive) (\w+)/gm)];
  const renamed = names.reduce(
    (all, [, name]) => all.replace(new RegExp(`\\b${name}\\b`, "g"), `${name}_${i}`),
    text,
  );
  return renamed
    .replace(/^module (\S+)/m, `module $1.v${i}`)
    .replace(/\bwithin (\d+)s\b/g, (_, s) => `within ${Number(s) + (i % 50)}s`)
    .replace(/\bsuppress (\d+)m\b/g, (_, m) => `suppress ${Number(m) + (i % 9)}m`)
    .replace(/\bsignal == 9\b/g, `signal == ${(i % 31) + 1}`)
    .replace(/^ {2}doc "/m, `  doc "Variant ${i}: `);
}

const shapes: readonly ((i: number) => string)[] = [
  (i) => `rule text_${i} {
  severity warning
  match e: journal.entry where e.priority <= ${i % 8}
    and e.message matches re"service-${i}: (error|fail(ed|ure)?) after (?<ms:int>\\d+) ?ms"
    and not (e.message contains "retry ${i}" or e.message like glob"*test-${i % 100}*")
  explain { root e summary "service ${i} failed at {e.time}" }
}`,
  (i) => `rule burst_${i} {
  severity error
  match over x: kernel.process_exit where x.exit_code == ${i % 120} and x.comm != "app-${i}"
    sliding ${(i % 50) + 10}s by cgroup
    having count() >= ${(i % 20) + 3} and distinct(x.pid) >= 3
  explain { root x confidence 0.7 summary "{count()} exits of {x.comm}" }
  suppress ${(i % 9) + 1}m
}`,
  (i) => `rule lost_${i} {
  severity error
  match sequence by pid within ${(i % 50) + 10}s {
    a: kernel.process_exec where a.comm == "app-${i}" and a.filename startswith "/opt/${i}/"
    without stop: journal.entry where stop.message contains "stopping ${i}"
    then b: kernel.process_exit where b.exit_code != 0 and b.comm == a.comm
    then no again: kernel.process_exec where again.comm == a.comm for ${(i % 30) + 1}s
  }
  explain { root a impact b chain a -> b as "it ended" summary "{a.comm} ended with {b.exit_code}" }
}`,
];

function sources(isTested: boolean): SourceText[] {
  const shipped = shippedRules();
  const inOneCopy = shipped.reduce((n, { rule }) => n + rulesIn(rule), 0);
  const copies = Math.floor(ruleCount / 4 / inOneCopy);
  const rest = ruleCount - copies * inOneCopy;
  const varied = shipped.flatMap(({ rule, whole }, n) =>
    Array.from({ length: copies }, (_, i) => ({
      file: `shipped-${n}-${i}.tapio`,
      text: variant(isTested ? whole : rule, i),
    })),
  );
  const perFile = 10;
  const plain = Array.from({ length: Math.ceil(rest / perFile) }, (_, f) => {
    const length = Math.min(perFile, rest - f * perFile);
    const rules = Array.from({ length }, (_, r) => f * perFile + r);
    const head = `module bench.f${f}\nimport tapio.schema.v1\n`;
    const text = rules.map((i) => shapes[i % shapes.length]?.(i) ?? "").join("\n");
    return { file: `plain-${f}.tapio`, text: `${head}${text}\n` };
  });
  return [...varied, ...plain];
}

interface Round {
  readonly checkMs: number;
  readonly emitMs: number;
  readonly bytes: number;
}

function round(files: readonly SourceText[]): Round {
  const start = performance.now();
  const result = compile(files, options);
  const checked = performance.now();
  if (result.hasErrors) throw new Error(result.diagnostics[0]?.message);
  if (result.rules.length !== ruleCount) throw new Error(`${result.rules.length} rules`);
  const { length } = encodeBundle(bundleBody(result, files, "bench"), sha256);
  return { checkMs: checked - start, emitMs: performance.now() - checked, bytes: length };
}

/** What one process says of its first round. */
interface Cold extends Round {
  readonly peakMb: number;
}

function coldRound(isTested: boolean): Cold {
  const done = round(sources(isTested));
  // The kernel counts in KiB.
  return { ...done, peakMb: (process.resourceUsage().maxRSS * 1024) / 1e6 };
}

/** First rounds of processes of their own, the fastest first. */
function coldRounds(what: "rules" | "tested"): Cold[] {
  const script = process.argv[1] ?? "";
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

const [, , what] = process.argv;
if (what === undefined) compare();
else process.stdout.write(JSON.stringify(coldRound(what === "tested")));
