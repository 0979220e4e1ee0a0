/** All-of under policies: which events later matches may use. */
import { describe, expect, test } from "vitest";
import { found } from "../../core/ir/by-hand.ts";

describe("all of", () => {
  test("goes on with the event it skips to, and with none before that", () => {
    const rule = `rule r { match all of by k within 30s { p: t.a q: t.b r: t.c }
      select widest skip to q }`;
    // `a2` came before `b1`, so nothing later is complete without another.
    const lines = ["a 0", "a 1", "b 2", "c 3", "c 4"];
    expect(found(rule, lines)).toEqual(["r@3 p=a1,a2 q=b1 r=c1"]);
    expect(found(rule, [...lines, "a 5"])).toEqual([
      "r@3 p=a1,a2 q=b1 r=c1",
      "r@5 p=a3 q=b1 r=c1,c2",
    ]);
  });

  test("needs no key", () => {
    const rule = "rule r { match all of within 5s { p: t.a q: t.b where q.x == p.x } }";
    expect(found(rule, ["a 0 k=1 x=3", "b 1 k=2 x=3"])).toEqual(["r@1 p=a1 q=b1"]);
  });
});
