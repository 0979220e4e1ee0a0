/**
 * How strong the agreement law is: a mistake planted on either side must make interpreter and
 * engine disagree. Rules and traces come from fixed seeds, so that a mutant that survives always
 * does. `TAPIO_MUTANT_RULES` sets how many rules are tried before a mutant counts as survived.
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { CoreRule, CoreUnit, EventData, Expr, Finding, Seq, SeqStep, Step, Win } from "#core";
import { type Compiled, compileLaw, runEngine, runInterpreter } from "../harness/agreement.ts";
import { inTheEnd } from "../harness/in-the-end.ts";
import { type LawOp, lawRule, lawTrace } from "../harness/law-rules.ts";

const rulesMax = Number(process.env.TAPIO_MUTANT_RULES ?? 700);
const tracesPerRule = 12;
const sampled = fc.sample(lawRule, { numRuns: 2 * rulesMax, seed: 20_260_101 });
const isSequence = (text: string) => text.includes("match sequence");
/** Short sequences match more often than long ones, so the shorter half of them is tried. */
const sequences = sampled
  .filter(isSequence)
  .sort((a, b) => a.length - b.length || (a < b ? -1 : 1))
  .slice(0, Math.ceil(0.7 * rulesMax));
const others = sampled.filter((t) => !isSequence(t)).slice(0, rulesMax - sequences.length);
/** Forms that chance makes seldom match; the same traces judge them. */
const rare = [
  "match p: t.a where p.x <= 1",
  "match p: t.a where p.x >= 2",
  'match p: t.c where p.s endswith "b"',
  'match p: t.c where p.s contains "b"',
  `match sequence by k within 20s partials 4000 {
    p: t.a | t.b where p.x == 1
    then next q: t.c
  }`,
  'match p: t.c where p.s startswith "a" nocase',
  `match sequence by k within 20s partials 4000 {
    p: t.a repeat 2..
    then q: t.b | t.c where last(p).x >= 2
  }`,
  `match sequence by k within 20s partials 4000 {
    p: t.a
    then q: t.b | t.c repeat 1..2
    then r: t.a
  }
  explain { root p summary "{count(q)}" }`,
  `match sequence by k within 20s partials 4000 {
    p: t.a
    then after 1s q: t.b
  }`,
  `match sequence by k within 20s partials 4000 {
    p: t.a
    without n: t.c
    then q: t.b
    then r: t.a | t.b
  }`,
].map((match) => `module law.rules\nimport law.schema\nrule r {\n  ${match}\n}\n`);
const shuffled = fc.sample(
  fc.shuffledSubarray([...sequences, ...others], { minLength: rulesMax }),
  {
    numRuns: 1,
    seed: 20_260_103,
  },
)[0];
const texts = [...rare, ...(shuffled ?? [])].slice(0, rulesMax);
const tracesPerRare = 120;
const traces = fc.sample(lawTrace, {
  numRuns: tracesPerRare * rare.length + tracesPerRule * rulesMax,
  seed: 20_260_102,
});

/** The traces of rule `i`; those of rare forms get more. */
function tracesOf(i: number): LawOp[][] {
  if (i < rare.length) return traces.slice(i * tracesPerRare, (i + 1) * tracesPerRare);
  const from = rare.length * tracesPerRare + (i - rare.length) * tracesPerRule;
  return traces.slice(from, from + tracesPerRule);
}

interface Subject {
  readonly compiled: Compiled;
  readonly traces: readonly LawOp[][];
  /** What the engine finds, which the unmutated law says is what the interpreter finds. */
  readonly expected: (readonly string[])[];
  /** What was late on each trace. */
  readonly late: (readonly EventData[])[];
}

const subjects: Subject[] = [];

function subjectAt(i: number): Subject {
  const known = subjects[i];
  if (known) return known;
  const compiled = compileLaw(texts[i] ?? "");
  const own = tracesOf(i);
  const runs = own.map((ops) => runEngine(compiled, ops));
  const expected = runs.map((r) => texted(inTheEnd(r.findings)));
  const made = { compiled, traces: own, expected, late: runs.map((r) => r.late) };
  subjects[i] = made;
  return made;
}

function texted(findings: readonly unknown[]): string[] {
  return findings.map((f) => JSON.stringify(f));
}

