/**
 * Conditions and types: which operators stand between which values, what a name must be, and what a
 * condition answers on an event. The interpreter and the engine answer together.
 */
import { describe, expect, it } from "vitest";
import { compile } from "#compiler";
import type { Value } from "#core";
import { runBoth } from "../corpora/execution.ts";

const schema = `source corpus { lateness 1ms granularity 1us idle 1h rank 0 }
event f.e from corpus {
  text: string(64) other: string(64) note: string(64)?
  int: int small: u32 ratio: float id: id64
  flag: bool color: enum { red, green }
  addr: ip port: port took: duration bytes: size share: percent
}`;

function ruleWhere(condition: string): string {
  return `module a\n${schema}\nrule r {\n  match e: f.e where ${condition}\n}\n`;
}

/** Codes of all diagnostics of the rule, warnings included. */
function codesOf(condition: string): string[] {
  const text = ruleWhere(condition);
  const { diagnostics } = compile([{ file: "a.tapio", text }], { std: [], version: "test" });
  return diagnostics.map((d) => d.code);
}

/** A value of each type, as it is written. */
const literals = {
  text: '"a"',
  int: "1",
  small: "1",
  ratio: "1.5",
  id: 'id("1")',
  flag: "true",
  color: '"red"',
  addr: 'ip"10.0.0.1"',
  port: "80",
  took: "1s",
  bytes: "1KiB",
  share: "10%",
} as const;
type Field = keyof typeof literals;
const fields = Object.keys(literals) as Field[];

const families = {
  "==": { of: fields, write: (f: Field) => `e.${f} == ${literals[f]}` },
  "!=": { of: fields, write: (f: Field) => `e.${f} != ${literals[f]}` },
  in: { of: fields, write: (f: Field) => `e.${f} in [${literals[f]}, ${literals[f]}]` },
  "not in": { of: fields, write: (f: Field) => `e.${f} not in [${literals[f]}]` },
  "in []": { of: fields, write: (f: Field) => `e.${f} in []` },
  order: {
    of: ["text", "int", "small", "ratio", "port", "took", "bytes", "share"],
    write: (f: Field) => `e.${f} < ${literals[f]} or e.${f} >= ${literals[f]}`,
  },
  contains: { of: ["text"], write: (f: Field) => `e.${f} contains "a"` },
  startswith: { of: ["text"], write: (f: Field) => `e.${f} startswith "a"` },
  endswith: { of: ["text"], write: (f: Field) => `e.${f} not endswith "a"` },
  matches: { of: ["text"], write: (f: Field) => `e.${f} matches re"^a"` },
  like: { of: ["text"], write: (f: Field) => `e.${f} like glob"a*"` },
  cidr: { of: ["addr"], write: (f: Field) => `e.${f} in cidr"10.0.0.0/8"` },
  condition: { of: ["flag"], write: (f: Field) => `e.${f} and not e.${f}` },
  minus: {
    of: ["int", "small", "ratio", "port", "took", "bytes", "share"],
    write: (f: Field) => `-e.${f} == -${literals[f]}`,
  },
} as const;

describe.each(Object.entries(families))("%s", (_, { of, write }) => {
  const allowed: readonly Field[] = of;
  it.each(fields)("on %s", (field) => {
    const codes = codesOf(write(field));
    if (allowed.includes(field)) expect(codes).toEqual([]);
    else expect(codes).toContainEqual(expect.stringMatching(/^TAP2/));
  });
});

describe("values of another type", () => {
  const codeOf = (left: Field, right: Field) => codesOf(`e.${left} == ${literals[right]}`);
  const numbers: readonly Field[] = ["int", "small", "ratio", "port"];
  const alike = (a: Field, b: Field) =>
    a === b || (numbers.includes(a) && numbers.includes(b)) || (a === "text" && b === "color");
  const pairs = fields.flatMap((a) => fields.map((b) => [a, b] as const));
  it.each(pairs.filter(([a, b]) => !alike(a, b)))("%s is not compared with %s", (a, b) => {
    expect(codeOf(a, b)).toContainEqual(expect.stringMatching(/^TAP2/));
  });
});

