/**
 * Random sequences of every form, on exact and on coarse clocks, and traces that nearly match them:
 * few times, few values and two keys make matches, near matches and ties frequent. Times are µs.
 *
 * Events arrive in any order; progress in between says no more than is true, so that none is late.
 */

import fc from "fast-check";
import { emitMatcher } from "#compiler";
import {
  type CoreUnit,
  type EventData,
  type Finding,
  judge,
  makeEvent,
  type SourceStory,
  type Trace,
} from "#core";
import { Engine } from "#runtime/engine";
import { writeEvent } from "#runtime/events";
import { compiledUnit } from "./compiled-unit.ts";
import { standing, written } from "./in-the-end.ts";

const latenessUs = 2;

const schemaText = `module law.schema
source s1 { lateness 2us granularity 1us idle 2s rank 0 lossy }
source s2 { lateness 2us granularity 1us idle 2s rank 2 lossy }
source c4 { lateness 2us granularity 4us idle 2s rank 1 lossy }
source c3 { lateness 2us granularity 3us idle 2s rank 3 lossy }
event t.any from s1 { k: int? x: int? }
event t.a extends t.any {}
event t.b extends t.any {}
event t.two from s2 { k: int? x: int? }
event t.c extends t.two {}
event t.four from c4 { k: int? x: int? }
event t.f extends t.four {}
event t.g extends t.four {}
event t.three from c3 { k: int? x: int? }
event t.h extends t.three {}
`;

/** Kinds by the clocks that tell them. */
export const clocks = {
  exact: ["a", "b", "c"],
  alone: ["f", "g"],
  coarse: ["a", "f", "g", "b", "h"],
  coarser: ["f", "h", "g", "c"],
} as const;
export type Clock = keyof typeof clocks;

/** A trace for a rule over clocks of one sort. */
export interface SequenceCase {
  readonly text: string;
  readonly traces: readonly SequenceTrace[];
}

export interface Sent {
  readonly kind: string;
  readonly t: number;
  readonly k: number | undefined;
  readonly x: number | undefined;
  /** Of two events the one with the lower number may arrive first. */
  readonly place: number;
}

/** Stands for every source. */
const allSources = 4;

export interface SequenceTrace {
  readonly events: readonly Sent[];
  /** After how many arrivals which source (by number, `allSources` for each) tells progress. */
  readonly progress: readonly { readonly after: number; readonly source: number }[];
  readonly lost: { readonly source: number; readonly at: number } | undefined;
  readonly silent: { readonly source: number; readonly from: number } | undefined;
  /** After how many arrivals the engine is replaced by one that takes its state over. */
  readonly restart: number | undefined;
}

// ---------- rules ----------

const names = ["p", "q", "r", "w"];
const op = fc.constantFrom("==", "!=", ">=", "<");
const small = fc.integer({ min: 0, max: 2 });
/** One in `freq` has none; with 1 none has any. */
const often = <T>(x: fc.Arbitrary<T>, freq: number) => fc.option(x, { nil: undefined, freq });

function kindsOf(clock: Clock): fc.Arbitrary<string> {
  return fc
    .uniqueArray(fc.constantFrom(...clocks[clock]), { minLength: 1, maxLength: 2 })
    .map((kinds) => kinds.map((k) => `t.${k}`).join(" | "));
}

/** Written of a step that does not repeat, it is the step's own value. */
const aggregate = fc.constantFrom("SUM", "SUM", "AVG", "MIN", "MAX", "STDDEV", "INCREASE");

