/** Snapshots: what is refused and why, and what comes back. That nothing is lost is law P12. */
import { describe, expect, test } from "vitest";
import { CutText, RecordValue } from "#core";
import { decodeGraph, encodeGraph } from "../../../../runtime/engine/state/graph.ts";
import { Rig, second } from "../../../harness/rig.ts";

const chain = `param span: duration = 10s range 1s .. 1m
rule r {
  match sequence by pid within span {
    a: kernel.process_exec
    then b: kernel.process_exit where b.exit_code != 0
  }
}`;

function halfway(): Rig {
  const rig = new Rig(chain);
  rig.event("kernel.process_exec", 1 * second, { pid: 7 });
  rig.engine.progress("kernel", 5 * second);
  return rig;
}

describe("a snapshot", () => {
  test("carries what was matched so far", () => {
    const rig = new Rig(chain);
    expect(rig.engine.restore(halfway().engine.snapshot())).toBeUndefined();
    rig.event("kernel.process_exit", 6 * second, { pid: 7, exit_code: 1 });
    rig.engine.progress("kernel", 20 * second);
    expect(rig.findings.map((f) => f.chain.map((c) => c.step))).toEqual([["a", "b"]]);
  });

  test("of equal state is equal, byte for byte", () => {
    expect(halfway().engine.snapshot()).toEqual(halfway().engine.snapshot());
  });

  test("takes events along that wait for the watermark", () => {
    const old = new Rig(chain);
    old.event("kernel.process_exec", 1 * second, { pid: 7 });
    old.event("kernel.process_exit", 2 * second, { pid: 7, exit_code: 1 });
    const rig = new Rig(chain);
    rig.engine.restore(old.engine.snapshot());
    expect(rig.engine.counters.inFlight).toBe(2);
    rig.engine.progress("kernel", 20 * second);
    expect(rig.findings).toHaveLength(1);
  });

  test.each<[string, (bytes: Uint8Array) => [Rig, Uint8Array], RegExp]>([
    ["something else", (b) => [new Rig(chain), b.slice(1)], /not a snapshot/],
    ["half of one", (b) => [new Rig(chain), b.slice(0, -9)], /damaged/],
    ["one with a flipped bit", (b) => [new Rig(chain), flipped(b)], /damaged/],
    [
      "that of another bundle",
      (b) => [new Rig(chain, { bundleHash: "other" }), b],
      /another bundle/,
    ],
    [
      "one under other parameters",
      (b) => [new Rig(chain, { params: new Map([["rig.rules.span", 5 * second]]) }), b],
      /another set of parameters/,
    ],
  ])("is refused when it is %s, and nothing changes", (_, make, reason) => {
    const [rig, bytes] = make(halfway().engine.snapshot());
    const before = rig.engine.snapshot();
    const refusal = rig.engine.restore(bytes);
    expect(refusal?.reason).toMatch(reason);
    expect(refusal?.help).toMatch(/start without it/);
    expect(rig.engine.snapshot()).toEqual(before);
  });
});

function flipped(bytes: Uint8Array): Uint8Array {
  const out = bytes.slice();
  const at = out.length - 40;
  out[at] = (out[at] ?? 0) ^ 4;
  return out;
}

describe("state as bytes", () => {
  const there = new Map<object, string>();
  const back = new Map<string, object>();
  const again = <T>(x: T): T => decodeGraph(encodeGraph(x, there), back) as T;

  test.each<[string, unknown]>([
    ["numbers that JSON has not", [Number.NaN, Number.POSITIVE_INFINITY, -0, 2 ** 53 - 1, 0.1]],
    ["missing values", { a: undefined, b: [undefined, null] }],
    ["big numbers", [0n, -1n, 2n ** 127n]],
    [
      "maps and sets",
      new Map<unknown, unknown>([
        ["a", new Set([1, "x"])],
        [1, new Map()],
      ]),
    ],
    ["typed arrays", new Float64Array([1, 2.5, Number.NaN])],
    ["cut texts and records", [new CutText("ab"), new RecordValue([["n", new CutText("x")]])]],
    ["names with a meaning", JSON.parse('{"__proto__": 1, "constructor": 2}')],
  ])("%s come back", (_, x) => {
    expect(again(x)).toStrictEqual(x);
  });

  test("what is shared stays shared, and cycles close", () => {
    const event = { id: "e" };
    const state: { list: object[]; self?: object } = { list: [event, event] };
    state.self = state;
    const copy = again(state);
    expect(copy.list[0]).toBe(copy.list[1]);
    expect(copy.self).toBe(copy);
  });

  test("externals are written by name and found by name", () => {
    const rule = { big: "thing" };
    const bytes = encodeGraph([rule], new Map([[rule, "rule 0"]]));
    const other = { big: "other" };
    expect((decodeGraph(bytes, new Map([["rule 0", other]])) as object[])[0]).toBe(other);
    expect(() => decodeGraph(bytes, new Map())).toThrow(/rule 0/);
  });

  test("what is not data is an error, not a loss", () => {
    class Thing {}
    expect(() => encodeGraph(new Thing(), there)).toThrow(/Thing/);
    expect(() => encodeGraph([() => 1], there)).toThrow(/only data/);
  });
});
