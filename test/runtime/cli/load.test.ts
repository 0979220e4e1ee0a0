/** Parameters from the command line, each in the notation of its own type. */
import { expect, test } from "vitest";
import { type Param, parseIp } from "#core";
import { readParams } from "../../../runtime/cli/load.ts";

const base = { min: undefined, max: undefined };
const params: Param[] = [
  { ...base, name: "a.office", unit: "ip", value: "10.0.0.0/8" },
  { ...base, name: "a.gateway", unit: "ip", value: 1n },
  { ...base, name: "a.word", unit: "text", value: "x" },
];

test("a network, an address and a text are told apart", () => {
  const texts = ["office=fe80::/10", "gateway=10.0.0.2", "word=10.0.0.0/99"];
  expect([...readParams(texts, params)]).toEqual([
    ["a.office", "fe80::/10"],
    ["a.gateway", parseIp("10.0.0.2")],
    ["a.word", "10.0.0.0/99"],
  ]);
});

test.each(["office=10.0.0.0", "office=10.0.0.0/33", "gateway=10.0.0.0/8"])(
  "%s is refused",
  (text) => {
    expect(() => readParams([text], params)).toThrow(/is not a value for a\./);
  },
);
