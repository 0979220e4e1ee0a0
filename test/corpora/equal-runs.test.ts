/**
 * `repeat n` is the step n times (LANGUAGE C.3), and the tightest of equally long runs is the
 * latest (C.0.5): a bounded run reports what the step written out reports.
 */
import { describe, expect, it } from "vitest";
import { runBoth, source } from "./execution.ts";

const schema = `module corpus.runs\n${source}\nevent t.e from corpus { one: int name: string(8) }\n`;

function eventsTaken(pattern: string, names: string): number[] {
  const rule = `rule r { match sequence by one within 1h partials 4000 { ${pattern} } }`;
  const events = [...names].map((name, i) => ({
    kind: "t.e",
    atUs: i * 1_000_000,
    fields: { one: 1, name },
  }));
  const [found] = runBoth(`${schema}${rule}`, events, events.length * 1_000_000);
  return [...(found?.steps.values() ?? [])].flat();
}

const b = `then b: t.e where b.name == "b"`;

describe("runs that an upper bound makes equally long", () => {
  it("`repeat 2` is the step written twice", () => {
    const twice = `a: t.e where a.name == "a" then c: t.e where c.name == "a" ${b}`;
    expect(eventsTaken(twice, "aaab")).toEqual([1, 2, 3]);
    expect(eventsTaken(`a: t.e where a.name == "a" repeat 2 ${b}`, "aaab")).toEqual([1, 2, 3]);
  });
  it("`repeat 2..3` takes the longest run and of those the latest", () => {
    expect(eventsTaken(`a: t.e where a.name == "a" repeat 2..3 ${b}`, "aaaab")).toEqual([
      1, 2, 3, 4,
    ]);
  });
  it("an open run takes all", () => {
    expect(eventsTaken(`a: t.e where a.name == "a" repeat 2.. ${b}`, "aaaab")).toEqual([
      0, 1, 2, 3, 4,
    ]);
  });
});
