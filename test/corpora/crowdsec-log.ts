/**
 * What CrowdSec's parsers make of log lines, as far as a case tells it. Web servers' access logs
 * are read. Of other logs the record's own alerts say which lines were taken: such a line holds the
 * address and the time of an event that an alert lists. All lines of the same wording are of the
 * same kind; where it has its address, its time and its user, they have theirs.
 */

export interface AlertEvent {
  readonly source_ip?: string;
  readonly timestamp?: string;
  readonly target_user?: string;
}

export interface LogLine {
  readonly text: string;
  /** Every point in time it speaks of, ms, without regard to zones. */
  readonly times: readonly number[];
  readonly addresses: readonly string[];
  readonly words: readonly string[];
}

export function readLine(text: string): LogLine {
  const plain = text.replace(/\s+/g, " ");
  const words = wordsOf(plain.replace(address, " 1 "));
  return { text, times: timesIn(plain), addresses: addressesIn(plain), words };
}

/** A line that is of a kind an alert tells of, and what the parsers took from it. */
export interface TakenLine {
  readonly line: LogLine;
  readonly timeMs: number;
  readonly address: string;
  readonly user: string;
}

/** The lines of the kinds that these events are of, in the order of the log. */
export function linesLike(lines: readonly LogLine[], events: readonly AlertEvent[]): TakenLine[] {
  const kinds: Kind[] = [];
  for (const line of lines) {
    const kind = kinds.find((k) => isAlike(k.lines[0], line));
    if (kind) kind.lines.push(line);
    else kinds.push({ lines: [line] });
  }
  const taken: { kind: Kind; read: Reading }[] = [];
  const isFull = (kind: Kind) => kind.lines.length >= events.length;
  let left = events.filter((e) => !events.slice(0, events.indexOf(e)).some((o) => isSame(o, e)));
  while (left.length > 0) {
    const ways = kinds.map((kind) => ({ kind, ...explained(kind, left) }));
    const [best] = ways.sort(
      (a, b) =>
        b.events.length - a.events.length || Number(isFull(b.kind)) - Number(isFull(a.kind)),
    );
    if (!best?.reading || best.events.length === 0) break;
    taken.push({ kind: best.kind, read: best.reading });
    left = left.filter((e) => !best.events.includes(e));
  }
  const all = taken.flatMap(({ kind, read }) => kind.lines.flatMap((line) => read(line) ?? []));
  return all.sort((a, b) => lines.indexOf(a.line) - lines.indexOf(b.line));
}

interface Kind {
  readonly lines: LogLine[];
}

type Reading = (line: LogLine) => TakenLine | undefined;

function explained(kind: Kind, events: readonly AlertEvent[]) {
  const found = events.flatMap((event) => {
    const reading = kind.lines.map((line) => readingOf(line, event)).find((r) => r !== undefined);
    return reading ? [{ event, reading }] : [];
  });
  return { events: found.map((f) => f.event), reading: found[0]?.reading };
}

function readingOf(line: LogLine, event: AlertEvent): Reading | undefined {
  const { source_ip = "", timestamp, target_user } = event;
  const address = line.addresses.findIndex((a) => source_ip === a || source_ip.endsWith(`:${a}`));
  const wanted = timestamp === undefined ? undefined : timesIn(timestamp)[0];
  const time =
    wanted === undefined
      ? 0
      : line.times.findIndex((t) => isSameTime(t, wanted, timestamp?.includes(".") ?? false));
  const user = target_user === undefined ? -1 : line.words.indexOf(target_user);
  if (address < 0 || time < 0 || line.times.length === 0) return undefined;
  const isWhole = timestamp !== undefined && !timestamp.includes(".");
  return (other) => {
    const [at, from] = [other.times[time], other.addresses[address]];
    if (at === undefined || from === undefined) return undefined;
    const timeMs = isWhole ? Math.floor(at / 1000) * 1000 : at;
    return { line: other, timeMs, address: from, user: other.words[user] ?? "" };
  };
}

function isSame(a: AlertEvent, b: AlertEvent): boolean {
  return a.source_ip === b.source_ip && a.timestamp === b.timestamp;
}

/** A log may leave out the year. */
function isSameTime(a: number, b: number, isExact: boolean): boolean {
  const year = (ms: number) => new Date(ms).getUTCFullYear();
  const moved = year(a) === yearless ? new Date(a).setUTCFullYear(year(b)) : a;
  return isExact ? Math.abs(moved - b) < 1 : Math.floor(moved / 1000) === Math.floor(b / 1000);
}

/** The same words but for two at most. */
function isAlike(a: LogLine | undefined, b: LogLine): boolean {
  if (!a || a.words.length !== b.words.length) return false;
  return a.words.filter((w, i) => wording(w) !== wording(b.words[i] ?? "")).length <= 2;
}

function wording(word: string): string {
  return /\d/.test(word) ? "#" : word;
}

function wordsOf(text: string): string[] {
  return text.match(/[\w.@-]+/g) ?? [];
}

export function addressesIn(text: string): string[] {
  return text.match(address) ?? [];
}

