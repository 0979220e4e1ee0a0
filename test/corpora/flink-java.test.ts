/** The reader of Flink's Java conditions, and what they come to in rules; all Java is our own. */
import { describe, expect, test } from "vitest";
import { Excluded } from "./corpus.ts";
import { runBoth } from "./execution.ts";
import { everyMatch } from "./flink-expected.ts";
import { readJava } from "./flink-java.ts";
import { type FlinkCase, type FlinkEvent, type FlinkStep, flatten } from "./flink-pattern.ts";
import { ruleText, sentEvents } from "./flink-rule.ts";
import { javaText, judgeJava, type Part } from "./flink-taken.ts";

const filter = (body: string) =>
  `{private static final long serialVersionUID=-1L;@Override public boolean filter(Event it,IterativeCondition.Context < Event > known)throws Exception{${body}}}`;
const each = (step: string, body: string) =>
  `for(Event e:known.getEventsForPattern("${step}")){${body}}`;

const run: Part = { name: "r", isRun: true, isSure: true };
const one: Part = { name: "o", isRun: false, isSure: true };
const maybe: Part = { name: "m", isRun: false, isSure: false };
const parts: Record<string, Part[]> = {
  run: [run],
  one: [one],
  maybe: [maybe],
  both: [run, maybe],
};

const textOf = (source: string) => javaText(readJava(source), "x", (step) => parts[step] ?? []);
const inFilter = (body: string) => textOf(filter(body));
const refuses = (body: string) => expect(() => inFilter(body)).toThrow(Excluded);

describe("one event", () => {
  test("an expression without a method around it", () => {
    expect(textOf('event.getName().contains("a") || event.getName().equals("b")')).toBe(
      '(x.name contains "a" or x.name == "b")',
    );
    expect(textOf('"b".equals(value.getName()) && !(value.getId() >= 3)')).toBe(
      '("b" == x.name and not (x.id >= 3))',
    );
  });

  test("`Double.compare`, and only with 0", () => {
    expect(inFilter("return Double.compare(it.getPrice(), 5) < 0;")).toBe("x.price < 5");
    expect(inFilter("return Double.compare(it.getPrice(), 5.0) == 0;")).toBe("x.price == 5.0");
    refuses("return Double.compare(it.getPrice(), 5) < 1;");
  });

  test("arithmetic binds as in Java", () => {
    expect(inFilter("return it.getPrice() + 2 * it.getVolume() - 1 > -3.5;")).toBe(
      "((x.price + (2 * x.volume)) - 1) > -3.5",
    );
  });

  test("what follows an `if` runs for both ways", () => {
    expect(inFilter('if (!it.getName().equals("a")) { return false; } return true;')).toBe(
      'x.name == "a"',
    );
    expect(
      inFilter(
        "if (it.getId() > 3) return true; else if (it.getId() > 2) return false; return it.getPrice() > 1;",
      ),
    ).toBe("(x.id > 3 or (not (x.id > 2) and x.price > 1))");
    expect(
      inFilter("double v = 1; if (it.getId() > 3) { v = 2.5; } return it.getPrice() > v;"),
    ).toBe("((x.id > 3 and x.price > 2.5) or (not (x.id > 3) and x.price > 1.0))");
    expect(inFilter("double v = it.getId() > 3 ? 1 : it.getPrice(); return v < 2;")).toBe(
      "if(x.id > 3, 1.0, x.price) < 2",
    );
  });

  test("fields of the class, and casts", () => {
    const source =
      "{private final double most = 4;public boolean filter(Event e){return ((SubEvent) e).getVolume() < most;}}";
    expect(textOf(source)).toBe("x.volume < 4.0");
  });
});