function condition(n: string, earlier: readonly string[]): fc.Arbitrary<string> {
  const own = fc.tuple(op, small).map(([o, v]) => `${n}.x ${o} ${v}`);
  if (earlier.length === 0) return own;
  const other = fc.constantFrom(...earlier);
  return fc.oneof(
    { weight: 5, arbitrary: own },
    { weight: 2, arbitrary: fc.tuple(op, other).map(([o, e]) => `${n}.x ${o} ${e}.x`) },
    { weight: 1, arbitrary: other.map((e) => `last(${e}).x >= ${n}.x`) },
    { weight: 1, arbitrary: other.map((e) => `count(${e}) >= 2`) },
    { weight: 1, arbitrary: fc.tuple(op, other).map(([o, e]) => `${n}.x ${o} SECOND(${e}).x`) },
    { weight: 1, arbitrary: other.map((e) => `not (has ${e})`) },
    {
      weight: 2,
      arbitrary: fc.tuple(aggregate, op, other).map(([f, o, e]) => `${n}.x ${o} ${f}(${e})`),
    },
  );
}

/** A condition of a run that reads what the run has taken. */
function ownRun(n: string): fc.Arbitrary<string> {
  return fc.oneof(
    fc
      .constantFrom("==", "!=", ">=", "<", ">")
      .map((o) => `(count(${n}) == 0 or ${n}.x ${o} last(${n}).x)`),
    small.map((v) => `${n}.x >= (first(${n}).x ?? ${v})`),
    small.map((v) => `${n}.x <= (SECOND(${n}).x ?? ${v})`),
    fc.tuple(op, small).map(([o, v]) => `(${n}.x ${o} ${v} or count(${n}) == 1)`),
    fc
      .tuple(aggregate, op, small)
      .map(([f, o, v]) => `(count(${n}) == 0 or ${f}(${n}) ${o} ${v + 1})`),
    small.map((v) => `sum(${n}.x + 1) < ${2 + 2 * v}`),
    fc
      .constantFrom("2us", "3us")
      .map((d) => `(not has last(${n}) or ${n}.time - last(${n}).time < ${d})`),
  );
}

function runStep(clock: Clock, name: string, earlier: readonly string[]): fc.Arbitrary<string> {
  const where = fc.oneof(
    ownRun(name),
    fc.tuple(ownRun(name), condition(name, earlier)).map(([a, b]) => `${a} and ${b}`),
  );
  return fc.tuple(kindsOf(clock), where).map(([kinds, w]) => `${name}: ${kinds} where ${w}`);
}

function step(clock: Clock, name: string, earlier: readonly string[]): fc.Arbitrary<string> {
  return fc
    .tuple(kindsOf(clock), often(condition(name, earlier), 2))
    .map(([kinds, where]) => `${name}: ${kinds}${where ? ` where ${where}` : ""}`);
}

const gap = fc.oneof(
  { weight: 6, arbitrary: fc.constant("") },
  { weight: 2, arbitrary: fc.constantFrom("within 2us ", "within 5us ") },
  { weight: 1, arbitrary: fc.constantFrom("after 2us ", "after 1us..4us ") },
  { weight: 1, arbitrary: fc.constant("next ") },
);
const repeat = fc.constantFrom(
  "",
  "",
  "",
  "",
  " repeat 2..",
  " repeat 1..",
  " repeat 2",
  " repeat 1..2 keep 1",
  " repeat 2..3",
);

export interface Bounds {
  readonly partials: number;
  readonly keys: number;
  /** Whether there is anything after the match that depends on other matches. */
  readonly hasPolicies: boolean;
}

/** Rules whose state fits, so that engine and interpreter agree on everything. */
const roomy: Bounds = { partials: 4000, keys: 64, hasPolicies: true };

const items = (clock: Clock, used: readonly string[]) =>
  fc.tuple(
    ...used.map((name, i) => {
      const isLast = i === used.length - 1;
      const before = used.slice(0, i);
      return fc.record({
        ran: repeat.chain((r) => {
          const plain = step(clock, name, before);
          const text = r === "" ? plain : fc.oneof(plain, runStep(clock, name, before));
          return text.map((t) => ({ step: t, repeat: r }));
        }),
        gap: i === 0 ? fc.constant("") : gap,
        isOptional: isLast ? fc.constant(false) : fc.constantFrom(false, false, false, true),
        without:
          i === 0 ? fc.constant(undefined) : often(step(clock, `n${i}`, used.slice(0, i)), 2),
      });
    }),
  );

