/**
 * Random units and traces for what is not a sequence or a window: all-of patterns, absence over
 * inventory, derived events, rules over findings, relations, and what becomes of matches. Small
 * domains make matches, near matches and ties frequent.
 */

import fc from "fast-check";
import type { CoreUnit, EntityLife, EventData, RelationFact, Schema, Trace, Value } from "#core";
import { makeEvent, RecordValue } from "#core";
import { compiledUnit } from "./compiled-unit.ts";

export const formsEpochUs = Date.UTC(2026, 0, 1) * 1000;
const stepUs = 500_000;

export const formsSchema = `module forms.schema
source fast { lateness 100ms granularity 1us idle 2s rank 0 }
source coarse { lateness 3s granularity 1s idle 60s rank 1 }
entity node key string(8) max 4
entity pod key string(8) in node max 8
relation calls pod -> pod fanout 2
event t.a from fast { k: int x: int? tags: list<string(8), 3> rows: list<{ n: string(8) v: int? }, 2> m: map<string(8), int, 2> }
event t.b from fast { k: int x: int? }
event t.c from coarse { k: int x: int? }
event t.d from fast { k: int x: int? }
`;

const small = fc.integer({ min: 0, max: 2 });
const maybe = (...texts: string[]) => fc.constantFrom("", "", ...texts);

function condition(n: string, kind: string, earlier: readonly string[]): fc.Arbitrary<string> {
  const lists =
    kind === "t.a"
      ? [
          fc.constantFrom(
            `any(tag in ${n}.tags: tag == "u")`,
            `none(tag in ${n}.tags: tag startswith "v")`,
            `"u" in ${n}.tags`,
            `all(row in ${n}.rows: row.v > 0)`,
            `any(row in ${n}.rows: row.n == "u" and row.v == ${n}.k)`,
            `${n}.rows[0].v == 1`,
            `${n}.m["u"] > 0`,
            `${n}.tags[1] == "v"`,
          ),
        ]
      : [];
  const joins = earlier.map((e) =>
    fc.constantFrom(
      `${n}.x == ${e}.x`,
      `${n}.x > ${e}.x`,
      `same(pod, ${n}, ${e})`,
      `related(${e}, ${n}, via: calls)`,
    ),
  );
  const atom = fc.oneof(
    small.map((v) => `${n}.x >= ${v}`),
    small.map((v) => `${n}.x == ${v}`),
    fc.constantFrom(`has ${n}.x`, `${n}.entity.node == "n1"`, `${n}.k != 1`),
    ...lists,
    ...joins,
  );
  return fc.oneof(
    { weight: 3, arbitrary: atom },
    { weight: 1, arbitrary: fc.tuple(atom, atom).map(([a, b]) => `(${a} or ${b})`) },
    { weight: 1, arbitrary: atom.map((a) => `not (${a})`) },
  );
}

function step(name: string, earlier: readonly string[]): fc.Arbitrary<string> {
  const kind = fc.constantFrom("t.a", "t.a", "t.b", "t.c", "log.made");
  return kind.chain((k) =>
    fc
      .option(condition(name, k === "log.made" ? "t.b" : k, earlier), { nil: undefined, freq: 3 })
      .map((where) => `${name}: ${k}${where === undefined ? "" : ` where ${where}`}`),
  );
}

const key = fc.constantFrom(" by k", " by k", " by same pod");

const allOf: fc.Arbitrary<string> = fc
  .tuple(
    fc.constantFrom("all", "any", "2", "2"),
    key,
    fc.constantFrom("1s", "3s", "8s"),
    step("p", []),
    step("q", ["p"]),
    fc.option(step("r", ["p"]), { nil: undefined }),
    fc.option(step("u", ["p"]), { nil: undefined, freq: 2 }),
    maybe("select widest", "select each"),
    maybe("skip none", "skip to q"),
  )
  .map(([need, by, within, p, q, r, u, select, skip]) => {
    const steps = [p, q, ...(r ? [r] : [])].join("\n    ");
    return `match ${need} of${by} within ${within} partials 64 {\n    ${steps}\n  }${u ? ` until ${u}` : ""}
  ${select}
  ${skip}`;
  });

const absence: fc.Arbitrary<string> = fc
  .tuple(
    step("p", []),
    fc.constantFrom("1s", "2s", "5s"),
    fc.constantFrom(
      "for each pod",
      "for each pod",
      'for each pod where entity.node == "n1"',
      "for each node",
      "",
    ),
    maybe("on loss hold", "on loss drop", "on idle flag", "on idle drop"),
  )
  .map(([p, wait, who, policy]) => `match absent ${p} for ${wait} ${who}\n  ${policy}`);

