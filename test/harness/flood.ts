/**
 * Rules of every form with tight bounds, and traces that try to fill all they may hold: many keys,
 * texts and lists as long as they may be, and events that are of use to many partial matches.
 */

import {
  type CoreUnit,
  type EntityLife,
  type EventData,
  type FieldType,
  makeEvent,
  type Trace,
  type Value,
} from "#core";
import { compiledUnit } from "./compiled-unit.ts";

const schemaText = `module flood.schema
source s1 { lateness 1us granularity 1us idle 2s rank 0 lossy }
source s2 { lateness 1us granularity 4us idle 2s rank 1 lossy }
entity node key string(8) max 2
entity pod key string(8) in node max 4
event t.any from s1 {
  k: string(6) x: int long: string(600) note: string(60) tags: list<string(40), 10>
  m: map<string(8), int, 3> e: enum { ab, cdef } ok: bool
}
event t.a extends t.any {}
event t.b extends t.any {}
event t.c extends t.any {}
event t.z extends t.any {}
event t.far from s2 { k: string(6) x: int long: string(600) note: string(60) }
event t.f extends t.far {}
event t.g extends t.far {}
`;

interface Form {
  readonly rule: string;
  /** How often which kind comes. */
  readonly kinds: Readonly<Record<string, number>>;
  /** Longest time between two events, µs; 3 unless said. */
  readonly pauseUs?: number;
  /** So many events come at one time; 1 unless said. */
  readonly burst?: number;
  /**
   * The share of the certified work that is seen at least; 0.3 unless said. Less where work is a
   * budget that the engine keeps to, none where it is of cells, for which no function is called.
   */
  readonly leastWork?: number;
  /** Different keys; 5 unless said. */
  readonly keys?: number;
}

const bounds = "keys max 3";

export const floodForms: Readonly<Record<string, Form>> = {
  "a plain sequence": {
    rule: `match sequence by k within 1ms {
      p: t.a then q: t.b then r: t.c where r.x > 900 } ${bounds}`,
    kinds: { a: 3, b: 3, c: 1 },
  },
  "a sequence with conditions on earlier steps": {
    rule: `match sequence by k within 1ms partials 6 {
      p: t.a then q: t.b where q.x > p.x then r: t.c where r.long == p.long and r.x > 900 } ${bounds}`,
    kinds: { a: 3, b: 3, c: 1 },
  },
  "a run": {
    rule: `match sequence by k within 1ms partials 6 {
      p: t.a repeat 2.. keep 4 then q: t.b where q.x > 900 } ${bounds}`,
    kinds: { a: 6, b: 1 },
  },
  "a run that is summed": {
    rule: `match sequence by k within 1ms partials 6 {
      p: t.a where sum(p.x) >= 0 repeat 2.. keep 4
      then q: t.b where q.x > 900 and max(len(p.long)) + sum(p.x) + avg(p.x) + stddev(p.x) > 0 } ${bounds}`,
    kinds: { a: 6, b: 1 },
  },
  "a short run that is summed": {
    rule: `match sequence by k within 1ms partials 3 {
      p: t.a repeat 2.. keep 2 then q: t.b where sum(p.x) > 900 } ${bounds}`,
    kinds: { a: 6, b: 1 },
  },
  "a run that is summed, on coarse clocks": {
    rule: `match sequence by k within 1ms partials 3 {
      p: t.f repeat 2.. keep 2 then q: t.a where sum(p.x) + max(p.x) > 900 } ${bounds}`,
    kinds: { f: 6, a: 1 },
    leastWork: 0.1,
    burst: 4,
  },
  "a sequence that waits": {
    rule: `match sequence by k within 1ms partials 6 {
      p: t.a then q: t.b where q.x >= p.x then no z: t.z for 1ms } skip none ${bounds}`,
    kinds: { a: 3, b: 3 },
  },
  "a run that goes on": {
    rule: `match sequence by k within 200us partials 6 {
      p: t.a then q: t.b where q.x >= p.x repeat 2.. keep 4 } emit close skip none ${bounds}`,
    kinds: { a: 2, b: 5 },
  },
  "a sequence on coarse clocks": {
    rule: `match sequence by k within 1ms partials 6 {
      p: t.a
      without n: t.b where n.x + p.x < 0
      then q: t.f where q.x + p.x >= 0
      without m: t.b where m.x + q.x < 0
      then r: t.g where r.x + q.x < 0
    } ${bounds}`,
    leastWork: 0.1,
    kinds: { a: 4, f: 4, b: 14, g: 2 },
    pauseUs: 1,
    burst: 4,
  },
  "a sequence on coarse clocks that waits": {
    rule: `match sequence by k within 1ms partials 6 {
      p: t.a without n: t.b where n.x + p.x < 0 then q: t.f where q.x + p.x >= 0
      then no z: t.z where z.x + q.x < 0 for 1ms } skip none ${bounds}`,
    leastWork: 0.1,
    kinds: { a: 4, f: 3, b: 14 },
    pauseUs: 1,
    burst: 4,
  },
  "all of": {
    rule: `match all of by k within 1ms partials 6 {
      p: t.a q: t.b where q.x > p.x r: t.c where r.x > 700 } ${bounds}`,
    kinds: { a: 3, b: 3, c: 2 },
  },
  "all of, on coarse clocks": {
    rule: `match all of by k within 1ms partials 6 {
      p: t.a q: t.f where q.x > p.x + 700 r: t.g where r.x > q.x } ${bounds}`,
    kinds: { a: 5, f: 3, g: 3 },
    burst: 4,
  },
  "a window that counts": {
    rule: `match over e: t.a sliding 50us by k
      having count() >= 12 and distinct(e.note) >= 9 ${bounds}`,
    kinds: { a: 1 },
    leastWork: 0,
  },
  "a window of panes": {
    rule: `match over e: t.a sliding 60us by k
      having sum(e.x) > 1 and max(e.x) > 990 ${bounds}`,
    kinds: { a: 1 },
    leastWork: 0,
  },
  absence: {
    rule: "match absent p: t.a where p.x > 100 for 5us for each pod keys max 6",
    kinds: { a: 1 },
    pauseUs: 4,
  },
  "suppress and rate": {
    rule: "match p: t.a suppress 1ms by p.k rate 4 per 1ms by p.note keys max 8",
    kinds: { a: 1 },
    keys: 40,
  },
  "resolve on an event": {
    rule: "match p: t.a where p.x >= 0 resolve on z: t.z where z.x > 990 keys max 12",
    kinds: { a: 8, z: 1 },
  },
  "on arrival": {
    rule: `match sequence by k within 1ms partials 6 {
      p: t.a then q: t.b where q.x > p.x } emit eager ${bounds}`,
    kinds: { a: 3, b: 1 },
  },
};

