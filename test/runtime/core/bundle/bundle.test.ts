/**
 * Bundles: what is written is what is read, equal rules give equal bytes, and a file that is not
 * exactly what was written is refused with a reason and a way out.
 */
import { sha256 } from "@noble/hashes/sha2.js";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { bundleBody, toBundle } from "#compiler";
import {
  type BundleProblem,
  bundleHash,
  bundleMaxBytes,
  decodeBundle,
  encodeBundle,
  explainBundleProblem,
} from "#core";
import { compileFixture, fixturesIn, schemaFile } from "../../../compiler/fixtures.ts";
import { lawRule, lawSchema } from "../../../harness/law-rules.ts";

const runs = Number(process.env.TAPIO_FUZZ_RUNS ?? 300);
const files = fixturesIn("ir").flatMap((f) =>
  f.files.map(({ file, text }) => ({ file, text: text.replace("module a", `module ${f.name}_`) })),
);
const bodyOf = (sources: readonly { file: string; text: string }[]) =>
  bundleBody(compileFixture(sources), [schemaFile, ...sources], "test");
const body = bodyOf(files);
const bytes = encodeBundle(body);
/** A small one, so that every length of it can be tried. */
const [smallest] = fixturesIn("ir").filter((f) => f.name === "single");
const small = encodeBundle(bodyOf(smallest?.files ?? []));

/** Absent properties and undefined ones are the same. */
function plain(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (_, v: unknown) => {
      if (typeof v === "bigint") return `${v}n`;
      return v instanceof Uint8Array ? Array.from(v) : v;
    }),
  );
}

function refused(file: Uint8Array): BundleProblem {
  const read = decodeBundle(file);
  if (read.ok) throw new Error("the bundle was accepted");
  const { message, help } = explainBundleProblem(read);
  expect(message).toMatch(/^[a-z0-9]/);
  // What the decoder says of damaged bytes is its own.
  if (read.problem !== "unreadable") expect(message).not.toMatch(/undefined|NaN|\[object|Error/);
  expect(help.length).toBeGreaterThan(10);
  return read;
}

describe("what is written is read", () => {
  test("all of the fixtures' rules", () => {
    expect(body.unit.rules.length).toBeGreaterThan(10);
    const read = decodeBundle(bytes);
    if (!read.ok) throw new Error(explainBundleProblem(read).message);
    expect(plain(read.bundle)).toEqual(plain({ ...body, hash: bundleHash(body) }));
    expect(plain(toBundle(body))).toEqual(plain(read.bundle));
    const { hash: _, ...again } = read.bundle;
    expect(Buffer.from(encodeBundle(again)).equals(bytes)).toBe(true);
  });

  test("generated rules", () => {
    fc.assert(
      fc.property(lawRule, (text) => {
        const sources = [
          { file: "law.tapio", text: `${lawSchema}` },
          { file: "r.tapio", text },
        ];
        const made = bodyOf(sources);
        const read = decodeBundle(encodeBundle(made));
        expect(read.ok && plain(read.bundle)).toEqual(plain({ ...made, hash: bundleHash(made) }));
      }),
      { numRuns: Math.ceil(runs / 10) },
    );
  });

  test("from a part of a larger buffer", () => {
    const larger = new Uint8Array(bytes.length + 32);
    larger.set(bytes, 16);
    expect(decodeBundle(larger.subarray(16, 16 + bytes.length)).ok).toBe(true);
  });
});

describe("equal rules give equal bytes", () => {
  test("compiled twice, in any order of files", () => {
    fc.assert(
      fc.property(fc.shuffledSubarray(files, { minLength: files.length }), (shuffled) => {
        expect(Buffer.from(encodeBundle(bodyOf(shuffled))).equals(bytes)).toBe(true);
      }),
      { numRuns: 5 },
    );
  });

  test("another rule, another hash", () => {
    const changed = files.map((f) => ({ ...f, text: f.text.replace("512MiB", "513MiB") }));
    expect(bundleHash(bodyOf(changed))).not.toBe(bundleHash(body));
  });
});

describe("anything else is refused", () => {
  test("every length but the right one", () => {
    for (let length = 0; length < small.length; length++) {
      const { problem } = refused(small.subarray(0, length));
      expect(problem).toBe(length < 8 ? "not-a-bundle" : "truncated");
    }
    expect(decodeBundle(small).ok).toBe(true);
    expect(refused(Buffer.concat([small, Buffer.of(0)])).problem).toBe("trailing-bytes");
  });

  test("any bit turned over", () => {
    const flip = fc.oneof(
      fc.integer({ min: 0, max: 60 * 8 - 1 }),
      fc.integer({ min: 0, max: bytes.length * 8 - 1 }),
    );
    fc.assert(
      fc.property(flip, (bit) => {
        const changed = Uint8Array.from(bytes);
        const at = bit >> 3;
        changed[at] = (changed[at] ?? 0) ^ (1 << (bit & 7));
        const { problem } = refused(changed);
        if (at < 8) expect(problem).toBe("not-a-bundle");
        else if (at < 40 || at >= 44) expect(problem).toBe("hash-mismatch");
        else expect(["truncated", "trailing-bytes"]).toContain(problem);
      }),
      { numRuns: runs },
    );
  });

  test("any other bytes, with and without a head that fits", () => {
    const anyBytes = fc.uint8Array({ maxLength: 200 });
    fc.assert(
      fc.property(anyBytes, (noise) => {
        refused(noise);
        expect(["unreadable", "abi", "layout"]).toContain(refused(withHead(noise)).problem);
      }),
      { numRuns: runs },
    );
  });

  test("a body that is changed inside, with a hash that fits", () => {
    const flip = fc.integer({ min: 44, max: small.length - 1 });
    fc.assert(
      fc.property(flip, fc.integer({ min: 1, max: 255 }), (at, mask) => {
        const changed = Uint8Array.from(small);
        changed[at] = (changed[at] ?? 0) ^ mask;
        // The hash is no signature: such a file may be read, but reading must not throw.
        const read = decodeBundle(withHead(changed.subarray(44)));
        if (!read.ok) expect(explainBundleProblem(read).message).toBeTruthy();
      }),
      { numRuns: 2 * runs },
    );
  });

  test("other formats and layouts, by name", () => {
    const { hash: _, ...whole } = toBundle(body);
    expect(refused(encodeBundle({ ...whole, abi: 99 }))).toMatchObject({
      problem: "abi",
      found: 99,
    });
    expect(refused(encodeBundle({ ...whole, layoutHash: "0" })).problem).toBe("layout");
    const huge = { length: bundleMaxBytes + 1 } as Uint8Array;
    expect(refused(huge).problem).toBe("too-large");
  });
});

/** `payload` as the body of a file whose magic, hash and length are right. */
function withHead(payload: Uint8Array): Uint8Array {
  const length = Buffer.alloc(4);
  length.writeUInt32LE(payload.length);
  return Buffer.concat([Buffer.from("TAPIOB01"), sha256(payload), length, payload]);
}
