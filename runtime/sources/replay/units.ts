/**
 * Numbers with units, as people write them in recordings: `5s`, `1h30m`, `512MiB`, `97.5%`, `10/s`.
 * The same forms as in rules, with the same exact arithmetic; a test holds both against each other.
 */
import { assertNever } from "#core";

/** Field types whose numbers may be written with a unit. */
export type UnitType = "duration" | "size" | "percent" | "rate";

const durationUnits = new Map([
  ["d", 86_400_000_000n],
  ["h", 3_600_000_000n],
  ["m", 60_000_000n],
  ["s", 1_000_000n],
  ["ms", 1_000n],
  ["us", 1n],
]);
const sizeUnits = new Map([
  ["B", 1n],
  ["KB", 10n ** 3n],
  ["MB", 10n ** 6n],
  ["GB", 10n ** 9n],
  ["TB", 10n ** 12n],
  ["KiB", 1n << 10n],
  ["MiB", 1n << 20n],
  ["GiB", 1n << 30n],
  ["TiB", 1n << 40n],
]);
const perSeconds = new Map([
  ["s", 1n],
  ["m", 60n],
  ["h", 3600n],
]);

/** What a number of that type looks like, and what a bare integer means. */
export const unitExamples: Readonly<Record<UnitType, string>> = {
  duration: '"5s", "1h30m", "250ms", or whole microseconds',
  size: '"512MiB", "10KB", or whole bytes',
  percent: '"97.5%", or whole parts per million',
  rate: '"10/s", "5/m", or whole millionths per second',
};

/** Longer texts are refused before any arithmetic. */
const LENGTH_MAX = 64;

/** The number in base units, or undefined when the text is not one or not exactly representable. */
export function parseUnits(type: UnitType, text: string): number | undefined {
  if (text.length > LENGTH_MAX) return undefined;
  switch (type) {
    case "duration":
      return parseDuration(text);
    case "size": {
      const match = /^(\d[\d.]*)([A-Za-z]+)$/.exec(text);
      return scaled(match?.[1], sizeUnits.get(match?.[2] ?? ""));
    }
    case "percent":
      return scaled(/^(.+)%$/.exec(text)?.[1], 10_000n);
    case "rate":
      return parseRate(text);
    default:
      return assertNever(type);
  }
}

/** Largest unit first, each at most once. */
function parseDuration(text: string): number | undefined {
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)([a-z]+)/gy)];
  if (parts.length === 0 || parts.map(([part]) => part).join("") !== text) return undefined;
  const names = [...durationUnits.keys()];
  let total = 0;
  let rank = -1;
  for (const [, digits, unit = ""] of parts) {
    const value = scaled(digits, durationUnits.get(unit));
    if (value === undefined || names.indexOf(unit) <= rank) return undefined;
    rank = names.indexOf(unit);
    total += value;
  }
  return Number.isSafeInteger(total) ? total : undefined;
}

/** Rounded to the nearest millionth: `1/m` has no exact value. */
function parseRate(text: string): number | undefined {
  const match = /^(\d[\d.]*)([A-Za-z]*)\/([smh])$/.exec(text);
  const amount = decimal(match?.[1] ?? "");
  const unit = match?.[2] === "" ? 1n : sizeUnits.get(match?.[2] ?? "");
  const seconds = perSeconds.get(match?.[3] ?? "");
  if (amount === undefined || unit === undefined || seconds === undefined) return undefined;
  const isPartOfByte = match?.[2] !== "" && (amount.digits * unit) % amount.scale !== 0n;
  if (isPartOfByte) return undefined;
  const above = amount.digits * unit * 1_000_000n;
  const below = amount.scale * seconds;
  return safe((2n * above + below) / (2n * below));
}

/** `digits` times `factor` when that is a whole number. */
function scaled(digits: string | undefined, factor: bigint | undefined): number | undefined {
  const amount = decimal(digits ?? "");
  if (amount === undefined || factor === undefined) return undefined;
  const product = amount.digits * factor;
  return product % amount.scale === 0n ? safe(product / amount.scale) : undefined;
}

/** `12.50` as 1250 over 100. */
function decimal(text: string): { digits: bigint; scale: bigint } | undefined {
  const match = /^(\d+)(?:\.(\d+))?$/.exec(text);
  if (match === null) return undefined;
  const places = match[2] ?? "";
  return { digits: BigInt(`${match[1]}${places}`), scale: 10n ** BigInt(places.length) };
}

function safe(value: bigint): number | undefined {
  return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : undefined;
}
