/** What tests come to on values that are missing (LANGUAGE B.3): true, false, or neither. */
import { describe, expect, test } from "vitest";
import { CutText, parseIp, type RelationFact, type Value } from "#core";
import { at } from "./by-hand.ts";
import { findingsOn, type Happening, toldOn, verdictsOn } from "./on-values.ts";

const kinds = `event v.e from kernel {
  k: int? s: string(8)? needle: string(8)? ip: ip?
  l: list<int?, 4>? m: list<int, 4>? n: list<int, 4>?
}`;
const unknown = undefined;

describe("of the items of a list", () => {
  const on = (where: string, ...lists: readonly Value[]) =>
    verdictsOn(
      where,
      kinds,
      lists.map((l) => ({ k: 1, l })),
    );

  test("nothing is known when there is no list, whatever is asked of them", () => {
    expect(on("any(x in p.l: p.k == 1)", unknown, [], [5])).toEqual([unknown, false, true]);
    expect(on("all(x in p.l: p.k == 1)", unknown, [], [5])).toEqual([unknown, true, true]);
    expect(on("none(x in p.l: p.k == 2)", unknown, [], [5])).toEqual([unknown, true, true]);
    expect(on("count(x in p.l: p.k == 1) == 1", unknown, [], [5])).toEqual([unknown, false, true]);
  });

  test("a missing one leaves open what the others do not decide", () => {
    const lists = [[unknown], [5, unknown], [unknown, 1]];
    expect(on("any(x in p.l: x == 5)", ...lists)).toEqual([unknown, true, unknown]);
    expect(on("all(x in p.l: x == 5)", ...lists)).toEqual([unknown, unknown, false]);
    expect(on("none(x in p.l: x == 5)", ...lists)).toEqual([unknown, false, unknown]);
    expect(on("count(x in p.l: x == 5) < 2", ...lists, [5])).toEqual([
      unknown,
      unknown,
      unknown,
      true,
    ]);
  });

  test("each is known inside what is asked of it", () => {
    const where = "any(x in p.l: any(y in p.m: any(z in p.n: x < y and y < z)))";
    const of = (l: number, m: number, n: number) => ({ l: [l], m: [m], n: [n] });
    const given = [of(1, 2, 3), of(2, 1, 3), of(1, 3, 2), of(3, 1, 2)];
    expect(verdictsOn(where, kinds, given)).toEqual([true, false, false, false]);
  });
});

test("what is missing is not said to be outside of a set, not even of an empty one", () => {
  const on = (where: string) => verdictsOn(where, kinds, [{}, { s: "a" }, { s: "b" }]);
  expect(on('p.s in ["a"]')).toEqual([unknown, true, false]);
  expect(on("p.s in []")).toEqual([unknown, false, false]);
});

test("an address is in a network when it begins with its bits", () => {
  const on = (where: string, ...ips: readonly (string | undefined)[]) =>
    verdictsOn(
      where,
      kinds,
      ips.map((ip) => ({ ip: ip === undefined ? ip : parseIp(ip) })),
    );
  const near = ["9.255.255.255", "10.0.0.0", "10.255.255.255", "11.0.0.0", unknown];
  expect(on('p.ip in cidr"10.0.0.0/8"', ...near)).toEqual([false, true, true, false, unknown]);
  expect(on('p.ip in cidr"10.0.0.7/32"', "10.0.0.7", "10.0.0.6")).toEqual([true, false]);
  expect(on('p.ip in cidr"fd00::/9"', "fd00::1", "fd7f::1", "fd80::1")).toEqual([
    true,
    true,
    false,
  ]);
});

test("a text is not searched for what is missing or was cut short", () => {
  const given = [
    { s: "xab", needle: "ab" },
    { s: "xab", needle: "ax" },
    { s: "xab" },
    { needle: "ab" },
    { s: "xab", needle: new CutText("ab") },
    { s: "abx", needle: new CutText("ab") },
  ];
  const on = (op: string) => verdictsOn(`p.s ${op} p.needle`, kinds, given).slice(2);
  expect(verdictsOn("p.s contains p.needle", kinds, given.slice(0, 2))).toEqual([true, false]);
  for (const op of ["contains", "startswith", "endswith"])
    expect(on(op)).toEqual([unknown, unknown, unknown, unknown]);
});

