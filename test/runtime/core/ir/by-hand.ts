/**
 * Runs rules given as text on events that are written in one line each, and shows what was found
 * in a form that is read at a glance. The engine must find the same.
 *
 *     found("rule r { match sequence by k within 5s { p: t.a then q: t.b } }", ["a 0", "b 2"])
 *     ⇒ ["r@2 p=a1 q=b1"]
 *
 * An event is `<kind> <seconds> [name=value …]`: kinds `a b c d` are of an exact source, `far`
 * and `away` of one whose clock tells only seconds, `tick` of one that tells only every 4 µs.
 * Values are ints; `pod` and `node` are its entities. `k` is 1 unless said. Events are called by
 * kind and number in the order given. Behind a step `?` says that its place in the order is not
 * certain, `!` that events of it may be missing; `…!` at the end that the finding may be
 * incomplete.
 */
import { type CompileResult, compile } from "#compiler";
import {
  type CoreUnit,
  type EventData,
  type Judgement,
  judge,
  type Match,
  makeEvent,
  type NearMiss,
  type Schema,
  stepsOf,
  type Trace,
  type Value,
} from "#core";
import { disagreement } from "../../../harness/unit-agreement.ts";

export const epochUs = Date.UTC(2026, 0, 1) * 1000;

const schemaText = `module hand.schema
source fast { lateness 100ms granularity 1us idle 2s rank 0 lossy }
source coarse { lateness 3s granularity 1s idle 60s rank 1 }
source tick { lateness 1s granularity 4us idle 60s rank 2 }
entity node key string(16) max 8
entity pod key string(16) in node max 64
event t.any from fast { k: int? x: int? }
event t.a extends t.any {}
event t.b extends t.any {}
event t.c extends t.any {}
event t.d extends t.any {}
event t.slow from coarse { k: int? x: int? }
event t.far extends t.slow {}
event t.away extends t.slow {}
event t.tick from tick { k: int? x: int? }
`;

/** What is known besides the events; times in seconds. */
export interface Setting {
  /** How far time goes; 1,000 s unless said. */
  readonly until?: number;
  readonly start?: number;
  /** `pod p1` with `up` and `down`, one each. */
  readonly lives?: readonly (readonly [entity: string, up: number, down?: number])[];
  readonly silent?: Readonly<Record<string, number>>;
  readonly lost?: Readonly<Record<string, number>>;
  /** Only near misses between these times are looked for. */
  readonly around?: readonly [from: number, to: number];
  /** Of these keys, with `around`. */
  readonly keys?: readonly string[];
}

export interface Told {
  readonly unit: CoreUnit;
  readonly events: readonly EventData[];
  readonly judgement: Judgement;
  readonly names: ReadonlyMap<string, string>;
}

export function compiled(rules: string): CompileResult {
  const result = compile(
    [
      { file: "schema.tapio", text: schemaText },
      { file: "rules.tapio", text: `module hand.rules\nimport hand.schema\n${rules}` },
    ],
    { std: [], version: "test" },
  );
  const errors = result.diagnostics.filter((d) => d.severity === "error");
  if (errors.length > 0)
    throw new Error(`${errors.map((d) => `${d.code} ${d.message}`).join("\n")}\n${rules}`);
  return result;
}

export function tell(rules: string, lines: readonly string[], setting: Setting = {}): Told {
  const { unit } = compiled(rules);
  const { events, names } = eventsOf(unit.schema, lines);
  const params = new Map(unit.params.map((p) => [p.name, p.value]));
  const trace = traceOf(unit, events, setting);
  const difference = disagreement(unit, trace);
  if (difference) throw new Error(`${rules}\n${lines.join("\n")}\n${difference}`);
  return { unit, events, names, judgement: judge(unit, params, trace) };
}

/** Findings in the order they are reported. */
export function found(rules: string, lines: readonly string[], setting: Setting = {}): string[] {
  const told = tell(rules, lines, setting);
  return told.judgement.findings.map((f) => shownMatch(f.match, told.names));
}

/** Near misses, closest first. */
export function missed(rules: string, lines: readonly string[], setting: Setting = {}): string[] {
  return tell(rules, lines, setting).judgement.nearMisses.map(shownMiss);
}

