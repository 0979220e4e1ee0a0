/** The value of every form of number, and what is not one. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readNumber } from "../../grammar/syntax/numbers.ts";
import { scanNumber } from "../../grammar/syntax/scan.ts";
import { FUZZ_RUNS } from "./harness.ts";

describe("readNumber", () => {
  it.each([
    ["0", "int", 0],
    ["9007199254740991", "int", 9007199254740991],
    ["0x1F", "int", 31],
    ["0x0", "int", 0],
    ["0x1e3", "int", 483],
    ["0x1fffffffffffff", "int", 9007199254740991],
    ["0.85", "number", 0.85],
    ["1e3", "number", 1000],
    ["2.5E-3", "number", 0.0025],
    ["1us", "duration", 1],
    ["250ms", "duration", 250_000],
    ["1h30m", "duration", 5_400_000_000],
    ["1d2h3m4s5ms6us", "duration", 93_784_005_006],
    ["1.5s", "duration", 1_500_000],
    ["512MiB", "size", 536_870_912],
    ["10KB", "size", 10_000],
    ["1.5GiB", "size", 1_610_612_736],
    ["7B", "size", 7],
    ["85%", "percent", 850_000],
    ["12.5%", "percent", 125_000],
    ["10/s", "rate", 10_000_000],
    ["5/m", "rate", 83_333],
    ["0.5/h", "rate", 139],
    ["1MiB/s", "rate", 1_048_576_000_000],
  ])("%s is a %s of %d", (image, type, value) => {
    expect(readNumber(image)).toMatchObject({ type, value });
  });

  it.each([
    ["9007199254740992", "large"],
    ["1e999", "large"],
    ["999999999d", "large"],
    ["1".repeat(100), "large"],
    ["16TiB/s", "large"],
    ["0.5us", "fraction"],
    ["0.3B", "fraction"],
    ["0.00001%", "fraction"],
    ["30sec", "form"],
    ["30m1h", "form"],
    ["1h1h", "form"],
    ["0X1F", "form"],
    ["0x", "form"],
    ["0x1g", "form"],
    ["0x10%", "form"],
    ["0x20000000000000", "large"],
    ["1_000", "form"],
    ["5Mib", "form"],
    ["10%/s", "form"],
    ["1h/s", "form"],
  ])("%s is refused: %s", (image, problem) => {
    expect(readNumber(image)).toEqual({ type: "bad", problem });
  });

  it("reads what scanNumber cuts out, and nothing throws", () => {
    const image = fc.tuple(fc.nat(), fc.string({ maxLength: 8 })).map(([n, rest]) => `${n}${rest}`);
    fc.assert(
      fc.property(image, (text) => {
        const end = scanNumber(text, 0);
        expect(end).toBeGreaterThan(0);
        expect(readNumber(text.slice(0, end)).type).toBeTruthy();
      }),
      { numRuns: FUZZ_RUNS },
    );
  });
});
