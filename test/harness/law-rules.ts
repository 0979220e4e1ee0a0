/**
 * Random rules of every form the compiler lowers, as source text, and random traces that nearly
 * match them. Small domains make matches, ties and missing values frequent.
 */
import fc from "fast-check";

export const lawSchema = `module law.schema
source s1 { lateness 100ms granularity 1us idle 2s rank 0 }
source s2 { lateness 300ms granularity 1us idle 2s rank 1 }
entity pod key string(8) max 64
event t.a from s1 { k: int x: int y: int? s: string(6) e: enum { u, v } i: id64 b: bool l: list<int?, 3>? }
event t.b from s2 { k: int x: int y: int? s: string(6)? e: enum { v, w } i: id64 b: bool? l: list<int?, 3>? }
event t.c from s1 { k: int x: int? s: string(6) h: ip l: list<int?, 3>? }
`;

const kinds = ["t.a", "t.b", "t.c"] as const;

interface StepShape {
  readonly name: string;
  readonly kinds: readonly string[];
  readonly where: string | undefined;
}

const op = fc.constantFrom("==", "!=", "<", "<=", ">", ">=");
const small = fc.integer({ min: 0, max: 3 });
const text = fc.constantFrom("a", "b", "ab", "aba", "", "bb", "AB");

/** A condition on the event called `n`, which may look at the earlier steps. */
function condition(n: string, earlier: readonly string[], depth = 2): fc.Arbitrary<string> {
  const atoms: fc.Arbitrary<string>[] = [
    fc.tuple(op, small).map(([o, v]) => `${n}.x ${o} ${v}`),
    fc.tuple(op, small).map(([o, v]) => `${v} ${o} ${n}.x`),
    fc.tuple(op, text).map(([o, v]) => `${n}.s ${o} "${v}"`),
    fc
      .tuple(
        fc.constantFrom("contains", "startswith", "endswith"),
        text,
        fc.constantFrom("", " nocase"),
      )
      .map(([o, v, c]) => `${n}.s ${o} "${v}"${c}`),
    fc.constantFrom('re"^a.*b"', 're"b$"', 're"a{2}|bb"').map((r) => `${n}.s matches ${r}`),
    fc.constantFrom('glob"a*"', 'glob"?b"').map((g) => `${n}.s like ${g}`),
    fc.array(small, { minLength: 1, maxLength: 3 }).map((vs) => `${n}.x in [${vs.join(", ")}]`),
    fc
      .array(text, { minLength: 1, maxLength: 2 })
      .map((vs) => `${n}.s not in [${vs.map((v) => `"${v}"`).join(", ")}]`),
    fc.constant(`has ${n}.x`),
    fc.constant(`${n}.s is missing`),
    fc.tuple(op, small, small).map(([o, d, v]) => `(${n}.x ?? ${d}) + 1 ${o} ${v}`),
    fc.tuple(op, small).map(([o, v]) => `len(${n}.s) ${o} ${v}`),
    fc
      .tuple(fc.constantFrom("any", "all", "none"), op, small)
      .map(([q, o, v]) => `${q}(i in ${n}.l: i ${o} ${v})`),
    fc
      .tuple(fc.constantFrom("", "has i and "), op, small, op, small)
      .map(([has, o, v, c, m]) => `count(i in ${n}.l: ${has}i ${o} ${v}) ${c} ${m}`),
    fc.constantFrom("u", "v").map((m) => `${n}.entity.pod == "${m}"`),
    fc.constantFrom("1s", "5s").map((d) => `${n}.time - t"2026-01-01T00:00:00Z" > ${d}`),
  ];
  if (earlier.length > 0) {
    const other = fc.constantFrom(...earlier);
    atoms.push(
      fc.tuple(op, other).map(([o, e]) => `${n}.x ${o} ${e}.x`),
      fc.tuple(op, other).map(([o, e]) => `${n}.s ${o} ${e}.s`),
      other.map((e) => `has ${e}`),
      other.map((e) => `same(pod, ${n}, ${e})`),
      fc.tuple(other, small).map(([e, v]) => `last(${e}).x >= ${v}`),
    );
  }
  const atom = fc.oneof(...atoms);
  if (depth === 0) return atom;
  const inner = condition(n, earlier, depth - 1);
  return fc.oneof(
    { weight: 5, arbitrary: atom },
    { weight: 2, arbitrary: fc.tuple(inner, inner).map(([a, b]) => `(${a} and ${b})`) },
    { weight: 2, arbitrary: fc.tuple(inner, inner).map(([a, b]) => `(${a} or ${b})`) },
    { weight: 2, arbitrary: inner.map((a) => `not (${a})`) },
  );
}

/** Fields only some kinds have; used where the step has that kind alone. */
function special(n: string, kind: string): fc.Arbitrary<string> {
  if (kind === "t.c")
    return fc.constantFrom(`${n}.h in cidr"10.0.0.0/8"`, `${n}.h == ip"10.0.0.1"`);
  return fc.constantFrom(
    `${n}.e == "v"`,
    `${n}.e != "v"`,
    `${n}.b`,
    `not ${n}.b`,
    `${n}.i == id("1")`,
    `${n}.i != id("4294967297")`,
    `${n}.y > 1`,
    `has ${n}.y and ${n}.y != 2`,
    `${n}.y in [1, 2]`,
  );
}

