/**
 * Captured text → typed value; what does not spell a value of the type is missing (`undefined`).
 *
 * An IP address becomes its 128-bit number, an IPv4 address the number of its v4-mapped IPv6 form:
 * `10.0.0.1` is `::ffff:10.0.0.1`. Accepted are dotted quads without leading zeros and the IPv6
 * forms of RFC 4291, `::` and an embedded dotted quad included; no zone, no brackets.
 */

import type { CaptureValue } from "./captures.ts";
import type { CaptureType } from "./text-program.ts";

export function captureValueOf(text: string, type: CaptureType): CaptureValue {
  switch (type) {
    case "string":
      return text;
    case "int":
      return parseInteger(text);
    case "float":
      return parseDecimal(text);
    case "ip":
      return parseIp(text);
  }
}

/** Decimal digits with an optional sign, within ±(2^53−1). */
function parseInteger(text: string): number | undefined {
  if (!/^[+-]?[0-9]+$/.test(text)) return undefined;
  const value = Number(text);
  // `-0` is 0: integers have one zero.
  return Number.isSafeInteger(value) ? value || 0 : undefined;
}

function parseDecimal(text: string): number | undefined {
  if (!/^[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$/.test(text)) return undefined;
  const value = Number(text);
  return Number.isFinite(value) ? value : undefined;
}

const V4_MAPPED = 0xffffn << 32n;

function parseIp(text: string): bigint | undefined {
  const v4 = parseV4(text);
  if (v4 !== undefined) return V4_MAPPED | v4;
  return text.includes(":") ? parseV6(text) : undefined;
}

function parseV4(text: string): bigint | undefined {
  const parts = text.split(".");
  if (parts.length !== 4) return undefined;
  let value = 0n;
  for (const part of parts) {
    if (!/^(?:0|[1-9][0-9]{0,2})$/.test(part) || Number(part) > 255) return undefined;
    value = (value << 8n) | BigInt(part);
  }
  return value;
}

function parseV6(text: string): bigint | undefined {
  const halves = text.split("::");
  if (halves.length > 2) return undefined;
  const isShortened = halves.length === 2;
  const head = parseHextets(halves[0] ?? "", !isShortened);
  const tail = isShortened ? parseHextets(halves[1] ?? "", true) : [];
  if (head === undefined || tail === undefined) return undefined;
  const missing = 8 - head.length - tail.length;
  if (isShortened ? missing < 1 : missing !== 0) return undefined;
  const hextets = [...head, ...new Array<bigint>(missing).fill(0n), ...tail];
  return hextets.reduce((value, hextet) => (value << 16n) | hextet, 0n);
}

/** Groups of up to four hexadecimal digits; the last one may be a dotted quad, as two groups. */
function parseHextets(text: string, isEnd: boolean): bigint[] | undefined {
  if (text === "") return [];
  const hextets: bigint[] = [];
  const parts = text.split(":");
  for (const [index, part] of parts.entries()) {
    const quad = isEnd && index === parts.length - 1 ? parseV4(part) : undefined;
    if (quad !== undefined) hextets.push(quad >> 16n, quad & 0xffffn);
    else if (/^[0-9A-Fa-f]{1,4}$/.test(part)) hextets.push(BigInt(`0x${part}`));
    else return undefined;
  }
  return hextets;
}