const single = step("p", []).map((p) => `match ${p}`);

const pattern = fc.oneof(
  { weight: 5, arbitrary: allOf },
  { weight: 3, arbitrary: absence },
  { weight: 2, arbitrary: single },
);

const lifecycle = fc
  .tuple(
    maybe("suppress 2s", "suppress 3s by same pod"),
    maybe("rate 2 per 5s", "rate 1 per 3s by same pod", "rate 1 per 3s by true"),
    maybe(
      "resolve after 2s quiet",
      "resolve on over_: t.d",
      "resolve on over_: t.c where over_.x > 0",
    ),
    maybe('except "known" when entity.pod == "p1"', 'except "x" when p.x == 1'),
  )
  .map((clauses) => clauses.filter((c) => c !== "").join("\n  "));

function explain(root: string): string {
  return `explain {
    root ${root} as "{entity.pod ?? \\"?\\"} {matched()}"
    confidence 0.5 plus 0.2 when ${root} is incomplete minus 0.2 when ${root} is uncertain
    summary "{entity.node} {matched()} {count(${root})} {${root}.time} {${root}.k ?? 0}"
  }`;
}

/** A rule about silence whose clocks have not always room, and nothing that depends on others. */
export const silenceUnit: fc.Arbitrary<string> = fc.tuple(absence, fc.constantFrom(1, 2, 64)).map(
  ([pattern, keys]) => `module forms.rules
import forms.schema
derive log.base from e: t.a where e.x >= 1 set { x: e.x - 1 k: e.k }
derive log.made from e: log.base | t.d where e.k == 1 set { x: e.x k: e.k }
rule one {
  ${pattern}
  keys max ${keys}
  ${explain("p")}
}
`,
);

/** A unit with a derived event, two rules, one over their findings, and one that subsumes. */
export const formsUnit: fc.Arbitrary<string> = fc
  .tuple(
    pattern,
    lifecycle,
    single,
    lifecycle,
    fc.constantFrom(
      "match f: finding.one",
      "match sequence within 4s { f: finding.one then g: finding.two where g.root.k == f.root.k }",
      "match over f: finding.one sliding 5s having count() >= 2",
      "match all of by same pod within 3s { f: finding.two\n g: t.d }",
    ),
    fc.constantFrom(
      "subsumes two within 2s",
      "subsumes two by same pod within 3s",
      "subsumes two",
      "",
    ),
  )
  .map(
    ([one, more, two, others, over, subsumes]) => `module forms.rules
import forms.schema
derive log.base from e: t.a where e.x >= 1 set { x: e.x - 1 k: e.k }
derive log.made from e: log.base | t.d where e.k == 1 set { x: e.x k: e.k }
rule one {
  severity error
  ${one}
  ${more}
  ${subsumes}
  ${explain("p")}
}
rule two {
  severity critical when entity.pod == "p1" else info
  ${two}
  ${others}
  ${explain("p")}
}
rule three {
  ${over}
  explain { root f summary "{f.summary} {f.confidence}" }
}
`,
  );

interface Draft {
  readonly kind: string;
  readonly at: number;
  readonly k: number;
  readonly x: number | undefined;
  readonly pod: string | undefined;
  readonly tags: readonly string[];
}

const draft: fc.Arbitrary<Draft> = fc.record({
  kind: fc.constantFrom("t.a", "t.a", "t.b", "t.c", "t.d"),
  at: fc.integer({ min: 0, max: 16 }),
  k: fc.integer({ min: 1, max: 2 }),
  x: fc.option(small, { nil: undefined, freq: 5 }),
  pod: fc.constantFrom("p1", "p1", "p2", undefined),
  tags: fc.array(fc.constantFrom("u", "v", "vw"), { maxLength: 3 }),
});

const life = fc.record({
  pod: fc.constantFrom("p1", "p2", "p3"),
  up: fc.integer({ min: 0, max: 10 }),
  down: fc.option(fc.integer({ min: 1, max: 12 }), { nil: undefined }),
});

interface Besides {
  readonly lives: readonly { pod: string; up: number; down: number | undefined }[];
  readonly calls: readonly { from: string; to: string; since: number; until: number | undefined }[];
  readonly silent: { readonly source: number; readonly from: number } | undefined;
  readonly lost: { readonly source: number; readonly at: number } | undefined;
  readonly start: number | undefined;
}

