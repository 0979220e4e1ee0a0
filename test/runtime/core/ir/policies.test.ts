/** What becomes of matches: except, suppress, rate, resolve (LANGUAGE B.5), by hand. */
import { expect, test } from "vitest";
import { interpretRule } from "#core";
import { found, tell, traceOf } from "./by-hand.ts";

const single = (policies: string) => `rule r { match p: t.a\n${policies} }`;
const counts = (rule: string, lines: readonly string[]) =>
  tell(rule, lines).judgement.counts.get("hand.rules.r");

test("exceptions are counted, and have an end", () => {
  const rule = single('except "x is known" when p.x == 7 expires "2026-01-02"');
  expect(found(rule, ["a 0 x=7", "a 1 x=8"])).toEqual(["r@1 p=a2"]);
  expect(counts(rule, ["a 0 x=7", "a 1 x=8"])).toMatchObject({ findings: 1, excepted: 1 });
  const day = 24 * 3600;
  expect(found(rule, [`a ${day} x=7`], { until: 2 * day })).toEqual([`r@${day} p=a1`]);
  expect(found(rule, [`a ${day - 1} x=7`], { until: 2 * day })).toEqual([]);
});

test("an excepted match begins no suppression", () => {
  const rule = single('except "known" when p.x == 7\nsuppress 10s by p.k');
  expect(found(rule, ["a 0 x=7", "a 1 x=8", "a 2 x=8"])).toEqual(["r@1 p=a2"]);
});

test("suppression counts from the first report and is not prolonged", () => {
  const rule = single("suppress 10s by p.k");
  expect(found(rule, ["a 0", "a 6", "a 9", "a 10", "a 12 k=2"])).toEqual([
    "r@0 p=a1",
    "r@10 p=a4",
    "r@12 p=a5",
  ]);
  expect(counts(rule, ["a 0", "a 6", "a 9", "a 10"])).toMatchObject({ suppressed: 2 });
});

test("at most so many in any span", () => {
  const rule = single("rate 2 per 10s by p.k");
  expect(found(rule, ["a 0", "a 1", "a 2", "a 9", "a 10", "a 10.5", "a 11"])).toEqual([
    "r@0 p=a1",
    "r@1 p=a2",
    "r@10 p=a5",
    "r@11 p=a7",
  ]);
  expect(counts(rule, ["a 0", "a 1", "a 2"])).toMatchObject({ findings: 2, limited: 1 });
});

test("what is suppressed takes no part in the rate", () => {
  const rule = single("suppress 5s by p.k\nrate 1 per 8s by p.k");
  expect(found(rule, ["a 0", "a 1", "a 6", "a 8"])).toEqual(["r@0 p=a1", "r@8 p=a4"]);
  expect(counts(rule, ["a 0", "a 1", "a 6", "a 8"])).toMatchObject({ suppressed: 1, limited: 1 });
});

test("what the rate withholds begins no suppression", () => {
  const rule = single("suppress 10s by p.x\nrate 1 per 5s");
  const lines = ["a 1 x=1", "a 4 x=2", "a 6 x=2", "a 12 x=2", "a 16 x=2"];
  expect(found(rule, lines)).toEqual(["r@1 p=a1", "r@6 p=a3", "r@16 p=a5"]);
  expect(counts(rule, lines)).toMatchObject({ suppressed: 1, limited: 1 });
});

test("resolved by the first event after it under its key", () => {
  const rule =
    "rule r { match sequence by k within 5s { p: t.a then q: t.b }\nresolve on c: t.c by k }";
  expect(found(rule, ["c 0", "a 1", "c 1.5", "b 2", "c 3 k=2", "c 4", "c 5"])).toEqual([
    "r@2→4 p=a1 q=b1",
  ]);
  expect(found(rule, ["a 1", "b 2"])).toEqual(["r@2 p=a1 q=b1"]);
});

test("a coarse event resolves only when it is certainly later", () => {
  const rule =
    "rule r { match sequence by k within 5s { p: t.a then q: t.far }\nresolve on c: t.c by k }";
  expect(found(rule, ["a 0", "far 2", "c 2.5", "c 4"])).toEqual(["r@2→4 p=a1 q=far1"]);
});

test("resolved when it has been quiet, suppressed matches included", () => {
  const rule = single("suppress 1m by p.k\nresolve after 10s quiet");
  expect(found(rule, ["a 0", "a 8", "a 15", "a 70"], { until: 75 })).toEqual([
    "r@0→25 p=a1",
    "r@70 p=a4",
  ]);
});

test("a match exactly at the end of the quiet ends it", () => {
  const rule = single("suppress 1m by p.k\nresolve after 10s quiet");
  expect(found(rule, ["a 0", "a 10"])).toEqual(["r@0→20 p=a1"]);
});

test("a resolved finding says so", () => {
  const { judgement } = tell(single("resolve after 10s quiet"), ["a 0", "a 995"]);
  expect(judgement.findings.map((f) => f.finding.state)).toEqual(["resolved", "open"]);
  const [first, second] = judgement.findings.map((f) => f.finding);
  expect(first?.resolvedAt).toBe((first?.at ?? 0) + 10_000_000);
  expect(second && "resolvedAt" in second).toBe(false);
});

test("of several exceptions that hold the first one is the reason", () => {
  const rule = single('except "known" when p.x == 7\nexcept "new" when p.x > 5');
  const { unit, events } = tell(rule, ["a 0 x=7", "a 1 x=6"]);
  const [r] = unit.rules;
  if (!r) throw new Error("no rule");
  const { withheld } = interpretRule(unit, r, new Map(), traceOf(unit, events, {}));
  expect(withheld.map((w) => w.reason)).toEqual(["known", "new"]);
});

test("quiet is over when the watermark has passed its end", () => {
  const rule = single("resolve after 10s quiet");
  expect(found(rule, ["a 0"], { until: 10 })).toEqual(["r@0 p=a1"]);
  expect(found(rule, ["a 0"], { until: 10.000001 })).toEqual(["r@0→10 p=a1"]);
});

test("certainly later is by interval, slack included", () => {
  const on = "resolve on c: t.c by k }";
  const slack = `rule r { match sequence by k within 5s slack 2s { p: t.a then q: t.far }\n${on}`;
  expect(found(slack, ["a 0", "far 2", "c 4.9", "c 5"])).toEqual(["r@2→5 p=a1 q=far1"]);
  // The coarse event happened at 2.999999 at the latest, and ≺ has it before one of that time.
  const window = `rule r { match over e: t.far sliding 10s by k having count() >= 1\n${on}`;
  expect(found(window, ["far 2", "c 2.999998", "c 3.5"])).toEqual(["r@2→3.5 e=far1"]);
  const tick = window.replace("c: t.c", "c: t.tick");
  expect(found(tick, ["far 2", "tick 2.999998", "tick 3.5"])).toEqual(["r@2→3.5 e=far1"]);
  expect(found(window, ["far 2", "c 2.999999", "c 3.5"])).toEqual(["r@2→2.999999 e=far1"]);
});
