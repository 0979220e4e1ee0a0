/** What the engine remembers besides partial matches: found by key, bounded, and not slow. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { CoreRule } from "#core";
import type { EngineMatch } from "../../../runtime/engine/code/scope.ts";
import { Queue } from "../../../runtime/engine/collections/queue.ts";
import { GivenUpList } from "../../../runtime/engine/findings/given-up.ts";
import { type Open, OpenFindings } from "../../../runtime/engine/findings/open-findings.ts";
import { FactTable } from "../../../runtime/engine/intake/fact-table.ts";
import { WorldState } from "../../../runtime/engine/intake/world-state.ts";
import { Rig, second } from "../../harness/rig.ts";

/** How long `work` takes, ms. */
function took(work: () => void): number {
  const begin = performance.now();
  work();
  return performance.now() - begin;
}

describe("a queue", () => {
  test("is an array with a shift that does not move the rest", () => {
    const steps = fc.array(fc.oneof(fc.nat(9), fc.constant(undefined)), { maxLength: 200 });
    fc.assert(
      fc.property(steps, (all) => {
        const queue = new Queue<number>();
        const array: number[] = [];
        for (const x of all) {
          if (x === undefined) expect(queue.shift()).toBe(array.shift());
          else {
            queue.push(x);
            array.push(x);
          }
          expect(queue.peek()).toBe(array[0]);
          expect(queue.size).toBe(array.length);
        }
        expect(queue.items).toEqual(array);
        const again = new Queue<number>();
        again.replace(queue.items);
        expect(again.items).toEqual(array);
      }),
    );
  });

  test("of 200,000 is emptied at once", () => {
    const queue = new Queue<number>();
    for (let i = 0; i < 200_000; i++) queue.push(i);
    expect(took(() => queue.size > 0 && [...Array(60_000)].map(() => queue.shift()))).toBeLessThan(
      500,
    );
  });
});

describe("facts with an end", () => {
  interface Fact {
    readonly key: string;
    readonly end: number | undefined;
  }
  const facts = fc.array(
    fc.record({
      key: fc.constantFrom(..."abcdefghij"),
      end: fc.option(fc.nat(5), { nil: undefined }),
    }),
    { maxLength: 60 },
  );

  /** The table as it would be written down: what ends first, and of those the first, goes. */
  function naive(all: readonly Fact[], max: number): { kept: Fact[]; gone: Fact[] } {
    let kept: Fact[] = [];
    const gone: Fact[] = [];
    const endOf = (f: Fact) => f.end ?? Number.POSITIVE_INFINITY;
    for (const fact of all) {
      const known = kept.findIndex((f) => f.key === fact.key);
      kept = known >= 0 ? kept.with(known, fact) : [...kept, fact];
      if (kept.length <= max) continue;
      const victim = kept.reduce((a, b) => (endOf(b) < endOf(a) ? b : a));
      kept = kept.filter((f) => f !== victim);
      gone.push(victim);
    }
    return { kept, gone };
  }

  test("of more than there is room for, what ended first goes", () => {
    fc.assert(
      fc.property(facts, fc.integer({ min: 1, max: 6 }), (all, max) => {
        const table = new FactTable<Fact>(max, (f) => f.end);
        const gone = all.flatMap((f) => table.set(f.key, f) ?? []);
        const expected = naive(all, max);
        expect(table.all.map((f) => f.key)).toEqual(expected.kept.map((f) => f.key));
        expect(gone.map((f) => f.key)).toEqual(expected.gone.map((f) => f.key));
      }),
    );
  });

  test("a world of 60,000 entities learns of one more without looking at the others", () => {
    const world = new WorldState();
    const life = (i: number) => ({ kind: "pod", key: `p${i}`, chain: {}, up: i, down: undefined });
    const learn = (from: number, count: number) => () => {
      for (let i = from; i < from + count; i++) world.learnEntity(life(i));
    };
    expect(took(learn(0, 60_000))).toBeLessThan(2000);
    expect(took(learn(70_000, 20_000))).toBeLessThan(1000);
    expect(world.entities).toHaveLength(65_536);
    expect(world.forgotten).toBe(60_000 + 20_000 - 65_536);
  });

  test("relations are found by what they lead from, and forgotten there, too", () => {
    const world = new WorldState();
    const fact = (from: string, to: string, until?: number) => ({
      ...{ relation: "calls", from, to, since: 0 },
      until,
    });
    world.learnRelation(fact("a", "b"));
    world.learnRelation(fact("c", "d"));
    world.learnRelation(fact("a", "e"));
    world.learnRelation(fact("a", "b", 7));
    const from = (key: string) =>
      [...world.relationsFrom("calls", key)].map((f) => [f.to, f.until]);
    expect(from("sa")).toEqual([
      ["b", 7],
      ["e", undefined],
    ]);
    for (let i = 0; i < 65_536 - 3; i++) world.learnRelation(fact(`x${i}`, "y"));
    world.learnRelation(fact("last", "y"));
    expect(from("sa")).toEqual([["e", undefined]]);
    expect(world.forgotten).toBe(1);
    const again = new WorldState();
    again.restore(world.save());
    expect(again.relations).toEqual(world.relations);
    expect([...again.relationsFrom("calls", "sa")].map((f) => f.to)).toEqual(["e"]);
  });
});

