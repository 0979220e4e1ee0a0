import { describe, expect, test } from "vitest";
import { type CoreUnit, type RuleReload, reloadPlan } from "#core";
import { compiledUnit } from "../../harness/compiled-unit.ts";

const schema = `module s
source fast { lateness 100ms granularity 1us idle 2s rank 0 }
entity pod key string(8) max 8
event t.a from fast { k: int x: int? s: string(8) }
event t.b from fast { k: int x: int? s: string(8) }
event t.c from fast { k: int x: int? s: string(8) }
`;

function unitOf(rules: string, own = schema): CoreUnit {
  return compiledUnit(own, `module r\nimport s\n${rules}`);
}

function planOf(before: string, after: string): RuleReload[] {
  return reloadPlan({ unit: unitOf(before) }, { unit: unitOf(after) });
}

/** `class: reasons` of the rule `r`. */
function said(before: string, after: string): string {
  const own = planOf(before, after).find((r) => r.rule === "r.r");
  return `${own?.class}: ${own?.reasons.join("; ")}${own?.limitsHistory ? " (limited)" : ""}`;
}

const explain = (text: string) => `explain { root a summary "${text}" }`;
const sequence = (
  o: {
    within?: string;
    a?: string;
    b?: string;
    without?: string;
    keys?: number;
    more?: string;
    text?: string;
  } = {},
) => `rule r {
  match sequence by k within ${o.within ?? "30s"} {
    a: ${o.a ?? "t.a where a.x > 0"}
    ${o.without ? `without ${o.without}` : ""}
    then b: ${o.b ?? "t.b where b.x > a.x"}
  }
  keys max ${o.keys ?? 64}
  ${o.more ?? ""}
  ${explain(o.text ?? "one")}
}
`;
const window = (having: string, text = "one", size = "10s") => `rule r {
  match over a: t.a where a.x > 0 sliding ${size} by k having ${having}
  keys max 64
  ${explain(text)}
}
`;

