/**
 * The bundle's own writer is an encoder of deterministic CBOR like any other: its bytes are those
 * of a general encoder, whatever is written.
 */
import { encode, rfc8949EncodeOptions } from "cborg";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decodeBody, encodeBody } from "../../../../runtime/core/bundle/codec.ts";

const runs = Number(process.env.TAPIO_FUZZ_RUNS ?? 300);

const leaf = fc.oneof(
  fc.integer(),
  fc.maxSafeInteger(),
  fc.double(),
  fc.boolean(),
  fc.constant(null),
  fc.string({ unit: "binary", maxLength: 200 }),
  fc.string({ unit: "grapheme", maxLength: 40 }),
  fc.uint8Array({ maxLength: 300 }),
);
const name = fc.oneof(fc.string({ unit: "grapheme" }), fc.stringMatching(/^[a-z]{1,40}$/));
const { tree } = fc.letrec((tie) => ({
  tree: fc.oneof({ depthSize: "small", withCrossShrink: true }, leaf, tie("list"), tie("map")),
  list: fc.array(tie("tree"), { maxLength: 40 }),
  map: fc.dictionary(name, tie("tree"), { maxKeys: 30, noNullPrototype: true }),
}));

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");

function expectSame(value: unknown): void {
  expect(hex(encodeBody(value))).toBe(hex(encode(value, rfc8949EncodeOptions)));
}

describe("the bytes are those of a general encoder", () => {
  test("of any tree", () => {
    fc.assert(fc.property(tree, expectSame), { numRuns: runs });
  });

  test.each([0, 23, 24, 255, 256, 65_535, 65_536, 2 ** 32 - 1, 2 ** 32, 2 ** 53 - 1, -1, -0])(
    "of the number %d",
    expectSame,
  );

  test.each([0, 23, 24, 63, 64, 65, 255, 256, 65_535, 65_536])("of %d of a kind", (n) => {
    expectSame("x".repeat(n));
    expectSame(`${"x".repeat(n)}é`);
    expectSame(new Uint8Array(n).fill(7));
    expectSame(Array.from({ length: n }, () => 1));
  });

  test("of names in any order", () => {
    expectSame({ b: 1, a: 2, aa: 3, B: 4, é: 5, "": 6 });
    expectSame([{ a: 1, b: 2 }, { b: 1, a: 2 }, { a: 1 }, { b: 1 }]);
  });
});

describe("what CBOR has no word for", () => {
  test("absent properties and undefined ones are the same", () => {
    expect(encodeBody({ a: undefined, b: 1 })).toEqual(encodeBody({ b: 1 }));
  });

  test("identifiers of 128 bits come back", () => {
    const wide = { id: 2n ** 128n - 1n, zero: 0n };
    expect(decodeBody(encodeBody(wide))).toEqual(wide);
  });

  test("a function is refused", () => {
    expect(() => encodeBody({ f: () => 1 })).toThrow("a function has no place in a bundle");
  });
});
