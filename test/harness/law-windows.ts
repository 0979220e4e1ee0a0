/**
 * Random rules over windows of every shape with every aggregate, and random traces for them: ties
 * in time, missing values, several keys, lives of entities, losses and silent sources are frequent.
 */

import fc from "fast-check";
import type { CoreUnit } from "#core";
import { type EntityLife, type EventData, makeEvent, type Schema, type Trace } from "#core";
import type { Engine } from "#runtime/engine";
import { writeEvent } from "#runtime/events";
import { compiledUnit } from "./compiled-unit.ts";

export const windowsEpochUs = Date.UTC(2026, 0, 1) * 1000;
const stepUs = 500_000;

export const windowsSchema = `module windows.schema
source fast { lateness 100ms granularity 1us idle 2s rank 0 }
source slow { lateness 3s granularity 1s idle 60s rank 1 }
entity node key string(8) max 4
entity pod key string(8) in node max 8
relation calls pod -> pod fanout 2
event t.any from fast { k: int x: int? s: string(4) z: size d: duration }
event t.a extends t.any {}
event t.b extends t.any {}
event t.c from slow { k: int x: int? s: string(4) z: size d: duration }
event t.d extends t.any {}
`;

/** `text` compiled over the schema above; throws when it has an error. */
export function windowsUnitOf(text: string): CoreUnit {
  return compiledUnit(windowsSchema, text);
}

const small = fc.integer({ min: 0, max: 3 });

const condition: fc.Arbitrary<string> = fc.oneof(
  small.map((v) => `p.x >= ${v}`),
  small.map((v) => `p.x != ${v}`),
  small.map((v) => `p.k > ${v}`),
  fc.constantFrom(
    "has p.x",
    'p.s == "u"',
    'p.entity.pod == "p1"',
    "p.x > 0 or p.k > 1",
    "related(p.entity.pod, p.entity.pod, via: calls)",
  ),
);

/** Numbers of a window that every shape may compare in both ways. */
const number: fc.Arbitrary<string> = fc.constantFrom(
  "avg(p.x)",
  "min(p.x)",
  "max(p.k)",
  "p50(p.k)",
  "p95(p.x)",
  "p99(p.x)",
  "stddev(p.x)",
  "(last(p.k) - first(p.k))",
  "last(p.x)",
  "first(p.x)",
  "(max(p.k) - min(p.k))",
);

/** Numbers that only grow while a window slides. */
const growing: fc.Arbitrary<string> = fc.oneof(
  { weight: 3, arbitrary: fc.constant("count()") },
  { weight: 2, arbitrary: condition.map((c) => `count(${c})`) },
  { weight: 2, arbitrary: fc.constantFrom("distinct(p.x)", "distinct(p.s)", "distinct(p.k)") },
  { weight: 2, arbitrary: fc.constantFrom("sum(p.k)", "sum(p.x)", "increase(p.x)") },
);

const history: fc.Arbitrary<string> = fc
  .tuple(
    fc.constantFrom(
      "count()",
      "sum(p.x)",
      "avg(p.k)",
      "distinct(p.s)",
      "last(p.x)",
      "first(p.x)",
      "max(p.x)",
      "increase(p.x)",
      "stddev(p.x)",
      "p50(p.x)",
      "count(p.x > 1)",
    ),
    fc.constantFrom("1s", "3s", "20s"),
    fc.constantFrom("", ", warmup: 2s"),
  )
  .map(([of, halfLife, warmup]) => `${of}, half_life: ${halfLife}${warmup}`);