describe("names and arguments", () => {
  it.each([
    ["e.txt == 1", "TAP2003"],
    ["e.text.more == 1", "TAP2010"],
    ["x.text == 1", "TAP2001"],
    ["text == 1", "TAP2001"],
    ["lowercase(e.text) == 1", "TAP2013"],
    ["lower() == 1", "TAP2014"],
    ['lower(e.text, e.text) == "a"', "TAP2014"],
    ['lower(e.int) == "a"', "TAP2010"],
    ['e.color == "blue"', "TAP2011"],
    ['e.addr == ip"10.0.0"', "TAP2015"],
    ['e.addr in cidr"10.0.0.0/33"', "TAP2015"],
    ['e.text matches re"("', "TAP2015"],
    ['e.text like glob"["', "TAP2015"],
    ['e.int in [1, "a"]', "TAP2010"],
    ["e.int", "TAP2010"],
    ["e.text and e.flag", "TAP2010"],
    ["not e.int", "TAP2010"],
    ["e.text == (e.int == 1)", "TAP2012"],
    ['e.text in "a"', "TAP2010"],
    ['e.note != "a"', "TAP2101"],
    ['not (e.note == "a")', "TAP2101"],
  ])("%s", (condition, code) => {
    expect(codesOf(condition)[0]).toBe(code);
  });
});

const event: Readonly<Record<string, Value>> = {
  text: 'it\'s a "test" of café',
  other: "test",
  int: -3,
  small: 7,
  ratio: 0.5,
  id: 1n,
  flag: true,
  color: "red",
  addr: (0xffffn << 32n) | 0x0a000001n,
  port: 443,
  took: 1_500_000,
  bytes: 2048,
  share: 125_000,
};

/** The condition on one event, in both executions. */
function holds(condition: string, fields: Readonly<Record<string, Value>>): boolean {
  return runBoth(ruleWhere(condition), [{ kind: "f.e", atUs: 0, fields }], 1).length === 1;
}

describe("answers", () => {
  it.each([
    ["e.flag or e.flag and not e.flag", true],
    ["(e.flag or e.flag) and not e.flag", false],
    ["not e.flag or e.flag", true],
    ["not (e.flag or e.flag)", false],
    ["not not not e.flag", false],
    ["not e.flag == false", true],
    ['e.text contains "it\'s a \\"test\\""', true],
    ['e.text contains "\\\\"', false],
    ['e.text contains "CAFÉ" nocase', false],
    ['e.text contains "TEST" nocase', true],
    ['e.text contains "TEST"', false],
    ["e.text contains e.other", true],
    ["e.other startswith e.text", false],
    ['e.text endswith "é"', true],
    ['e.text endswith "\\u{e9}"', true],
    ['e.text matches re"^it\'s .* caf\\pL$"', true],
    ['e.other matches re"es"', true],
    ['e.other matches re"^es$"', false],
    ['e.other like glob"t?s*"', true],
    ['e.other like glob"es"', false],
    ['e.other in ["a", "test", "test"]', true],
    ['e.other not in ["a"]', true],
    ["e.other in []", false],
    ["e.other not in []", true],
    ["e.int < -2 and e.int >= -3", true],
    ["e.int > 0 or e.small > 7", false],
    ["e.ratio == 0.5 and e.ratio > 0.49", true],
    ["e.took > 1s and e.took < 1600ms and e.took == 1.5s", true],
    ["e.bytes == 2KiB and e.bytes > 2KB", true],
    ["e.share == 12.5%", true],
    ['e.addr in cidr"10.0.0.0/8" and e.addr == ip"10.0.0.1"', true],
    ['e.addr in cidr"::ffff:0:0/96"', true],
    ['e.addr not in cidr"10.0.0.0/30"', false],
    ['e.color == "red" and e.color != "green"', true],
    ["has e.text and not has e.note", true],
    ['e.note == "a" or e.flag', true],
    ['e.note == "a" or not e.flag', false],
    ["e.note is missing", true],
    ['(e.note ?? "none") == "none"', true],
    ["upper(lower(e.other)) == upper(e.other)", true],
    ["len(e.text) == 22", true],
    ['e.other + "-" + e.other == "test-test"', true],
  ])("%s is %s", (condition, expected) => {
    expect(holds(condition, event)).toBe(expected);
  });
});

describe("size", () => {
  it("keeps the answer of a condition as deep as the grammar lets it be", () => {
    const deep = `${"not (".repeat(100)}e.flag${")".repeat(100)}`;
    expect(codesOf(deep)).toEqual([]);
    expect(holds(deep, event)).toBe(true);
    expect(holds(`not ${deep}`, event)).toBe(false);
  });

  it("takes lists of many values, each of them once or often", () => {
    const values = Array.from({ length: 2000 }, (_, i) => i % 1500).join(", ");
    const answers = [0, 1499, 1500].map((int) => holds(`e.int in [${values}]`, { ...event, int }));
    expect(answers).toEqual([true, true, false]);
  });
});
