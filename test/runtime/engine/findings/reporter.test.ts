/** What becomes of a rule's matches, one call after the other. */
import { describe, expect, test } from "vitest";
import { type CoreRule, type EventData, type KeyPart, makeEvent, openPerKey, takenOf } from "#core";
import type { EngineMatch, Scope } from "../../../../runtime/engine/code/scope.ts";
import { Reporter } from "../../../../runtime/engine/findings/reporter.ts";
import { compiled, found } from "../../core/ir/by-hand.ts";

interface Choice {
  readonly policies?: string;
  readonly keysMax?: number;
  /** What of the rule's texts the generated code would have. */
  readonly code?: object;
  /** Key of the step of `resolve on`. */
  readonly resolveKey?: readonly Pick<KeyPart, "expr">[];
  readonly slack?: string;
}

/** One reporter, and what it says, as `time state` with doubts behind it. */
class Desk {
  readonly told: string[] = [];
  readonly goingOn: string[] = [];
  readonly withheld: string[] = [];
  reporter: Reporter;
  readonly #choice: Choice;
  readonly #unit;
  readonly #rule: CoreRule;

  constructor(choice: Choice = {}) {
    this.#choice = choice;
    const { policies = "", keysMax = 64, resolveKey, slack = "" } = choice;
    const { unit } = compiled(
      `rule r { match sequence by k within 9s ${slack} { o: t.b then p: t.a } ${policies} }`,
    );
    this.#unit = unit;
    const [own] = unit.rules as [CoreRule];
    const { resolve } = own;
    const keyed =
      resolveKey && resolve && "on" in resolve
        ? { on: { ...resolve.on, key: resolveKey } }
        : resolve;
    this.#rule = { ...own, keysMax, resolve: keyed } as CoreRule;
    this.reporter = this.#fresh();
  }

  #fresh(): Reporter {
    const { code = {} } = this.#choice;
    return new Reporter({
      unit: this.#unit,
      rule: this.#rule,
      index: 0,
      code: { explain: [], exceptions: [], steps: [], resolveStep: 0, ...code } as never,
      params: new Map(),
      bundleHash: "",
      onFinding: ({ finding: f, match }) => {
        const over = f.resolvedAt === undefined ? "" : ` until ${f.resolvedAt}`;
        this.told.push(`${match.key}@${f.at}${over}${f.degraded.length > 0 ? "!" : ""}`);
      },
      onGoingOn: ({ match, finding: f }, untilUs, isWithheld) => {
        const doubt = f.degraded.length > 0 ? "!" : "";
        this.goingOn.push(
          `${match.key}@${match.at}${doubt} to ${untilUs}${isWithheld ? " -" : ""}`,
        );
      },
      onWithheld: (id) => this.withheld.push(id),
    });
  }

  event(ts: number, seq = ts, kind = "t.a"): EventData {
    const { schema } = this.#unit;
    const number = schema.kinds.findIndex((k) => k.name === kind);
    return makeEvent(schema, { kind: number, ts, seq, entity: undefined, fields: [1, 1] });
  }

  of(at: number, key = "k", more: Partial<EngineMatch> = {}): EngineMatch {
    const last = this.event(at);
    const captures = [takenOf([this.event(0, 0, "t.b")], 1), takenOf([last], 1)];
    return { rule: this.#rule, key, at, captures, last, isIncomplete: false, ...more };
  }

  match(at: number, key = "k", more: Partial<EngineMatch> = {}): void {
    this.reporter.onMatch(this.of(at, key, more));
  }

  matches(at: number, ...keys: readonly string[]): void {
    for (const key of keys) this.match(at, key);
  }

  restart(): void {
    const saved = structuredClone({ ...this.reporter.save(), open: undefined });
    const { open } = this.reporter.save();
    this.reporter = this.#fresh();
    this.match(1, "other");
    this.told.pop();
    this.reporter.restore({ ...saved, open });
  }

  /** What was told since it was last asked. */
  get news(): string[] {
    return this.told.splice(0);
  }
}