const mixed: fc.Arbitrary<string> = fc.oneof(
  fc.tuple(number, small).map(([n, v]) => `${n} > ${v}`),
  fc.tuple(number, small).map(([n, v]) => `${n} <= ${v}`),
  fc.constantFrom(
    "rate(p.k > 1) > 0.4/s",
    "ratio(count(p.k > 1), count()) > 30%",
    "slope(p.k) > 0/s",
    "slope(p.z) > 0B/s",
    "slope(p.z) > 400B/s",
    "stddev(p.z) > 500B",
    "increase(p.z) > 2KiB",
    "eta(p.z, 8KiB) < 20s",
    "eta(p.x, p.k) < 1h",
    "ratio(distinct(p.x), count()) >= 50%",
    "ratio(sum(p.z), increase(p.z)) > 200%",
    "count() > 2 * distinct(p.x)",
    "share(p.s) > 60%",
    "eta(p.k, 5) < 1h",
    "avg(p.d) > 1500ms",
    "sum(p.z) > 3KiB",
    'top(p.s, 1) startswith "u"',
    'last(p.s) == "u"',
    "last(p).x > first(p).x",
  ),
  fc.tuple(history, small).map(([h, v]) => `zscore(${h}, floor: 1) > ${v} / 2`),
  history.map((h) => `zscore(${h}) < 1`),
  fc.constantFrom("slope(p.x)", "rate()").map((a) => `zscore(${a}, half_life: 3s) > 0.5`),
  fc
    .constantFrom("avg(p.x)", "max(p.k)", "slope(p.k)", "rate()")
    .map((a) => `${a} > baseline(${a}, half_life: 2s)`),
);

function having(isSliding: boolean): fc.Arbitrary<string> {
  const grown = fc.tuple(growing, small).map(([g, v]) => `${g} >= ${v}`);
  const bounded = isSliding
    ? grown
    : fc
        .tuple(growing, fc.constantFrom("<", "==", "!="), small)
        .map(([g, o, v]) => `${g} ${o} ${v}`);
  const atom = fc.oneof(
    { weight: 2, arbitrary: grown },
    { weight: 2, arbitrary: bounded },
    { weight: 3, arbitrary: mixed },
  );
  const both = fc.tuple(atom, atom);
  return fc.oneof(
    { weight: 4, arbitrary: atom },
    { weight: 2, arbitrary: both.map(([a, b]) => `${a} and ${b}`) },
    { weight: 2, arbitrary: both.map(([a, b]) => `(${a} or ${b})`) },
  );
}

const sliding = fc.constantFrom(
  "sliding 2s",
  "sliding 4s",
  "sliding span",
  "sliding 4s resolution 1s",
  "sliding 3s resolution 2s",
  "sliding 3s resolution 700ms",
);
const others = fc.constantFrom(
  "tumbling 2s",
  "tumbling span",
  "tumbling 3s resolution 1s",
  "hop 3s every 1s",
  "hop 2500ms every 1s",
  "hop span every 1s",
  "session gap 1s max 4s",
  "session gap 2s max 5s",
  "session gap 1s max 3s resolution 1s",
  "session gap span max 20s",
);

const maybe = (...texts: string[]) => fc.constantFrom("", ...texts);

const lifecycle: fc.Arbitrary<string> = fc
  .tuple(
    maybe("emit close"),
    maybe("suppress 2s", "suppress 3s by same pod", "suppress 3s by p.s"),
    maybe("rate 2 per 5s", "rate 1 per 3s by same node"),
    maybe(
      "resolve after 2s quiet",
      "resolve on over_: t.d",
      "resolve on over_: t.c where over_.x > 0",
    ),
    maybe('except "many" when count() > 4', 'except "known" when entity.pod == "p2"'),
    maybe("keys max 100 evict oldest"),
  )
  .map((clauses) => clauses.filter((c) => c !== "").join("\n  "));

const silence = fc
  .tuple(
    maybe("on loss hold", "on loss drop", "on loss flag"),
    maybe("on idle flag", "on idle drop", "on idle hold"),
  )
  .map((clauses) => clauses.filter((c) => c !== "").join("\n  "));

const explain: fc.Arbitrary<string> = fc
  .tuple(fc.array(fc.oneof(growing, number), { minLength: 2, maxLength: 4 }), history, condition)
  .map(([shown, h, c]) => {
    const quoted = (e: string) => e.replaceAll('"', '\\"');
    return `explain {
    root p as "{entity.pod ?? \\"?\\"} {entity.node ?? \\"?\\"}"
    confidence 0.5 plus 0.2 when count(${c}) >= 2 minus 0.2 when p is incomplete
    summary "${shown.map((e) => `{${quoted(e)}}`).join(" ")} {count(p)} {top(p.s, 2)} {rate()} {zscore(${h})} {duration()} {slope(p.z)} {stddev(p.z)} {p.x ?? -1} {first(p).k}"
  }`;
  });