/** What stands for a key of its own of each step, which is that of one field or the other. */
export const eachStep = ["k x", "x k k"] as const;

/** The steps of `text`, which are one each line, with the keys `by` stands for. */
export function withKeys(text: string, by: string): string {
  const fields = by.split(" ");
  if (by.startsWith("by")) return text;
  let step = 0;
  return text.replace(
    /((?:^|\W)([a-z]\d?): t\.[^\n]*?)((?: repeat [^\n]*| for \d+us)?$)/gm,
    (_, said: string, name: string, rest: string) =>
      `${said} by ${name}.${fields[step++ % fields.length]}${rest}`,
  );
}

const slacks = { exact: ["", "", "", "slack 1us", "slack 3us"], coarse: ["slack 2us"] };

/** What is said besides the steps. */
const clauses = (clock: Clock, used: readonly string[]) =>
  fc.record({
    by: fc.constantFrom("by k", "by k", "by k", "by k?", "by k?", ...eachStep),
    within: fc.constantFrom("within 4us", "within 8us", "within 15us"),
    strict: fc.constantFrom("", "", "", "", "strict"),
    slack: fc.constantFrom("", ...slacks[clock === "exact" ? "exact" : "coarse"]),
    deadline: often(step(clock, "d", used), 2),
    wait: fc.constantFrom("2us", "6us"),
    until: often(step(clock, "u", used), 2),
    select: fc.constantFrom("", "", "select widest", "select each"),
    skip: fc.constantFrom("", "", "skip none", `skip to ${used.at(-1)}`, `skip to ${used[0]}`),
    isClosing: fc.boolean(),
    evict: fc.constantFrom("", " evict oldest"),
    loss: fc.constantFrom("", "on loss hold", "on loss drop", "on loss flag"),
    idle: fc.constantFrom("", "on idle hold", "on idle drop", "on idle flag"),
    suppress: fc.constantFrom("", "", "", "suppress 6us", "rate 1 per 6us by true"),
    resolve: often(fc.oneof(step(clock, "z", []), fc.constant("quiet")), 3),
  });

type Arbitrated<A> = A extends fc.Arbitrary<infer T> ? T : never;
type Items = Arbitrated<ReturnType<typeof items>>;
type Clauses = Arbitrated<ReturnType<typeof clauses>>;

function ruleOf(clock: Clock, bounds: Bounds): fc.Arbitrary<string> {
  return fc.constantFrom(1, 2, 2, 3, 3, 4).chain((n) => {
    const used = names.slice(0, n);
    return fc
      .tuple(items(clock, used), clauses(clock, used))
      .map(([all, said]) => ruleText(used, all, said, bounds));
  });
}

function ruleText(used: readonly string[], all: Items, said: Clauses, bounds: Bounds): string {
  const body = all.flatMap((it, i) => [
    ...(it.without ? [`without ${it.without}`] : []),
    `${i > 0 ? "then " : ""}${it.gap}${it.isOptional ? "optional " : ""}${it.ran.step}${it.ran.repeat}`,
  ]);
  if (said.deadline) body.push(`then no ${said.deadline} for ${said.wait}`);
  const goesOn = all.at(-1)?.ran.repeat !== "" && !said.deadline;
  const isQuiet = said.resolve === "quiet";
  const quiet = isQuiet ? "after 5us quiet" : withKeys(`on ${said.resolve}`, said.by);
  const lines = [
    said.select,
    said.skip,
    goesOn && said.isClosing ? "emit close" : "",
    `keys max ${bounds.keys}${said.evict}`,
    ...(said.deadline ? [said.loss, said.idle] : []),
    ...(bounds.hasPolicies ? [said.suppress, said.resolve && `resolve ${quiet}`] : []),
  ];
  const [first] = used;
  const last = used.at(-1);
  const repeatOf = (name: string) => all[used.indexOf(name)]?.ran.repeat ?? "";
  const written = (text: string) =>
    text
      .replace(/SECOND\((\w+)\)/g, (_, name: string) => {
        const repeat = repeatOf(name);
        return repeat === "" || repeat.includes("keep 1") ? `last(${name})` : `${name}[1]`;
      })
      .replace(/([A-Z]+)\((\w+)\)/g, (_, fn: string, name: string) =>
        repeatOf(name) === "" ? `${name}.x` : `${fn.toLowerCase()}(${name}.x)`,
      );
  const head = said.by.startsWith("by") ? said.by : "";
  const match = `match sequence ${head} ${said.within} ${said.slack} ${said.strict} partials ${bounds.partials} {
    ${body.join("\n    ")}
  }${said.until ? ` until ${said.until}` : ""}`;
  return written(`module law.rules
import law.schema
rule r {
  ${withKeys(match, said.by)}
  ${lines.filter((line) => line).join("\n  ")}
  explain {
    root ${last}
    confidence 0.1 ${used.map((name, i) => `plus 0.0${1 << i} when ${name} is uncertain plus 0.0${1 << i} when ${name} is incomplete`).join(" ")}
    summary "{count(${last})} {first(${first}).x} {last(${last}).x} {SECOND(${last}).x} {SUM(${last})} {AVG(${first})} {duration()}"
  }
}
`);
}

