/** Points in time as text: ISO 8601 with a zone, down to microseconds. */

const FORM =
  /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?:Z|([+-])(\d\d):([0-5]\d))$/;

/** No place on earth is further from UTC. */
const ZONE_MINUTES_MAX = 14 * 60;

/**
 * µs since the epoch, or undefined when the text is not a time. A zone is required: without one the
 * same recording would mean something else on another machine. Digits beyond µs are cut off.
 */
export function parseTime(text: string): number | undefined {
  const match = FORM.exec(text);
  if (match === null) return undefined;
  const [, year, month, day, hour, minute, second] = match.map(Number) as number[];
  const ms = Date.UTC(year!, month! - 1, day!, hour!, minute!, second!);
  const date = new Date(ms);
  // Date.UTC accepts the 31st of February and moves on; it also reads years below 100 as 19xx.
  const isReal =
    date.getUTCFullYear() === year &&
    date.getUTCMonth() === month! - 1 &&
    date.getUTCDate() === day &&
    date.getUTCHours() === hour &&
    date.getUTCMinutes() === minute &&
    date.getUTCSeconds() === second;
  if (!isReal) return undefined;
  const micros = Number((match[7] ?? "").padEnd(6, "0").slice(0, 6));
  const zoneMinutes = match[8] === undefined ? 0 : Number(match[9]) * 60 + Number(match[10]);
  if (zoneMinutes > ZONE_MINUTES_MAX) return undefined;
  const us = (ms - (match[8] === "-" ? -1 : 1) * zoneMinutes * 60_000) * 1000 + micros;
  return Number.isSafeInteger(us) ? us : undefined;
}
