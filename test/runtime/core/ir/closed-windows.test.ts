/** What windows tell when they are over: since when they are about it, and what may be missing. */
import { describe, expect, test } from "vitest";
import { found } from "./by-hand.ts";

describe("a loss is in the story of", () => {
  const over = (shape: string) =>
    `rule r { match over p: t.a ${shape} by k having count() >= 2 emit close }`;

  test("a sliding window from the beginning of the first one that made it true", () => {
    const lossAt = (lost: number) =>
      found(over("sliding 10s"), ["a 1", "a 2", "a 3"], { lost: { fast: lost } });
    for (const lost of [-7.9, -0.5, 0.5, 1.5, 5, 12, 13])
      expect(lossAt(lost), `${lost}`).toEqual(["r@13 p!=a1,a2,a3 …!"]);
    for (const lost of [-8.1, 13.1]) expect(lossAt(lost), `${lost}`).toEqual(["r@13 p=a1,a2,a3"]);
  });

  test("a run of panes from the beginning of the first one", () => {
    const lossAt = (lost: number) =>
      found(over("tumbling 10s"), ["a 1", "a 2", "a 11", "a 12"], { lost: { fast: lost } });
    for (const lost of [0, 5, 15, 30])
      expect(lossAt(lost), `${lost}`).toEqual(["r@30 p!=a1,a2,a3,a4 …!"]);
    for (const lost of [-0.1, 30.1])
      expect(lossAt(lost), `${lost}`).toEqual(["r@30 p=a1,a2,a3,a4"]);
  });
});
