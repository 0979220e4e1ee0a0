/**
 * Random units whose rules tell what is not certain yet, over the kinds of the other forms; and
 * what of the revisions of a finding must hold.
 */
import fc from "fast-check";
import type { Finding } from "#core";

const where = (n: string) =>
  fc.constantFrom("", "", ` where ${n}.x >= 1`, ` where ${n}.x == 1`, ` where has ${n}.x`);
const kind = fc.constantFrom("t.a", "t.b", "t.c", "log.made");
const step = (n: string) => fc.tuple(kind, where(n)).map(([k, w]) => `${n}: ${k}${w}`);

const pattern = fc.oneof(
  fc
    .tuple(step("p"), step("q"), fc.constantFrom("", "within 1s ", "after 1s..3s "))
    .map(([p, q, gap]) => `match sequence by k within 4s { ${p}\n then ${gap}${q} }`),
  fc
    .tuple(step("p"), fc.constantFrom("1..", "2.."), step("q"))
    .map(([p, n, q]) => `match sequence by k within 5s { ${p} repeat ${n}\n then ${q} }`),
  fc.tuple(step("p"), step("q")).map(([p, q]) => `match all of by k within 3s { ${p}\n ${q} }`),
  step("p").map((p) => `match over ${p} sliding 3s by k having count() >= 2`),
  step("p").map((p) => `match ${p}`),
);
const after = fc.constantFrom(
  "",
  "suppress 2s",
  "rate 1 per 3s",
  "resolve after 2s quiet",
  'except "x" when p.x == 2',
);

export const eagerUnit: fc.Arbitrary<string> = fc.tuple(pattern, after).map(
  ([p, more]) => `module eager.rules
import forms.schema
derive log.made from e: t.a | t.d where e.k == 1 set { x: e.x k: e.k }
rule r { ${p}
  emit eager
  ${more}
  explain { root p summary "{count(p)} {p.x ?? 9}" } }
rule top { match f: finding.r
  explain { root f summary "{f.summary}" } }
`,
);

/** Everything that was told of each finding, in order. */
export function byId(told: readonly Finding[]): Map<string, Finding[]> {
  const out = new Map<string, Finding[]>();
  for (const f of told) out.set(f.id, [...(out.get(f.id) ?? []), f]);
  return out;
}

/** Of each finding every revision is told once, in order; what is proven is not taken back. */
export function areInOrder(told: readonly Finding[]): boolean {
  return [...byId(told).values()].every(
    (revisions) =>
      revisions.every((f, i) => f.revision === i) &&
      revisions.slice(0, -1).every((f) => f.state !== "retracted") &&
      revisions.slice(1).every((f) => f.state === "retracted" || !f.isProvisional),
  );
}

/**
 * Whether each finding of `rule` was told before anything proved it: in the order in which things
 * happened, and on clocks that tell it, there is nothing to wait for.
 */
export function isToldAtOnce(told: readonly Finding[], rule: string): boolean {
  return [...byId(told).values()].every(
    ([first]) => first?.rule !== rule || first.isProvisional || first.state === "retracted",
  );
}