export function traceOf(unit: CoreUnit, events: readonly EventData[], setting: Setting): Trace {
  const stories = new Set([
    ...Object.keys(setting.silent ?? {}),
    ...Object.keys(setting.lost ?? {}),
  ]);
  const us = (seconds: number | undefined) => (seconds === undefined ? undefined : at(seconds));
  return {
    events,
    watermark: at(setting.until ?? 1000),
    start: us(setting.start),
    ...(setting.around
      ? {
          focus: {
            keys: setting.keys && new Set(setting.keys),
            from: at(setting.around[0]),
            to: at(setting.around[1]),
          },
        }
      : {}),
    world: {
      entities: (setting.lives ?? []).map(([entity, up, down]) => {
        const [kind = "", key = ""] = entity.split(" ");
        return { kind, key, chain: { [kind]: key }, up: at(up), down: us(down) };
      }),
      relations: [],
    },
    sources: [...stories].map((name) => {
      const lostAt = us(setting.lost?.[name]);
      return {
        source: unit.schema.sources.findIndex((s) => s.name === name),
        silentFrom: us(setting.silent?.[name]),
        lost: lostAt === undefined ? [] : [{ at: lostAt, count: 1 }],
      };
    }),
  };
}

export function eventsOf(schema: Schema, lines: readonly string[]) {
  const counts = new Map<string, number>();
  const names = new Map<string, string>();
  const events = lines.map((line, i) => {
    const [letter = "", seconds = "", ...rest] = line.split(" ");
    const n = (counts.get(letter) ?? 0) + 1;
    counts.set(letter, n);
    const event = eventOf(schema, letter, Number(seconds), i + 1, rest);
    names.set(event.id, `${letter}${n}`);
    return event;
  });
  return { events, names };
}

function eventOf(
  schema: Schema,
  letter: string,
  seconds: number,
  seq: number,
  rest: readonly string[],
): EventData {
  const kind = schema.kinds.findIndex((k) => k.name === `t.${letter}`);
  const given = new Map(rest.map((pair) => pair.split("=") as [string, string]));
  const entity = [...given].filter(([name]) => name === "pod" || name === "node");
  const fields = (schema.kinds[kind]?.fields ?? []).map((f): Value => {
    const value = given.get(f.name) ?? (f.name === "k" ? "1" : undefined);
    return value === undefined ? undefined : Number(value);
  });
  const ref = entity.length > 0 ? Object.fromEntries(entity) : undefined;
  return makeEvent(schema, { kind, ts: at(seconds), seq, entity: ref, fields });
}

export function at(seconds: number): number {
  return epochUs + Math.round(seconds * 1e6);
}

function since(us: number): string {
  return String((us - epochUs) / 1e6);
}

export function shownMatch(match: Match, names: ReadonlyMap<string, string>): string {
  const { rule, quality } = match;
  const steps = stepsOf(rule.pattern).flatMap((step, i) => {
    const taken = match.captures[i];
    const marks = `${quality?.uncertain.includes(i) ? "?" : ""}${quality?.incomplete.includes(i) ? "!" : ""}`;
    const events = (taken?.kept ?? []).map((e) => names.get(e.id) ?? rootName(e)).join(",");
    const more = taken && taken.count > taken.kept.length ? `(${taken.count})` : "";
    return taken || marks ? [`${step.name}${marks}=${events}${more}`] : [];
  });
  const doubt = match.isIncomplete ? "…!" : "";
  const resolved = match.resolvedAt === undefined ? "" : `→${since(match.resolvedAt)}`;
  const about = match.subject ? `(${Object.values(match.subject).join(",")})` : "";
  return [`${rule.name}@${since(match.at)}${resolved}${about}`, ...steps, doubt].join(" ").trim();
}

/** Events that were made are called by when they happened. */
function rootName(event: EventData): string {
  return `@${since(event.ts)}`;
}

function shownMiss(miss: NearMiss): string {
  const over = miss.overshoot === undefined ? "" : ` by ${miss.overshoot / 1e6}`;
  return `${miss.rule.name}@${since(miss.at)} ${miss.cause} ${miss.reached} waiting ${miss.missing}${over}`;
}
