/**
 * Random modules that use every form of the language, as source text, and random traces over their
 * schema. Unlike `law-rules.ts`, whose rules generated code runs too, these are for what must hold
 * of any rule: it compiles, prints, formats, and the interpreter judges any trace with it.
 */
import fc from "fast-check";
import {
  CutText,
  type EventData,
  type FieldType,
  type ItemType,
  makeEvent,
  parseIp,
  RecordValue,
  type Schema,
  type Value,
} from "#core";

export const wholeSchema = `module whole.schema
source fast { lateness 100ms granularity 1us idle 2s rank 0 lossy }
source coarse { lateness 3s granularity 1s idle 60s rank 1 }
entity pod key string(16) in node max 64
entity node key string(16) max 8
entity service key string(16) max 8
relation backs pod -> service fanout 4
relation calls service -> service fanout 4
event t.a from fast { k: int x: int? s: string(8)? z: size d: duration ok: bool e: enum { u, v } }
event t.b from coarse { k: int x: int s: string(8) id: id64? p: percent addr: ip }
event t.c from fast { k: int x: float? at: time? tags: list<string(8), 4> m: map<string(8), int, 4>? r: { a: int? b: string(8) } }
event t.d from fast {
  k: int
  items: list<{ n: string(8) k: int w: size? ok: bool? sub: { d: duration at: list<int?, 2> }? }, 3>
  gaps: list<{ k: int? }?, 3>?
  codes: list<int?, 3>
  by_name: map<string(8), { k: int p: percent? }?, 3>
  labels: map<string(8), string(8)?, 3>?
}
`;

const small = fc.integer({ min: 0, max: 4 });
const text = fc.constantFrom("a", "b", "ab", "", "ä", "pid 12");
const order = fc.constantFrom("<", "<=", ">", ">=");
const kinds = ["t.a", "t.b", "t.c", "t.d"] as const;
type Kind = (typeof kinds)[number] | "log.made" | "finding.base";

/** `group` names what a pattern binds: two of one name in a step would be an error. */
function atoms(n: string, kind: Kind, group: string): fc.Arbitrary<string>[] {
  const s = [
    fc
      .tuple(
        fc.constantFrom("contains", "startswith", "endswith"),
        text,
        fc.constantFrom("", " nocase"),
      )
      .map(([o, v, c]) => `(${n}.s ?? "") ${o} "${v}"${c}`),
    fc.constant(`has ${n}.s and ${n}.s != "a"`),
    fc.tuple(order, text).map(([o, v]) => `${n}.s ${o} "${v}"`),
    fc.constant(`${n}.s like glob"a*"`),
  ];
  switch (kind) {
    case "t.a":
      return [
        ...s,
        fc.tuple(order, small).map(([o, v]) => `${n}.x ${o} ${v}`),
        fc.constantFrom(`${n}.z > 1KiB`, `${n}.d < 2s`, `${n}.ok`, `not ${n}.ok`, `${n}.e == "u"`),
        fc.constant(`${n}.z / ${n}.d > 1KiB/s`),
        fc.constant(`${n}.s matches re"pid (?<pid:int>\\d+)" as ${group} and ${group}.pid > 3`),
      ];
    case "t.b":
      return [
        ...s,
        fc.tuple(order, small).map(([o, v]) => `${n}.x * 2 ${o} ${v}`),
        fc.constantFrom(`${n}.p >= 50%`, `${n}.id == id("1")`, `${n}.addr in cidr"10.0.0.0/8"`),
        fc.constant(`70% * 100MiB > ${n}.p * 10MiB`),
      ];
    case "t.c":
      return [
        fc.constantFrom(`${n}.x > 0.5`, `${n}.r.a == 1`, `${n}.r.b == "b"`, `"a" in ${n}.tags`),
        fc.constantFrom(
          `any(t in ${n}.tags: t startswith "a")`,
          `all(t in ${n}.tags: len(t) < 3)`,
          `none(t in ${n}.tags: t == "b")`,
          `len(${n}.tags) > 1`,
          `count(t in ${n}.tags: t >= "ab") != 1`,
          `count(k in ${n}.m: ${n}.m[k] > 1) >= 0x1`,
          `${n}.tags[0] == "a"`,
          `${n}.m["a"] > 1`,
        ),
        fc.constant(`has ${n}.at and ${n}.at > t"2026-01-01T00:00:03Z"`),
      ];
    case "t.d":
      return itemAtoms(n);
    case "log.made":
      return [fc.constantFrom(`${n}.twice > 2`, `${n}.name == "a"`, `has ${n}.pid`)];
    case "finding.base":
      return [
        fc.constantFrom(`${n}.confidence > 0.4`, `${n}.severity == "error"`, `has ${n}.key`),
        fc.constantFrom(`${n}.root.k >= 0`, `${n}.p.x == 1`, `${n}.summary contains "base"`),
      ];
  }
}

