/** A thousand rules to compile, and one round of compiling them. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { bundleBody, compile, encodeBundle, type SourceText, unlimitedBudget } from "#compiler";
import { sha256 } from "../compiler/cli/sha256.ts";
import { stdFiles } from "../grammar/std.gen.ts";

export const ruleCount = 1000;
/** Nobody runs a thousand rules in one bundle's budget; how fast they compile is the question. */
export const options = { std: stdFiles, version: "bench", budget: unlimitedBudget };

/** The text of a shipped rule file without its tests, and with them. */
interface Shipped {
  readonly rule: string;
  readonly whole: string;
}

/** The rule files that stand by themselves. */
export function shippedRules(): Shipped[] {
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

/** The texts of a thousand rules in files, with their tests or without. */
export function sources(isTested: boolean): SourceText[] {
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

/** How long a round took, ms, and how long its bundle is. */
export interface Round {
  readonly checkMs: number;
  readonly emitMs: number;
  readonly bytes: number;
  readonly rules: number;
}

/** Checks `files` and emits their bundle. */
export function round(files: readonly SourceText[]): Round {
  const start = performance.now();
  const result = compile(files, options);
  const checked = performance.now();
  if (result.hasErrors) throw new Error(result.diagnostics[0]?.message);
  const { length } = encodeBundle(bundleBody(result, files, "bench"), sha256);
  const emitMs = performance.now() - checked;
  return { checkMs: checked - start, emitMs, bytes: length, rules: result.rules.length };
}
