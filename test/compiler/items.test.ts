/** Items of lists and maps that are records or may be missing: fixes, reports, bounds, bundles. */
import { describe, expect, test } from "vitest";
import { bundleBody, compile, encodeBundle, unlimitedBudget } from "#compiler";
import { decodeBundle, evaluate, type Value } from "#core";
import { format } from "#grammar";
import { Observations } from "../../compiler/cli/test/coverage.ts";
import { mutationScores } from "../../compiler/cli/test/mutate.ts";
import { runTests } from "../../compiler/cli/test/run.ts";
import { compileFixture, schemaFile } from "./fixtures.ts";

const head = `module a
import fixture.schema
event i.e from kernel {
  k: int
  codes: list<int?, 4>
  items: list<{ name: string(8) mem: size? sub: { took: duration }? }, 4>
  labels: map<string(8), { share: percent? }?, 4>
}
`;

const textOf = (body: string) => `${head}${body}\n`;
const compiled = (body: string) => compileFixture([{ file: "r.tapio", text: textOf(body) }]);
const rule = (where: string) => `rule r { match e: i.e where ${where} }`;

describe("the two fixes of an item that may be missing", () => {
  /** The condition after each of the two fixes. */
  function fixed(where: string): string[] {
    const text = textOf(rule(where));
    const { diagnostics } = compiled(rule(where));
    expect(diagnostics.map((d) => d.code)).toEqual(["TAP2101"]);
    return (diagnostics[0]?.fixes ?? []).map(({ edits: [edit] }) => {
      const after = text.slice(0, edit?.at.start) + edit?.newText + text.slice(edit?.at.end);
      const body = after.slice(head.length, -1);
      expect(compiled(body).diagnostics).toEqual([]);
      return body.slice(body.indexOf("where ") + 6, -2);
    });
  }

  /** The verdict on an event with these codes. */
  function verdict(where: string, codes: readonly Value[]): Value {
    const { unit } = compiled(rule(where));
    const pattern = unit.rules[0]?.pattern;
    const condition = pattern?.node === "seq" ? pattern.steps[0]?.step.where : undefined;
    if (!condition) throw new Error("no condition");
    const kind = unit.schema.kinds.findIndex((x) => x.name === "i.e");
    const current = { id: "", kind, ts: 0, seq: 1, entity: undefined, fields: [1, codes, [], 1] };
    return evaluate(condition, { unit, params: new Map(), current, captures: [] });
  }

  test.each([
    "5 not in e.codes",
    "not (5 in e.codes)",
    "e.k > 0 and 5 not in e.codes",
    "not (e.k < 0 or 5 in e.codes)",
    "none(x in e.codes: x == 5)",
    "not any(x in e.codes: x == 5)",
    "all(x in e.codes: x != 5)",
  ])("%s", (where) => {
    const [refuses = "", allows = ""] = fixed(where);
    for (const codes of [[], [1], [5], [5, 1], [5, undefined]])
      for (const text of [refuses, allows])
        expect(verdict(text, codes)).toBe(verdict(where, codes));
    for (const codes of [[undefined], [1, undefined]]) {
      expect(verdict(where, codes)).toBe(undefined);
      expect([verdict(refuses, codes), verdict(allows, codes)]).toEqual([false, true]);
    }
  });
});

