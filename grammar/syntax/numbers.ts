/**
 * The value of a number literal. All arithmetic is exact (big integers over the written decimals),
 * because a duration that is off by a microsecond or a size that is off by a byte is a wrong rule.
 *
 *   duration   1h30m  250ms  1us  1.5s     largest unit first, each unit once; microseconds
 *   size       512MiB 10KB 1.5GiB          KiB MiB GiB TiB are powers of 1024, KB MB GB TB of 1000
 *   percent    85%  12.5%                  parts per million
 *   rate       10/s  5/m  1MiB/s           millionths per second, rounded to the nearest
 *   number     3  0.85  1e-3  0x1f
 */

const durationUnits = ["d", "h", "m", "s", "ms", "us"] as const;
const unitMicroseconds: Readonly<Record<string, bigint>> = {
  d: 86_400_000_000n,
  h: 3_600_000_000n,
  m: 60_000_000n,
  s: 1_000_000n,
  ms: 1_000n,
  us: 1n,
};
const unitBytes: Readonly<Record<string, bigint>> = {
  B: 1n,
  KB: 1_000n,
  MB: 1_000_000n,
  GB: 1_000_000_000n,
  TB: 1_000_000_000_000n,
  KiB: 1_024n,
  MiB: 1_048_576n,
  GiB: 1_073_741_824n,
  TiB: 1_099_511_627_776n,
};
const rateSeconds: Readonly<Record<string, bigint>> = { s: 1n, m: 60n, h: 3_600n };

/** All units a number may end with, for messages and highlighting. */
export const numberUnits = [...durationUnits, ...Object.keys(unitBytes)] as const;

/** Longer literals are refused before any arithmetic; no number that fits is this long. */
const NUMBER_LENGTH_MAX = 64;

export type NumberReading =
  | { readonly type: "int" | "number" | "duration" | "size" | "percent"; readonly value: number }
  | { readonly type: "rate"; readonly value: number; readonly of: "count" | "bytes" }
  | { readonly type: "bad"; readonly problem: "form" | "large" | "fraction" };

const form = { type: "bad", problem: "form" } as const;
const large = { type: "bad", problem: "large" } as const;
const fraction = { type: "bad", problem: "fraction" } as const;

/** Reads a literal as `scanNumber` cut it out. */
export function readNumber(image: string): NumberReading {
  if (image.length > NUMBER_LENGTH_MAX) return large;
  if (/^\d{1,15}$/.test(image)) return { type: "int", value: Number(image) };
  if (/^0x[0-9a-fA-F]+$/.test(image)) return whole("int", BigInt(image));
  if (/^\d+[a-z]+$/.test(image)) return readDuration(image);
  if (/^\d+$/.test(image)) return whole("int", BigInt(image));
  if (/^\d+(\.\d+)?([eE][+-]?\d+)?$/.test(image)) {
    const value = Number(image);
    return Number.isFinite(value) ? { type: "number", value } : large;
  }
  const rate = /^(.*)\/([smh])$/.exec(image);
  if (rate) return readRate(rate[1] ?? "", rate[2] ?? "");
  const percent = /^([\d.]+)%$/.exec(image);
  if (percent) return exact("percent", percent[1] ?? "", 10_000n);
  const size = /^([\d.]+)([KMGT]i?B|B)$/.exec(image);
  if (size) return exact("size", size[1] ?? "", unitBytes[size[2] ?? ""] ?? 1n);
  return readDuration(image);
}

function readDuration(image: string): NumberReading {
  let total = 0;
  let previousRank = -1;
  const part = /(\d+(?:\.\d+)?)([a-z]+)/y;
  do {
    const [, digits = "", unit = ""] = part.exec(image) ?? [];
    const rank = (durationUnits as readonly string[]).indexOf(unit);
    const factor = unitMicroseconds[unit];
    if (factor === undefined || rank <= previousRank) return form;
    previousRank = rank;
    const reading = exact("duration", digits, factor);
    if (reading.type === "bad") return reading;
    total += reading.value;
  } while (part.lastIndex < image.length);
  return Number.isSafeInteger(total) ? { type: "duration", value: total } : large;
}

function readRate(amount: string, per: string): NumberReading {
  const inner = readNumber(amount);
  const of = inner.type === "size" ? "bytes" : "count";
  const isAmount = inner.type === "size" || inner.type === "int" || inner.type === "number";
  if (!isAmount) return inner.type === "bad" ? inner : form;
  if (/[eE]/.test(amount)) return form;
  const decimal = readDecimal(amount.replace(/[A-Za-z]+$/, ""));
  if (decimal === undefined) return form;
  const unit =
    inner.type === "size" ? (unitBytes[/[A-Za-z]+$/.exec(amount)?.[0] ?? "B"] ?? 1n) : 1n;
  const above = decimal.digits * unit * 1_000_000n;
  const below = decimal.scale * (rateSeconds[per] ?? 1n);
  const value = Number((2n * above + below) / (2n * below));
  return Number.isSafeInteger(value) ? { type: "rate", value, of } : large;
}

/** `digits` times `factor`, which must be a whole number. */
function exact(
  type: "duration" | "size" | "percent",
  digits: string,
  factor: bigint,
): NumberReading {
  const decimal = readDecimal(digits);
  if (decimal === undefined) return form;
  const scaled = decimal.digits * factor;
  return scaled % decimal.scale === 0n ? whole(type, scaled / decimal.scale) : fraction;
}

function whole(type: "int" | "duration" | "size" | "percent", value: bigint): NumberReading {
  return value <= BigInt(Number.MAX_SAFE_INTEGER) ? { type, value: Number(value) } : large;
}

/** `12.50` as 1250 over 100. */
function readDecimal(text: string): { digits: bigint; scale: bigint } | undefined {
  const match = /^(\d+)(?:\.(\d+))?$/.exec(text);
  if (!match) return undefined;
  const places = match[2] ?? "";
  return { digits: BigInt(`${match[1]}${places}`), scale: 10n ** BigInt(places.length) };
}