describe("open findings", () => {
  const match = (key: string, at: number) => ({ key, at }) as EngineMatch;
  const numbers = (all: readonly Open[]) => all.map((o) => o.number);

  test("are prolonged by key, and end when they have been quiet", () => {
    const open = new OpenFindings();
    open.add(match("x", 1));
    open.add(match("y", 2));
    open.add(match("x", 3));
    open.prolong("x", 4, 2);
    expect(open.longestQuiet).toBe(1);
    expect(numbers(open.takeQuiet(1))).toEqual([0]);
    expect(numbers(open.takeQuiet(4))).toEqual([1, 2]);
    expect(open.longestQuiet).toBe(Number.POSITIVE_INFINITY);
  });

  test("are ended in the order in which they were reported", () => {
    const open = new OpenFindings();
    for (const at of [1, 2, 3]) open.add(match("x", at));
    open.prolong("x", 5, 10);
    const again = new OpenFindings();
    again.restore(open.save());
    expect(numbers(again.takeQuiet(5))).toEqual([0, 1, 2]);
    expect(numbers(open.take("y", () => true))).toEqual([]);
    expect(numbers(open.take(undefined, (o) => o.number !== 1))).toEqual([0, 2]);
    expect(open.size).toBe(1);
  });

  test("cost a match nothing when they are many", () => {
    const time = (count: number) => {
      const rig = new Rig(
        `rule r { keys max 12000 match sequence by pid within 1s {
            a: kernel.process_exec then b: kernel.process_exit where b.exit_code == 7 }
          resolve after 1h quiet }`,
        { ring: { slots: 1 << 17, textBytes: 1 << 20 } },
      );
      for (let i = 0; i < count; i++) {
        rig.event("kernel.process_exec", second + 2 * i, { pid: i });
        rig.event("kernel.process_exit", second + 2 * i + 1, { pid: i, exit_code: 7 });
      }
      return took(() => rig.engine.progress("kernel", 20 * second)) / count;
    };
    const best = (count: number) => Math.min(time(count), time(count), time(count));
    expect(best(12_000)).toBeLessThan(2.5 * best(1500));
  });
});

describe("findings told on arrival", () => {
  test("are not forgotten before it is known whether they hold, while others can be", () => {
    const rig = new Rig(
      `rule early { match e: kernel.process_exec where e.pid == 1 emit eager }
       rule late { match e: kernel.process_exit where e.exit_code == 7 }`,
      { ring: { slots: 1 << 14, textBytes: 1 << 20 } },
    );
    rig.event("kernel.process_exec", 9 * second, { pid: 1 });
    for (let i = 0; i < 6000; i++)
      rig.event("kernel.process_exit", second + i, { pid: i, exit_code: 7 });
    rig.engine.progress("kernel", 5 * second);
    rig.engine.progress("kernel", 20 * second);
    const told = rig.findings.filter((f) => f.rule === "early");
    expect(told.map((f) => [f.state, f.isProvisional, f.revision])).toEqual([
      ["open", true, 0],
      ["update", undefined, 1],
    ]);
    expect(rig.engine.counters.evicted.openFindings).toBeGreaterThan(1000);
  });
});

describe("what was given up for room", () => {
  const all = (rig: Rig) =>
    rig.engine.givenUp.map(({ rule, key, reached, at }) => `${rule} ${key} ${reached} ${at}`);

  test.each<[string, string]>([
    [
      "a key of a sequence",
      "match sequence by pid within 1h { a: kernel.process_exec then b: kernel.process_exit }",
    ],
    [
      "a key of an all-of",
      "match all of by pid within 1h { a: kernel.process_exec b: kernel.process_exit }",
    ],
    [
      "a key of a window",
      "match over a: kernel.process_exec sliding 1h by pid having count() >= 3",
    ],
  ])("is remembered: %s", (_, match) => {
    const rig = new Rig(`rule r { keys max 2 ${match} }`);
    for (const pid of [1, 2, 3]) rig.event("kernel.process_exec", pid * second, { pid });
    rig.engine.progress("kernel", 9 * second);
    expect(all(rig)).toEqual([`rig.rules.r ["n1"] 1 ${3 * second}`]);
  });

  test("is remembered: a partial match of a key, with how far it had come", () => {
    const rig = new Rig(`rule r { match sequence by pid within 1h partials 2 {
      a: kernel.process_exec
      then b: kernel.process_fork
      then c: kernel.process_exit where c.exit_code > a.pid
    } }`);
    for (const at of [1, 2, 3]) rig.event("kernel.process_exec", at * second, { pid: 7 });
    rig.engine.progress("kernel", 9 * second);
    expect(all(rig)).toEqual([`rig.rules.r ["n7"] 1 ${3 * second}`]);
  });

  test("is bounded: of a rule the furthest, of those the latest", () => {
    const list = new GivenUpList();
    const rule = (name: string) => ({ module: "m", name }) as CoreRule;
    for (let i = 0; i < 100; i++) list.add(rule("a"), `k${i}`, i % 10 === 5 ? 2 : 1, i);
    expect(list.all.map((g) => g.at)).toEqual([95, 85, 75, 65, 55, 45, 35, 25]);
    for (let r = 0; r < 100; r++)
      for (let i = 0; i < 8; i++) list.add(rule(`r${r}`), `k${i}`, 1, 1000 + r);
    expect(list.all).toHaveLength(256);
    expect(list.all.filter((g) => g.rule === "m.a")).toHaveLength(8);
    expect(list.all.every((g) => g.rule === "m.a" || g.at >= 1000 + 100 - 31)).toBe(true);
  });
});
