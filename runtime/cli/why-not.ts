/**
 * `tapio why-not`: why a rule did not fire, or that it did, from a recording, or from what a
 * running node remembers, which is a recording of the last while. The reference interpreter says
 * what almost matched; the engine, which reads the same recording, says what a node would have
 * reported.
 */
import {
  type Answer,
  type Bundle,
  type CoreRule,
  type EventData,
  exitCodes,
  formatTime,
  fullName,
  keyNames,
  keysSeen,
  type Replayed,
  type SeenKey,
  type SourceStory,
  UsageError,
  type Value,
  whyNot,
  withDerived,
} from "#core";
import type { GivenUp } from "#runtime/engine";
import { parseTime } from "#runtime/sources/replay";
import { loadBundle, readParams } from "./load.ts";
import { askNode, type RecentHead, socketPath } from "./node-socket.ts";
import { say } from "./output.ts";
import { type Recording, replayRecording, sayRecordings } from "./replay.ts";
import { renderAnswer } from "./why-not-text.ts";

export interface WhyNotOptions {
  /** By default the one of the node that is asked. */
  readonly bundle?: string;
  /** The node's `--state` folder. */
  readonly state?: string;
  readonly key: readonly string[];
  readonly at?: string;
  readonly format: "pretty" | "json";
  readonly param: readonly string[];
}

/** Keys that are listed when none is the asked one. */
const listedMax = 10;

export async function whyNotCommand(
  name: string,
  paths: readonly string[],
  options: WhyNotOptions,
): Promise<number> {
  const material = paths.length > 0 ? ofFiles(paths, options) : await ofNode(options);
  const { bundle, node } = material;
  const given = readParams([...(node?.params ?? []), ...options.param], bundle.unit.params);
  const rule = findRule(bundle, name);
  const names = keyNames(rule, bundle.unit.schema);
  const wanted = options.key.map((text) => readKeyPart(text, rule, names));
  const taken = await takeIn(material, given);
  const { unit } = bundle;
  const params = new Map(unit.params.map((p) => [p.name, given.get(p.name) ?? p.value]));
  const seen = keysSeen(unit, rule, params, withDerived(unit, params, taken.events));
  const answer = whyNot({
    unit,
    rule,
    params,
    ...taken,
    givenUp: taken.givenUp.filter((g) => g.rule === fullName(rule)),
    keys: wanted.length === 0 ? undefined : keysWith(wanted, rule, names, seen),
    at: options.at === undefined ? undefined : readTime(options.at, taken.events),
  });
  const told = node ? { ...answer, lacking: [...answer.lacking, ...beyond(answer, node)] } : answer;
  process.stdout.write(
    options.format === "json"
      ? `${JSON.stringify(told, null, 2)}\n`
      : renderAnswer(told, node ? "in what the node remembers" : "in the recording"),
  );
  return answer.findings.length > 0 ? exitCodes.findings : exitCodes.ok;
}

function findRule({ unit }: Bundle, name: string): CoreRule {
  const found = unit.rules.filter((r) => r.name === name || fullName(r) === name);
  const [only] = found;
  const known = unit.rules.map(fullName).join(", ") || "none";
  if (!only) throw new UsageError(`the bundle has no rule ${name}`, `rules: ${known}`);
  if (found.length > 1)
    throw new UsageError(
      `${name} is the name of several rules`,
      `say which: ${found.map(fullName).join(", ")}`,
    );
  return only;
}

// ---------- the recording ----------

interface Material {
  readonly bundle: Bundle;
  readonly recordings: readonly Recording[];
  /** What the node says that was asked; undefined for files. */
  readonly node: RecentHead | undefined;
}

function ofFiles(paths: readonly string[], options: WhyNotOptions): Material {
  if (options.bundle === undefined)
    throw new UsageError(
      "a recording does not say which rules it is asked about",
      "name them with --bundle, a file made by `tapioc compile`",
    );
  return { bundle: loadBundle(options.bundle), recordings: paths, node: undefined };
}

async function ofNode(options: WhyNotOptions): Promise<Material> {
  const path = socketPath(options.state);
  if (path === undefined)
    throw new UsageError(
      "there is no place where a running tapio would be asked",
      "name its --state folder, or recordings",
    );
  const { head, stream } = await askNode(path);
  const bundle = loadBundle(options.bundle ?? head.path);
  if (bundle.hash !== head.bundle)
    throw new UsageError(
      `${options.bundle ?? head.path} is not the bundle that the node with pid ${head.pid} runs`,
      "name that one with --bundle",
    );
  const recordings = [{ name: `the node with pid ${head.pid}`, stream }];
  return { bundle, recordings, node: head };
}

/** How far back the node remembers, where the question reaches further. */
function beyond({ around }: Answer, { sinceUs }: RecentHead): string[] {
  if (around && around.from > sinceUs) return [];
  return [`the node remembers nothing before ${formatTime(sinceUs)}`];
}

interface TakenIn {
  readonly events: readonly EventData[];
  readonly watermark: number;
  readonly sources: readonly SourceStory[];
  readonly present: ReadonlySet<number>;
  readonly replayed: Replayed;
  readonly givenUp: readonly GivenUp[];
}