test("two texts that were cut short differ where what is visible of both does", () => {
  const cut = (visible: string) => new CutText(visible);
  const on = (...pairs: readonly (readonly [Value, Value])[]) =>
    verdictsOn(
      "p.s == p.needle",
      kinds,
      pairs.map(([s, needle]) => ({ s, needle })),
    );
  expect(on([cut("ab"), cut("ab")], [cut("ab"), cut("abc")], [cut("abc"), cut("ab")])).toEqual([
    unknown,
    unknown,
    unknown,
  ]);
  expect(on([cut("ab"), cut("ac")], [cut("xb"), cut("ab")], [cut("abc"), cut("xb")])).toEqual([
    false,
    false,
    false,
  ]);
  // Upper case is another text, on whichever side.
  const mixed = on([cut("AB"), "abcd"], ["abcd", cut("AB")], ["abcd", cut("ab")], ["a", cut("ab")]);
  expect(mixed).toEqual([false, false, unknown, false]);
});

test("a text that is not there has no groups", () => {
  const rule = `rule r {
    match sequence by true within 9s {
      p: v.e where p.k == 1
      then optional q: v.e where q.s matches re"a(?<n:int>[0-9]+)" as m
      then z: v.e where z.k == 2
    }
    explain { root p summary "{m.n ?? -1}" }
  }`;
  const told = (s: string) =>
    toldOn(rule, kinds, [
      ["v.e", 1, { k: 1 }],
      ["v.e", 2, { s }],
      ["v.e", 3, { k: 2 }],
    ]);
  expect(told("a7")).toEqual(["r@3 7"]);
  expect(told("b7")).toEqual(["r@3 -1"]);
});

test("an event has an id, which is that of the root", () => {
  const rule = 'rule r { match p: v.e explain { root p summary "{p.id}" } }';
  const [finding] = findingsOn(rule, kinds, [["v.e", 1]]);
  expect(finding?.summary).toBe(finding?.root.eventId);
  expect(finding?.summary).toBeTypeOf("string");
});

test("an entity kind may have a name that every object knows", () => {
  const rule = `entity constructor key string(8) max 4
    rule holds { match p: v.e where has p.entity.constructor }
    rule r { match p: v.e explain { root p summary "{entity.constructor ?? \\"none\\"}" } }`;
  const events: Happening[] = [
    ["v.e", 1, {}, { pod: "p1" }],
    ["v.e", 2, {}, { constructor: "c1" }],
  ];
  expect(toldOn(rule, kinds, events)).toEqual(["holds@2 holds matched", "r@1 none", "r@2 c1"]);
});

describe("a relation", () => {
  const world = `${kinds}
    entity service key string(8) max 8
    relation backs pod -> service fanout 4
    relation calls service -> service fanout 4`;
  const fact = (relation: string, from: string, to: string): RelationFact => ({
    relation,
    from,
    to,
    since: at(0),
    until: undefined,
  });
  const relations = [
    fact("backs", "p1", "s1"),
    fact("backs", "p1", "s2"),
    fact("backs", "p2", "s1"),
    fact("calls", "s0", "s2"),
  ];
  const rules = `rule holds { match sequence by true within 5s {
      p: v.e where p.k == 1
      then q: v.e where q.k == 2 and related(p.entity.service, q.entity.pod.service, via: calls)
    } }
    rule fails { match sequence by true within 5s {
      p: v.e where p.k == 1
      then q: v.e
        where q.k == 2 and not related(p.entity.service, q.entity.pod.service, via: calls)
    } }`;
  const told = (from: Happening[3], to: Happening[3]) =>
    findingsOn(
      rules,
      world,
      [
        ["v.e", 1, { k: 1 }, from],
        ["v.e", 2, { k: 2 }, to],
      ],
      { relations },
    ).map((f) => f.rule);

  test("leads to one of several", () => {
    expect(told({ service: "s0" }, { pod: "p1" })).toEqual(["holds"]);
    expect(told({ service: "s0" }, { pod: "p2" })).toEqual(["fails"]);
    expect(told({ service: "s1" }, { pod: "p1" })).toEqual(["fails"]);
  });

  test("is unknown from or to what is not known", () => {
    expect(told(undefined, { pod: "p1" })).toEqual([]);
    expect(told({ service: "s0" }, undefined)).toEqual([]);
    expect(told(undefined, undefined)).toEqual([]);
  });
});
