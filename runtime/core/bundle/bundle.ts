/**
 * A bundle: everything a node needs to run rules, in one file with one hash. Equal sources give
 * equal bytes on any machine.
 *
 *     "TAPIOB01" │ sha-256 of the body (32) │ length of it (u32 LE) │ body (deterministic CBOR)
 *
 * The loader checks magic, length and hash before it looks at anything else, so a truncated or
 * changed file is refused as a whole.
 */
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";
import type { CoreUnit } from "../ir/index.ts";
import { layoutHash } from "../layout.ts";
import { type Certificate, certificateProblem } from "./certificate.ts";
import { decodeBody, encodeBody } from "./codec.ts";

/** Raised when a node could misread a bundle made by another version. */
export const bundleAbi = 3;

const magic = "TAPIOB01";
const headBytes = magic.length + 32 + 4;
/** No bundle is larger; a longer file is refused before it is hashed. */
export const bundleMaxBytes = 256 << 20;

/** Which events of a kernel hook can matter to a rule: an OR of ANDs; empty `anyOf` means all. */
export interface KernelNeed {
  readonly kind: string;
  readonly anyOf: readonly { readonly allOf: readonly KernelAtom[] }[];
}
export interface KernelAtom {
  readonly field: string;
  readonly cmp: "==" | "!=" | "<" | "<=" | ">" | ">=";
  readonly value: number;
}

export interface BundleBody {
  readonly abi: number;
  /** Version of the compiler that made it. */
  readonly tapioc: string;
  readonly unit: CoreUnit;
  /** Generated JavaScript. */
  readonly matcher: string;
  /** Kinds of the kernel source that some rule needs, kernel-neutral. */
  readonly kernelPlan: readonly KernelNeed[];
  readonly layoutHash: string;
  /** Bounds on state and work of every rule. */
  readonly certificate: Certificate;
  /** The rules' text, by file name relative to the compilation root. */
  readonly sources: readonly { readonly file: string; readonly text: string }[];
}

export interface Bundle extends BundleBody {
  /** SHA-256 of the body, hexadecimal. */
  readonly hash: string;
}

/** SHA-256 of bytes: 32 bytes. */
export type Sha256 = (bytes: Uint8Array) => Uint8Array;

/** `hash` may be the platform's own, which is faster than the portable one. */
export function encodeBundle(body: BundleBody, hash: Sha256 = sha256): Uint8Array {
  const bytes = encodeBody(body);
  const out = new Uint8Array(headBytes + bytes.length);
  out.set(new TextEncoder().encode(magic));
  out.set(hash(bytes), magic.length);
  new DataView(out.buffer).setUint32(magic.length + 32, bytes.length, true);
  out.set(bytes, headBytes);
  return out;
}

/** The hash a bundle of this body has. */
export function bundleHash(body: BundleBody): string {
  return bytesToHex(sha256(encodeBody(body)));
}

/** The hash in the head of an encoded bundle, without a second look at its body. */
export function hashInHead(file: Uint8Array): string {
  return bytesToHex(file.subarray(magic.length, magic.length + 32));
}

export type BundleProblem =
  | { readonly problem: "not-a-bundle" }
  | { readonly problem: "too-large"; readonly bytes: number }
  | { readonly problem: "truncated"; readonly expected: number; readonly actual: number }
  | { readonly problem: "trailing-bytes"; readonly expected: number; readonly actual: number }
  | { readonly problem: "hash-mismatch"; readonly expected: string; readonly actual: string }
  | { readonly problem: "unreadable"; readonly reason: string }
  | { readonly problem: "abi"; readonly found: number; readonly supported: number }
  | { readonly problem: "layout"; readonly found: string; readonly expected: string };

