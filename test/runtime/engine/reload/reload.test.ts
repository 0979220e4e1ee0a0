/** Reloads by hand: what law P4 does not try, and what is kept besides rules. */

import { describe, expect, test } from "vitest";
import { emitMatcher } from "#compiler";
import { type CoreUnit, type Finding, makeEvent, type Value } from "#core";
import { Engine, type NextBundle, type ReloadedRule } from "#runtime/engine";
import { writeEvent } from "#runtime/events";
import { compiledUnit } from "../../../harness/compiled-unit.ts";

const second = 1_000_000;
const schema = `module s
source fast { lateness 0ms granularity 1us idle 2s rank 0 }
entity pod key string(8) max 8
event t.a from fast { k: int x: int? }
event t.b from fast { k: int x: int? }
event t.c from fast { k: int x: int? }
`;

function bundle(rules: string, own = schema): NextBundle {
  const unit = compiledUnit(own, `module r\nimport s\n${rules}`);
  return { unit, matcher: emitMatcher(unit), bundleHash: rules };
}

/** An engine that is fed by hand, in the order of time. */
class Node {
  readonly told: Finding[] = [];
  engine: Engine;
  #bundle: NextBundle;
  #seq = 0;

  constructor(rules: string, own?: string) {
    this.#bundle = bundle(rules, own);
    this.engine = this.#started();
  }