/** Text of a module with one window rule and one that reads its findings. */
export const windowsUnit: fc.Arbitrary<string> = fc
  .tuple(
    fc.constantFrom("t.a", "t.a", "t.a | t.b", "t.a | t.c", "log.made"),
    fc.option(condition, { nil: undefined, freq: 2 }),
    fc.boolean(),
  )
  .chain(([kinds, where, isSliding]) =>
    fc.tuple(
      fc.constant(`p: ${kinds}${where === undefined ? "" : ` where ${where}`}`),
      isSliding ? sliding : others,
      fc.constantFrom("by k", "by k", "by same pod", "by same pod", "by k, s", ""),
      having(isSliding),
      lifecycle,
      isSliding ? fc.constant("") : silence,
      explain,
    ),
  )
  .map(([step, shape, by, h, more, policy, x]) => {
    const silent = /tumbling|hop/.test(shape) ? policy : "";
    return `module windows.rules
import windows.schema
param span: duration = 3s range 1s .. 5s
derive log.made from e: t.b where e.x >= 1 set { k: e.k x: e.x s: e.s z: e.z d: e.d }
rule r {
  match over ${step} ${shape} ${by} having ${h}
  ${more}
  ${silent}
  ${x}
}
rule over_findings {
  match over f: finding.r tumbling 4s having count() != 1
  explain { root f summary "{count()}" }
}
`;
  });

interface Draft {
  readonly kind: string;
  readonly at: number;
  readonly k: number;
  readonly x: number | undefined;
  readonly s: string;
  readonly pod: string | undefined;
}

const draft: fc.Arbitrary<Draft> = fc.record({
  kind: fc.constantFrom("t.a", "t.a", "t.a", "t.b", "t.c", "t.d"),
  at: fc.oneof(fc.integer({ min: 0, max: 8 }), fc.integer({ min: 0, max: 30 })),
  k: fc.constantFrom(1, 1, 1, 2, 3),
  x: fc.option(small, { nil: undefined, freq: 4 }),
  s: fc.constantFrom("u", "u", "v"),
  pod: fc.constantFrom("p1", "p1", "p2", undefined),
});

/** Of every key so many that not all of them are kept as evidence. */
const crowd = fc
  .tuple(fc.integer({ min: 20, max: 45 }), fc.integer({ min: 1, max: 8 }))
  .chain(([count, among]) =>
    fc.array(
      draft.map((d) => ({ ...d, k: 1, pod: "p1", at: d.at % among })),
      { minLength: count, maxLength: count },
    ),
  );

interface Life {
  readonly pod: string;
  readonly node: string;
  readonly up: number;
  readonly lasts: number | undefined;
}

const life: fc.Arbitrary<Life> = fc.record({
  pod: fc.constantFrom("p1", "p2", "p3"),
  node: fc.constantFrom("n1", "n2"),
  up: fc.oneof(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 20 })),
  lasts: fc.option(fc.integer({ min: 1, max: 20 }), { nil: undefined, freq: 4 }),
});

const moment = fc.record({ source: fc.nat({ max: 1 }), at: fc.integer({ min: 0, max: 30 }) });

export interface WindowsStory {
  readonly drafts: readonly Draft[];
  /** Whether times are no multiples of anything. */
  readonly isUneven: boolean;
  readonly lives: readonly Life[];
  readonly calls: readonly { from: string; to: string; since: number }[];
  readonly silent: { source: number; at: number } | undefined;
  readonly lost: { source: number; at: number } | undefined;
  readonly start: number | undefined;
  readonly until: number;
}

export const windowsStory: fc.Arbitrary<WindowsStory> = fc.record({
  drafts: fc.oneof(
    { weight: 6, arbitrary: fc.array(draft, { minLength: 1, maxLength: 16 }) },
    { weight: 1, arbitrary: crowd },
  ),
  isUneven: fc.boolean(),
  lives: fc.uniqueArray(life, { maxLength: 4, selector: (l) => `${l.pod} ${l.up}` }),
  calls: fc.array(
    fc.record({
      from: fc.constantFrom("p1", "p2"),
      to: fc.constantFrom("p1", "p2"),
      since: fc.integer({ min: 0, max: 8 }),
    }),
    { maxLength: 2 },
  ),
  silent: fc.option(moment, { nil: undefined, freq: 3 }),
  lost: fc.option(moment, { nil: undefined, freq: 2 }),
  start: fc.option(fc.integer({ min: 0, max: 8 }), { nil: undefined, freq: 2 }),
  until: fc.oneof(fc.constant(60), fc.integer({ min: 8, max: 40 })),
});