describe("a history that is limited", () => {
  test("is said of what is found up to that time, restarts included", () => {
    const desk = new Desk();
    desk.reporter.limitHistory(20);
    desk.reporter.limitHistory(10);
    desk.match(20);
    desk.match(21);
    desk.restart();
    desk.match(20);
    desk.match(21);
    expect(desk.news).toEqual(["k@20!", "k@21", "k@20!", "k@21"]);
    desk.reporter.onGoingOn(desk.of(20), 30);
    desk.reporter.onGoingOn(desk.of(21), 31);
    expect(desk.goingOn).toEqual(["k@20! to 30", "k@21 to 31"]);
  });
});

describe("policies", () => {
  const except = { exceptions: [(_: unknown, { at }: Scope) => at === 3] };
  const policies = `suppress 10us by p.k rate 2 per 100us by p.x except "known" when p.x == 9`;
  const keys = {
    suppressKey: (_: unknown, { at = 0 }: Scope) => `${at % 2}`,
    rateKey: () => "one",
  };

  test("tell of what they withhold under the id it would have, and count it", () => {
    const desk = new Desk({ policies, code: { ...except, ...keys } });
    for (const at of [1, 3, 4, 5, 10, 11, 12]) desk.match(at);
    // 3 is known, 5, 10 and 12 are suppressed; 11 is one more than two.
    expect(desk.news).toEqual(["k@1", "k@4"]);
    const idOf = (at: number) => desk.reporter.write(desk.of(at)).id;
    expect(desk.withheld).toEqual([3, 5, 10, 11, 12].map(idOf));
    expect(new Set(desk.withheld).size).toBe(5);
    const counted = { matches: 7, excepted: 1, suppressed: 3, limited: 1, findings: 2 };
    expect(desk.reporter.counters).toMatchObject(counted);
  });

  test("count from what is emitted: what the rate withholds begins no suppression", () => {
    const desk = new Desk({ policies: "suppress 10us rate 1 per 5us by p.x", code: keys });
    for (const at of [1, 4, 6, 12, 16]) desk.match(at);
    // 4 is limited, so that nothing suppresses 6, and 6 suppresses 12.
    expect(desk.news).toEqual(["k@1", "k@6", "k@16"]);
    expect(desk.reporter.counters).toMatchObject({ suppressed: 1, limited: 1 });
  });

  test("say of what goes on what they would do, and it changes nothing of them", () => {
    const shown = (code: object, policy: string, at: number, admitted: readonly number[] = []) => {
      const desk = new Desk({ policies: policy, code });
      for (const t of admitted) desk.match(t);
      for (const _ of [1, 2]) desk.reporter.onGoingOn(desk.of(at), 50);
      expect(desk.goingOn[1]).toBe(desk.goingOn[0]);
      return desk.goingOn[0]?.endsWith(" -");
    };
    expect(shown(except, 'except "known" when p.x == 9', 3)).toBe(true);
    expect(shown(except, 'except "known" when p.x == 9', 4)).toBe(false);
    expect([10, 11].map((at) => shown({}, "suppress 10us", at, [1]))).toEqual([true, false]);
    const rate = "rate 1 per 10us";
    expect([10, 11].map((at) => shown({}, rate, at, [1]))).toEqual([true, false]);
    const both = `suppress 5us ${rate}`;
    expect([5, 6, 11].map((at) => shown({}, both, at, [1]))).toEqual([true, true, false]);
  });

  test("begin anew, and forget what is open, when the clock was set back", () => {
    const desk = new Desk({ policies: "suppress 10us rate 1 per 10us resolve after 10us quiet" });
    desk.matches(5, "a", "b", "a");
    expect(desk.reporter.hasOpen).toBe(true);
    desk.reporter.reset();
    expect(desk.reporter.hasOpen).toBe(false);
    expect(desk.reporter.counters.openEvicted).toBe(2);
    desk.matches(5, "a");
    expect(desk.news).toEqual(["a@5", "b@5", "a@5"]);
    expect(desk.reporter.counters.suppressed).toBe(1);
  });

  test.each(["suppress 10us", "rate 1 per 10us"])("go on behind a restart: %s", (policy) => {
    const desk = new Desk({ policies: policy });
    desk.matches(5, "a");
    desk.restart();
    desk.matches(6, "a", "b", "other");
    expect(desk.news).toEqual(["a@5", "b@6", "other@6"]);
    expect(desk.reporter.counters).toMatchObject({ matches: 4, findings: 3 });
  });
});

