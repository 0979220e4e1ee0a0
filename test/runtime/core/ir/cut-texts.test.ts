/**
 * Texts that their source cut short (B.3): only what the visible part decides is decided. By hand,
 * in the interpreter and in the engine; and what was not decided is said on the finding.
 */
import { expect, test } from "vitest";
import { CutText, type Value } from "#core";
import { findingsOf } from "../../../compiler/both-ways.ts";

const cut = (visible: string) => new CutText(visible);

test.each([
  // condition, holds, does not hold (false or unknown)
  ['p.s == "abcd"', [], [cut("ab"), cut("abcd"), cut("x")]],
  ['p.s != "abcd"', [cut("x"), cut("abcde")], [cut("ab"), cut("abcd")]],
  ['not (p.s == "abcd")', [cut("x")], [cut("ab")]],
  ['p.s in ["abcd", "x"]', [], [cut("ab"), cut("y"), cut("x")]],
  ['p.s not in ["abcd", "x"]', [cut("y"), cut("xy")], [cut("ab"), cut("x")]],
  ['p.s startswith "ab"', [cut("ab"), cut("abc")], [cut("a"), cut("x")]],
  ['p.s not startswith "ab"', [cut("x"), cut("ax")], [cut("a"), cut("ab")]],
  ['p.s contains "ab"', [cut("xab")], [cut("xa"), cut("x")]],
  ['p.s not contains "ab"', [], [cut("x"), cut("xab")]],
  ['p.s endswith "ab"', [], [cut("ab"), cut("x")]],
  ['p.s matches re"^a.c"', [cut("abc")], [cut("ab"), cut("x")]],
  ['p.s not matches re"^a.c"', [cut("x"), cut("axx")], [cut("ab"), cut("abc")]],
  ['p.s matches re"c$"', [], [cut("abc"), cut("x")]],
  ['p.s like glob"ab**"', [cut("ab")], [cut("a"), cut("x")]],
  ['p.s < "abcd"', [cut("abcc"), cut("Z")], [cut("abc"), cut("abcd"), cut("b")]],
  ['p.s >= "abcd"', [cut("abcd"), cut("b")], [cut("abc"), cut("abcc")]],
  ['p.s > "abcd"', [cut("abcde")], [cut("abcd"), cut("abc")]],
  ['not (p.s <= "abcd")', [cut("abcde")], [cut("abcd"), cut("abc")]],
  ["len(p.s) >= 1", [], [cut("abc")]],
  ['lower(p.s) startswith "ab"', [cut("AB")], [cut("A")]],
  ['p.s + "x" startswith "ab"', [cut("ab")], [cut("a")]],
  ['p.s + "x" endswith "x"', [], [cut("ab")]],
  ['"x" + p.s startswith "xa"', [cut("ab")], [cut("b")]],
  ["has p.s", [cut("")], []],
] as const)("%s", (where, holds, not) => {
  const rule = `rule r { match p: t.a where ${where} }`;
  expect(
    findingsOf(
      rule,
      holds.map((s) => ["a", s] as const),
    ).length,
  ).toBe(holds.length);
  expect(
    findingsOf(
      rule,
      not.map((s) => ["a", s] as const),
    ),
  ).toEqual([]);
});

test("a cut text is a key of its own", () => {
  const rule = "rule r { match sequence by s within 1s { p: t.a then q: t.b } }";
  expect(
    findingsOf(rule, [
      ["a", cut("ab")],
      ["b", "ab"],
      ["b", cut("ab")],
    ]).length,
  ).toBe(1);
});

test("a finding shows where a text was cut", () => {
  const rule = 'rule r { match p: t.a explain { root p summary "{p.s}" } }';
  expect(findingsOf(rule, [["a", cut("ab")]])[0]?.summary).toBe("ab…");
});

test.each([
  ["without", '{ p: t.a without n: t.d where n.s == "abcd" then q: t.b }'],
  ["until", '{ p: t.a then q: t.b } until n: t.d where n.s == "abcd"'],
  ["then no", '{ p: t.a then q: t.b then no n: t.d where n.s == "abcd" for 1s }'],
])("an undecided `%s` is said on the finding", (name, body) => {
  const rule = `rule r { match sequence by k within 1s ${body} }`;
  const between = (s: Value): readonly (readonly [string, Value])[] =>
    name === "then no"
      ? [
          ["a", "x"],
          ["b", "x"],
          ["d", s],
        ]
      : [
          ["a", "x"],
          ["d", s],
          ["b", "x"],
        ];
  expect(findingsOf(rule, between("abcd"))).toEqual([]);
  expect(findingsOf(rule, between("y"))[0]?.degraded).toEqual([]);
  expect(findingsOf(rule, between(cut("ab")))[0]?.degraded.length).toBe(1);
  expect(findingsOf(rule, between(cut("y")))[0]?.degraded).toEqual([]);
});