// ---------- traces ----------

const sourceNames = ["s1", "s2", "c4", "c3"];

export function traceOf(clock: Clock): fc.Arbitrary<SequenceTrace> {
  const sent = fc.record({
    kind: fc.constantFrom(...clocks[clock]),
    t: fc.integer({ min: 0, max: 16 }),
    k: fc.constantFrom(0, 0, 0, 0, 1, undefined),
    x: fc.constantFrom(0, 1, 1, 2, 2, undefined),
    place: fc.nat(),
  });
  return fc.record({
    events: fc
      .array(sent, { minLength: 2, maxLength: 11 })
      .map((events) => [...events].sort((a, b) => a.t - b.t)),
    progress: fc.array(
      fc.record({
        after: fc.integer({ min: 0, max: 11 }),
        source: fc.constantFrom(0, 1, 2, 3, allSources, allSources),
      }),
      { maxLength: 12 },
    ),
    lost: often(
      fc.record({ source: fc.integer({ min: 0, max: 3 }), at: fc.integer({ min: 0, max: 20 }) }),
      4,
    ),
    silent: often(
      fc.record({ source: fc.integer({ min: 0, max: 3 }), from: fc.integer({ min: 0, max: 25 }) }),
      5,
    ),
    restart: often(fc.integer({ min: 0, max: 11 }), 2),
  });
}

export function sequenceCase(traces: number, bounds: Bounds = roomy): fc.Arbitrary<SequenceCase> {
  return fc.constantFrom(...(Object.keys(clocks) as Clock[])).chain((clock) =>
    fc.record({
      text: ruleOf(clock, bounds),
      traces: fc.array(traceOf(clock), { minLength: traces, maxLength: traces }),
    }),
  );
}

// ---------- both executions ----------

export interface CompiledCase {
  readonly unit: CoreUnit;
  readonly matcher: string;
}

export function compileCase(text: string): CompiledCase {
  const unit = compiledUnit(schemaText, text);
  return { unit, matcher: emitMatcher(unit) };
}

const epochUs = Date.UTC(2026, 0, 1) * 1000;
const endUs = epochUs + 60;

export function eventsOf({ schema }: CoreUnit, { events }: SequenceTrace): EventData[] {
  return events.map(({ kind, t, k, x }, i) =>
    makeEvent(schema, {
      kind: schema.kinds.findIndex((info) => info.name === `t.${kind}`),
      ts: epochUs + t,
      seq: i + 1,
      entity: undefined,
      fields: [k, x],
    }),
  );
}

