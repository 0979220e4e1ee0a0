/** What is kept and shown of evidence; bytes of values are never more than their types say. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { compile, unlimitedBudget } from "#compiler";
import {
  bytesOfEvent,
  CutText,
  cutEvent,
  cutsBeforeJudged,
  cutsOfUnseen,
  cutsShown,
  type FieldType,
  makeEvent,
  RecordValue,
  shownBytes,
  strippedEvent,
  typeBytes,
  type Value,
  valueBytes,
} from "#core";

const schema = `module cut.schema
source s { lateness 1s granularity 1us idle 2s rank 0 }
source far { lateness 1s granularity 1s idle 2s rank 1 }
event t.a from s { k: int long: string(1000) other: string(1000) tags: list<string(100), 20> n: int }
event t.b from s { k: int text: string(1000) }
event t.c from far { k: int text: string(1000) }
`;

function unitOf(rules: string) {
  const files = [
    { file: "schema.tapio", text: schema },
    { file: "r.tapio", text: `module cut.rules\nimport cut.schema\n${rules}\n` },
  ];
  const { unit, diagnostics } = compile(files, { std: [], version: "", budget: unlimitedBudget });
  expect(diagnostics.filter((d) => d.severity === "error").map((d) => d.message)).toEqual([]);
  return unit;
}

/** Names of the fields that are cut, of all kinds. */
function named(unit: ReturnType<typeof unitOf>, cuts: ReadonlyMap<number, readonly number[]>) {
  return [...cuts].flatMap(([kind, fields]) => {
    const { name, fields: all } = unit.schema.kinds[kind] ?? { name: "", fields: [] };
    return fields.map((i) => `${name}.${all[i]?.name}`);
  });
}

describe("what nothing reads later is cut", () => {
  const cutOf = (rules: string, of: typeof cutsShown = cutsShown) => {
    const unit = unitOf(rules);
    const [rule] = unit.rules;
    if (!rule) throw new Error("no rule");
    return named(unit, of(unit, rule)).filter((name) => name.startsWith("t.a"));
  };
  const all = ["t.a.long", "t.a.other", "t.a.tags"];

  test.each([
    ["the step's own condition", 'p: t.a where p.long == "x"', all],
    [
      "an aggregate of a run",
      "p: t.a repeat 2.. then q: t.b where max(len(p.long)) > 9",
      ["t.a.other", "t.a.tags"],
    ],
    [
      "an aggregate of the run so far",
      "p: t.a where (max(len(p.other)) ?? 0) < 9 repeat 2.. then q: t.b",
      ["t.a.long", "t.a.tags"],
    ],
    ["a later condition", "p: t.a then q: t.b where q.text == p.long", ["t.a.other", "t.a.tags"]],
  ])("%s", (_, steps, cut) => {
    expect(cutOf(`rule r { match sequence by k within 1m { ${steps} } }`)).toEqual(cut);
  });

  test("explanation, policies and the end of a finding read", () => {
    const rule = `rule r {
      match p: t.a
      suppress 1m by p.other
      resolve on z: t.b where z.text == p.long
      explain { root p summary "{p.tags}" }
    }`;
    expect(cutOf(rule)).toEqual([]);
  });

  test("rules over findings read, also by their keys", () => {
    const over = (f: string) => `rule r { match p: t.a }
      rule o { match ${f} }`;
    expect(cutOf(over("f: finding.r where f.root.n > 1"))).toEqual(all);
    expect(cutOf(over('f: finding.r where f.root.long == "x"'))).toEqual(all.slice(1));
    expect(cutOf(over("over f: finding.r sliding 1m by f.p.other having count() >= 2"))).toEqual([
      "t.a.long",
      "t.a.tags",
    ]);
  });

  test("a condition that is judged later reads its own event", () => {
    const rule = `rule r { match all of by k within 1m { p: t.a where p.long == "x" q: t.c } }`;
    expect(cutOf(rule)).toEqual(all);
    expect(cutOf(rule, cutsBeforeJudged)).toEqual(["t.a.other", "t.a.tags"]);
  });

  test("of what only ends a finding nothing is kept but what is tested", () => {
    const unit = unitOf(`rule r { match p: t.b resolve on z: t.a where z.n > 1 }`);
    const [rule] = unit.rules;
    if (!rule) throw new Error("no rule");
    const event = eventOf(unit, "long", []);
    const kept = strippedEvent(event, cutsOfUnseen(unit, rule));
    expect(kept.fields).toEqual([undefined, undefined, undefined, undefined, 7]);
  });
});