/** Questions about items that are records or may be missing. */
function itemAtoms(n: string): fc.Arbitrary<string>[] {
  const quantifier = fc.constantFrom("any", "all", "none");
  const body = fc.constantFrom(
    "i.k > 1",
    'i.n startswith "a" and i.w > 1KiB',
    "has i.ok and not i.ok",
    "i.sub.d < 2s or has i.w",
    "any(x in i.sub.at: x == 1)",
    "(i.w ?? 0B) > 2B",
  );
  const code = fc.constantFrom("x > 1", "has x", "x is missing or x != 2");
  return [
    fc.tuple(quantifier, body).map(([q, b]) => `${q}(i in ${n}.items: ${b})`),
    fc.tuple(body, order, small).map(([b, o, v]) => `count(i in ${n}.items: ${b}) ${o} ${v}`),
    fc.tuple(code, small).map(([b, v]) => `not (count(x in ${n}.codes: ${b}) == ${v})`),
    fc.tuple(quantifier, code).map(([q, b]) => `${q}(x in ${n}.codes: ${b})`),
    fc.constantFrom(
      `any(i in ${n}.gaps: has i and i.k >= 2)`,
      `all(i in ${n}.gaps: i is missing or i.k < 3)`,
      `2 in ${n}.codes`,
      `2 not in ${n}.codes`,
      `len(${n}.items) > len(${n}.codes)`,
    ),
    fc.constantFrom(
      `${n}.items[0].n == "a"`,
      `${n}.items[1].sub.at[0] > 0`,
      `(${n}.items[1] ?? ${n}.items[0]).k >= 1`,
      `${n}.by_name["a"].k > 1`,
      `"a" in ${n}.by_name and ${n}.by_name["a"] is missing`,
      `${n}.labels["a"] == "b"`,
    ),
  ];
}

/** What any event can be asked. */
function common(n: string): fc.Arbitrary<string>[] {
  return [
    fc.constantFrom(
      `${n}.entity.pod == "p1"`,
      `has ${n}.entity.node`,
      `${n}.entity.pod.node == "n1"`,
      `${n}.time > t"2026-01-01T00:00:01Z"`,
      `related(${n}.entity.service, ${n}.entity.pod.service, via: calls)`,
    ),
  ];
}

function condition(n: string, kind: Kind, earlier: readonly string[] = []): fc.Arbitrary<string> {
  const joins = earlier.flatMap((e) => [
    `same(pod, ${n}, ${e})`,
    `${n}.time - ${e}.time < 5s`,
    `has ${e}`,
  ]);
  const atom = (group: string) =>
    fc.oneof(
      ...atoms(n, kind, group),
      ...common(n),
      ...(joins.length > 0 ? [fc.constantFrom(...joins)] : []),
    );
  const left = atom(`${n}_left`);
  const both = fc.tuple(left, atom(`${n}_right`));
  return fc.oneof(
    { weight: 4, arbitrary: left },
    { weight: 1, arbitrary: both.map(([a, b]) => `(${a}) and (${b})`) },
    { weight: 1, arbitrary: both.map(([a, b]) => `(${a}) or (${b})`) },
    { weight: 1, arbitrary: left.map((a) => `not (${a})`) },
  );
}

interface StepText {
  readonly name: string;
  readonly text: string;
}

const stepKind = fc.constantFrom<Kind>(
  "t.a",
  "t.a",
  "t.b",
  "t.b",
  "t.c",
  "t.d",
  "log.made",
  "finding.base",
);

function step(name: string, earlier: readonly string[] = []): fc.Arbitrary<StepText> {
  return stepKind.chain((kind) =>
    fc.option(condition(name, kind, earlier), { nil: undefined, freq: 4 }).map((where) => ({
      name,
      text: `${name}: ${kind}${where === undefined ? "" : ` where ${where}`}`,
    })),
  );
}

const span = fc.constantFrom("2s", "6s", "20s", "span");