export function interpreted({ unit }: CompiledCase, trace: SequenceTrace): Finding[] {
  const sources = new Map<number, SourceStory>();
  for (const source of sourceNames.keys()) {
    const { lost, silent } = trace;
    sources.set(source, {
      source,
      silentFrom: silent?.source === source ? epochUs + silent.from : undefined,
      lost: lost?.source === source ? [{ at: epochUs + lost.at, count: 1 }] : [],
    });
  }
  const given: Trace = {
    events: eventsOf(unit, trace),
    watermark: endUs,
    sources: [...sources.values()],
  };
  return judge(unit, new Map(), given).findings.map((f) => f.finding);
}

/** The sources that tell progress after `i` arrivals, by number. */
function progressingAfter({ progress, silent }: SequenceTrace, i: number): number[] {
  return progress
    .filter(({ after }) => after === i)
    .flatMap(({ source }) => (source === allSources ? [...sourceNames.keys()] : [source]))
    .filter((source) => source !== silent?.source);
}

export function run(
  { unit, matcher }: CompiledCase,
  trace: SequenceTrace,
): {
  /** What stands in the end, and everything that was told. */
  readonly findings: readonly Finding[];
  readonly told: readonly Finding[];
  readonly engine: Engine;
} {
  const told: Finding[] = [];
  const started = () =>
    new Engine({
      unit,
      matcher,
      bundleHash: "",
      ring: { slots: 64, textBytes: 4096 },
      onFinding: (f) => told.push(f),
    });
  let engine = started();
  const { lost, silent } = trace;
  const { schema } = unit;
  const sourceOf = (e: EventData) => schema.kinds[e.kind]?.source ?? -1;
  const nameOf = (source: number) => schema.sources[source]?.name ?? "";
  if (lost) engine.lost(sourceNames[lost.source] ?? "", 1, epochUs + lost.at, epochUs + lost.at);
  const arriving = eventsOf(unit, trace)
    .map((event, i) => ({ event, place: trace.events[i]?.place ?? 0 }))
    .sort((a, b) => a.place - b.place)
    .map((a) => a.event);
  for (let i = 0; i <= arriving.length; i++) {
    for (const source of progressingAfter(trace, i)) {
      const coming = arriving.slice(i).filter((e) => sourceOf(e) === source);
      const next = Math.min(endUs, ...coming.map((e) => e.ts));
      engine.progress(nameOf(source), next + latenessUs);
    }
    if (trace.restart === i) {
      const fresh = started();
      const refusal = fresh.restore(engine.snapshot());
      if (refusal) throw new Error(JSON.stringify(refusal));
      engine = fresh;
    }
    const event = arriving[i];
    const writer = event && engine.writer(nameOf(sourceOf(event)));
    if (event && writer) writeEvent(writer, schema, event);
    engine.read();
  }
  for (const [i, name] of sourceNames.entries()) {
    if (silent?.source !== i) engine.progress(name, endUs + latenessUs);
    else {
      engine.setIdle(name, true);
      engine.progress(name, epochUs + silent.from);
    }
  }
  engine.runUntil(endUs);
  return { findings: standing(told), told, engine };
}

/** Undefined when both agree, otherwise what each found. */
export function disagreement(compiled: CompiledCase, trace: SequenceTrace): string | undefined {
  const expected = written(interpreted(compiled, trace));
  const { findings } = run(compiled, trace);
  const actual = written(findings);
  return expected === actual ? undefined : `interpreter: ${expected}\nengine: ${actual}`;
}

// ---------- pairs of rules ----------

export interface SequencePair {
  readonly before: string;
  readonly after: string;
  /** Over the clocks of both. */
  readonly traces: readonly (readonly Sent[])[];
}

/** Two versions of one rule, on clocks of one sort. */
export const sequencePair: fc.Arbitrary<SequencePair> = fc
  .constantFrom(...(Object.keys(clocks) as Clock[]))
  .chain((clock) => {
    const rule = ruleOf(clock, roomy);
    return fc.record({
      before: rule,
      after: rule.map((text) => text.replace("rule r {", "rule r version 2 {")),
      traces: fc.array(
        traceOf(clock).map((t) => t.events),
        { minLength: 8, maxLength: 8 },
      ),
    });
  });