function step(name: string, earlier: readonly string[]): fc.Arbitrary<StepShape> {
  const where = (k: readonly string[]) => {
    const [only] = k;
    const general = condition(name, earlier);
    const specific = k.length === 1 && only ? special(name, only) : general;
    return fc.option(
      fc.oneof(
        general,
        specific,
        fc.tuple(specific, general).map(([a, b]) => `${a} and ${b}`),
      ),
      {
        nil: undefined,
        freq: 3,
      },
    );
  };
  const kindSets = fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom(...kinds).map((k) => [k]) },
    { weight: 1, arbitrary: fc.subarray([...kinds], { minLength: 2 }) },
  );
  return kindSets.chain((k) => where(k).map((w) => ({ name, kinds: k, where: w })));
}

function stepText(s: StepShape): string {
  return `${s.name}: ${s.kinds.join(" | ")}${s.where ? ` where ${s.where}` : ""}`;
}

const gap = fc.oneof(
  { weight: 6, arbitrary: fc.constant("") },
  { weight: 2, arbitrary: fc.constantFrom("within 1s ", "within 3s ") },
  { weight: 1, arbitrary: fc.constantFrom("after 1s ", "after 1s..4s ") },
  { weight: 1, arbitrary: fc.constant("next ") },
);
const repeat = fc.oneof(
  { weight: 5, arbitrary: fc.constant("") },
  { weight: 2, arbitrary: fc.constantFrom(" repeat 2..", " repeat 1..", " repeat 3.. keep 2") },
  { weight: 1, arbitrary: fc.constantFrom(" repeat 2", " repeat 1..2", " repeat 2..3") },
);
const names = ["p", "q", "r", "w"];

interface SequenceShape {
  readonly head: string;
  readonly body: readonly string[];
  readonly until: string | undefined;
  readonly steps: readonly string[];
  readonly order: readonly string[];
}

const sequence: fc.Arbitrary<SequenceShape> = fc
  .tuple(
    fc.integer({ min: 1, max: 4 }),
    fc.constantFrom("by k ", "by k ", "by same pod ", "by k, s? "),
    fc.constantFrom("within 2s", "within 6s", "within 20s", "within span"),
    fc.constantFrom("", "", "", "", " strict"),
  )
  .chain(([n, by, within, strict]) => {
    const used = names.slice(0, n);
    const items = used.map((name, i) => {
      const earlier = used.slice(0, i);
      return fc.record({
        step: step(name, earlier),
        gap: i === 0 ? fc.constant("") : gap,
        repeat,
        optional: i === n - 1 ? fc.constant(false) : fc.boolean().map((b) => b && i % 2 === 1),
        without:
          i === 0
            ? fc.constant(undefined)
            : fc.option(step(`n${i}`, earlier), { nil: undefined, freq: 3 }),
      });
    });
    const deadline = fc.option(step("d", used), { nil: undefined, freq: 2 });
    const until = fc.option(step("u", used), { nil: undefined, freq: 2 });
    return fc
      .record({
        items: fc.tuple(...items),
        deadline,
        until,
        deadlineFor: fc.constantFrom("1s", "3s"),
      })
      .map((r) => {
        const body = r.items.flatMap((it, i) => {
          const negative = it.without ? [`without ${stepText(it.without)}`] : [];
          const then = i === 0 ? "" : "then ";
          return [
            ...negative,
            `${then}${it.gap}${it.optional ? "optional " : ""}${stepText(it.step)}${it.repeat}`,
          ];
        });
        if (r.deadline) body.push(`then no ${stepText(r.deadline)} for ${r.deadlineFor}`);
        return {
          head: `${by}${within}${strict} partials 4000`,
          body,
          steps: used,
          order: used.filter((_, i) => !r.items[i]?.optional),
          until: r.until && stepText(r.until),
        };
      });
  });

/** An expression as it stands in a hole of a string. */
function quoted(expr: string): string {
  return expr.replaceAll("\\", "\\\\").replaceAll('"', '\\"');
}

function explain(
  steps: readonly string[],
  order: readonly string[],
  n: string,
): fc.Arbitrary<string> {
  const first = steps[0] ?? n;
  const last = steps.at(-1) ?? n;
  return fc
    .tuple(condition(last, steps.slice(0, -1), 1), fc.constantFrom(0.1, 0.2))
    .map(([c, w]) => {
      const chain =
        order.length > 1 ? `chain ${order.join(" -> ")} as "{${last}.s ?? \\"?\\"}"` : "";
      return `explain {
    root ${first} as "x={${first}.x}"
    impact ${last}
    ${chain}
    confidence 0.5 plus ${w} when ${c}
    summary "{count(${last})} {first(${first}).x} {last(${last}).s} {duration()} {if(${quoted(c)}, \\"yes\\", \\"no\\")}"
    recommend "look at {${last}.k}" when ${c}
    evidence ${last}.x
  }`;
    });
}