describe("reports", () => {
  const body = `${rule(
    'any(c in e.items: c.mem > 1MiB and c.sub.took < 2s) and "a" in e.labels and 5 in e.codes and e.labels["a"].share > 5%',
  )}
test "t" for r {
  given {
    at 1s i.e {
      k: 1
      codes: [5]
      items: [[pair("name", "a"), pair("mem", 2MiB), pair("sub", [pair("took", 1s)])]]
      labels: [pair("a", [pair("share", 6%)])]
    }
  }
  expect { finding r at 1s }
}`;
  const result = compiled(body);

  test("write conditions as their author would", () => {
    expect(result.diagnostics).toEqual([]);
    const observations = new Observations();
    runTests(result, { observations, permutations: 0 });
    const [first] = result.unit.rules;
    expect(observations.of(first!, result.unit.schema).gaps.map((g) => g.text)).toEqual([
      "`any(x in e.items: x.mem > 1MiB and x.sub.took < 2s)`",
      '`"a" in e.labels`',
      "`5 in e.codes`",
      '`e.labels["a"].share > 5%`',
    ]);
  });

  test("name mutants of what is asked of each item", () => {
    const [score] = mutationScores(result, result.tests, new Map(), undefined);
    const whole = "`any(x in e.items: x.mem > 1MiB and x.sub.took < 2s)`";
    expect(score?.survivors).toContain(
      `step \`e\`: ${whole} becomes \`any(x in e.items: x.sub.took < 2s)\``,
    );
    expect(score?.survivors).not.toContain(
      `step \`e\`: ${whole} becomes \`any(x in e.items: not x.mem > 1MiB and x.sub.took < 2s)\``,
    );
  });

  test("name mutants of what is counted of items", () => {
    const counting = compiled(
      body.replace(
        /any\(c in e\.items:.*?5%/,
        'count(c in e.items: c.mem > 1MiB and c.sub.took < 2s) >= 1 and "a" in e.labels',
      ),
    );
    expect(counting.diagnostics).toEqual([]);
    const [score] = mutationScores(counting, counting.tests, new Map(), undefined);
    const whole = "`count(x in e.items: x.mem > 1MiB and x.sub.took < 2s) >= 1`";
    expect(score?.survivors).toContain(
      `step \`e\`: ${whole} becomes \`count(x in e.items: x.sub.took < 2s) >= 1\``,
    );
    expect(score?.survivors).not.toContain(
      `step \`e\`: ${whole} becomes \`count(x in e.items: not x.mem > 1MiB and x.sub.took < 2s) >= 1\``,
    );
  });
});

describe("bounds", () => {
  /** Of the partial match, whose event has the field. */
  const bytesWith = (field: string) => {
    const text = `module a
import fixture.schema
event i.e from kernel { k: int f: ${field} }
rule r {
  match sequence by k within 1m { x: i.e then y: i.e }
  explain { root x summary "{x.f}" }
}
`;
    const files = [schemaFile, { file: "r.tapio", text }];
    const { certificate, diagnostics } = compile(files, {
      std: [],
      version: "test",
      budget: unlimitedBudget,
    });
    expect(diagnostics).toEqual([]);
    return certificate.rules[0]?.state[0]?.amount ?? 0;
  };

  test.each([
    ["list<int, 10>", 10 * 8],
    ["list<int?, 10>", 10 * 8],
    ["list<{ a: int b: u32 }, 10>", 10 * 16],
    ["list<{ a: int b: string(4)? }?, 10>", 10 * (8 + 8 + 4)],
    ["map<u32, bool?, 8>", 8 * (8 + 1)],
  ])("of %s", (field, bytes) => {
    expect(bytesWith(field) - bytesWith("bool")).toBe(bytes - 1);
  });
});

test("items travel in the bundle as they are declared", () => {
  const files = [
    schemaFile,
    { file: "r.tapio", text: textOf(rule("any(c in e.items: has c.mem)")) },
  ];
  const result = compile(files, { std: [], version: "test", budget: unlimitedBudget });
  const read = decodeBundle(encodeBundle(bundleBody(result, files, "test")));
  const kinds = read.ok ? read.bundle.unit.schema.kinds : [];
  expect(kinds.find((k) => k.name === "i.e")).toEqual(
    result.unit.schema.kinds.find((k) => k.name === "i.e"),
  );
});

test("`missing` in a test is kept by the formatter", () => {
  const text = textOf(`rule r { match e: i.e }
test "t" for r { given { at 1s i.e { k: 1 codes: [1,missing] items: [] labels: [pair("a",missing)] } } expect { finding r } }`);
  const once = format(text, "r.tapio").text;
  expect(once).toContain("codes: [1, missing]");
  expect(once).toContain('labels: [pair("a", missing)]');
  expect(format(once, "r.tapio")).toEqual({ text: once, diagnostics: [] });
});