/** The events as a trace that is known to its end. */
export function traceFrom(unit: CoreUnit, events: readonly Sent[]): Trace {
  const none = { progress: [], lost: undefined, silent: undefined, restart: undefined };
  return { events: eventsOf(unit, { events, ...none }), watermark: endUs };
}

/** A rule and another version of it that its state can go on under. */
export interface AdaptablePair extends SequencePair {
  readonly change: Change;
}

const changes = ["shorter", "longer", "less", "more", "negative", "condition", "until"] as const;
type Change = (typeof changes)[number];
/** Of these the state goes on under few of the rules only, so they are tried more often. */
const rare: readonly Change[] = ["condition", "condition", "until"];

/** Rules of which every completion is judged by itself, and whose findings are told as they are. */
export const adaptablePair: fc.Arbitrary<AdaptablePair> = fc
  .tuple(fc.constantFrom("exact", "exact", "coarse"), fc.constantFrom(...changes, ...rare), small)
  .chain(([clock, change, number]) => {
    const bounds = { ...roomy, hasPolicies: false };
    // What a change adds is under the one key of the rule.
    const keyed = ruleOf(clock as Clock, bounds).filter((text) => text.includes("sequence by"));
    const rule = keyed.map((text) =>
      text
        .replace(/\n {2}(skip .*|emit close)(?=\n)/g, "")
        .replace("keys max", "skip none keys max"),
    );
    return fc.record({
      change: fc.constant(change),
      before: rule,
      after: rule,
      number: fc.constant(number),
      traces: fc.array(
        traceOf(clock as Clock).map((t) => t.events),
        { minLength: 8, maxLength: 8 },
      ),
    });
  })
  .map(({ before: rule, number, ...rest }) => {
    const before = rest.change === "less" || rest.change === "more" ? endingInRun(rule) : rule;
    return { ...rest, before, after: changed(before, rest.change, number) };
  });

/** A rule that ends with a run of two or more. */
function endingInRun(text: string): string {
  const lines = text.replace(/\n {4}then no .*/, "").split("\n");
  const last = lines.findIndex((line) => /^ {2}\}/.test(line)) - 1;
  const runs = (line: string) => `${line.replace(/ repeat .*/, "")} repeat 2..`;
  // What is concluded from silence went with the silence.
  return lines
    .map((line, i) => (i === last ? runs(line) : line))
    .filter((line) => !/^ {2}on (loss|idle)/.test(line))
    .join("\n");
}

/** `text` with the change, or as it is where there is nothing to change. */
function changed(text: string, change: Change, number: number): string {
  const lines = text.split("\n");
  const head = lines.findIndex((line) => line.startsWith("  match sequence"));
  const later = lines.findIndex((line) => /^ {4}then .*[qrw]: /.test(line));
  const single = lines.findIndex((line) => /^ {4}then (?!.*repeat).*[qrw]: /.test(line));
  const last = lines.findIndex((line) => /^ {2}\}/.test(line)) - 1;
  const edit = (at: number, to: (line: string) => string) =>
    lines.map((line, i) => (i === at ? to(line) : line)).join("\n");
  const us = (line: string, n: number) => line.replace(/within \d+us/, `within ${n}us`);
  switch (change) {
    case "shorter":
      return edit(head, (line) => us(line, number + 2));
    case "longer":
      return edit(head, (line) => us(line, number + 16));
    case "less":
      return edit(last, (line) => line.replace("repeat 2", "repeat 1"));
    case "more":
      return edit(last, (line) => line.replace("repeat 2", "repeat 3"));
    case "negative":
      return edit(later, (line) => `    without m: t.a where m.x == ${number}\n${line}`);
    case "condition":
      return edit(single, (line) =>
        line.includes(" where ")
          ? line.replace(/\.x [=!<>]+ \d/, `.x >= ${number}`)
          : line.replace(/([qrw]): (.*)$/, `$1: $2 where $1.x >= ${number}`),
      );
    case "until":
      return edit(last + 1, (line) =>
        line === "  }" ? `  } until m: t.a where m.x == ${number}` : line,
      );
  }
}