const address =
  /(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?![\w.]*\.\d)|(?<![\w:])(?:[0-9a-f]{0,4}:){3,7}[0-9a-f]{1,4}(?![\w:.])/gi;

/** The year of times that do not say theirs: a leap year. */
const yearless = 2000;
const months = "jan feb mar apr may jun jul aug sep oct nov dec".split(" ");
const clock = "(\\d{1,2}):(\\d\\d):(\\d\\d)(?:[.,](\\d+))?";

const forms: readonly (readonly [RegExp, (m: readonly string[]) => number])[] = [
  [
    new RegExp(`(\\d{4})[-/](\\d\\d)[-/](\\d\\d)[T ]${clock}`, "g"),
    ([y, mo, d, ...c]) => wallClock(Number(y), Number(mo) - 1, Number(d), c),
  ],
  [
    new RegExp(`(\\d{1,2})[-/ ]([A-Za-z]{3})[-/ ](\\d{4})[: ]${clock}`, "g"),
    ([d, mo = "", y, ...c]) => wallClock(Number(y), monthOf(mo), Number(d), c),
  ],
  [
    new RegExp(`([A-Z][a-z]{2}) (\\d{1,2}) ${clock}(?: (\\d{4}))?`, "g"),
    ([mo = "", d, h, mi, s, f, y]) =>
      wallClock(Number(y ?? yearless), monthOf(mo), Number(d), [h, mi, s, f]),
  ],
  [/(?<![\d.])(1[5-9]\d{8})(?!\d)/g, ([s]) => Number(s) * 1000],
];

export function timesIn(text: string): number[] {
  const found = forms.flatMap(([form, read]) =>
    [...text.matchAll(form)].map((m) => ({ at: m.index, ms: read(m.slice(1)) })),
  );
  return found.sort((a, b) => a.at - b.at).flatMap(({ ms }) => (Number.isFinite(ms) ? [ms] : []));
}

function monthOf(name: string): number {
  const at = months.indexOf(name.toLowerCase());
  return at < 0 ? Number.NaN : at;
}

function wallClock(y: number, mo: number, d: number, c: readonly (string | undefined)[]): number {
  const [h, mi, s, fraction = "0"] = c;
  const ms = Math.floor(Number(`0.${fraction}`) * 1000);
  return Date.UTC(y, mo, d, Number(h), Number(mi), Number(s), ms);
}

/** A line of a web server's log: the fields that CrowdSec's parsers make of it. */
export function readAccess(text: string): ReadonlyMap<string, string> | undefined {
  const found =
    /^(?:\S+ )??([\d.]+|[\da-f:]*:[\da-f:]+) \S+ .*?\[[^\]]+\] "(.*)" (\d{3}) \S+(?: "(.*?)" "(.*?)")?/.exec(
      text,
    ) ?? undefined;
  const error = /\[client ([\d.]+)(?::\d+)?\].*in request (\w+) (\S+)/.exec(text);
  if (error) return accessFields(error[1], `${error[2]} ${error[3]}`, "", "", "http_error-log");
  if (!found || addressesIn(found[1] ?? "").length === 0) return undefined;
  return accessFields(found[1], found[2], found[3], found[5], "http_access-log");
}

function accessFields(
  address = "",
  request = "",
  status = "",
  agent = "",
  logType = "http_access-log",
): ReadonlyMap<string, string> {
  const [, verb = "", uri = request, version = ""] =
    /^([A-Z]+) (.*?)(?: HTTP\/([\d.]+))?$/.exec(request) ?? [];
  const mark = uri.indexOf("?");
  const [path, args] = mark < 0 ? [uri, ""] : [uri.slice(0, mark), uri.slice(mark + 1)];
  const dir = path.slice(0, path.lastIndexOf("/") + 1);
  const file = path.slice(dir.length);
  const dot = file.lastIndexOf(".");
  const extension = dot < 0 ? "" : file.slice(dot);
  return new Map([
    ["Meta.log_type", logType],
    ["Meta.service", "http"],
    ["Meta.source_ip", address],
    ["Meta.http_path", uri],
    ["Meta.http_status", status],
    ["Meta.http_verb", verb],
    ["Meta.http_user_agent", agent],
    ["Unescaped.Meta.http_path", percentDecoded(uri)],
    ["Parsed.verb", verb],
    ["Parsed.request", path],
    ["Parsed.http_args", args],
    ["Parsed.http_version", version],
    ["Parsed.http_user_agent", agent],
    ["Parsed.file_dir", dir],
    ["Parsed.file_frag", dot < 0 ? file : file.slice(0, dot)],
    ["Parsed.file_ext", extension],
    ["Parsed.file_name", file],
    ["Parsed.static_ressource", String(staticFiles.test(extension))],
    ["Parsed.target_fqdn", ""],
  ]);
}

const staticFiles = /^\.(jpg|css|js|jpeg|png|svg|map|ico|otf|gif|mp3|mp4|woff2?|ttf|eot)$/i;

function percentDecoded(text: string): string {
  return text.replace(/%[0-9a-f]{2}/gi, (x) =>
    String.fromCharCode(Number.parseInt(x.slice(1), 16)),
  );
}
