/**
 * Rules whose conditions are trees over tests of one field each, and traces on which everything
 * fits but one event: what explains such a near miss can be put to the proof by changing fields.
 */
import fc from "fast-check";

export const fieldCount = 6;

export const whyNotSchema = `module law.schema
source s { lateness 100ms granularity 1us idle 2s rank 0 }
event t.any from s { k: int g: int ${Array.from({ length: fieldCount }, (_, i) => `f${i}: int?`).join(" ")} }
event t.a extends t.any {}
event t.b extends t.any {}
event t.c extends t.any {}
event t.n extends t.any {}
`;

/** A test of field `f<n>`, or one of its parts with an operator. */
export type Tree =
  | {
      readonly is: "test";
      readonly field: number;
      /** `e` is the event's name, `p` that of the step before. */
      readonly text: (e: string, p: string | undefined) => string;
      /** A value for which the test is true, and one for which it is false. */
      readonly yes: number;
      readonly no: number;
    }
  | { readonly is: "and" | "or"; readonly parts: readonly Tree[] }
  | { readonly is: "not"; readonly part: Tree };

/** What `g` is in every event, so that tests may compare with it. */
export const g = 2;

const eq: TestOf = (f) => ({
  is: "test",
  field: f,
  text: (e) => `${e}.f${f} == 1`,
  yes: 1,
  no: 0,
});
const tests: readonly TestOf[] = [
  eq,
  (f) => ({ is: "test", field: f, text: (e) => `${e}.f${f} != 1`, yes: 0, no: 1 }),
  (f) => ({ is: "test", field: f, text: (e) => `${e}.f${f} >= 2`, yes: 2, no: 1 }),
  (f) => ({ is: "test", field: f, text: (e) => `${e}.f${f} in [1, 3]`, yes: 3, no: 2 }),
  (f) => ({ is: "test", field: f, text: (e) => `${e}.f${f} + 1 < 3`, yes: 1, no: 2 }),
  (f) => ({
    is: "test",
    field: f,
    text: (e, p) => `${e}.f${f} == ${p ?? e}.g`,
    yes: g,
    no: g + 1,
  }),
];

/** A tree in which every field is tested once. */
export const tree: fc.Arbitrary<Tree> = fc
  .tuple(
    fc.shuffledSubarray([0, 1, 2, 3, 4, 5], { minLength: 1 }),
    fc.array(fc.constantFrom(...tests), { minLength: fieldCount, maxLength: fieldCount }),
  )
  .chain(([fields, of]) => treeOver(fields, of));

/** A tree in which the test of a field may stand in several places, and that can come out true. */
const knotted: fc.Arbitrary<Tree> = fc
  .tuple(
    fc.array(fc.nat({ max: 3 }), { minLength: 2, maxLength: 6 }),
    fc.array(fc.constantFrom(...tests), { minLength: fieldCount, maxLength: fieldCount }),
  )
  .chain(([fields, of]) => treeOver(fields, of))
  .filter((t) => canBe(t, true) && canBe(t, false));

/** Whether some outcome of the tests makes the tree come out as `wanted`. */
function canBe(t: Tree, wanted: boolean): boolean {
  const fields = [...valuesOf(t).keys()];
  return Array.from({ length: 1 << fields.length }, (_, bits) => bits).some(
    (bits) => holds(t, (f) => ((bits >> fields.indexOf(f)) & 1) === 1) === wanted,
  );
}

function holds(t: Tree, isTrue: (field: number) => boolean): boolean {
  if (t.is === "test") return isTrue(t.field);
  if (t.is === "not") return !holds(t.part, isTrue);
  return t.is === "and"
    ? t.parts.every((x) => holds(x, isTrue))
    : t.parts.some((x) => holds(x, isTrue));
}

type TestOf = (field: number) => Tree;

function treeOver(fields: readonly number[], of: readonly TestOf[]): fc.Arbitrary<Tree> {
  const [only = 0, ...others] = fields;
  if (others.length === 0) return fc.constant((of[only] ?? eq)(only));
  return fc.integer({ min: 1, max: fields.length - 1 }).chain((at) => {
    const parts = fc.tuple(treeOver(fields.slice(0, at), of), treeOver(fields.slice(at), of));
    return fc
      .tuple(fc.constantFrom("and", "or", "and", "not"), fc.constantFrom("and", "or"), parts)
      .map(([is, inner, both]): Tree => {
        if (is === "not") return { is: "not", part: { is: inner as "and" | "or", parts: both } };
        return { is: is as "and" | "or", parts: both };
      });
  });
}

export function treeText(t: Tree, e: string, p: string | undefined): string {
  switch (t.is) {
    case "test":
      return t.text(e, p);
    case "not":
      return `not (${treeText(t.part, e, p)})`;
    default:
      return `(${t.parts.map((x) => treeText(x, e, p)).join(` ${t.is} `)})`;
  }
}

/** Values by field, for which the tree comes out as `wanted`. */
export function satisfied(t: Tree, wanted = true): Map<number, number> {
  if (t.is === "not") return satisfied(t.part, !wanted);
  if (t.is === "test") return new Map([[t.field, wanted ? t.yes : t.no]]);
  return new Map(t.parts.flatMap((x) => [...satisfied(x, wanted)]));
}