/** Reads the recordings once, for the engine and for the interpreter. */
async function takeIn(
  { bundle, recordings, node }: Material,
  params: ReadonlyMap<string, Value>,
): Promise<TakenIn> {
  const { unit } = bundle;
  const events: EventData[] = [];
  const findings = new Set<string>();
  const late = new Set<string>();
  const record = new SourceRecord(unit.schema.sources.map((s) => s.name));
  const { results, counters, end, ...replayed } = await replayRecording(
    bundle,
    recordings,
    params,
    {
      finding: ({ id, state, isProvisional }) =>
        void (state === "retracted" || isProvisional ? findings.delete(id) : findings.add(id)),
      late: (e) => late.add(e.id),
      event: (e) => {
        events.push(e);
        record.event(unit.schema.kinds[e.kind]?.source ?? -1, e.ts);
      },
      progress: (source, ts, { lost }) => record.progress(source, ts, lost),
    },
  );
  const [read] = results.values();
  if (node && read?.lines !== node.lines)
    throw new UsageError("the node ended before it had told everything", "ask again");
  if (node)
    say(
      `the node with pid ${node.pid} remembers everything since ${formatTime(node.sinceUs)}: ${events.length} events`,
    );
  else sayRecordings(results);
  const evicted = Object.values(counters.evicted).reduce((n, x) => n + x, 0);
  return {
    events,
    watermark: end,
    sources: record.stories(end, (source) => unit.schema.sources[source]?.idleUs ?? 0),
    present: record.present,
    replayed: { findings, late, evicted },
    givenUp: node?.givenUp ?? replayed.givenUp,
  };
}

/** How each source fared, by what the recording tells of its progress. */
class SourceRecord {
  readonly #names: readonly string[];
  /** Latest sign of life, µs, by source. */
  readonly #latest = new Map<number, number>();
  readonly #told = new Set<number>();
  readonly #lost = new Map<number, { total: number; losses: { at: number; count: number }[] }>();

  constructor(names: readonly string[]) {
    this.#names = names;
  }

  get present(): ReadonlySet<number> {
    return new Set(this.#latest.keys());
  }

  event(source: number, ts: number): void {
    this.#latest.set(source, Math.max(this.#latest.get(source) ?? ts, ts));
  }

  progress(name: string, ts: number, total: number): void {
    const source = this.#names.indexOf(name);
    this.event(source, ts);
    this.#told.add(source);
    const lost = this.#lost.get(source) ?? { total: 0, losses: [] };
    this.#lost.set(source, lost);
    if (total > lost.total) lost.losses.push({ at: ts, count: total - lost.total });
    lost.total = total;
  }

  /** A source that tells its progress and then stops before the end has fallen silent. */
  stories(end: number, idleOf: (source: number) => number): SourceStory[] {
    return [...this.#told].map((source) => {
      const latest = this.#latest.get(source) ?? end;
      return {
        source,
        silentFrom: end - latest > idleOf(source) ? latest : undefined,
        lost: this.#lost.get(source)?.losses ?? [],
      };
    });
  }
}

// ---------- what was asked ----------

interface KeyPart {
  readonly index: number;
  readonly text: string;
}

function readKeyPart(text: string, rule: CoreRule, names: readonly string[]): KeyPart {
  const at = text.indexOf("=");
  if (names.length === 0)
    throw new UsageError(`rule ${rule.name} has no key`, "leave --key out: it looks at all events");
  const index = names.indexOf(text.slice(0, Math.max(0, at)));
  if (index < 0)
    throw new UsageError(
      at <= 0 ? `\`${text}\` is not name=value` : `${text.slice(0, at)} is no part of the key`,
      `the key of rule ${rule.name} is ${names.map((n) => `${n}=…`).join(" ")}`,
    );
  return { index, text: text.slice(at + 1) };
}

function keysWith(
  wanted: readonly KeyPart[],
  rule: CoreRule,
  names: readonly string[],
  seen: readonly SeenKey[],
): ReadonlySet<string> {
  const isWanted = ({ parts }: SeenKey) =>
    wanted.every(({ index, text }) => {
      const part = parts[index];
      return part?.text === text || (part?.value !== undefined && String(part.value) === text);
    });
  const found = seen.filter(isWanted);
  if (found.length > 0) return new Set(found.map((k) => k.key));
  const asked = wanted.map(({ index, text }) => `${names[index]}=${text}`).join(" ");
  const listed = seen.slice(0, listedMax).map((k) => written(k, names));
  const more = seen.length > listedMax ? ` and ${seen.length - listedMax} more` : "";
  throw new UsageError(
    `the key ${asked} was never seen: no event that rule ${rule.name} is about has it`,
    listed.length === 0
      ? "the recording has no event with a key that the rule is about"
      : `keys in the recording: ${listed.join(", ")}${more}`,
  );
}

function written({ parts }: SeenKey, names: readonly string[]): string {
  return parts.map((p, i) => `${names[i]}=${p.text}`).join(" ");
}

const dayUs = 86_400_000_000;

/** A time as findings print it: in full, of the day only, or µs since the epoch. */
function readTime(text: string, events: readonly EventData[]): number {
  const full = parseTime(text);
  if (full !== undefined) return full;
  if (/^\d{1,16}$/.test(text)) return Number(text);
  const ofDay = parseTime(`1970-01-01T${text}Z`) ?? parseTime(`1970-01-01T${text}:00Z`);
  if (ofDay === undefined)
    throw new UsageError(
      `\`${text}\` is not a time`,
      "write it as findings do: 2026-11-21T10:00:00.123456Z, 10:00:00.123456, 10:00 or whole µs",
    );
  const days = new Set(events.map((e) => Math.floor(e.ts / dayUs)));
  const isNearer = (a: number, b: number) => distance(events, a) <= distance(events, b);
  return [...days].map((d) => d * dayUs + ofDay).reduce((a, b) => (isNearer(a, b) ? a : b), ofDay);
}

/** From `ts` to the nearest event, µs. */
function distance(events: readonly EventData[], ts: number): number {
  return events.reduce(
    (least, e) => Math.min(least, Math.abs(e.ts - ts)),
    Number.POSITIVE_INFINITY,
  );
}
