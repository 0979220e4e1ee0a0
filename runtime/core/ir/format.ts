/** How values are written for people: in findings, diagnostics and reports. */
import { CutText, RecordValue, type Value } from "../schema.ts";
import type { ScalarUnit, Unit } from "./core.ts";

/** `value` in the notation of the language; a missing value is `?`. */
export function format(value: Value, unit: Unit): string {
  if (value === undefined) return "?";
  if (value instanceof CutText) return `${value.visible}…`;
  if (typeof value === "bigint") return unit === "ip" ? formatIp(value) : value.toString();
  if (value instanceof Map) return formatMap(value, unit);
  if (value instanceof RecordValue) return formatRecord(value, unit);
  if (typeof value === "object")
    return `[${(value as readonly Value[]).map((v) => format(v, unit)).join(", ")}]`;
  if (typeof value !== "number") return String(value);
  return formatNumber(value, typeof unit === "string" ? unit : "text");
}

function formatNumber(value: number, unit: ScalarUnit): string {
  switch (unit) {
    case "duration":
      return formatDuration(value);
    case "size":
      return formatSize(value);
    case "percent":
      return `${trim(value / 10_000)}%`;
    case "rate":
      return `${trim(value / 1e6)}/s`;
    case "bytes_rate":
      return `${formatSize(value / 1e6)}/s`;
    case "time":
      return formatTime(value);
    default:
      return trim(value);
  }
}

function formatMap(map: ReadonlyMap<Value, Value>, unit: Unit): string {
  const { key, value } = typeof unit === "object" && "key" in unit ? unit : noUnits;
  return `{${[...map].map(([k, v]) => `${format(k, key)}: ${format(v, value)}`).join(", ")}}`;
}

const noUnits = { key: "text", value: "text" } as const;

/** The members that are there, in the order they are declared in. */
function formatRecord({ members }: RecordValue, unit: Unit): string {
  const units = typeof unit === "object" && "members" in unit ? unit.members : [];
  const shown = units.filter((m) => members.has(m.name));
  return `{${shown.map((m) => `${m.name}: ${format(members.get(m.name), m.unit)}`).join(", ")}}`;
}

function trim(x: number): string {
  return Number.isInteger(x) ? String(x) : String(Number(x.toPrecision(6)));
}

const durationUnits = [
  ["d", 86_400_000_000],
  ["h", 3_600_000_000],
  ["m", 60_000_000],
  ["s", 1_000_000],
  ["ms", 1_000],
] as const;

/** The largest unit that leaves a short number: `1.5s`, `250ms`, `2h`. */
export function formatDuration(us: number): string {
  const size = Math.abs(us);
  for (const [name, unit] of durationUnits) {
    if (size >= unit) return `${Number((us / unit).toFixed(3))}${name}`;
  }
  return `${trim(us)}us`;
}

/** Exactly `us` in the notation of the language, to be pasted behind `at`: `1h25s200ms`. */
export function writeDuration(us: number): string {
  let rest = Math.abs(us);
  const parts: string[] = [];
  for (const [name, unit] of durationUnits) {
    const n = Math.floor(rest / unit);
    rest -= n * unit;
    if (n > 0) parts.push(`${n}${name}`);
  }
  if (rest > 0) parts.push(`${rest}us`);
  return `${us < 0 ? "-" : ""}${parts.join("") || "0s"}`;
}

export function formatSize(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
  let x = bytes;
  let i = 0;
  while (Math.abs(x) >= 1024 && i < units.length - 1) {
    x /= 1024;
    i++;
  }
  return `${Number(x.toFixed(2))}${units[i]}`;
}

/** ISO 8601 in UTC with microseconds. */
export function formatTime(us: number): string {
  const ms = Math.floor(us / 1000);
  if (Math.abs(ms) > 8.64e15) return `${us}us`;
  const micros = String(us - ms * 1000).padStart(3, "0");
  return new Date(ms).toISOString().replace("Z", `${micros}Z`);
}

const v4Base = 0xffff_0000_0000n;

/** Dotted for IPv4-mapped numbers, RFC 5952 otherwise. */
export function formatIp(x: bigint): string {
  if (x >> 32n === v4Base >> 32n) {
    const n = Number(x & 0xffff_ffffn);
    return [n >>> 24, (n >>> 16) & 255, (n >>> 8) & 255, n & 255].join(".");
  }
  const words = Array.from({ length: 8 }, (_, i) => Number((x >> BigInt(112 - 16 * i)) & 0xffffn));
  const run = longestZeroRun(words);
  const hex = (from: number, to: number) =>
    words
      .slice(from, to)
      .map((w) => w.toString(16))
      .join(":");
  return run.length < 2 ? hex(0, 8) : `${hex(0, run.start)}::${hex(run.start + run.length, 8)}`;
}

function longestZeroRun(words: readonly number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 };
  for (let start = 0; start < words.length; start++) {
    let length = 0;
    while (words[start + length] === 0) length++;
    if (length > best.length) best = { start, length };
  }
  return best;
}

/** The number of an IPv4 or IPv6 address, or undefined when the text is not one. */
export function parseIp(text: string): bigint | undefined {
  if (!text.includes(":")) {
    const v4 = parseV4(text);
    return v4 === undefined ? undefined : v4Base | v4;
  }
  const [head = "", tail, extra] = text.split("::");
  if (extra !== undefined) return undefined;
  const left = parseGroups(head);
  const right = tail === undefined ? [] : parseGroups(tail);
  if (!left || !right) return undefined;
  const gap = 8 - left.length - right.length;
  if (tail === undefined ? gap !== 0 : gap < 1) return undefined;
  const words = [...left, ...Array.from({ length: gap }, () => 0n), ...right];
  return words.reduce((acc, w) => (acc << 16n) | w, 0n);
}

function parseV4(text: string): bigint | undefined {
  const parts = text.split(".");
  if (parts.length !== 4 || !parts.every((p) => /^(0|[1-9]\d{0,2})$/.test(p) && Number(p) < 256)) {
    return undefined;
  }
  return parts.reduce((acc, p) => (acc << 8n) | BigInt(p), 0n);
}

function parseGroups(text: string): bigint[] | undefined {
  if (text === "") return [];
  const out: bigint[] = [];
  const groups = text.split(":");
  for (const [i, group] of groups.entries()) {
    if (group.includes(".") && i === groups.length - 1) {
      const v4 = parseV4(group);
      if (v4 === undefined) return undefined;
      out.push(v4 >> 16n, v4 & 0xffffn);
    } else if (/^[0-9a-fA-F]{1,4}$/.test(group)) out.push(BigInt(`0x${group}`));
    else return undefined;
  }
  return out;
}

/** `10.0.0.0/8` or `fe80::/10` as base number and prefix length in 128 bits. */
export function parseCidr(text: string): { base: bigint; prefixBits: number } | undefined {
  const [addr = "", bits, extra] = text.split("/");
  const base = parseIp(addr);
  if (base === undefined || bits === undefined || extra !== undefined || !/^\d{1,3}$/.test(bits)) {
    return undefined;
  }
  const width = addr.includes(":") ? 128 : 32;
  const prefix = Number(bits);
  return prefix > width ? undefined : { base, prefixBits: 128 - width + prefix };
}
