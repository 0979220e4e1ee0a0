/**
 * The body's encoding: deterministic CBOR (RFC 8949 §4.2). Big integers are written as tagged text
 * because identifiers and addresses have up to 128 bits; absent properties are left out.
 */
import { decode } from "cborg";
import { packTextProgram, type TextProgram, unpackTextProgram } from "../text/index.ts";
import { CborWriter } from "./cbor-writer.ts";

const bigKey = "$big";

export function encodeBody(body: unknown): Uint8Array {
  const writer = new CborWriter();
  const write = (x: unknown): void => {
    if (typeof x === "bigint") writer.map({ [bigKey]: x.toString() }, write);
    else if (typeof x !== "object" || x === null) writer.leaf(x);
    else if (x instanceof Uint8Array) writer.bytes(x);
    else if (Array.isArray(x)) writer.array(x, write);
    else if (isProgram(x)) writer.map({ $program: packTextProgram(x) }, write);
    else writer.map(x as Readonly<Record<string, unknown>>, write);
  };
  write(body);
  return writer.finish();
}

/** Throws on bytes that are not such an encoding; the caller turns that into a refusal. */
export function decodeBody(bytes: Uint8Array): unknown {
  return fromPlain(decode(bytes, { strict: true, useMaps: false }));
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
