/**
 * The body's encoding: deterministic CBOR (RFC 8949 §4.2). Big integers are written as tagged text
 * because identifiers and addresses have up to 128 bits; absent properties are left out.
 */
import { decode, encode } from "cborg";
import { packTextProgram, type TextProgram, unpackTextProgram } from "../text/index.ts";

const bigKey = "$big";

export function encodeBody(body: unknown): Uint8Array {
  return encode(toPlain(body));
}

/** Throws on bytes that are not such an encoding; the caller turns that into a refusal. */
export function decodeBody(bytes: Uint8Array): unknown {
  return fromPlain(decode(bytes, { strict: true, useMaps: false }));
}

function toPlain(x: unknown): unknown {
  if (typeof x === "bigint") return { [bigKey]: x.toString() };
  if (x instanceof Uint8Array) return x;
  if (Array.isArray(x)) return x.map(toPlain);
  if (typeof x !== "object" || x === null) return x;
  if (isProgram(x)) return { $program: toPlain(packTextProgram(x)) };
  const entries = Object.entries(x).filter(([, v]) => v !== undefined);
  return Object.fromEntries(entries.map(([k, v]) => [k, toPlain(v)]));
}

function fromPlain(x: unknown): unknown {
  if (x instanceof Uint8Array) return x;
  if (Array.isArray(x)) return x.map(fromPlain);
  if (typeof x !== "object" || x === null) return x;
  const record = x as Record<string, unknown>;
  const big = record[bigKey];
  if (typeof big === "string") return BigInt(big);
  if (record.$program !== undefined) {
    const unpacked = unpackTextProgram(fromPlain(record.$program));
    if (!unpacked.ok) throw new Error(`a text program is damaged: ${unpacked.message}`);
    return unpacked.program;
  }
  return Object.fromEntries(Object.entries(record).map(([k, v]) => [k, fromPlain(v)]));
}

function isProgram(x: object): x is TextProgram {
  return "automaton" in x && "requiredLiteral" in x;
}