/** Checks and reads a bundle; never throws on any bytes. */
export function decodeBundle(
  file: Uint8Array,
): { readonly ok: true; readonly bundle: Bundle } | ({ readonly ok: false } & BundleProblem) {
  if (file.length > bundleMaxBytes) return { ok: false, problem: "too-large", bytes: file.length };
  const start = new TextDecoder("latin1").decode(file.subarray(0, magic.length));
  if (start !== magic) return { ok: false, problem: "not-a-bundle" };
  if (file.length < headBytes) {
    return { ok: false, problem: "truncated", expected: headBytes, actual: file.length };
  }
  const length = new DataView(file.buffer, file.byteOffset).getUint32(magic.length + 32, true);
  const expected = headBytes + length;
  if (file.length < expected)
    return { ok: false, problem: "truncated", expected, actual: file.length };
  if (file.length > expected)
    return { ok: false, problem: "trailing-bytes", expected, actual: file.length };
  const wanted = hashInHead(file);
  const body = file.subarray(headBytes);
  const actual = bytesToHex(sha256(body));
  if (actual !== wanted) return { ok: false, problem: "hash-mismatch", expected: wanted, actual };
  return readBody(body, actual);
}

function readBody(bytes: Uint8Array, hash: string) {
  try {
    const body = decodeBody(bytes);
    const reason = shapeProblem(body);
    if (reason !== undefined) return { ok: false, problem: "unreadable", reason } as const;
    return acceptBody(body as BundleBody, hash);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { ok: false, problem: "unreadable", reason } as const;
  }
}

function acceptBody(body: BundleBody, hash: string) {
  if (body.abi !== bundleAbi) {
    return { ok: false, problem: "abi", found: body.abi, supported: bundleAbi } as const;
  }
  const expected = layoutHash(body.unit.schema);
  if (expected !== body.layoutHash) {
    return { ok: false, problem: "layout", found: body.layoutHash, expected } as const;
  }
  return { ok: true, bundle: { ...body, hash } } as const;
}

/** What the outermost parts must be; a hash proves that bytes are whole, not that they are ours. */
function shapeProblem(body: unknown): string | undefined {
  if (!isRecord(body)) return "it is not a record";
  if (!Number.isSafeInteger(body.abi)) return "it names no bundle format";
  // The parts of another format are not ours to judge.
  if (body.abi !== bundleAbi) return undefined;
  const { unit } = body;
  const texts = ["tapioc", "matcher", "layoutHash"].filter((k) => typeof body[k] !== "string");
  const lists = ["kernelPlan", "sources"].filter((k) => !Array.isArray(body[k]));
  const parts = isRecord(unit) ? ["params", "programs", "rules"] : [];
  const inUnit = parts.filter((k) => !Array.isArray((unit as Record<string, unknown>)[k]));
  const [first] = [...texts, ...lists, ...(isRecord(unit) ? inUnit : ["unit"])];
  if (first !== undefined) return `\`${first}\` is missing or of another kind`;
  return certificateProblem(body.certificate);
}

function isRecord(x: unknown): x is Record<string, unknown> {
  return typeof x === "object" && x !== null && !Array.isArray(x);
}

/** One line for a person: what is wrong with the file and what to do. */
export function explainBundleProblem(p: BundleProblem): { message: string; help: string } {
  const again = "compile the rules again with `tapioc compile`, or copy the file again";
  switch (p.problem) {
    case "not-a-bundle":
      return {
        message: "this is not a tapio bundle",
        help: "pass a file made by `tapioc compile`",
      };
    case "too-large":
      return {
        message: `the file has ${p.bytes} bytes; a bundle has at most ${bundleMaxBytes}`,
        help: "pass a file made by `tapioc compile`",
      };
    case "truncated":
      return {
        message: `the bundle is cut short: ${p.actual} of ${p.expected} bytes`,
        help: again,
      };
    case "trailing-bytes":
      return {
        message: `${p.actual - p.expected} bytes follow the end of the bundle`,
        help: again,
      };
    case "hash-mismatch":
      return {
        message: `the bundle was changed after it was made: hash ${p.actual.slice(0, 12)}… instead of ${p.expected.slice(0, 12)}…`,
        help: again,
      };
    case "unreadable":
      return { message: `the bundle's body cannot be read: ${p.reason}`, help: again };
    case "abi":
      return {
        message: `the bundle is for bundle format ${p.found}; this tapio runs format ${p.supported}`,
        help: "compile the rules with the tapioc of the same version as this tapio",
      };
    case "layout":
      return { message: "the bundle's record layout does not belong to its schema", help: again };
  }
}