const sequence: fc.Arbitrary<string> = fc
  .tuple(
    step("p"),
    step("q", ["p"]),
    step("r", ["p", "q"]),
    step("n", ["p"]),
    step("u", ["p"]),
    fc.record({
      within: span,
      slack: fc.constantFrom("", "", " slack 1s"),
      strict: fc.constantFrom("", "", " strict"),
      gap: fc.constantFrom("", "within 3s ", "after 1s ", "after 1s..4s ", "next "),
      optional: fc.constantFrom("", "optional "),
      repeat: fc.constantFrom("", " repeat 2..", " repeat 1..3 keep 2", " repeat 2"),
      negative: fc.boolean(),
      end: fc.constantFrom("none", "no", "repeat"),
      until: fc.boolean(),
    }),
  )
  .map(([p, q, r, n, u, o]) => {
    const lines = [p.text + o.repeat];
    if (o.negative) lines.push(`without ${n.text}`);
    lines.push(`then ${o.gap}${o.optional}${q.text}`);
    lines.push(`then ${r.text}${o.end === "repeat" ? " repeat 1.." : ""}`);
    if (o.end === "no") lines.push("then no z: t.a where z.ok for 2s");
    const until = o.until ? ` until ${u.text}` : "";
    return `match sequence by same pod within ${o.within}${o.slack}${o.strict} partials 64 {
    ${lines.join("\n    ")}
  }${until}`;
  });

const group: fc.Arbitrary<string> = fc
  .tuple(
    step("p"),
    step("q", ["p"]),
    step("r", ["p"]),
    span,
    fc.constantFrom("all", "any", "2", "3"),
  )
  .map(
    ([p, q, r, within, need]) => `match ${need} of by same pod within ${within} {
    ${p.text}
    ${q.text}
    ${r.text}
  }`,
  );

const having = fc.oneof(
  fc.constantFrom(
    "count() >= 2",
    "distinct(p.x) >= 2",
    "sum(p.k) > 3",
    "avg(p.x) > 1",
    "max(p.k) - min(p.k) > 1",
    "rate(p.k > 1) > 1/s",
    "ratio(count(p.k > 1), count()) > 30%",
    "p95(p.k) >= 2 and count() >= 2",
    "stddev(p.x) > 0.5",
    "slope(p.k) > 0/s",
    "last(p.k) > first(p.k)",
    "increase(p.k) > 3",
    "share(p.k) > 60%",
    "zscore(count(), half_life: 10s, warmup: 2s, floor: 1) > 1",
    "count() > baseline(count(), half_life: 5s)",
    "eta(p.k, 100) < 1h",
  ),
);
const windowed: fc.Arbitrary<string> = fc
  .tuple(
    fc.constantFrom("t.a", "t.b"),
    fc.constantFrom(
      "sliding 3s",
      "sliding span",
      "sliding 4s resolution 1s",
      "tumbling 2s",
      "hop 4s every 1s",
      "session gap 2s max 10s",
    ),
    fc.constantFrom("", "by p.k", "by same pod"),
    having,
  )
  .map(([kind, shape, by, h]) => `match over p: ${kind} ${shape} ${by} having ${h}`);

const absence = fc.constantFrom(
  "match absent p: t.a for 2s for each pod",
  'match absent p: t.b where p.x > 1 for 5s for each pod where entity.node == "n1"',
  "match absent p: t.a for 3s",
);
const single = step("p").map((p) => `match ${p.text}`);

const clauses = (pattern: string): fc.Arbitrary<string[]> => {
  const isSequence = pattern.startsWith("match sequence");
  const concludes = pattern.includes("absent") || pattern.includes("then no");
  const key = pattern.includes("same pod") || pattern.includes("each pod") ? " by same pod" : "";
  const maybe = (...items: string[]) => fc.constantFrom("", ...items);
  return fc.tuple(
    maybe("suppress 3s", "suppress 5s by same pod"),
    maybe("rate 2 per 10s", "rate 1 per 5s by same pod"),
    maybe("resolve after 4s quiet", `resolve on over_: t.a where over_.ok${key}`),
    maybe(
      'except "known" when has entity.node',
      'except "gone" when entity.pod == "p2" expires "2026-01-01"',
    ),
    isSequence ? maybe("select widest", "select each") : fc.constant(""),
    isSequence ? maybe("skip none", "skip to q") : fc.constant(""),
    isSequence && /repeat 1\.\.\n/.test(pattern) ? maybe("emit close") : fc.constant(""),
    concludes ? maybe("on loss hold", "on idle flag", "on loss drop") : fc.constant(""),
    maybe("keys max 100", "keys max 50 evict oldest"),
    maybe("rollout { shadow 1h canary 10% by pod 2h abort when mismatch() > 5% }"),
  );
};

