/** Which rule is in which lane, and who hears of what. */
import { describe, expect, test } from "vitest";
import type { CoreUnit } from "#core";
import type { Lane } from "../../../../runtime/engine/intake/lane.ts";
import { Lanes } from "../../../../runtime/engine/intake/lanes.ts";
import type { RuleRunner } from "../../../../runtime/engine/rule-runner.ts";
import { compiled } from "../../core/ir/by-hand.ts";

/** The lanes of all rules, whose numbers begin with `base`; each lane as the names in it. */
function lanesOf(text: string, base = 0) {
  const { unit } = compiled(text);
  const lanes = new Lanes({ unit, derives: [], eventsMax: 9, base });
  for (const [i, rule] of unit.rules.entries()) lanes.add({ index: base + i } as RuleRunner, rule);
  const nameOf = (index: number) => unit.rules[index - base]?.name ?? "?";
  const namesIn = (lane: Lane) => lane.rules.map((r) => nameOf(r.index)).join(" ");
  const numberOf = (name: string) => base + unit.rules.findIndex((r) => r.name === name);
  return { unit, lanes, namesIn, numberOf };
}
const kindOf = (unit: CoreUnit, name: string) =>
  unit.schema.kinds.findIndex((k) => k.name === name);
const sourcesOf = (unit: CoreUnit, lane: Lane) =>
  lane.sources.map((s) => unit.schema.sources[s]?.name).join(" ");

describe("lanes", () => {
  test("are shared by rules that need the same sources and wait for the same", () => {
    const { unit, lanes, namesIn } = lanesOf(`
      rule one { match p: t.a }
      rule two { match sequence by k within 5s { p: t.b then q: t.a } }
      rule both { match sequence by k within 5s { p: t.far then q: t.a } }
      rule again { match sequence by k within 5s { p: t.a then q: t.away } }
      rule silent { match sequence by k within 5s { p: t.a then no q: t.b for 3s } }
      rule flagged { match sequence by k within 5s { p: t.a then no q: t.b for 3s } on idle flag }
      rule ends { match p: t.a resolve on z: t.far }`);
    expect(lanes.all.map((l) => [namesIn(l), sourcesOf(unit, l), l.waitsForIdle])).toEqual([
      ["one two flagged", "fast", false],
      ["both again ends", "fast coarse", false],
      ["silent", "fast", true],
    ]);
  });

  test("of rules over findings come behind those that make them", () => {
    for (const base of [0, 7]) {
      const { unit, lanes, namesIn, numberOf } = lanesOf(
        `rule low { match p: t.a }
         rule other { match p: t.far }
         rule high { match f: finding.low }
         rule higher { match f: finding.low }
         rule top { match all of by true within 5s { f: finding.low
           g: finding.other } }`,
        base,
      );
      const inputs = (l: Lane) => l.inputs.map(namesIn).join(", ");
      expect(lanes.all.map((l) => [namesIn(l), inputs(l)])).toEqual([
        ["low", ""],
        ["other", ""],
        ["high higher", "low"],
        ["top", "low, other"],
      ]);
      expect(namesIn(lanes.ofRule(numberOf("higher")))).toBe("high higher");
      expect(() => lanes.ofRule(base + 5)).toThrow(`rule ${base + 5} is in no lane`);
      const over = (kind: number) => [...lanes.overKind(kind)].map(namesIn);
      const low = unit.schema.kinds.findIndex((k) => k.name.endsWith(".low"));
      expect([over(low), over(kindOf(unit, "t.a"))]).toEqual([["high higher", "top"], []]);
      expect(lanes.stepsFor(low, numberOf("top"))).toEqual([0]);
      expect(lanes.stepsFor(low, numberOf("low"))).toEqual([]);
      expect(lanes.stepsFor(kindOf(unit, "t.a"), numberOf("low"))).toEqual([]);
    }
  });

  test("of findings from different lanes are different, though the sources are equal", () => {
    const { lanes, namesIn } = lanesOf(`
      rule low { match p: t.a }
      rule quiet { match sequence by k within 5s { p: t.a then no q: t.b for 3s } }
      rule high { match f: finding.low }
      rule above { match f: finding.quiet }`);
    expect(lanes.all.map((l) => [namesIn(l), l.inputs.map(namesIn).join()])).toEqual([
      ["low", ""],
      ["quiet", ""],
      ["high", "low"],
      ["above", "quiet"],
    ]);
  });

  test("hear of the derives they need, also of those that those need", () => {
    const { unit, lanes, namesIn, numberOf } = lanesOf(`
      derive log.two from e: log.one set { x: e.x }
      derive log.one from e: t.a set { x: e.x }
      derive log.three from e: t.a set { x: e.x }
      rule deep { match sequence by true within 5s { p: log.two then q: t.a then r: log.two } }
      rule flat { match sequence by true within 5s { p: log.one then q: t.tick } }`);
    const byKind = unit.derives.map((d, i) => {
      const from = d.step.kinds.map((k) => unit.schema.kinds[k]?.name);
      const made = unit.schema.kinds[d.kind]?.name;
      return [`${made} of ${from}`, [...lanes.ofDerive(i)].map(namesIn).sort().join()];
    });
    expect(new Map(byKind as [string, string][])).toEqual(
      new Map([
        ["log.two of log.one", "deep"],
        ["log.one of t.a", "deep,flat"],
        ["log.three of t.a", ""],
      ]),
    );
    expect(lanes.stepsFor(kindOf(unit, "log.two"), numberOf("deep"))).toEqual([0, 2]);
    expect([...lanes.ofDerive(99)]).toEqual([]);
  });
});