describe("the events taken", () => {
  const sum = (step: string, body = "v += e.getPrice();") =>
    inFilter(`double v = 0.0; ${each(step, body)} return v + it.getPrice() < 5.0;`);

  test("a sum, of a run, of one event, of none", () => {
    expect(sum("run")).toBe("(sum(r.price) + x.price) < 5.0");
    expect(sum("run", "v = e.getPrice() + v;")).toBe("(sum(r.price) + x.price) < 5.0");
    expect(sum("run", "v -= e.getPrice();")).toBe("(sum((0 - r.price)) + x.price) < 5.0");
    expect(sum("one")).toBe("(o.price + x.price) < 5.0");
    expect(sum("maybe")).toBe("(if(has m, m.price, 0.0) + x.price) < 5.0");
    expect(sum("both")).toBe("((sum(r.price) + if(has m, m.price, 0.0)) + x.price) < 5.0");
    expect(sum("none")).toBe("(0.0 + x.price) < 5.0");
  });

  test("a sum begins at what the variable was", () => {
    const body = `double v = it.getPrice(); ${each("run", "v += e.getPrice() * 2;")} return v < 5;`;
    expect(inFilter(body)).toBe("(x.price + sum((r.price * 2))) < 5");
  });

  test("a count", () => {
    const count = (body: string) => inFilter(`int n = 0; ${body} return n >= 2;`);
    expect(count(each("run", "n++;"))).toBe("count(r) >= 2");
    expect(count(each("run", "n += 3;"))).toBe("count(r) * 3 >= 2");
    expect(count(each("one", "++n;"))).toBe("1 >= 2");
    expect(count(each("run", "if (e.getId() > 7) { n++; }"))).toBe("sum(if(r.id > 7, 1, 0)) >= 2");
    expect(count(each("run", "n++;") + each("maybe", "n++;"))).toBe(
      "(count(r) + if(has m, 1, 0)) >= 2",
    );
  });

  test("two sums in one loop, and an outer value inside", () => {
    const body = `int n = 0; double v = 0; double k = 2; ${each("run", "n++; v += e.getPrice() * k;")} return v > n;`;
    expect(inFilter(body)).toBe("sum((r.price * 2.0)) > count(r)");
  });

  test("leaving for some event", () => {
    const some = (step: string, test: string) =>
      inFilter(`${each(step, `if (${test}) return true;`)} return false;`);
    expect(some("run", "e.getPrice() > 3")).toBe("sum(if(r.price > 3, 1, 0)) > 0");
    expect(some("one", "e.getPrice() > it.getPrice()")).toBe("o.price > x.price");
    expect(some("maybe", "e.getId() == it.getId()")).toBe("(has m and m.id == x.id)");
    expect(some("run", "e.getPrice() > it.getPrice()")).toBe(
      "(count(r) > 0 and max(r.price) > x.price)",
    );
    expect(some("run", "it.getPrice() >= e.getPrice()")).toBe(
      "(count(r) > 0 and min(r.price) <= x.price)",
    );
    expect(some("run", "it.getId() > 1 && !(e.getPrice() < it.getPrice())")).toBe(
      "(x.id > 1 and (count(r) > 0 and max(r.price) >= x.price))",
    );
    expect(() => some("run", "e.getId() == it.getId()")).toThrow(Excluded);
    expect(
      inFilter(`${each("run", "if (e.getPrice() > it.getPrice()) return false;")} return true;`),
    ).toBe("not ((count(r) > 0 and max(r.price) > x.price))");
  });

  test("a variable that some event sets", () => {
    const body = `boolean f = false; ${each("run", "if (e.getId() == 7) { f = true; }")} return f;`;
    expect(inFilter(body)).toBe("sum(if(r.id == 7, 1, 0)) > 0");
  });

  test("the last and the first event", () => {
    const body = `double v = 1; ${each("both", "v = e.getPrice();")} return it.getPrice() > v;`;
    expect(inFilter(body)).toBe("x.price > (m.price ?? last(r).price)");
    expect(inFilter(`${each("run", "return e.getId() < it.getId();")} return true;`)).toBe(
      "(not (count(r) > 0) or first(r).id < x.id)",
    );
    expect(
      inFilter(
        'return known.getEventsForPattern("run").iterator().next().getPrice() < it.getPrice();',
      ),
    ).toBe("first(r).price < x.price");
  });
});

