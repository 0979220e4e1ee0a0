/**
 * Law P11: what explains that a rule did not match names exactly the tests whose change makes it
 * match: with all of them changed it matches, with any one left as it was it does not.
 */
import fc from "fast-check";
import { expect, test } from "vitest";
import { compile } from "#compiler";
import {
  type Atom,
  type CoreUnit,
  type EventData,
  type Expr,
  judge,
  makeEvent,
  type NearMiss,
  truth,
  type Value,
  walkExpr,
} from "#core";
import {
  fieldCount,
  g,
  type LawEvent,
  type WhyNotCase,
  whyNotCase,
  whyNotSchema,
} from "../harness/law-why-not.ts";

const runs = Number(process.env.TAPIO_LAW_RULES ?? 150) * 4;
const epochUs = Date.UTC(2026, 0, 1) * 1000;
const firstField = 2;

function unitOf(rule: string): CoreUnit {
  const result = compile(
    [
      { file: "schema.tapio", text: whyNotSchema },
      { file: "rules.tapio", text: `module law.rules\nimport law.schema\n${rule}` },
    ],
    { std: [], version: "test" },
  );
  const errors = result.diagnostics.filter((d) => d.severity === "error");
  if (errors.length > 0) throw new Error(`${errors.map((d) => d.message).join("\n")}\n${rule}`);
  return result.unit;
}

function eventOf({ schema }: CoreUnit, e: LawEvent, seq: number): EventData {
  const own = Array.from({ length: fieldCount }, (_, i): Value => e.fields.get(i));
  return makeEvent(schema, {
    kind: schema.kinds.findIndex((k) => k.name === e.kind),
    ts: epochUs + Math.round(e.seconds * 1e6),
    seq,
    entity: undefined,
    fields: [1, g, ...own],
  });
}

function judged(unit: CoreUnit, events: readonly EventData[]) {
  const focus = { keys: undefined, from: 0, to: Number.MAX_SAFE_INTEGER };
  return judge(unit, new Map(), { events, watermark: epochUs + 100e6, focus });
}

interface Named {
  readonly event: EventData;
  readonly flips: readonly Atom[];
  readonly captures: NearMiss["captures"];
}

/** The event that the closest near miss blames, and the tests it names. */
function blamed(miss: NearMiss, about: WhyNotCase["about"]): Named | undefined {
  const { by, candidates, captures } = miss;
  if (about === "killer") return by && { event: by.event, flips: by.proof.flips, captures };
  const [best] = candidates;
  return best && { event: best.event, flips: best.proof.flips, captures };
}

/** `event` with the fields that `flips` test changed so that each comes out as wanted. */
function changed(unit: CoreUnit, named: Named, flips: readonly Atom[]): EventData {
  const fields = [...named.event.fields];
  for (const { expr, wanted } of flips) {
    const at = firstField + fieldOf(expr);
    const value = [0, 1, 2, 3, 4].find((v) => {
      const current = { ...named.event, fields: fields.with(at, v) };
      const env = { unit, params: new Map(), current, captures: named.captures };
      return truth(expr, env) === wanted;
    });
    if (value === undefined) throw new Error("no value makes the test come out as wanted");
    fields[at] = value;
  }
  return { ...named.event, fields };
}

function fieldOf(expr: Expr): number {
  let found = -1;
  walkExpr(expr, (e) => {
    if (e.op === "field" && e.name.startsWith("f")) found = Number(e.name.slice(1));
  });
  return found;
}

/** Undefined: it matched, so there was nothing to explain. */
function broken({ rule, events: given, about }: WhyNotCase): string | undefined | "matched" {
  const unit = unitOf(rule);
  const events = given.map((e, i) => eventOf(unit, e, i + 1));
  const before = judged(unit, events);
  if (before.findings.length > 0) return "matched";
  const [closest] = before.nearMisses;
  const named = closest && blamed(closest, about);
  if (!named) return "nothing is named";
  if (named.flips.length === 0) return "no test is named";
  const matchesWith = (flips: readonly Atom[]) => {
    const other = changed(unit, named, flips);
    const all = events.map((e) => (e === named.event ? other : e));
    return judged(unit, all).findings.length > 0;
  };
  if (!matchesWith(named.flips)) return "changing what is named does not make it match";
  const spare = named.flips.find((left) => matchesWith(named.flips.filter((f) => f !== left)));
  return spare && "not all that is named is needed";
}

test(`${runs} near misses name exactly what would have made them match`, {
  timeout: 600_000,
}, () => {
  let explained = 0;
  let cases = 0;
  fc.assert(
    fc.property(whyNotCase, (c) => {
      cases++;
      const problem = broken(c);
      if (problem === "matched") return;
      explained++;
      if (problem) {
        const shown = c.events.map((e) => ({ ...e, fields: [...e.fields] }));
        throw new Error(`${problem}\n${c.rule}\n${JSON.stringify(shown)}`);
      }
    }),
    {
      numRuns: runs,
      ...(process.env.TAPIO_LAW_SEED ? { seed: Number(process.env.TAPIO_LAW_SEED) } : {}),
    },
  );
  console.log(`${cases} cases, ${explained} explained`);
  expect(explained).toBeGreaterThan(cases / 4);
});