const rule = fc
  .oneof(
    { weight: 4, arbitrary: sequence },
    { weight: 2, arbitrary: group },
    { weight: 3, arbitrary: windowed },
    { weight: 1, arbitrary: absence },
    { weight: 1, arbitrary: single },
  )
  .chain((pattern) =>
    clauses(pattern).map(
      (more) => `pub rule r {
  severity critical when has p.entity.pod else info
  ${pattern}
  ${more.filter((c) => c !== "").join("\n  ")}
  explain {
    root p as "{p.entity.pod ?? \\"?\\"}"
    confidence 0.5 plus 0.2 when p is incomplete minus 0.2 when p is uncertain
    summary "{entity.pod} {matched()} {count(p)} {p.time}"
  }
}`,
    ),
  );

/** A module with a derived event, a rule whose findings others read, a template, and one rule. */
export const wholeModule: fc.Arbitrary<string> = rule.map(
  (body) => `module whole.rules
import whole.schema

param span: duration = 4s range 1s .. 1m
derive log.made from e: t.a where e.s matches re"(?<pid:int>\\d+)" as g or e.ok
  set { twice: e.k * 2 name: e.s pid: e.x }

rule base version 2 {
  severity error
  match p: t.b where p.x > 1
  explain { root p confidence 0.5 summary "base {p.x}" }
}

template several(n: int = 2, span_: duration = 3s) {
  match sequence by k within span_ { a: t.a repeat n.. }
}
rule many = several(n: 3) { suppress 2s }

${body}
`,
);

/** Any event of the schema: fields missing where they may be, texts cut, numbers at the edges. */
const field: Record<string, fc.Arbitrary<Value>> = {
  number: fc.oneof(small, fc.constantFrom(Number.MAX_SAFE_INTEGER, -5, 2 ** 40)),
  text: fc.oneof(
    text,
    text.map((t) => new CutText(t)),
  ),
  id: fc.constantFrom(0n, 1n, 2n ** 63n),
};

interface Draft {
  readonly kind: number;
  readonly at: number;
  readonly pod: string | undefined;
  readonly fields: readonly Value[];
}

function anyValue(type: FieldType): fc.Arbitrary<Value> {
  switch (type.t) {
    case "bool":
      return fc.boolean();
    case "string":
      return field.text ?? text;
    case "enum":
      return fc.constantFrom(...type.members);
    case "id64":
      return field.id ?? fc.constant(0n);
    case "ip":
    case "cidr":
      return fc.constantFrom(parseIp("10.0.0.1") ?? 0n, parseIp("fe80::1") ?? 0n);
    case "list":
      return fc.array(anyItem(type.item), { maxLength: type.max });
    case "map":
      return fc
        .array(fc.tuple(anyValue(type.key), anyItem(type.value)), { maxLength: type.max })
        .map((entries) => new Map(entries));
    case "record":
      return fc
        .tuple(...type.members.map((m) => anyItem(m).map((v) => [m.name, v] as const)))
        .map((members) => new RecordValue(members));
    case "float":
      return fc.double({ noNaN: true, noDefaultInfinity: true });
    default:
      return field.number ?? small;
  }
}

function anyItem({ type, isOptional }: ItemType): fc.Arbitrary<Value> {
  return isOptional ? fc.option(anyValue(type), { nil: undefined, freq: 3 }) : anyValue(type);
}

/** A trace over the declared kinds of `schema`: times in half seconds, some pods, some without. */
export function wholeTrace(schema: Schema, epochUs: number): fc.Arbitrary<EventData[]> {
  const declared = schema.kinds.flatMap((k, i) => (k.made === undefined ? [i] : []));
  const draft: fc.Arbitrary<Draft> = fc.constantFrom(...declared).chain((kind) => {
    const fields = (schema.kinds[kind]?.fields ?? []).map(anyItem);
    return fc.record({
      kind: fc.constant(kind),
      at: fc.integer({ min: 0, max: 24 }),
      pod: fc.constantFrom("p1", "p1", "p2", undefined),
      fields: fc.tuple(...fields),
    });
  });
  return fc.array(draft, { maxLength: 14 }).map((drafts) => {
    const seq = schema.sources.map(() => 0);
    return drafts
      .sort((a, b) => a.at - b.at)
      .map((d) => {
        const source = schema.kinds[d.kind]?.source ?? 0;
        seq[source] = (seq[source] ?? 0) + 1;
        return makeEvent(schema, {
          kind: d.kind,
          ts: epochUs + d.at * 500_000,
          seq: seq[source] ?? 0,
          entity: d.pod === undefined ? undefined : { pod: d.pod, node: "n1", service: "s1" },
          fields: d.fields,
        });
      });
  });
}
