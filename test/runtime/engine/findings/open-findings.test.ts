/** Findings that `resolve` may end, against a list of them. */
import fc from "fast-check";
import { expect, test } from "vitest";
import type { EngineMatch } from "../../../../runtime/engine/code/scope.ts";
import { type Open, OpenFindings } from "../../../../runtime/engine/findings/open-findings.ts";

const matchOf = (key: string, at: number) => ({ key, at }) as unknown as EngineMatch;

/** What it is, in order of report, by definition. */
class Model {
  open: { key: string; at: number; lastAt: number }[] = [];

  prolong(key: string, at: number, quietUs: number): void {
    for (const o of this.open)
      if (o.key === key && at > o.lastAt && at <= o.lastAt + quietUs) o.lastAt = at;
  }

  get longestQuiet(): number {
    return Math.min(Number.POSITIVE_INFINITY, ...this.open.map((o) => o.lastAt));
  }

  take(isTaken: (o: { key: string; at: number; lastAt: number }) => boolean) {
    const taken = this.open.filter(isTaken);
    this.open = this.open.filter((o) => !isTaken(o));
    return taken;
  }
}

const key = fc.constantFrom("a", "b");
const operation = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant("add" as const), key, after: fc.nat(3) }) },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant("prolong" as const), key, after: fc.nat(3) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant("forget" as const),
      key: fc.option(key, { nil: undefined }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant("take" as const),
      key: fc.option(key, { nil: undefined }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("quiet" as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("restore" as const) }) },
);
const quietUs = 4;
const shown = (open: readonly Open[]) =>
  open.map((o) => ({ key: o.match.key, at: o.match.at, lastAt: o.lastAt }));
const isEven = (o: { at: number }) => o.at % 2 === 0;

test("are what a list of them is", () => {
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 40 }), (list) => {
      let findings = new OpenFindings();
      const model = new Model();
      let now = 0;
      for (const op of list) {
        if (op.do === "add") {
          now += op.after;
          findings.add(matchOf(op.key, now));
          model.open.push({ key: op.key, at: now, lastAt: now });
        } else if (op.do === "prolong") {
          now += op.after;
          findings.prolong(op.key, now, quietUs);
          model.prolong(op.key, now, quietUs);
        } else if (op.do === "forget") {
          findings.forgetOldest(op.key);
          const [first] = model.open.filter((o) => op.key === undefined || o.key === op.key);
          model.take((o) => o === first);
        } else if (op.do === "take") {
          const taken = findings.take(op.key, (o) => isEven(o.match));
          const isMine = (o: { key: string }) => op.key === undefined || o.key === op.key;
          expect(shown(taken)).toEqual(model.take((o) => isMine(o) && isEven(o)));
        } else if (op.do === "quiet") {
          const at = model.longestQuiet;
          expect(shown(findings.takeQuiet(at))).toEqual(model.take((o) => o.lastAt <= at));
        } else {
          const fresh = new OpenFindings();
          fresh.add(matchOf("a", 99));
          fresh.restore(findings.save());
          findings = fresh;
        }
        expect(findings.size).toBe(model.open.length);
        expect(findings.longestQuiet).toBe(model.longestQuiet);
        for (const k of ["a", "b"])
          expect(findings.countOf(k)).toBe(model.open.filter((o) => o.key === k).length);
      }
      expect(shown(findings.take(undefined, () => true))).toEqual(model.open);
      expect(findings.size).toBe(0);
    }),
    { numRuns: 400 },
  );
});

test("that are cleared are gone", () => {
  const findings = new OpenFindings();
  findings.add(matchOf("a", 1));
  findings.clear();
  expect([findings.size, findings.countOf("a"), findings.longestQuiet]).toEqual([
    0,
    0,
    Number.POSITIVE_INFINITY,
  ]);
});

test("that fall quiet at one time end in the order in which they were reported", () => {
  const findings = new OpenFindings();
  findings.add(matchOf("a", 0));
  findings.add(matchOf("b", 3));
  findings.prolong("a", 3, quietUs);
  expect(findings.takeQuiet(3).map((o) => o.match.key)).toEqual(["a", "b"]);
});