describe("what is not read excludes", () => {
  test.each([
    ["division", "return it.getPrice() / 2 > 1;"],
    ["another method", "return it.toString().equals(it.getName());"],
    ["`Math`", "return Math.abs(it.getPrice()) > 1;"],
    ["an int that cuts", `int v = 0; ${each("run", "v += e.getPrice();")} return v > 1;`],
    [
      "a test of the sum inside",
      `int v = 0; ${each("run", "v++; if (v > 2) return false;")} return true;`,
    ],
    ["a product", `int v = 1; ${each("run", "v *= 2;")} return v > 1;`],
    ["a sum that depends on itself", `int v = 1; ${each("run", "v += v;")} return v > 1;`],
    [
      "a loop in a loop",
      `int v = 0; ${each("run", each("one", "v++;").replace("Event e", "Event f"))} return v > 1;`,
    ],
    [
      "the judged event in a sum",
      `double v = 0; ${each("run", "v += e.getPrice() * it.getPrice();")} return v > 1;`,
    ],
    [
      "a kept iterator",
      'Iterator<Event> i = known.getEventsForPattern("run").iterator(); return i.hasNext();',
    ],
    ["a name of elsewhere", "return it.getPrice() > limit;"],
    ["no result", "if (it.getId() > 1) { return true; }"],
    ["`while`", "while (true) { return true; }"],
    ["texts compared by `==`", 'return it.getName() == "a";'],
  ])("%s", (_, body) => refuses(body));
});

describe("judged on events", () => {
  const event = (price: number, id = 0) => ({ price, id, name: "a" });
  const body = `if (!it.getName().equals("a")) return false; double v = 0; ${each("own", "v += e.getPrice();")} return v + it.getPrice() < 5;`;
  const read = readJava(filter(body));

  test("with what was taken", () => {
    const taken = (...prices: number[]) => new Map([["own", prices.map((p) => event(p))]]);
    expect(judgeJava(read, event(1), taken())).toBe(true);
    expect(judgeJava(read, event(1), taken(2, 1))).toBe(true);
    expect(judgeJava(read, event(1), taken(2, 2))).toBe(false);
  });

  test("without it, unknown where it matters", () => {
    expect(judgeJava(read, event(1), undefined)).toBeUndefined();
    expect(judgeJava(read, { ...event(1), name: "b" }, undefined)).toBe(false);
  });
});