/** The number of the first rule on which `found` differs from what was expected. */
function caughtAt(
  mutate: (subject: Subject) => Compiled | undefined,
  run: (
    compiled: Compiled,
    ops: readonly LawOp[],
    late: readonly EventData[],
  ) => readonly Finding[],
): number | undefined {
  for (let i = 0; i < rulesMax; i++) {
    const subject = subjectAt(i);
    const mutant = mutate(subject);
    if (!mutant) continue;
    for (const [at, ops] of subject.traces.entries()) {
      let found: string[];
      try {
        found = texted(inTheEnd(run(mutant, ops, subject.late[at] ?? [])));
      } catch (error) {
        found = [String(error)];
      }
      if (found.join("\n") !== (subject.expected[at] ?? []).join("\n")) return i;
    }
  }
  return undefined;
}

// ---------- generated code ----------

type Part = "slots" | "judges" | "explain";

/** The three parts of the text: tests on slots, what is judged on plain data, explanations. */
function edit(matcher: string, part: Part, change: (text: string) => string): string {
  const rules = matcher.indexOf("\nrules: [");
  const explain = matcher.indexOf("\nexplain: [", rules);
  const cuts = { slots: [0, rules], judges: [rules, explain], explain: [explain, matcher.length] };
  const [from = 0, to = 0] = cuts[part];
  return matcher.slice(0, from) + change(matcher.slice(from, to)) + matcher.slice(to);
}