describe("what is quiet", () => {
  test("is over when it has been quiet for long enough, suppressed matches included", () => {
    const desk = new Desk({ policies: "suppress 100us resolve after 10us quiet" });
    expect(desk.reporter.nextDeadline).toBe(Number.POSITIVE_INFINITY);
    desk.matches(5, "a");
    desk.matches(7, "b");
    desk.matches(15, "a");
    expect(desk.reporter.nextDeadline).toBe(17);
    desk.restart();
    desk.reporter.fireDeadline();
    expect(desk.reporter.nextDeadline).toBe(25);
    desk.reporter.fireDeadline();
    expect(desk.reporter.hasOpen).toBe(false);
    expect(desk.news).toEqual(["a@5", "b@7", "b@7 until 17", "a@5 until 25"]);
  });

  test("is over for as many as there may be keys; the oldest of more does not end", () => {
    const desk = new Desk({ policies: "resolve after 10us quiet", keysMax: 2 });
    desk.matches(1, "a", "b");
    expect(desk.reporter.counters.openEvicted).toBe(0);
    desk.matches(1, "c");
    expect(desk.reporter.counters.openEvicted).toBe(1);
    desk.reporter.fireDeadline();
    expect(desk.news.slice(3)).toEqual(["b@1 until 11", "c@1 until 11"]);
    const none = new Desk({ keysMax: 1 });
    none.matches(1, "a", "b");
    expect([none.reporter.hasOpen, none.reporter.counters.openEvicted]).toEqual([false, 0]);
  });
});