export function floodUnit(form: string): CoreUnit {
  const rule = floodForms[form]?.rule ?? "";
  const text = `module flood.rules\nimport flood.schema\nrule r {\n${rule}\n}\n`;
  return compiledUnit(schemaText, text);
}

const epochUs = Date.UTC(2026, 0, 1) * 1000;

/** The same trace for the same seed; those of even seeds are mostly of one key. */
export function floodTrace({ schema }: CoreUnit, form: string, seed: number): Trace {
  const { kinds = {}, pauseUs = 3, burst = 1, keys = 5 } = floodForms[form] ?? {};
  const pick = picks(seed);
  const names = Object.entries(kinds).flatMap(([name, n]) => Array.from({ length: n }, () => name));
  let ts = epochUs;
  const events = Array.from({ length: 500 }, (_, i): EventData => {
    const name = names[pick(names.length)];
    const kind = schema.kinds.findIndex((k) => k.name === `t.${name}`);
    ts += i % burst === 0 ? pick(pauseUs + 1) : 0;
    const few = seed % 2 === 0 ? 1 : Math.min(3, keys);
    const key = String(pick(pick(20) === 0 ? keys : few)).padEnd(6, "k");
    const fields = (schema.kinds[kind]?.fields ?? []).map((f): Value => {
      if (f.name === "k") return key;
      return f.name === "x" ? pick(1000) : longest(f.type, pick);
    });
    const entity = { pod: `p${pick(3)}`.padEnd(8, "p"), node: "nodenode" };
    return makeEvent(schema, { kind, ts, seq: i + 1, entity, fields });
  });
  return {
    events,
    watermark: ts + 5000,
    start: epochUs,
    world: { entities: lives(), relations: [] },
  };
}

function lives(): EntityLife[] {
  return Array.from({ length: 16 }, (_, i) => {
    const key = `p${Math.floor(i / 8)}`.padEnd(8, "p");
    return {
      kind: "pod",
      key,
      chain: { pod: key, node: "nodenode" },
      up: epochUs + i,
      down: undefined,
    };
  });
}

/** A value of that type that takes as much as one can. */
function longest(type: FieldType, pick: (n: number) => number): Value {
  switch (type.t) {
    case "string":
      return `${pick(1000)}`.padEnd(type.maxBytes, "x");
    case "list":
      return Array.from({ length: type.max }, () => longest(type.item.type, pick));
    case "map":
      return new Map(
        Array.from({ length: type.max }, (_, i) => [
          `${i}`.padEnd(8, "m"),
          longest(type.value.type, pick),
        ]),
      );
    case "enum":
      return type.members.at(-1);
    default:
      return type.t === "bool" ? true : pick(1000);
  }
}

/** Numbers below n, from a seed (mulberry32). */
function picks(seed: number): (n: number) => number {
  let state = seed;
  return (n) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % n;
  };
}
