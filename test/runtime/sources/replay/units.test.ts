/** Units in recordings mean what they mean in rules: held against the grammar's own reader. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { readNumber } from "../../../../grammar/syntax/numbers.ts";
import { parseUnits } from "../../../../runtime/sources/replay/units.ts";

const types = ["duration", "size", "percent", "rate"] as const;
const unit = fc.constantFrom(
  "d",
  "h",
  "m",
  "s",
  "ms",
  "us",
  "B",
  "KB",
  "MB",
  "GB",
  "TB",
  "KiB",
  "MiB",
  "GiB",
  "TiB",
  "%",
  "/s",
  "/m",
  "/h",
  "KB/s",
  "x",
  "",
);
const digits = fc.oneof(
  fc.nat(5000).map(String),
  fc.tuple(fc.nat(500), fc.nat(9999)).map(([a, b]) => `${a}.${b}`),
  fc.constantFrom("1.", ".5", "1.2.3", "", "99999999999999999999"),
);

test("every number with a unit", () => {
  const number = fc
    .array(
      fc.tuple(digits, unit).map((pair) => pair.join("")),
      { minLength: 1, maxLength: 3 },
    )
    .map((parts) => parts.join(""));
  fc.assert(
    fc.property(number, (text) => {
      const reading = readNumber(text);
      for (const type of types) {
        const expected = reading.type === type && "value" in reading ? reading.value : undefined;
        expect([type, text, parseUnits(type, text)]).toEqual([type, text, expected]);
      }
    }),
    { numRuns: 5000 },
  );
});