  get #unit(): CoreUnit {
    return this.#bundle.unit;
  }

  #started(): Engine {
    return new Engine({ ...this.#bundle, onFinding: (f) => this.told.push(f) });
  }

  reload(rules: string, own?: string): ReloadedRule[] {
    this.#bundle = bundle(rules, own);
    return this.engine.reload(this.#bundle);
  }

  restart(): void {
    const bytes = this.engine.snapshot();
    this.engine = this.#started();
    expect(this.engine.restore(bytes)).toBeUndefined();
  }

  event(name: string, at: number, x?: number, pod?: string): void {
    const { schema: s } = this.#unit;
    const kind = s.kinds.findIndex((k) => k.name === name);
    const fields: Value[] = s.kinds[kind]?.fields.map((f) => (f.name === "x" ? x : 1)) ?? [];
    const entity = pod === undefined ? undefined : { pod };
    const seq = ++this.#seq;
    const event = makeEvent(s, { kind, ts: at * second, seq, entity, fields });
    const writer = this.engine.writer("fast");
    if (!writer || !writeEvent(writer, s, event)) throw new Error("not written");
  }

  /** A pod that is there from `up` until `down`. */
  pod(key: string, up: number, down?: number): void {
    const end = down === undefined ? undefined : down * second;
    this.engine.entity({ kind: "pod", key, chain: { pod: key }, up: up * second, down: end });
  }

  /** Everything before `at` is known. */
  upTo(at: number): this {
    this.engine.progress("fast", at * second);
    return this;
  }

  get summaries(): string[] {
    return this.told.map((f) => f.summary);
  }
}

const explain = (root: string, text: string) => `explain { root ${root} summary "${text}" }`;
const pair = (
  text: string,
  more = "",
  where = "",
) => `rule r ${more.startsWith("version") ? more : ""} {
  match sequence by k within 10s { a: t.a ${where}\n then b: t.b }
  ${more.startsWith("version") ? "" : more}
  ${explain("a", text)}
}`;

describe("keep", () => {
  test("a partial match goes on, and its finding has the new texts", () => {
    const node = new Node(pair("old"));
    node.event("t.a", 1);
    node.upTo(2);
    expect(node.reload(pair("new"))).toMatchObject([{ class: "keep" }]);
    node.event("t.b", 3);
    expect(node.upTo(5).summaries).toEqual(["new"]);
    expect(node.engine.draining).toEqual([]);
  });

  test("a suppressed key stays suppressed", () => {
    const rule = (text: string) => `rule r { match a: t.a suppress 10s ${explain("a", text)} }`;
    const node = new Node(rule("old"));
    node.event("t.a", 1);
    node.upTo(2);
    node.reload(rule("new"));
    node.event("t.a", 3);
    node.event("t.a", 12);
    expect(node.upTo(13).summaries).toEqual(["old", "new"]);
    expect(node.engine.counters).toMatchObject({ matches: 3, findings: 2, suppressed: 1 });
  });

  test("a finding told under an older version ends under its id, restarts included", () => {
    const rule = (version: number, text: string) =>
      `rule r version ${version} { match a: t.a resolve after 3s quiet ${explain("a", text)} }`;
    const node = new Node(rule(1, "old"));
    node.event("t.a", 1);
    node.upTo(2);
    node.reload(rule(2, "new"));
    node.restart();
    node.event("t.c", 9);
    node.upTo(10);
    const [open, over] = node.told;
    expect(over).toMatchObject({ id: open?.id, state: "resolved", version: 1, summary: "new" });
  });

  test("late losses are told of findings from before, with the new texts", () => {
    const node = new Node(pair("old"));
    node.event("t.a", 1);
    node.event("t.b", 2);
    node.upTo(4);
    node.reload(pair("new"));
    node.engine.lost("fast", 3, 2 * second, second);
    expect(node.told.map((f) => [f.summary, f.revision, f.degraded.length > 0])).toEqual([
      ["old", 0, false],
      ["new", 1, true],
    ]);
  });

  test("a source whose records are laid out anew goes on counting", () => {
    const wide = schema.replaceAll("x: int? }", "x: int? y: int? z: int? }");
    const node = new Node(pair("old"));
    node.event("t.a", 1);
    node.upTo(2);
    expect(node.reload(pair("new"), wide)).toMatchObject([{ class: "keep" }]);
    node.event("t.b", 3);
    expect(node.upTo(5).summaries).toEqual(["new"]);
    expect(node.engine.counters).toMatchObject({ received: 2, delivered: 2, inFlight: 0 });
  });
});

describe("parameters", () => {
  const rules = `param span: duration = 10s range 1s .. 1m\n${pair("one").replace("10s", "span")}`;

  test("count like what is written, and belong to the bundle they were given with", () => {
    const given = bundle(rules);
    const name = given.unit.params[0]?.name ?? "";
    const engine = new Engine({ ...given, params: new Map([[name, 20 * second]]), onFinding() {} });
    expect(engine.reload(given)).toMatchObject([
      { class: "migrate", reasons: ["`within` 20s → 10s"] },
    ]);
    const fresh = new Engine({ ...given, onFinding() {} });
    expect(fresh.restore(engine.snapshot())).toBeUndefined();
  });
});

describe("drain", () => {
  const old = pair("old");
  const changed = pair("new", "version 2", "where a.x > 0");

  test("both versions tell, each with its version; then the old one is gone", () => {
    const node = new Node(old);
    node.event("t.a", 1);
    node.upTo(2);
    const [plan] = node.reload(changed);
    expect(plan).toMatchObject({ class: "drain", versions: [1, 2], atUs: 2 * second - 1 });
    expect(node.engine.draining).toEqual(["r.r"]);
    node.event("t.a", 3, 1);
    node.event("t.b", 4);
    node.upTo(5);
    expect(node.told.map((f) => [f.summary, f.version])).toEqual([
      ["old", 1],
      ["new", 2],
    ]);
    node.event("t.c", 20);
    node.upTo(21);
    expect(node.engine.draining).toEqual([]);
    expect(node.engine.counters).toMatchObject({ findings: 2, matches: 2 });
  });

  test("goes on after a restart, with the code of the bundle that is gone", () => {
    const node = new Node(old);
    node.event("t.a", 1);
    node.upTo(2);
    node.reload(changed);
    node.restart();
    expect(node.engine.draining).toEqual(["r.r"]);
    node.event("t.b", 4);
    node.upTo(5);
    expect(node.told.map((f) => [f.summary, f.version, f.bundle])).toEqual([["old", 1, old]]);
  });

  test("an all-of takes the event from before the reload, though a later one is preferred", () => {
    const rule = (text: string, where = "") =>
      `rule r { match all of by k within 10s { a: t.a ${where}\n b: t.b } ${explain("b", text)} }`;
    const node = new Node(rule("old"));
    node.event("t.a", 1);
    node.upTo(2);
    expect(node.reload(rule("new", "where a.x > 0"))).toMatchObject([{ class: "drain" }]);
    node.event("t.a", 3, 1);
    node.event("t.b", 4);
    expect(node.upTo(5).summaries.sort()).toEqual(["new", "old"]);
    // One that began just before may end 10 s later.
    node.upTo(11.5);
    expect(node.engine.draining).toEqual(["r.r"]);
    node.upTo(12.5);
    expect(node.engine.draining).toEqual([]);
  });

  test("what an all-of has given up stays counted after a restart", () => {
    const node = new Node(
      `rule r { match all of by k within 10s partials 1 { a: t.a\n b: t.b } ${explain("b", "")} }`,
    );
    for (const at of [1, 2, 3, 4]) node.event("t.a", at);
    node.upTo(5);
    node.restart();
    expect(node.engine.counters.evicted).toMatchObject({ partials: 1, evidence: 0 });
  });

  test("several times: each version ends what it began", () => {
    const node = new Node(old);
    node.event("t.a", 1);
    node.upTo(2);
    node.reload(changed);
    node.event("t.a", 3, 1);
    node.upTo(4);
    node.reload(pair("third", "version 3", "where a.x > 1"));
    expect(node.engine.draining).toEqual(["r.r", "r.r"]);
    node.event("t.a", 5, 2);
    node.event("t.b", 6);
    node.upTo(7);
    expect(node.summaries).toEqual(["old", "new", "third"]);
  });

  test("with other kinds and rules around, whose numbers change", () => {
    const more = `event t.z from fast { q: int }\n`;
    const other = `rule other { match z: t.z ${explain("z", "other")} }\n`;
    const node = new Node(old);
    node.event("t.a", 1);
    node.upTo(2);
    node.reload(other + changed, schema.replace("event t.a", `${more}event t.a`));
    node.event("t.b", 4);
    node.event("t.z", 4);
    node.upTo(5);
    expect(node.summaries.sort()).toEqual(["old", "other"]);
  });

  test("gives up what records are written otherwise for, and says so", () => {
    const node = new Node(old);
    node.event("t.a", 1);
    node.upTo(2);
    const [plan] = node.reload(old, schema.replaceAll("{ k: int", "{ z: int k: int"));
    expect(plan?.reasons.join()).toContain("what it has begun is given up: records of `t.a`");
    node.event("t.b", 4);
    expect(node.upTo(20).told).toEqual([]);
  });

  test("removed rules are forgotten, added ones begin", () => {
    const node = new Node(old);
    node.event("t.a", 1);
    node.upTo(2);
    const plan = node.reload(pair("other").replace("rule r", "rule q"));
    expect(plan.map((p) => p.class)).toEqual(["add", "remove"]);
    node.event("t.b", 3);
    node.event("t.a", 4);
    node.event("t.b", 5);
    expect(node.upTo(6).summaries).toEqual(["other"]);
  });

  test("an all-of ends with what it began, not with what came later alone", () => {
    const all = (text: string, n: number) => `rule r version ${n} {
  match all of by k within 10s { a: t.a where a.x >= ${n}\n b: t.b }
  ${explain("a", text)}
}`;
    const node = new Node(all("old", 1));
    node.event("t.b", 1);
    node.upTo(2);
    node.reload(all("new", 2));
    node.event("t.a", 3, 1);
    node.event("t.a", 4, 2);
    node.event("t.b", 5);
    node.upTo(6);
    expect(node.told.map((f) => [f.summary, f.at / second])).toEqual([
      ["old", 3],
      ["new", 5],
    ]);
  });

  test("an absence waits for the silence that had begun", () => {
    const gone = (text: string, n: number) =>
      `rule r version ${n} { match absent p: t.a for ${4 + n}s ${explain("p", text)} }`;
    const node = new Node(gone("old", 1));
    node.event("t.a", 1);
    node.upTo(3);
    expect(node.reload(gone("new", 2))).toMatchObject([
      { class: "drain", reasons: ["`for` 5s → 6s"] },
    ]);
    node.event("t.c", 8);
    node.upTo(20);
    // The observation of the new one begins with the reload, a moment before what is known then.
    expect(node.told.map((f) => [f.summary, f.at])).toEqual([
      ["old", 6 * second],
      ["new", 9 * second - 1],
    ]);
    expect(node.engine.draining).toEqual([]);
  });

  test("an absence leaves entities to the new version that appear after the reload", () => {
    const gone = (text: string, n: number) =>
      `rule r version ${n} { match absent p: t.a for ${4 + n}s for each pod ${explain("p", text)} }`;
    const node = new Node(gone("old", 1));
    node.event("t.c", 1);
    node.upTo(2);
    node.pod("p1", 3);
    expect(node.reload(gone("new", 2))).toMatchObject([{ class: "drain" }]);
    node.event("t.c", 10);
    node.upTo(20);
    expect(node.told.map((f) => [f.summary, f.at / second])).toEqual([["new", 9]]);
  });

  test("the observation of a window goes on to begin with the reload, restarts included", () => {
    const idle = (text: string, n: number) => `rule r version ${n} {
  match over a: t.a where a.x >= ${n} tumbling 3s by same pod having count() < 1
  ${explain("a", text)}
}`;
    const node = new Node(idle("old", 1));
    node.pod("p1", 0, 6);
    node.event("t.c", 3);
    node.upTo(4);
    expect(node.reload(idle("new", 2))).toMatchObject([{ class: "drain" }]);
    node.restart();
    node.event("t.a", 7, 2, "p1");
    node.upTo(20);
    expect(node.told.map((f) => [f.summary, f.at / second])).toEqual([
      ["old", 3],
      ["new", 12],
    ]);
  });

  test("a window tells of spans that began before; the new one begins empty", () => {
    const many = (text: string, n: number) => `rule r version ${n} {
  match over a: t.a where a.x >= ${n} sliding 10s by k having count() >= 3
  ${explain("a", text)}
}`;
    const node = new Node(many("old", 1));
    for (const at of [1, 2]) node.event("t.a", at, 1);
    node.upTo(3);
    node.reload(many("new", 2));
    node.event("t.a", 4, 2);
    node.event("t.a", 14, 2);
    node.event("t.a", 15, 2);
    node.event("t.a", 16, 2);
    node.upTo(30);
    expect(node.told.map((f) => [f.summary, f.at / second])).toEqual([
      ["old", 4],
      ["new", 16],
    ]);
  });

  test("rules over findings hear those of both versions", () => {
    const over = `rule top { match f: finding.r.r ${explain("f", "top {f.summary}")} }`;
    const node = new Node(`${old}\n${over}`);
    node.event("t.a", 1);
    node.upTo(2);
    node.reload(`${changed}\n${over}`);
    node.event("t.a", 3, 1);
    node.event("t.b", 4);
    node.upTo(20);
    expect(node.summaries.filter((s) => s.startsWith("top")).sort()).toEqual([
      "top new",
      "top old",
    ]);
  });

  test("what is told on arrival is confirmed by the version that told it", () => {
    const eager = (text: string, n: number) => `rule r version ${n} {
  match sequence by k within 10s { a: t.a where a.x >= ${n}\n then b: t.b }
  emit eager
  ${explain("a", text)}
}`;
    const node = new Node(eager("old", 1));
    node.event("t.a", 1, 1);
    node.upTo(2);
    node.reload(eager("new", 2));
    node.event("t.b", 4);
    node.engine.read();
    expect(node.told.map((f) => [f.summary, f.isProvisional])).toEqual([["old", true]]);
    node.upTo(20);
    expect(node.told.map((f) => [f.summary, f.isProvisional, f.state])).toEqual([
      ["old", true, "open"],
      ["old", undefined, "update"],
    ]);
  });
});

describe("migrate", () => {
  test.each([
    ["of a sequence", "sequence by x within 10s { a: t.a then b: t.b }", "{a.x}", [1, 2, 3, 4]],
    // There an event of a key that went would be the first of a new one.
    ["of an all-of", "all of by x within 10s { a: t.a\n b: t.b }", "{first(a).x ?? 0}", [3, 4]],
  ])("fewer keys %s: the oldest go, counted", (_, pattern, shown, ended) => {
    const rule = (max: number) => `rule r {
  match ${pattern}
  keys max ${max}
  ${explain("a", shown)}
}`;
    const node = new Node(rule(64));
    for (const x of [1, 2, 3, 4]) node.event("t.a", 1, x);
    node.upTo(2);
    expect(node.reload(rule(2))).toMatchObject([{ class: "migrate" }]);
    for (const x of ended) node.event("t.b", 3, x);
    expect(node.upTo(4).summaries).toEqual(["3", "4"]);
    expect(node.engine.counters.evicted.keys).toBe(2);
  });

  test("a longer span: findings say that something may be missing until it has passed", () => {
    const rule = (within: string) => pair("one").replace("10s", within);
    const node = new Node(rule("5s"));
    node.event("t.a", 1);
    node.upTo(2);
    expect(node.reload(rule("10s"))).toMatchObject([{ class: "migrate", limitsHistory: true }]);
    node.event("t.b", 8);
    node.event("t.a", 20);
    node.event("t.b", 21);
    node.upTo(30);
    expect(node.told.map((f) => f.degraded)).toEqual([
      [expect.stringContaining("history-limited")],
      [],
    ]);
  });

  const many = (having: string, size = "10s") => `rule r {
  match over a: t.a sliding ${size} by k having ${having}
  ${explain("a", "{count()}")}
}`;

  test("a lower threshold of a window: what came before counts", () => {
    const node = new Node(many("count() >= 5"));
    for (const at of [1, 2, 3]) node.event("t.a", at);
    node.upTo(4);
    expect(node.reload(many("count() >= 4"))).toMatchObject([
      { class: "migrate", reasons: ["threshold of `count()` 5 → 4"], limitsHistory: false },
    ]);
    node.event("t.a", 5);
    expect(node.upTo(6).summaries).toEqual(["4"]);
  });

  test.each(["count()", "distinct(a.x)"])("a lower one than there are already: %s", (what) => {
    const rule = (n: number) => many(`${what} >= ${n}`).replace("{count()}", `{${what}}`);
    const node = new Node(rule(6));
    for (const at of [1, 2, 3, 4]) node.event("t.a", at, at);
    node.upTo(4.5);
    expect(node.reload(rule(1))).toMatchObject([{ class: "migrate" }]);
    node.event("t.a", 5, 5);
    expect(node.upTo(6).summaries).toEqual(["5"]);
  });

  test("a higher one: history-limited while a window may lack what was not kept", () => {
    const node = new Node(many("count() >= 2"));
    for (const at of [1, 2, 3]) node.event("t.a", at);
    node.upTo(4);
    expect(node.reload(many("count() >= 4"))).toMatchObject([
      { class: "migrate", limitsHistory: true },
    ]);
    for (const at of [5, 6]) node.event("t.a", at);
    for (const at of [30, 31, 32, 33]) node.event("t.a", at);
    node.upTo(40);
    expect(node.told.slice(1).map((f) => [f.at / second, f.degraded.length])).toEqual([
      [6, 1],
      [33, 0],
    ]);
  });

  test("a higher one is crossed once more where the lower one was", () => {
    const node = new Node(many("sum(a.x) >= 3"));
    for (const at of [1, 2]) node.event("t.a", at, 2);
    node.upTo(3);
    expect(node.reload(many("sum(a.x) >= 6"))).toMatchObject([
      { class: "migrate", limitsHistory: false },
    ]);
    for (const at of [4, 5]) node.event("t.a", at, 2);
    expect(node.upTo(6).told.map((f) => f.at / second)).toEqual([2, 4]);
  });

  test("a higher one is satisfied still: that is not told again", () => {
    const node = new Node(many("sum(a.x) >= 3"));
    for (const at of [1, 2]) node.event("t.a", at, 2);
    node.upTo(3);
    node.reload(many("sum(a.x) >= 4"));
    node.event("t.a", 4, 2);
    expect(node.upTo(6).told.map((f) => f.at / second)).toEqual([2]);
  });

  test("a higher one of panes: the next that satisfies it is told, history-limited", () => {
    const panes = (having: string) => many(having).replace("sliding 10s", "tumbling 4s");
    const node = new Node(panes("count() >= 1"));
    node.event("t.a", 1);
    node.event("t.c", 4);
    node.upTo(5);
    expect(node.reload(panes("count() >= 2"))).toMatchObject([
      { class: "migrate", limitsHistory: true },
    ]);
    for (const at of [5, 6, 9, 10, 17, 18]) node.event("t.a", at);
    node.upTo(30);
    expect(node.told.map((f) => [f.at / second, f.degraded.length])).toEqual([
      [4, 0],
      [8, 1],
      [20, 0],
    ]);
  });

  test("a window of another size whose past it asks for begins anew", () => {
    const odd = (size: string) => many("zscore(count(), half_life: 1m) > 2", size);
    const node = new Node(odd("10s resolution 1s"));
    expect(node.reload(odd("4s resolution 1s"))).toMatchObject([
      { class: "drain", reasons: ["window 10s → 4s"] },
    ]);
  });

  test("a shorter window of exact counts; panes that depend on its size begin anew", () => {
    const node = new Node(many("count() >= 3"));
    for (const at of [1, 4]) node.event("t.a", at);
    node.upTo(5);
    expect(node.reload(many("count() >= 3", "4s"))).toMatchObject([
      { class: "migrate", reasons: ["window 10s → 4s"] },
    ]);
    node.event("t.a", 6);
    node.event("t.a", 7);
    expect(node.upTo(9).told.map((f) => f.at / second)).toEqual([7]);
    const paned = (size: string) => many("avg(a.x) > 1", size);
    const other = new Node(paned("10s"));
    expect(other.reload(paned("4s"))).toMatchObject([{ class: "drain" }]);
  });

  test("other texts of a window that ask it for other things in another order", () => {
    const said = (text: string) => many("count() >= 3").replace("{count()}", text);
    const node = new Node(said("{sum(a.x)} {max(a.x)}"));
    expect(node.reload(said("{max(a.x)} {sum(a.x)}"))).toMatchObject([{ class: "drain" }]);
    expect(node.reload(said("{max(a.x)} and {sum(a.x)}"))).toMatchObject([{ class: "keep" }]);
  });
});

/** What is left of matches that had begun is what the new version could have begun. */
describe("migrate a sequence", () => {
  const sequence = (body: string, policies = "", says = "{a.x}") =>
    `rule r { match sequence by k within 10s { ${body} }\n${policies}\n${explain("a", says)} }`;

  test("a changed condition is asked of what its step has taken, with what came before it", () => {
    const rule = (where: string) =>
      sequence(`z: t.c then a: t.a then b: t.b ${where} then c: t.c`, "skip none", "{a.x} {b.x}");
    const node = new Node(rule("where b.x > a.x - 9"));
    node.event("t.c", 1, 9);
    node.event("t.a", 2, 3);
    for (const x of [4, 3, 2]) node.event("t.b", 3, x);
    node.event("t.a", 4, 1);
    node.upTo(5);
    expect(node.reload(rule("where b.x > a.x"))).toMatchObject([{ class: "migrate" }]);
    node.event("t.c", 6);
    expect(node.upTo(7).summaries).toEqual(["3 4"]);
    // Of what had not come so far nothing is asked yet.
    node.event("t.b", 8, 2);
    node.event("t.c", 9);
    expect(node.upTo(10).summaries).toEqual(["3 4", "1 2"]);
  });

  test("a condition that is gone was no reason to begin: what was begun goes on", () => {
    const rule = (where: string) => sequence(`a: t.a then b: t.b ${where} then c: t.c`);
    const node = new Node(rule("where b.x > 0"));
    node.event("t.a", 1, 7);
    node.event("t.b", 2, 1);
    node.upTo(3);
    expect(node.reload(rule(""))).toMatchObject([{ class: "migrate" }]);
    node.event("t.c", 4);
    expect(node.upTo(5).summaries).toEqual(["7"]);
  });

  test("a shorter span holds for what waits for nothing but its time", () => {
    const rule = (within: string) =>
      sequence("a: t.a then b: t.b then no c: t.c for 5s", "select each skip none").replace(
        "10s",
        within,
      );
    const node = new Node(rule("10s"));
    for (const at of [1, 2, 3]) node.event("t.a", at, at);
    node.event("t.b", 4);
    node.upTo(5);
    expect(node.reload(rule("2s"))).toMatchObject([{ class: "migrate" }]);
    node.event("t.c", 20);
    expect(node.upTo(21).summaries).toEqual(["3", "2"]);
  });

  test("a shorter last run is made of events that had not made one before", () => {
    const rule = (least: number) =>
      sequence(`a: t.a then b: t.b repeat ${least}..`, "", "{count(b)}");
    const node = new Node(rule(5));
    node.event("t.a", 1);
    for (const at of [2, 3, 4]) node.event("t.b", at);
    node.upTo(5);
    expect(node.reload(rule(2))).toMatchObject([{ class: "migrate" }]);
    node.event("t.b", 6);
    expect(node.upTo(7).summaries).toEqual(["2"]);
  });

  test.each([
    ["a last run", "a: t.a then b: t.b repeat 1.. then no c: t.c for 5s", ""],
    ["a last run that is told when it is over", "a: t.a then b: t.b repeat 1..", "emit close"],
  ])("%s that is complete waits for its time", (_, body, policies) => {
    const rule = (max: number) => sequence(body, `${policies} keys max ${max}`);
    const node = new Node(rule(64));
    node.event("t.a", 1, 7);
    for (const at of [2, 3]) node.event("t.b", at);
    node.upTo(4);
    expect(node.reload(rule(32))).toMatchObject([{ class: "migrate" }]);
    node.event("t.c", 30);
    node.upTo(31);
    expect(node.told.filter((f) => !f.isProvisional).map((f) => f.summary)).toEqual(["7"]);
  });
});