describe("what an event ends", () => {
  const on = (step: object, more: Choice = {}) =>
    new Desk({ policies: "resolve on z: t.d", code: { steps: [step] }, ...more });
  const always = { judge: () => 1 };

  test("was certainly complete before it", () => {
    const desk = on(always);
    desk.match(10);
    for (const [ts, seq] of [
      [9, 50],
      [10, 9],
      [10, 10],
    ] as const)
      desk.reporter.onResolvingEvent(desk.event(ts, seq));
    expect(desk.news).toEqual(["k@10"]);
    // Of one source: what has the next number happened later.
    desk.reporter.onResolvingEvent(desk.event(10, 11));
    expect(desk.news).toEqual(["k@10 until 10"]);
    // What was complete without an event, or at another time than its last one.
    for (const more of [{ last: undefined }, { last: desk.event(3) }]) {
      desk.match(20, "k", more);
      desk.reporter.onResolvingEvent(desk.event(20, 21));
      expect(desk.news).toEqual(["k@20"]);
      desk.reporter.onResolvingEvent(desk.event(21));
      expect(desk.news).toEqual(["k@20 until 21"]);
    }
    // By a clock that tells only every 4 µs it may have been complete at 43.
    desk.match(40, "k", { last: desk.event(40, 1, "t.tick") });
    desk.reporter.onResolvingEvent(desk.event(42));
    expect(desk.news).toEqual(["k@40"]);
    desk.reporter.onResolvingEvent(desk.event(44));
    expect(desk.news).toEqual(["k@40 until 44"]);
  });

  test("of a rule with slack, too", () => {
    const desk = on(always, { slack: "slack 1s" });
    desk.match(10);
    const ends = (ts: number) => desk.reporter.onResolvingEvent(desk.event(ts, 11, "t.tick"));
    ends(1_000_009);
    expect(desk.news).toEqual(["k@10"]);
    ends(1_000_011);
    expect(desk.news).toEqual(["k@10 until 1000011"]);
  });

  test("is of its key and fits, oldest report first", () => {
    const step = {
      key: (event: EventData) => (event.seq === 1 ? undefined : "a"),
      judge: (_: unknown, { at }: Scope) => (at === 6 ? 2 : 1),
    };
    for (const resolveKey of [[], [{ expr: { op: "subject" } }]] as never[]) {
      const desk = on(step, { resolveKey });
      for (const [key, at] of [
        ["a", 5],
        ["b", 5],
        ["a", 6],
        ["a", 7],
      ] as const)
        desk.match(at, key);
      desk.told.splice(0);
      desk.reporter.onResolvingEvent(desk.event(20, 1));
      expect(desk.news).toEqual([]);
      desk.reporter.onResolvingEvent(desk.event(20, 2));
      expect(desk.news).toEqual(["a@5 until 20", "a@7 until 20"]);
    }
  });

  test("may have a key that only the match knows", () => {
    const ofEvent = { expr: { op: "field", of: { step: "current" } } };
    const ofMatch = [{ op: "subject" }, { op: "field", of: { step: 0 } }].map((expr) => ({ expr }));
    const constant = { expr: { op: "const" } };
    const key = (_: unknown, { captures }: Scope) => (captures.length > 0 ? "a" : "b");
    const ended = (...resolveKey: readonly object[]) => {
      const desk = on({ key }, { resolveKey: resolveKey as never });
      desk.matches(5, "a", "b");
      desk.told.splice(0);
      desk.reporter.onResolvingEvent(desk.event(9));
      return desk.news;
    };
    for (const part of ofMatch) {
      expect(ended(part)).toEqual(["a@5 until 9"]);
      expect(ended(ofEvent, part, constant)).toEqual(["a@5 until 9"]);
    }
    // A key of the event alone is asked without a match, and is the same with one.
    expect(ended(ofEvent, constant)).toEqual([]);
  });

  test("is certainly behind what completed a window, too", () => {
    const rule = `rule r { match over e: t.tick sliding 5s by k having count() >= 1
      resolve on z: t.a }`;
    expect(found(rule, ["tick 0", "a 0.000002"])).toEqual(["r@0 e=tick1"]);
    expect(found(rule, ["tick 0", "a 0.000003"])).toEqual(["r@0→0.000003 e=tick1"]);
    const slow = rule.replace("t.a", "t.far");
    expect(found(slow, ["tick 0", "far 0.000002"])).toEqual(["r@0 e=tick1"]);
    expect(found(slow, ["tick 0", "far 0.000003"])).toEqual(["r@0→0.000003 e=tick1"]);
  });

  test("is one of 256 of a key, else its oldest does not end", () => {
    const desk = on(always, { keysMax: 1000 });
    desk.match(1, "other");
    for (let at = 1; at <= openPerKey; at++) desk.match(at, "a");
    expect(desk.reporter.counters.openEvicted).toBe(0);
    desk.match(openPerKey + 1, "a");
    expect(desk.reporter.counters.openEvicted).toBe(1);
    desk.told.splice(0);
    desk.reporter.onResolvingEvent(desk.event(9999));
    expect(desk.news.slice(0, 2)).toEqual(["other@1 until 9999", "a@2 until 9999"]);
  });

  test("is open for any length when nothing says how long it may be quiet", () => {
    const desk = on(always);
    desk.match(1);
    expect(desk.reporter.hasOpen).toBe(true);
    expect(desk.reporter.nextDeadline).toBe(Number.POSITIVE_INFINITY);
  });
});

test("of an event that may end a finding only what its test reads is kept", () => {
  const desk = new Desk({ policies: "resolve on z: t.d where z.x == 1" });
  const event = desk.event(5, 5, "t.d");
  expect(desk.reporter.resolving(event).fields.filter((f) => f !== undefined)).toHaveLength(2);
  const silent = new Desk({ policies: "resolve on z: t.d" });
  expect(silent.reporter.resolving(event).id).toBe(event.id);
});
