/**
 * Law: the compiler never throws, whatever it is given; and what it accepts can be emitted, loaded
 * and bundled. Inputs are valid programs with pieces taken out, doubled, swapped and renamed.
 * `TAPIO_FUZZ_RUNS` sets how many.
 */
import { Script } from "node:vm";
import fc from "fast-check";
import { expect, test } from "vitest";
import { bundleBody, compile, encodeBundle } from "#compiler";
import { decodeBundle } from "#core";
import { stdFiles } from "../../grammar/std.gen.ts";
import { lawRule, lawSchema } from "../harness/law-rules.ts";

const runs = Number(process.env.TAPIO_FUZZ_RUNS ?? 300);

const seedText = `module fuzz.rules
import tapio.schema.v1
pub list names: string(16) = ["a", "b"]
pub param span: duration = 10s range 1s .. 1m
pattern killed on journal.entry.message = re"Killed process (?<pid:int>\\d+)"
let big(e: kernel.oom_kill, limit: size) -> bool = e.memory_usage > limit and e.comm not in names
rule r version 2 {
  severity critical when a.scope == "global" else error
  labels { team: "x" }
  let who = case(a.comm == "x", "x", has b, "b", "?")
  match sequence by cgroup within span partials 8 {
    a: kernel.oom_kill where big(a, 10MiB) by a.cgroup
    then within 5s optional b: kernel.process_exit | kernel.process_exec where b.pid == a.pid repeat 1..3 keep 2
    without c: kernel.process_fork
    then next d: journal.entry where d.message matches killed and d.unit like glob"*.service"
    then no f: kernel.process_exec for 3s
  } until g: kernel.oom_kill where g.pid != a.pid
  keys max 10
  explain {
    root a as "{who}"
    impact b, d { slo: true }
    chain a -> b -> d as "x"
    confidence 0.5 plus 0.1 when has b minus 0.2 when count(b) > 1
    summary "{a.comm} {a.memory_usage ?? \\"?\\"} {duration()}"
    recommend "x" when a.entity.pod == "p"
    evidence a.rss, d.priority
  }
  suppress 10m by same pod
}
rule w { match over e: kernel.connect_fail where e.dst_ip not in cidr"10.0.0.0/8" sliding 1m by same node having count() >= 3 and distinct(pair(e.src_ip, e.dst_ip)) >= 2 }
test "t" for r {
  given { entity pod "p" in node "n" at 1s every 1s times 3 kernel.oom_kill { entity: pod("p") comm: "x" pid: seq() cgroup: id("7") scope: "memcg" } advance to 1m }
  expect { finding r at 3s times 1 { root.pid == 1 } no finding w }
}
`;

const tokens = /[A-Za-z_]\w*|\d[\w.%]*|"(?:\\.|[^"\\\n])*"|\s+|./gs;

/** A program with a few small accidents. */
function damaged(text: string, accidents: readonly (readonly [number, number, number])[]): string {
  const parts = text.match(tokens) ?? [];
  for (const [kind, a, b] of accidents) {
    const i = a % Math.max(1, parts.length);
    const j = b % Math.max(1, parts.length);
    if (kind === 0) parts.splice(i, 1 + (b % 3));
    else if (kind === 1) parts.splice(i, 0, ...parts.slice(j, j + 4));
    else if (kind === 2) [parts[i], parts[j]] = [parts[j] ?? "", parts[i] ?? ""];
    else parts[i] = parts[j] ?? "";
  }
  return parts.join("");
}

const accident = fc.tuple(fc.integer({ min: 0, max: 3 }), fc.nat(), fc.nat());
const input = fc
  .tuple(fc.oneof(fc.constant(seedText), lawRule), fc.array(accident, { maxLength: 6 }))
  .map(([text, accidents]) => damaged(text, accidents));

test("the program that is damaged is sound itself", () => {
  const result = compile([{ file: "fuzz.tapio", text: seedText }], {
    std: stdFiles,
    version: "fuzz",
  });
  expect(result.diagnostics.map((d) => `${d.code} ${d.message}`)).toEqual([]);
});

test(`the compiler takes anything (${runs} programs)`, {
  timeout: Math.max(60_000, runs * 50),
}, () => {
  let accepted = 0;
  fc.assert(
    fc.property(input, (text) => {
      const std = text.includes("law.schema")
        ? [{ file: "schema.tapio", text: lawSchema }]
        : stdFiles;
      const result = compile([{ file: "fuzz.tapio", text }], { std, version: "fuzz" });
      for (const d of result.diagnostics) {
        expect(d.message).not.toBe("");
        expect(d.at.start).toBeLessThanOrEqual(d.at.end);
      }
      if (result.hasErrors) return;
      accepted++;
      const body = bundleBody(result, [], "fuzz");
      new Script(body.matcher);
      const decoded = decodeBundle(encodeBundle(body));
      expect(decoded.ok).toBe(true);
      if (decoded.ok)
        expect(decoded.bundle.unit).toEqual(
          JSON.parse(JSON.stringify(body.unit, bigText), bigBack),
        );
    }),
    { numRuns: runs },
  );
  expect(accepted).toBeGreaterThan(runs / 50);
});

function bigText(_: string, value: unknown): unknown {
  if (typeof value === "bigint") return { $big: value.toString() };
  if (value instanceof Uint8Array) return { $bytes: [...value] };
  return value instanceof Uint16Array ? { $words: [...value] } : value;
}

function bigBack(_: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if ("$big" in value) return BigInt(String(value.$big));
  if ("$bytes" in value) return new Uint8Array(value.$bytes as number[]);
  return "$words" in value ? new Uint16Array(value.$words as number[]) : value;
}