const world: fc.Arbitrary<Besides> = fc.record({
  lives: fc.uniqueArray(life, { maxLength: 3, selector: (l) => l.pod }),
  calls: fc.uniqueArray(
    fc.record({
      from: fc.constantFrom("p1", "p2"),
      to: fc.constantFrom("p1", "p2"),
      since: fc.integer({ min: 0, max: 8 }),
      until: fc.option(fc.integer({ min: 4, max: 16 }), { nil: undefined }),
    }),
    // A second fact of that kind would be the same one, with its end.
    { maxLength: 3, selector: (c) => `${c.from} ${c.to} ${c.since}` },
  ),
  silent: fc.option(
    fc.record({ source: fc.nat({ max: 1 }), from: fc.integer({ min: 2, max: 16 }) }),
    {
      nil: undefined,
      freq: 2,
    },
  ),
  lost: fc.option(fc.record({ source: fc.nat({ max: 1 }), at: fc.integer({ min: 0, max: 16 }) }), {
    nil: undefined,
    freq: 2,
  }),
  start: fc.option(fc.integer({ min: 0, max: 3 }), { nil: undefined }),
});

const at = (steps: number) => formsEpochUs + steps * stepUs;

/** What happens, in any schema that has the kinds. */
export interface Story {
  readonly drafts: readonly Draft[];
  readonly besides: Besides;
}

export const formsStory: fc.Arbitrary<Story> = fc.record({
  drafts: fc.array(draft, { minLength: 1, maxLength: 12 }),
  besides: world,
});

/** The story as a trace over `schema`. */
export function traceOf(schema: Schema, { drafts, besides: w }: Story): Trace {
  const seq = schema.sources.map(() => 0);
  // Of one source the events are told in the order of their times.
  const events = [...drafts]
    .sort((a, b) => a.at - b.at)
    .map((d): EventData => {
      const kind = schema.kinds.findIndex((k) => k.name === d.kind);
      const source = schema.kinds[kind]?.source ?? 0;
      seq[source] = (seq[source] ?? 0) + 1;
      return makeEvent(schema, {
        kind,
        ts: schema.sources[source]?.name === "coarse" ? at(2 * (d.at >> 1)) : at(d.at),
        seq: seq[source] ?? 0,
        entity:
          d.pod === undefined ? undefined : { pod: d.pod, node: d.pod === "p1" ? "n1" : "n2" },
        fields: fieldsOf(d),
      });
    });
  const { silent, lost } = w;
  return {
    events,
    watermark: at(60),
    start: w.start === undefined ? undefined : at(w.start),
    world: { entities: w.lives.flatMap(livesOf), relations: w.calls.map(callOf) },
    sources: schema.sources.map((_, source) => ({
      source,
      silentFrom: silent?.source === source ? at(silent.from) : undefined,
      lost: lost?.source === source ? [{ at: at(lost.at), count: 1 }] : [],
    })),
  };
}

function fieldsOf({ kind, k, x, tags }: Draft): Value[] {
  if (kind !== "t.a") return [k, x];
  const rows = tags.slice(0, 2).map(
    (n, i) =>
      new RecordValue([
        ["n", n],
        ["v", i === 0 ? x : undefined],
      ]),
  );
  return [k, x, tags, rows, new Map(tags.slice(0, 2).map((t) => [t, k]))];
}

function livesOf(l: { pod: string; up: number; down: number | undefined }): EntityLife[] {
  const node = l.pod === "p1" ? "n1" : "n2";
  const down = l.down === undefined ? undefined : at(Math.max(l.down, l.up + 1));
  return [
    { kind: "pod", key: l.pod, chain: { pod: l.pod, node }, up: at(l.up), down },
    ...(l.pod === "p3"
      ? []
      : [{ kind: "node", key: node, chain: { node }, up: at(0), down: undefined }]),
  ];
}

function callOf(c: {
  from: string;
  to: string;
  since: number;
  until: number | undefined;
}): RelationFact {
  return {
    relation: "calls",
    from: c.from,
    to: c.to,
    since: at(c.since),
    until: c.until === undefined ? undefined : at(c.until),
  };
}

/** `text` compiled over the schema above; throws when it has an error. */
export function formsUnitOf(text: string): CoreUnit {
  return compiledUnit(formsSchema, text);
}
