/** What the engine counts: nothing before anything happened, and each thing once. */
import { describe, expect, test } from "vitest";
import { runEngine } from "../../harness/unit-agreement.ts";
import { compiled, eventsOf, type Setting, traceOf } from "../core/ir/by-hand.ts";

const forms = `
rule exact { match sequence by k within 5s { p: t.a then q: t.b }
  suppress 10s
  rate 2 per 20s
  resolve after 5s quiet
  except "known" when p.x == 7 }
rule placed { match sequence by k within 5s { p: t.a then q: t.far } }
rule choice { match all of by k within 5s { p: t.a
  q: t.b } }
rule sliding { match over p: t.a sliding 5s by k having count() > 9 }
rule tumbling { match over p: t.a tumbling 5s by k having count() > 9 }
rule hopping { match over p: t.a hop 5s every 1s by k having count() > 9 }
rule session { match over p: t.a session gap 1s max 9s by k having count() > 9 }
rule silent { match absent p: t.c for 2000s }
rule early { match p: t.d
  emit eager }
rule again { match f: finding.early }
`;

function countersOf(rules: string, lines: readonly string[], setting: Setting = {}) {
  const { unit } = compiled(rules);
  const { events } = eventsOf(unit.schema, lines);
  return runEngine(unit, traceOf(unit, events, setting)).engine.counters;
}

/** What is not zero. */
const counted = (o: object): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(o).flatMap(([name, n]) => {
      if (typeof n !== "object" || n === null) return n === 0 ? [] : [[name, n]];
      const inner = counted(n);
      return Object.keys(inner).length > 0 ? [[name, inner]] : [];
    }),
  );

describe("counters", () => {
  test("are zero while nothing happens", () => {
    expect(counted(countersOf(forms, []))).toEqual({});
  });

  test("count each event and finding once", () => {
    const lines = ["a 0", "b 1", "a 2", "b 3", "a 20 x=7", "b 21", "d 30", "d 31", "tick 40"];
    expect(counted(countersOf(forms, lines))).toEqual({
      received: 9,
      delivered: 8,
      filtered: 1,
      matches: 10,
      findings: 8,
      provisional: 2,
      suppressed: 1,
      excepted: 1,
    });
  });

  test("count what the rate of findings kept back", () => {
    const rule = "rule r { match p: t.a\nrate 2 per 20s }";
    const { matches, findings, limited } = countersOf(rule, ["a 0", "a 1", "a 2", "a 3", "a 30"]);
    expect({ matches, findings, limited }).toEqual({ matches: 5, findings: 3, limited: 2 });
  });

  test.each([
    ["hold", { held: 1, doubted: 0, findings: 0 }],
    ["drop", { held: 0, doubted: 1, findings: 0 }],
    ["flag", { held: 0, doubted: 0, findings: 1 }],
  ])("count conclusions from a silence with a loss, on loss %s", (policy, expected) => {
    const rule = `rule r { match sequence by k within 5s { p: t.a then no q: t.b for 3s }
      on loss ${policy} }`;
    const { held, doubted, findings } = countersOf(rule, ["a 0"], { lost: { fast: 1 } });
    expect({ held, doubted, findings }).toEqual(expected);
    const sound = countersOf(rule, ["a 0"]);
    expect([sound.held, sound.doubted, sound.findings]).toEqual([0, 0, 1]);
  });

  test("count what was told too early", () => {
    const rule = "rule r { match p: t.a\nsuppress 10s\nemit eager }";
    const { provisional, retracted, findings } = countersOf(rule, ["a 5", "a 0", "a 20"]);
    expect({ provisional, retracted, findings }).toEqual({
      provisional: 2,
      retracted: 1,
      findings: 2,
    });
  });

  test("count what was forgotten for want of room", () => {
    const rule = "rule r { match p: t.a\nsuppress 90s by p.k\nkeys max 2 }";
    const lines = ["a 0 k=1", "a 1 k=2", "a 2 k=3", "a 3 k=1", "a 4 k=3"];
    const { evicted, findings, suppressed } = countersOf(rule, lines);
    expect([evicted.suppressors, findings, suppressed]).toEqual([2, 4, 1]);
    const open = "rule r { match p: t.a\nresolve after 90s quiet\nkeys max 2 }";
    expect(countersOf(open, lines).evicted.openFindings).toBe(3);
  });
});