const suppress = fc.constantFrom("", "", "suppress 3s", "suppress 10s by p.x");

const sequenceRule = sequence.chain((q) =>
  fc
    .tuple(
      explain(q.steps, q.order, "p"),
      suppress,
      fc.constantFrom("", "severity critical when p.x > 1 else info"),
    )
    .map(
      ([x, s, v]) => `rule r {
  ${v}
  match sequence ${q.head} {
    ${q.body.join("\n    ")}
  }${q.until ? ` until ${q.until}` : ""}
  ${x}
  ${s}
}
`,
    ),
);

const singleRule = step("p", []).chain((p) =>
  explain(["p"], [], "p").map(
    (x) => `rule r {
  match ${stepText(p)}
  ${x}
}
`,
  ),
);

const having = (n: string) => {
  const atom = fc.oneof(
    small.map((v) => `count() >= ${v + 1}`),
    small.map((v) => `${v} < count()`),
    small.map((v) => `distinct(${n}.x) >= ${v}`),
    small.map((v) => `distinct(pair(${n}.x, ${n}.s)) > ${v}`),
    fc.tuple(condition(n, [], 0), small).map(([c, v]) => `count(${c}) >= ${v}`),
  );
  return fc.oneof(
    atom,
    fc.tuple(atom, atom).map(([a, b]) => `${a} and ${b}`),
    fc.tuple(atom, atom).map(([a, b]) => `(${a} or ${b})`),
  );
};

const windowRule = step("p", []).chain((p) =>
  fc
    .tuple(
      having("p"),
      condition("p", [], 0),
      fc.constantFrom("1s", "3s", "10s", "span"),
      fc.constantFrom("by k", "by p.k, s?", "", "by same pod"),
      fc.constantFrom("", "suppress 4s"),
    )
    .map(
      ([h, c, size, by, s]) => `rule r {
  match over ${stepText(p)} sliding ${size} ${by} having ${h}
  explain {
    root p
    confidence 0.6 plus 0.1 when count() >= 3
    summary "{count()} {distinct(p.x)} {count(${quoted(c)})} {first(p).x} {last(p).s}"
  }
  ${s}
}
`,
    ),
);

/** Source text of a module with one rule. */
export const lawRule: fc.Arbitrary<string> = fc
  .oneof(
    { weight: 6, arbitrary: sequenceRule },
    { weight: 1, arbitrary: singleRule },
    { weight: 3, arbitrary: windowRule },
  )
  .map(
    (rule) =>
      `module law.rules\nimport law.schema\nparam span: duration = 4s range 1s .. 1m\n${rule}`,
  );

/** One step of a trace: an event or progress of a source. Times in units of 500 ms. */
export type LawOp =
  | {
      readonly op: "event";
      readonly kind: number;
      readonly at: number;
      readonly entity: string | undefined;
      readonly k: number;
      readonly x: number | undefined;
      readonly y: number | undefined;
      readonly s: string | undefined;
      readonly isCut: boolean;
      readonly e: number;
      readonly i: bigint;
      readonly b: boolean | undefined;
      readonly l?: readonly (number | undefined)[] | undefined;
    }
  | { readonly op: "progress"; readonly source: number; readonly at: number };

const eventOp: fc.Arbitrary<LawOp> = fc.record({
  op: fc.constant("event" as const),
  kind: fc.integer({ min: 0, max: 2 }),
  at: fc.integer({ min: 0, max: 24 }),
  entity: fc.constantFrom("u", "u", "u", "v", undefined),
  k: fc.constantFrom(0, 0, 0, 1),
  x: fc.option(small, { nil: undefined, freq: 6 }),
  y: fc.option(small, { nil: undefined, freq: 3 }),
  s: fc.option(text, { nil: undefined, freq: 6 }),
  isCut: fc.constantFrom(false, false, false, true),
  e: fc.integer({ min: 0, max: 1 }),
  i: fc.constantFrom(0n, 1n, 4294967297n),
  b: fc.constantFrom(true, false, undefined),
  l: fc.option(fc.array(fc.option(small, { nil: undefined, freq: 6 }), { maxLength: 3 }), {
    nil: undefined,
    freq: 6,
  }),
});
const progressOp: fc.Arbitrary<LawOp> = fc.record({
  op: fc.constant("progress" as const),
  source: fc.integer({ min: 0, max: 1 }),
  at: fc.integer({ min: 0, max: 26 }),
});

/** Mostly in order, so that matches are frequent; now and then shuffled, so that some are late. */
export const lawTrace: fc.Arbitrary<LawOp[]> = fc
  .tuple(
    fc.array(fc.oneof({ weight: 9, arbitrary: eventOp }, { weight: 1, arbitrary: progressOp }), {
      maxLength: 13,
    }),
    fc.constantFrom("sorted", "sorted", "nearly", "as is"),
  )
  .map(([ops, order]) => {
    if (order === "as is") return ops;
    const sorted = [...ops].sort((a, b) => a.at - b.at);
    if (order === "nearly" && sorted.length > 2) {
      const [first] = sorted.splice(1, 1);
      if (first) sorted.push(first);
    }
    return sorted;
  });