const at = (steps: number) => windowsEpochUs + steps * stepUs;

export function windowsTrace(schema: Schema, story: WindowsStory): Trace {
  const { silent, lost, start, until } = story;
  return {
    events: eventsOf(schema, story.drafts, story.isUneven),
    watermark: at(until),
    start: start === undefined ? undefined : at(start),
    world: {
      entities: story.lives.map(lifeOf),
      relations: story.calls.map(({ from, to, since }) => ({
        relation: "calls",
        from,
        to,
        since: at(since),
        until: undefined,
      })),
    },
    sources: schema.sources.map((_, source) => ({
      source,
      silentFrom: silent?.source === source ? at(Math.min(silent.at, until)) : undefined,
      lost: lost?.source === source ? [{ at: at(lost.at), count: 1 }] : [],
    })),
  };
}

/** Of one source the events are told in the order of their times. */
function eventsOf(schema: Schema, drafts: readonly Draft[], isUneven: boolean): EventData[] {
  const seq = schema.sources.map(() => 0);
  const more = (d: Draft) => (isUneven ? ((d.at * 7919) % 401) * 1237 : 0);
  return [...drafts]
    .sort((a, b) => a.at - b.at)
    .map((d) => {
      const kind = schema.kinds.findIndex((k) => k.name === d.kind);
      const source = schema.kinds[kind]?.source ?? 0;
      seq[source] = (seq[source] ?? 0) + 1;
      const node = d.pod === "p1" ? "n1" : "n2";
      return makeEvent(schema, {
        kind,
        ts: schema.sources[source]?.name === "slow" ? at(2 * (d.at >> 1)) : at(d.at) + more(d),
        seq: seq[source] ?? 0,
        entity: d.pod === undefined ? undefined : { pod: d.pod, node },
        fields: [d.k, d.x, d.s, d.k * 1024 + (d.x ?? 0) * 337, d.k * 1_000_000],
      });
    });
}

function lifeOf({ pod, node, up, lasts }: Life): EntityLife {
  const down = lasts === undefined ? undefined : at(up + lasts);
  return { kind: "pod", key: pod, chain: { pod, node }, up: at(up), down };
}

/** Tells a trace as it happens: lives when they begin and end, and progress all along. */
export function tellAsItHappens(engine: Engine, schema: Schema, trace: Trace): void {
  const { events, watermark, world, sources = [] } = trace;
  const happenings: { readonly at: number; readonly tell: () => void }[] = [];
  const happens = (time: number, tell: () => void) => happenings.push({ at: time, tell });
  for (const life of world?.entities ?? []) {
    happens(life.up, () => engine.entity({ ...life, down: undefined }));
    if (life.down !== undefined) happens(life.down, () => engine.entity(life));
  }
  const name = (source: number) => schema.sources[source]?.name ?? "";
  for (const { source, lost } of sources) {
    for (const loss of lost)
      happens(loss.at, () => engine.lost(name(source), loss.count, loss.at, loss.at));
  }
  for (const event of events.filter((e) => e.ts < watermark)) {
    const writer = engine.writer(name(schema.kinds[event.kind]?.source ?? -1));
    happens(event.ts, () => writer && writeEvent(writer, schema, event));
  }
  for (const fact of world?.relations ?? []) engine.relation(fact);
  const endOf = (source: number, time: number) =>
    Math.min(sources.find((s) => s.source === source)?.silentFrom ?? time, time);
  for (const { at: time, tell } of happenings.sort((a, b) => a.at - b.at)) {
    tell();
    for (const source of schema.sources.keys())
      engine.progress(name(source), Math.min(endOf(source, time), watermark));
  }
  for (const [source, { latenessUs }] of schema.sources.entries()) {
    if (sources.some((s) => s.source === source && s.silentFrom !== undefined))
      engine.setIdle(name(source), true);
    engine.progress(name(source), endOf(source, watermark + latenessUs));
  }
  engine.runUntil(watermark);
}