/** The two values of each field that its test tells apart. */
export function valuesOf(t: Tree): Map<number, readonly [number, number]> {
  if (t.is === "not") return valuesOf(t.part);
  if (t.is === "test") return new Map([[t.field, [t.yes, t.no]]]);
  return new Map(t.parts.flatMap((x) => [...valuesOf(x)]));
}

/** Some of the fields true, some false, some missing. */
export function anyFields(t: Tree): fc.Arbitrary<Map<number, number | undefined>> {
  const fields = [...valuesOf(t)];
  const choices = fields.map(([field, [yes, no]]) =>
    fc
      .constantFrom<number | undefined>(yes, yes, no, no, undefined)
      .map((v) => [field, v] as const),
  );
  return fc.tuple(...choices).map((pairs) => new Map(pairs));
}

export type Fields = ReadonlyMap<number, number | undefined>;

export interface LawEvent {
  readonly kind: string;
  readonly seconds: number;
  readonly fields: Fields;
}

export interface WhyNotCase {
  readonly rule: string;
  /** Everything fits but what is tried: one of them is the near miss. */
  readonly events: readonly LawEvent[];
  /** What the explanation must be about. */
  readonly about: "candidate" | "killer";
}

const kinds = ["t.a", "t.b", "t.c"] as const;
const names = ["p", "q", "r"] as const;

/** A sequence or an all-of of which one step meets only events that may not fit. */
const steps: fc.Arbitrary<WhyNotCase> = fc
  .tuple(fc.constantFrom("sequence", "all of"), fc.integer({ min: 1, max: 3 }))
  .chain(([form, n]) => {
    const count = form === "all of" ? Math.max(2, n) : n;
    return fc
      .tuple(
        fc.array(tree, { minLength: count, maxLength: count }),
        fc.nat({ max: count - 1 }),
        fc.oneof(tree, knotted),
      )
      .map(([trees, at, tried]) => [trees.with(at, tried), at] as const)
      .chain(([trees, at]) =>
        fc.array(anyFields(trees[at] as Tree), { minLength: 1, maxLength: 3 }).map((tried) => {
          const lines = trees.map((t, i) => {
            const before = i > 0 ? names[i - 1] : undefined;
            const step = `${names[i]}: ${kinds[i]} where ${treeText(t, names[i] ?? "", before)}`;
            return form === "sequence" && i > 0 ? `then ${step}` : step;
          });
          const events = trees.flatMap((t, i): LawEvent[] => {
            const fields = i === at ? tried : [satisfied(t)];
            return fields.map((f, j) => ({ kind: kinds[i] ?? "", seconds: i + j / 10, fields: f }));
          });
          const body = `match ${form} by k within 10s {\n${lines.join("\n")}\n}`;
          return { rule: `rule r { ${body} }`, events, about: "candidate" as const };
        }),
      );
  });

/** A sequence with a negative, or an `until`, that may happen in between. */
const killed: fc.Arbitrary<WhyNotCase> = fc
  .tuple(fc.oneof(tree, knotted), fc.constantFrom("without", "until", "deadline"))
  .chain(([t, form]) =>
    anyFields(t).map((tried) => {
      const step = `n: t.n where ${treeText(t, "n", form === "until" ? undefined : "p")}`;
      const body = {
        without: `{ p: t.a\nwithout ${step}\nthen q: t.b }`,
        until: `{ p: t.a\nthen q: t.b } until ${step}`,
        deadline: `{ p: t.a\nthen no ${step} for 5s }`,
      }[form as "without" | "until" | "deadline"];
      const events: LawEvent[] = [
        { kind: "t.a", seconds: 0, fields: new Map() },
        { kind: "t.n", seconds: 1, fields: tried },
        { kind: "t.b", seconds: 2, fields: new Map() },
      ];
      return {
        rule: `rule r { match sequence by k within 10s ${body} }`,
        events,
        about: "killer" as const,
      };
    }),
  );

/** A window that lacks one event, with others that may not fit. */
const counted: fc.Arbitrary<WhyNotCase> = fc
  .tuple(tree, fc.integer({ min: 0, max: 3 }))
  .chain(([t, fitting]) =>
    fc.array(anyFields(t), { minLength: 1, maxLength: 3 }).map((tried) => {
      const where = treeText(t, "e", undefined);
      const size = "sliding 10s by k";
      const all = [...Array.from({ length: fitting }, () => satisfied(t)), ...tried];
      return {
        rule: `rule r { match over e: t.a where ${where} ${size} having count() >= ${fitting + 1} }`,
        events: all.map((fields, i) => ({ kind: "t.a", seconds: i / 10, fields })),
        about: "candidate" as const,
      };
    }),
  );

export const whyNotCase: fc.Arbitrary<WhyNotCase> = fc.oneof(
  { weight: 4, arbitrary: steps },
  { weight: 2, arbitrary: killed },
  { weight: 2, arbitrary: counted },
);