function eventOf(unit: ReturnType<typeof unitOf>, long: Value, tags: Value) {
  const fields = [1, long, "other", tags, 7];
  return makeEvent(unit.schema, { kind: 0, ts: 0, seq: 1, fields });
}

describe("an event that is cut", () => {
  const unit = unitOf("rule r { match p: t.a }");
  const [rule] = unit.rules;
  if (!rule) throw new Error("no rule");
  const cut = (long: Value, tags: Value) =>
    cutEvent(unit.schema.kinds, eventOf(unit, long, tags), cutsShown(unit, rule));

  test("is itself when nothing is too long", () => {
    const event = eventOf(unit, "x".repeat(256), ["a"]);
    expect(cutEvent(unit.schema.kinds, event, cutsShown(unit, rule))).toBe(event);
  });

  test("keeps its id, and whole characters of a text", () => {
    const event = eventOf(unit, "é".repeat(200), []);
    const { id, fields } = cut("é".repeat(200), []);
    expect(id).toBe(event.id);
    expect(fields[1]).toEqual(new CutText("é".repeat(128)));
  });

  test("has the beginning of how a long list is written", () => {
    const tags = Array.from({ length: 20 }, (_, i) => `${i}`.padEnd(50, "x"));
    const { fields } = cut("", tags);
    expect((fields[3] as CutText).visible.slice(0, 53)).toBe(`[${tags[0]}, `);
    expect(bytesOfEvent(cut("", tags))).toBeLessThan(40 + 3 * 8 + 5 * (8 + shownBytes));
  });

  test("may lack more of what its source has cut", () => {
    expect(cut(new CutText("y".repeat(300)), []).fields[1]).toEqual(new CutText("y".repeat(256)));
  });
});

// ---------- bytes ----------

const leaf: fc.Arbitrary<FieldType> = fc.oneof(
  fc.constantFrom<FieldType>({ t: "int" }, { t: "bool" }, { t: "ip" }, { t: "id64" }),
  fc.integer({ min: 0, max: 40 }).map((maxBytes): FieldType => ({ t: "string", maxBytes })),
  fc.constant<FieldType>({ t: "enum", members: ["a", "längst"] }),
);
const type: fc.Arbitrary<FieldType> = fc.letrec<{ type: FieldType }>((tie) => ({
  type: fc.oneof(
    { maxDepth: 2 },
    leaf,
    fc
      .tuple(tie("type"), fc.nat({ max: 3 }))
      .map(([of, max]): FieldType => ({ t: "list", item: { type: of, isOptional: true }, max })),
    fc.tuple(leaf, tie("type"), fc.nat({ max: 3 })).map(
      ([key, of, max]): FieldType => ({
        t: "map",
        key,
        value: { type: of, isOptional: true },
        max,
      }),
    ),
    fc.array(tie("type"), { maxLength: 3 }).map(
      (of): FieldType => ({
        t: "record",
        members: of.map((x, i) => ({ name: `m${i}`, type: x, isOptional: false })),
      }),
    ),
  ),
})).type;

/** The value of `type` that takes most. */
function largest(of: FieldType): Value {
  switch (of.t) {
    case "bool":
      return true;
    case "ip":
    case "id64":
      return 1n;
    case "string":
      return "x".repeat(of.maxBytes);
    case "enum":
      return of.members.at(-1);
    case "list":
      return Array.from({ length: of.max }, () => largest(of.item.type));
    case "map":
      return new Map(
        Array.from({ length: of.max }, () => [largest(of.key), largest(of.value.type)] as const),
      );
    case "record":
      return new RecordValue(of.members.map((m) => [m.name, largest(m.type)] as const));
    default:
      return 1;
  }
}

test("law: a value never takes more than its type says", () => {
  fc.assert(
    fc.property(type, (of) => {
      const bytes = valueBytes(largest(of));
      expect(bytes).toBeLessThanOrEqual(typeBytes(of));
      const isScalar = !["map", "list", "record"].includes(of.t);
      if (isScalar) expect(bytes).toBe(typeBytes(of));
    }),
  );
});