describe("the class of a reload", () => {
  test("keep: equal rules, whatever else is in the unit", () => {
    const other = `param n: int = 3 range 1 .. 9
event t.d from fast { k: int }
derive log.made from e: t.c where e.s matches re"x+" set { k: e.k }
rule first { match c: log.made | t.d where c.k > n explain { root c } }
`;
    expect(said(sequence(), other + sequence())).toBe("keep: ");
    expect(said(other + sequence(), sequence())).toBe("keep: ");
    const matching = (s: string) => sequence({ b: `t.b where b.s matches re"${s}"` });
    const before = `rule other { match c: t.c where c.s matches re"y+z" explain { root c } }\n`;
    expect(said(matching("x+"), before + matching("x+"))).toBe("keep: ");
    expect(said(matching("x+"), before + matching("x*"))).toBe(
      "migrate: the condition of step `b` changed (limited)",
    );
  });

  test("what is read of a run by number must have been kept", () => {
    const run = (text: string) => sequence({ a: "t.a repeat 2..", text });
    expect(said(run("{a[1].x}"), run("second {a[1].x}"))).toBe("keep: only what its findings say");
    expect(said(run("one"), run("{a[1].x}"))).toBe(
      "drain: event 1 of step `a` is read, which the old state may not have kept",
    );
    expect(said(run("{a[2].x}"), run("{a[1].x}"))).toBe(
      "migrate: events of step `a` that are read by number 3 → 2",
    );
  });

  test("drain: what is asked of runs is known from their beginning only", () => {
    const summed = (b: string, text = "one") => sequence({ a: "t.a repeat 2..", b, text });
    const anew = "drain: what it asks of its runs, such as their sums, changed";
    expect(said(summed("t.b"), summed("t.b", "{sum(a.x)}"))).toBe(anew);
    expect(said(summed("t.b", "{sum(a.x)}"), summed("t.b", "{avg(a.x)}"))).toBe(anew);
    expect(said(summed("t.b", "{sum(a.x)}"), summed("t.b", "{sum(a.x + 1)}"))).toBe(anew);
    expect(said(summed("t.b", "{sum(a.x)}"), summed("t.b", "{sum(a.x)} {max(a.x)}"))).toBe(anew);
    // When nothing is asked any more nothing can be wrong; less of it is another list.
    expect(said(summed("t.b", "{sum(a.x)}"), summed("t.b"))).toBe(
      "keep: only what its findings say",
    );
    expect(said(summed("t.b", "{sum(a.x)} {max(a.x)}"), summed("t.b", "{max(a.x)}"))).toBe(anew);
    expect(said(summed("t.b", "{sum(a.x)}"), summed("t.b", "sum {sum(a.x)}"))).toBe(
      "keep: only what its findings say",
    );
    expect(said(summed("t.b where sum(a.x) > 3"), summed("t.b where sum(a.x) > 4"))).toBe(
      "drain: the condition of step `b`, which aggregates a run, changed",
    );
    expect(said(summed("t.b where sum(a.x) > 3"), summed("t.b where b.x > 4"))).toBe(
      "migrate: the condition of step `b` changed (limited)",
    );
    expect(said(summed("t.b where b.x > 3"), summed("t.b where sum(a.x) > 4"))).toBe(
      `drain: the condition of step \`b\`, which aggregates a run, changed; ${anew.slice(7)}`,
    );
  });

  test("drain: a parameter inside what is asked of runs has another value", () => {
    const unit = unitOf(`param factor: int = 2 range 1 .. 9
${sequence({ a: "t.a repeat 2..", b: "t.b", text: "{sum(a.x * factor)}" })}`);
    const name = unit.params[0]?.name ?? "";
    const planned = (value: number) =>
      reloadPlan({ unit }, { unit, params: new Map([[name, value]]) })[0];
    expect(planned(2)?.class).toBe("keep");
    expect(planned(3)).toMatchObject({
      class: "drain",
      reasons: ["what it asks of its runs, such as their sums, changed"],
    });
  });

  test("keep: only what is said changes", () => {
    expect(said(sequence(), sequence({ text: "two" }))).toBe("keep: only what its findings say");
    expect(said(window("count() >= 3"), window("count() >= 3", "two"))).toBe(
      "keep: only what its findings say",
    );
    expect(said(sequence(), sequence().replace("rule r", "rule r version 2"))).toBe(
      "keep: only what its findings say, and version 1 → 2",
    );
    expect(
      said(
        sequence(),
        sequence()
          .replace("a:", "first:")
          .replaceAll("a.x", "first.x")
          .replace("root a", "root first"),
      ),
    ).toContain("keep: only what its findings say");
  });

  test("keep: a constant of the same value instead of a parameter", () => {
    const param = "param span: duration = 30s range 1s .. 1m\n";
    expect(said(sequence(), param + sequence({ within: "span" }))).toBe("keep: ");
  });

  test("migrate: the span shrinks or grows", () => {
    expect(said(sequence(), sequence({ within: "10s" }))).toBe("migrate: `within` 30s → 10s");
    expect(said(sequence(), sequence({ within: "1m" }))).toBe(
      "migrate: `within` 30s → 1m (limited)",
    );
  });

  test("migrate: values of parameters when it runs count like constants", () => {
    const unit = unitOf(
      `param span: duration = 30s range 1s .. 1m\n${sequence({ within: "span" })}`,
    );
    const name = unit.params[0]?.name ?? "";
    const [only] = reloadPlan({ unit }, { unit, params: new Map([[name, 5_000_000]]) });
    expect(only).toMatchObject({ class: "migrate", reasons: ["`within` 30s → 5s"] });
  });

  test("migrate: conditions of later steps over what was captured, added negatives", () => {
    expect(said(sequence(), sequence({ b: "t.b where b.x > 2" }))).toBe(
      "migrate: the condition of step `b` changed (limited)",
    );
    expect(said(sequence(), sequence({ without: "n: t.c" }))).toBe(
      "migrate: adds the negative `no n` before `b` (limited)",
    );
  });

  test("migrate: what becomes of matches", () => {
    expect(said(sequence({ more: "suppress 1m" }), sequence({ more: "suppress 2m" }))).toBe(
      "migrate: `suppress` 1m → 2m",
    );
    expect(said(sequence(), sequence({ keys: 100 }))).toBe("migrate: `keys max` 64 → 100");
    expect(said(sequence(), sequence({ more: "resolve after 5s quiet" }))).toBe(
      "migrate: `resolve` changed",
    );
  });

  test("drain: anything else", () => {
    expect(said(sequence(), sequence({ a: "t.a where a.x > 1" }))).toBe(
      "drain: the first step `a` asks for something else",
    );
    expect(said(sequence({ without: "n: t.c" }), sequence())).toBe(
      "drain: what must not come before `b` changed",
    );
    expect(said(sequence(), sequence({ b: "t.c where b.x > a.x" }))).toBe(
      "drain: step `b` is about other events",
    );
    expect(said(sequence(), sequence().replace("by k", "by s"))).toBe(
      "drain: step `a` has another key; step `b` has another key",
    );
    expect(said(sequence(), sequence({ more: "select each" }))).toBe(
      "drain: `select` tightest → each",
    );
    expect(said(sequence(), window("count() >= 3"))).toBe("drain: it is another sort of pattern");
  });

  test("drain: a later step asks for a field the old events do not have", () => {
    const old = schema.replace(
      "event t.b from fast { k: int x: int? s: string(8) }",
      "event t.b from fast { k: int x: int? }",
    );
    const [own] = reloadPlan(
      { unit: unitOf(sequence(), old) },
      { unit: unitOf(sequence({ b: 't.b where b.s == "u"' })) },
    );
    expect(own).toMatchObject({
      class: "drain",
      reasons: ["step `b` asks for `s`, which the old state has not captured"],
    });
  });

  test("drain: fields or clocks of its events change; not when fields are appended", () => {
    const plan = (own: string) =>
      reloadPlan({ unit: unitOf(sequence()) }, { unit: unitOf(sequence(), own) })[0];
    expect(plan(schema.replaceAll("s: string(8)", "s: string(8) y: int?"))?.class).toBe("keep");
    expect(
      plan(schema.replace("from fast { k: int x", "from fast { z: int k: int x"))?.reasons,
    ).toEqual(["event `t.a` has other fields"]);
    expect(plan(schema.replace("granularity 1us", "granularity 1s"))?.reasons).toEqual([
      "the clock of `t.a` changed",
      "the clock of `t.b` changed",
    ]);
  });

  test("drain: events are derived otherwise", () => {
    const made = (n: number) =>
      `derive log.made from e: t.c where e.x > ${n} set { k: e.k }\n${sequence({ b: "log.made where b.k > 0" })}`;
    expect(said(made(1), made(1))).toBe("keep: ");
    expect(said(made(1), made(2))).toBe("drain: the events it hears are derived otherwise");
  });

  test("added and removed rules", () => {
    const other = `rule other { match c: t.c ${"explain { root c }"} }\n`;
    expect(planOf(sequence(), other + sequence()).map((r) => [r.rule, r.class])).toEqual([
      ["r.other", "add"],
      ["r.r", "keep"],
    ]);
    expect(planOf(other + sequence(), sequence()).map((r) => [r.rule, r.class])).toEqual([
      ["r.r", "keep"],
      ["r.other", "remove"],
    ]);
  });

  test("migrate: texts that read more of older events than was kept", () => {
    const long = schema.replaceAll("s: string(8)", "s: string(2048)");
    const plan = (text: string) =>
      reloadPlan({ unit: unitOf(sequence(), long) }, { unit: unitOf(sequence({ text }), long) })[0];
    expect(plan("{a.x}")?.class).toBe("keep");
    expect(plan("{a.s}")).toMatchObject({
      class: "migrate",
      reasons: ["of `s` older events have only the beginning"],
    });
  });
});