/** Flink's list as it follows from its rules, by hand; ours must be what of it has longest runs. */
describe("in rules", () => {
  const named = (name: string) => [{ field: "name", op: "eq", value: name }] as const;
  const java = (body: string) => [{ iterative: true, source: filter(body) }];
  const sumOf = (step: string) => `double v = 0; ${each(step, "v += e.getPrice();")}`;
  const loop = { oneOrMore: true } as const;

  function check(pattern: FlinkStep[], events: string, matches: readonly string[]): string[] {
    const sent = events.split(" ").map((e, i): FlinkEvent => {
      const [name = "", price] = e.split("=");
      return { ref: String(i + 1), ts: i, id: i + 1, name, price: Number(price ?? 0) };
    });
    const expected_matches = matches.map((m) => m.split(" "));
    const record: FlinkCase = { id: "own", pattern, events: sent, expected_matches };
    const flat = flatten(record);
    const text = ruleText(flat, "select each skip none");
    const found = runBoth(text, sentEvents(sent, false), 1_000_000_000);
    const shown = (all: readonly (readonly number[])[]) =>
      all.map((m) => m.map((p) => p + 1).join(" ")).sort();
    const ours = shown(found.map((f) => [...f.steps.values()].flat()));
    expect(ours, text).toEqual(shown(everyMatch(record, flat) ?? []));
    return ours;
  }

  const start: FlinkStep = { op: "begin", name: "start", where: named("s") };
  const middle: FlinkStep = { op: "followedBy", name: "middle", where: named("a"), ...loop };
  const end = (body: string): FlinkStep => ({ op: "followedBy", name: "end", where: java(body) });

  test("the loop's own condition reads the run so far", () => {
    const own: FlinkStep = {
      ...middle,
      where: java(
        `if (!it.getName().equals("a")) return false; ${sumOf("middle")} return v + it.getPrice() < 5.0;`,
      ),
    };
    const last: FlinkStep = { op: "followedBy", name: "end", where: named("b") };
    // The third `a` would make it 6; the fourth fits the run again.
    const all = ["1 2 6", "1 2 3 6", "1 2 3 5 6"];
    expect(check([start, own, last], "s a=2 a=2 a=2 a=0.5 b", all)).toEqual(["1 2 3 5 6"]);
  });

  test("a later step reads the loop, with its own price", () => {
    const last = end(
      `if (!it.getName().equals("b")) return false; ${sumOf("middle")} return v + it.getPrice() < 5;`,
    );
    expect(check([start, middle, last], "s a=1 a=2 b=1", ["1 2 4", "1 2 3 4"])).toEqual([
      "1 2 3 4",
    ]);
    // For the longer run it is not so, and the shorter one is none of ours.
    expect(check([start, middle, last], "s a=1 a=2 b=3", ["1 2 4"])).toEqual([]);
  });

  test("an optional loop that took nothing", () => {
    const maybeLoop = { ...middle, op: "followedByAny", optional: true };
    const last = end(`${sumOf("middle")} return it.getName().equals("b") && v == 0.0;`);
    expect(check([start, maybeLoop, last], "s a=1 b", ["1 3"])).toEqual(["1 3"]);
  });

  test("an earlier single event, and an optional one", () => {
    const first = end(`${sumOf("start")} return it.getPrice() > v;`);
    expect(check([start, first], "s=3 x=3 x=4", ["1 3"])).toEqual(["1 3"]);
    const mid: FlinkStep = { op: "next", name: "mid", where: named("m"), optional: true };
    const later = end(`${sumOf("mid")} return it.getName().equals("b") && it.getPrice() > v;`);
    expect(check([start, mid, later], "s m=3 b=2 b=4", ["1 3", "1 2 4"])).toEqual(["1 2 4", "1 3"]);
  });

  test("a loop that is written out, over the events before in it", () => {
    const rising: FlinkStep = {
      ...middle,
      oneOrMore: false,
      times: [2],
      consecutive: true,
      where: java(`${sumOf("middle")} return it.getName().equals("a") && it.getPrice() > v;`),
    };
    expect(check([start, rising], "s a=1 a=2", ["1 2 3"])).toEqual(["1 2 3"]);
    expect(check([start, rising], "s a=2 a=1", [])).toEqual([]);
  });

  test("counts, tests of each, extremes, first and last", () => {
    const b = 'it.getName().equals("b")';
    const bodies = [
      `int n = 0; ${each("middle", "n++;")} return ${b} && n == 2;`,
      `int n = 0; ${each("middle", "n += 2;")} return ${b} && n == 4;`,
      `int n = 0; ${each("middle", "if (e.getPrice() > 1) n++;")} return ${b} && n == 1;`,
      `if (!${b}) return false; ${each("middle", 'if (e.getPrice() > 1 && e.getName().startsWith("a")) return true;')} return false;`,
      `${each("middle", "if (e.getPrice() >= it.getPrice()) return false;")} return ${b};`,
      `double v = 0; ${each("middle", "v = e.getPrice();")} return ${b} && v == 2.0;`,
      `return ${b} && known.getEventsForPattern("middle").iterator().next().getPrice() == 1.0;`,
      `int n = 0; ${each("middle", "n += e.getId();")} double m = n; return ${b} && m + 0.5 > n;`,
    ];
    for (const body of bodies)
      expect(check([start, middle, end(body)], "s a=1 a=2 b=3", ["1 2 3 4"]), body).toHaveLength(1);
  });

  test("the run's own count and last, from its first event on", () => {
    const rising: FlinkStep = {
      ...middle,
      where: java(
        `double v = -1; ${each("middle", "v = e.getPrice();")} return it.getName().equals("a") && it.getPrice() > v;`,
      ),
    };
    const last: FlinkStep = { op: "followedBy", name: "end", where: named("b") };
    expect(check([start, rising, last], "s a=1 a=0.5 a=2 b", ["1 2 4 5"])).toEqual(["1 2 4 5"]);
    const two: FlinkStep = {
      ...middle,
      where: java(`int n = 0; ${each("middle", "n++;")} return it.getName().equals("a") && n < 2;`),
    };
    expect(check([start, two, last], "s a a a b", ["1 2 5", "1 2 3 5"])).toEqual(["1 2 3 5"]);
  });
});