const codeMutants: readonly (readonly [string, Part, RegExp, string])[] = [
  [">= becomes >", "slots", /^(if \((?!!).*?)\] >= (-?\d)/m, "$1] > $2"],
  ["<= becomes <", "slots", /^(if \((?!!).*?)\] <= (-?\d)/m, "$1] < $2"],
  ["< becomes <=", "slots", /^(if \((?!!).*?)\] < (-?\d)/m, "$1] <= $2"],
  ["> becomes >=", "slots", /^(if \((?!!).*?)\] > (-?\d)/m, "$1] >= $2"],
  ["=== a number becomes !==", "slots", /(f64\[[^\]]*\]) === /, "$1 !== "],
  ["!== a number becomes ===", "slots", /(f64\[[^\]]*\]) !== /, "$1 === "],
  ["a number is off by one", "slots", /(f64\[[^\]]*\] \S+ )2/, "$13"],
  ["=== a text becomes !==", "slots", / === k0/, " !== k0"],
  ["!== a text becomes ===", "slots", / !== k0/, " === k0"],
  ["another text", "slots", /rt\.constant\("a"\)/, 'rt.constant("b")'],
  ["a trigger is dropped", "slots", /^.*hits\[n\+\+\] = \d+;\n/m, ""],
  ["a trigger has another number", "slots", /hits\[n\+\+\] = 1;/, "hits[n++] = 0;"],
  ["&& becomes ||", "slots", / && /, " || "],
  ["|| becomes &&", "slots", / \|\| /, " && "],
  ["true becomes false", "slots", /^(if \((?!!).*?)=== true/m, "$1=== false"],
  ["false becomes true", "slots", /^(if \((?!!).*?)=== false/m, "$1=== true"],
  ["presence is not looked at", "slots", /if \(\(\(\(u32\[w \+ 1\][^)]*\) === 1\)/, "if ((true"],
  ["presence is the other way round", "slots", /& 1\) === 1\)/, "& 1) === 0)"],
  ["a cut text counts as whole", "slots", /!\(\(\(u32[^)]*\) === 1\)\) && /, ""],
  ["the other half of an id", "slots", /r\.ext\(b\) \+ 4/, "r.ext(b) + 0"],
  ["contains becomes startswith", "slots", /^(if \((?!!).*?)rt\.contains/m, "$1rt.startswith"],
  ["endswith becomes contains", "slots", /^(if \((?!!).*?)rt\.endswith/m, "$1rt.contains"],
  ["case counts", "slots", /^(if \((?!!).*?), true\) ===/m, "$1, false) ==="],
  ["another enum member", "slots", /(u8\[[^\]]*\]) === 0/, "$1 === 1"],
  ["rt.compare >= becomes >", "judges", /rt\.compare\(">="/, 'rt.compare(">"'],
  ["rt.compare < becomes <=", "judges", /rt\.compare\("<"/, 'rt.compare("<="'],
  ["rt.compare == becomes !=", "judges", /rt\.compare\("=="/, 'rt.compare("!="'],
  ["a judge's true becomes false", "judges", /\? 1 : 0/, "? 0 : 1"],
  ["a negative's unknown becomes false", "judges", /\? 0 : 2/, "? 0 : 0"],
  ["a negative's unknown becomes true", "judges", /\? 0 : 2/, "? 0 : 1"],
  ["a negative's false becomes unknown", "judges", /\? 0 : 2/, "? 2 : 2"],
  ["a negative's true becomes false", "judges", /\? 1 : (.*) \? 0 : 2/, "? 0 : $1 ? 0 : 2"],
  ["a missing key part is allowed", "judges", /\], \[false/, "], [true"],
  ["a missing key part is not allowed", "judges", /, true\]\)/, ", false])"],
  ["a key has another field", "judges", /rt\.key\(\[e\?\.fields\[0\]/, "rt.key([e?.fields[1]"],
  ["no key for suppression", "judges", /suppressKey: \(e, s\)[^\n]*/, "suppressKey: undefined,"],
  ["a network is wider", "judges", /n, 104\)/, "n, 96)"],
  ["+ becomes -", "judges", /rt\.arith\("\+"/, 'rt.arith("-"'],
  [
    "an entity of another kind",
    "judges",
    /rt\.entity\(e\?\.entity, "pod"\)/,
    'rt.entity(e?.entity, "node")',
  ],
  ["first becomes last", "judges", /\?\.first\?\./, "?.last?."],
  ["last becomes first", "judges", /\?\.last\?\./, "?.first?."],
  ["another step is read", "judges", /captures\[0\]\?/, "captures[1]?"],
  ["another kind's field", "judges", /e\?\.kind === 2/, "e?.kind === 3"],
  ["a default is left out", "judges", / \?\? [0-9]\)/, ")"],
  ["having: && becomes ||", "judges", /(having: .*?) && /, "$1 || "],
  ["having: || becomes &&", "judges", /(having: .*?) \|\| /, "$1 && "],
  [
    "an aggregate counts everything",
    "judges",
    /\{ where: \(e, s\) => .*?, arg: /,
    "{ where: undefined, arg: ",
  ],
  ["explain: first becomes last", "explain", /\?\.first\?\./g, "?.last?."],
  ["explain: a unit", "explain", /"duration"/, '"int"'],
  ["explain: true becomes false", "explain", /=== true/, "=== false"],
  ["explain: the count", "explain", /\?\.count \?\? 0/, "?.kept ?? 0"],
];

describe("in the generated code", () => {
  test.each(codeMutants)("%s", (_name, part, from, to) => {
    const at = caughtAt(
      ({ compiled }) => {
        const matcher = edit(compiled.matcher, part, (text) => text.replace(from, to));
        return matcher === compiled.matcher ? undefined : { ...compiled, matcher };
      },
      (mutant, ops) => runEngine(mutant, ops).findings,
    );
    expect(at).toBeDefined();
  });
});

// ---------- the interpreter's unit ----------

type UnitMutant = (unit: CoreUnit, rule: CoreRule) => CoreUnit | undefined;

const inRule =
  (change: (rule: CoreRule) => CoreRule | undefined): UnitMutant =>
  (unit, rule) => {
    const changed = change(rule);
    return changed && { ...unit, rules: [changed] };
  };
const inSeq = (change: (seq: Seq) => Seq | undefined): UnitMutant =>
  inRule((rule) => {
    const pattern = rule.pattern.node === "seq" ? change(rule.pattern) : undefined;
    return pattern && { ...rule, pattern };
  });
const inWin = (change: (win: Win) => Win | undefined): UnitMutant =>
  inRule((rule) => {
    const pattern = rule.pattern.node === "win" ? change(rule.pattern) : undefined;
    return pattern && { ...rule, pattern };
  });
/** Changes the first step that `change` takes. */
const inStep = (change: (step: SeqStep, at: number) => SeqStep | undefined): UnitMutant =>
  inSeq((seq) => {
    for (const [at, step] of seq.steps.entries()) {
      const changed = change(step, at);
      if (changed) return { ...seq, steps: seq.steps.with(at, changed) };
    }
    return undefined;
  });
const inWhere = (change: (where: Expr) => Expr | undefined): UnitMutant =>
  inStep((s) => {
    const where = s.step.where && change(s.step.where);
    return where && { ...s, step: { ...s.step, where } };
  });

/** The first part of `e`, itself included, that `change` takes, changed. */
function changeFirst(e: Expr, change: (e: Expr) => Expr | undefined): Expr | undefined {
  const whole = change(e);
  if (whole) return whole;
  if (e.op === "not" || e.op === "has") {
    const arg = changeFirst(e.arg, change);
    return arg && { ...e, arg };
  }
  if (e.op === "and" || e.op === "or") {
    for (const [at, part] of e.args.entries()) {
      const changed = changeFirst(part, change);
      if (changed) return { ...e, args: e.args.with(at, changed) };
    }
  }
  return undefined;
}

const threshold = (by: number) => (e: Expr) =>
  e.op === "cmp" && e.right.op === "const" && typeof e.right.value === "number"
    ? { ...e, right: { ...e.right, value: e.right.value + by } }
    : undefined;
const resized = (w: Win, by: number): Win | undefined => {
  if (w.shape.shape !== "sliding") return undefined;
  const size = numbered(w.shape.size, by);
  return size === undefined ? undefined : { ...w, shape: { shape: "sliding", size } };
};
const numbered = (d: Seq["within"], by: number) => (typeof d === "number" ? d + by : undefined);

const unitMutants: readonly (readonly [string, UnitMutant])[] = [
  ["a threshold is one higher", inWhere((e) => changeFirst(e, threshold(1)))],
  ["a threshold is one lower", inWhere((e) => changeFirst(e, threshold(-1)))],
  ["a `not` is lost", inWhere((e) => changeFirst(e, (x) => (x.op === "not" ? x.arg : undefined)))],
  [
    "`and` becomes `or`",
    inWhere((e) => changeFirst(e, (x) => (x.op === "and" ? { ...x, op: "or" } : undefined))),
  ],
  [
    "`or` becomes `and`",
    inWhere((e) => changeFirst(e, (x) => (x.op === "or" ? { ...x, op: "and" } : undefined))),
  ],
  [
    "`has` becomes true",
    inWhere((e) =>
      changeFirst(e, (x) => (x.op === "has" ? { op: "const", value: true } : undefined)),
    ),
  ],
  [
    "a condition is lost",
    inStep((s) => s.step.where && { ...s, step: { ...s.step, where: undefined } }),
  ],
  [
    "the span is shorter by its smallest part",
    inSeq((s) => {
      const within = numbered(s.within, -1);
      return within === undefined || s.steps.length < 2 ? undefined : { ...s, within };
    }),
  ],
  [
    "the span is longer",
    inSeq((s) => {
      const within = numbered(s.within, 500_000);
      return within === undefined || s.steps.length < 2 ? undefined : { ...s, within };
    }),
  ],
  ["a negative is lost", inStep((s) => (s.without.length > 0 ? { ...s, without: [] } : undefined))],
  [
    "a negative stands one step later",
    inSeq((s) => {
      const [at, next] = [1, 2].map((i) => s.steps[i]);
      if (!at || !next || at.without.length === 0 || next.without.length > 0) return undefined;
      const moved = { ...next, without: at.without };
      return { ...s, steps: s.steps.with(1, { ...at, without: [] }).with(2, moved) };
    }),
  ],
  ["the cancel is lost", inSeq((s) => s.until && { ...s, until: undefined })],
  ["the deadline is lost", inSeq((s) => s.deadline && { ...s, deadline: undefined })],
  [
    "the deadline excludes its end",
    inSeq((s) => {
      const wait = numbered(s.deadline?.wait, -1);
      return s.deadline && wait !== undefined
        ? { ...s, deadline: { ...s.deadline, wait } }
        : undefined;
    }),
  ],
  ["a gap is lost", inStep((s) => s.gap && { ...s, gap: undefined })],
  [
    "a gap excludes its end",
    inStep(({ gap, ...s }) =>
      gap?.gap === "within" && typeof gap.max === "number"
        ? { ...s, gap: { ...gap, max: gap.max - 1 } }
        : undefined,
    ),
  ],
  [
    "a gap excludes its start",
    inStep(({ gap, ...s }) =>
      gap?.gap === "after" && typeof gap.min === "number"
        ? { ...s, gap: { ...gap, min: gap.min + 1 } }
        : undefined,
    ),
  ],
  ["`next` is lost", inStep((s) => (s.gap?.gap === "next" ? { ...s, gap: undefined } : undefined))],
  ["`strict` is lost", inSeq((s) => (s.isStrict ? { ...s, isStrict: false } : undefined))],
  [
    "an option is mandatory",
    inStep((s) => (s.isOptional ? { ...s, isOptional: false } : undefined)),
  ],
  [
    "a step is optional",
    inStep((s, at) => (at === 0 && !s.isOptional ? { ...s, isOptional: true } : undefined)),
  ],
  ["a run is one event", inStep((s) => s.repeat && { ...s, repeat: undefined })],
  [
    "a run needs one more",
    inStep((s) =>
      s.repeat && typeof s.repeat.min === "number"
        ? { ...s, repeat: { ...s.repeat, min: s.repeat.min + 1 } }
        : undefined,
    ),
  ],
  [
    "a run has no end",
    inStep((s) =>
      s.repeat && s.repeat.max !== undefined
        ? { ...s, repeat: { ...s.repeat, max: undefined } }
        : undefined,
    ),
  ],
  [
    "a run keeps one less",
    inStep((s) => (s.repeat?.keep === 2 ? { ...s, repeat: { ...s.repeat, keep: 1 } } : undefined)),
  ],
  [
    "two steps change places",
    inSeq((s) => {
      const [a, b] = s.steps;
      return a && b && s.steps.length === 2 ? { ...s, steps: [b, a] } : undefined;
    }),
  ],
  [
    "two steps change kinds",
    inSeq((s) => {
      const [a, b] = s.steps;
      if (!a || !b) return undefined;
      const swap = (x: SeqStep, kinds: Step["kinds"]) => ({ ...x, step: { ...x.step, kinds } });
      return { ...s, steps: s.steps.with(0, swap(a, b.step.kinds)).with(1, swap(b, a.step.kinds)) };
    }),
  ],
  [
    "a missing key counts",
    inStep((s) => {
      const key = s.step.key.map((k) => ({ ...k, allowsMissing: true }));
      return key.every((k, i) => k.allowsMissing === s.step.key[i]?.allowsMissing)
        ? undefined
        : { ...s, step: { ...s.step, key } };
    }),
  ],
  [
    "keys mix",
    inSeq((s) => ({
      ...s,
      steps: s.steps.map((x) => ({ ...x, step: { ...x.step, key: [] } })),
    })),
  ],
  ["a window includes its start", inWin((w) => resized(w, 1))],
  ["a window is shorter", inWin((w) => resized(w, -500_000))],
  [
    "a window's threshold is one higher",
    inWin((w) => {
      const having = changeFirst(w.having, threshold(1));
      return having && { ...w, having };
    }),
  ],
  [
    "a window's condition is lost",
    inWin((w) => w.step.where && { ...w, step: { ...w.step, where: undefined } }),
  ],
  [
    "a window's keys mix",
    inWin((w) => (w.step.key.length > 0 ? { ...w, step: { ...w.step, key: [] } } : undefined)),
  ],
  ["no suppression", inRule((r) => r.suppress && { ...r, suppress: undefined })],
  [
    "suppression includes its end",
    inRule((r) => r.suppress && { ...r, suppress: { ...r.suppress, us: r.suppress.us + 1 } }),
  ],
  [
    "suppression has the rule's key",
    inRule((r) => r.suppress?.key && { ...r, suppress: { ...r.suppress, key: undefined } }),
  ],
  [
    "confidence counts the other way",
    inRule((r) => ({
      ...r,
      explain: {
        ...r.explain,
        confidence: {
          ...r.explain.confidence,
          terms: r.explain.confidence.terms.map((t) => ({ ...t, weight: -t.weight })),
        },
      },
    })),
  ],
  [
    "severity has no condition",
    inRule((r) => r.severity.when && { ...r, severity: { ...r.severity, when: undefined } }),
  ],
  [
    "a parameter has another value",
    (unit) => ({ ...unit, params: unit.params.map((p) => ({ ...p, value: Number(p.value) - 1 })) }),
  ],
];

describe("in what the interpreter runs", () => {
  test.each(unitMutants)("%s", (_name, mutate) => {
    const at = caughtAt(
      ({ compiled }) => {
        const { unit } = compiled.result;
        const [rule] = unit.rules;
        const mutant = rule && mutate(unit, rule);
        return mutant && { ...compiled, result: { ...compiled.result, unit: mutant } };
      },
      (mutant, ops, late) => runInterpreter(mutant, ops, late),
    );
    expect(at).toBeDefined();
  });
});

test("without a mutant nothing is caught", () => {
  const few = subjects.slice(0, 100).filter((s) => s !== undefined);
  expect(few.length).toBeGreaterThan(50);
  for (const { compiled, traces: own, expected, late } of few)
    for (const [at, ops] of own.entries())
      expect(texted(inTheEnd(runInterpreter(compiled, ops, late[at])))).toEqual(expected[at]);
});
