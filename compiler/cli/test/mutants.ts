/**
 * Small changes to a rule that a good test notices: thresholds by one, spans halved and doubled,
 * conditions dropped and negated, neighbouring steps swapped, keys and negatives dropped, and what
 * becomes of matches changed (outcome-mutants.ts). They are made on the core form, where a rule is
 * plain data.
 */
import {
  type All,
  type CoreRule,
  type Inv,
  type KeyPart,
  type Pattern,
  printExpr,
  type Schema,
  type Seq,
  type SeqStep,
  type Step,
  type Value,
  type Win,
  writerFor,
} from "#core";
import {
  type Basis,
  type Change,
  countChanges,
  eachOf,
  spanChanges,
  stepChanges,
  within,
} from "./changes.ts";
import { conditionVariants } from "./condition-mutants.ts";
import { outcomeChanges } from "./outcome-mutants.ts";

export interface Mutant {
  /** What was changed and where. */
  readonly description: string;
  readonly rule: CoreRule;
  /** Steps that changed places: captures are numbered the other way round. */
  readonly swapped: readonly [number, number] | undefined;
}

export function mutantsOf(
  rule: CoreRule,
  params: ReadonlyMap<string, Value>,
  schema: Schema,
): Mutant[] {
  const basis: Basis = { params, writerAt: (step) => writerFor(rule, step, schema) };
  const changes = [...patternChanges(rule.pattern, basis), ...keyChanges(rule.pattern)].map(
    ({ description, to }) => ({
      description,
      rule: { ...rule, pattern: to },
      swapped: undefined,
    }),
  );
  const outcomes = outcomeChanges(rule, basis).map(({ description, to }) => ({
    description,
    rule: to,
    swapped: undefined,
  }));
  return [...changes, ...exceptionMutants(rule), ...swapMutants(rule), ...outcomes];
}

function patternChanges(pattern: Pattern, basis: Basis): Change<Pattern>[] {
  switch (pattern.node) {
    case "seq":
      return seqChanges(pattern, basis);
    case "all":
      return allChanges(pattern, basis);
    case "win":
      return winChanges(pattern, basis);
    case "inv":
      return invChanges(pattern, basis);
  }
}

function seqChanges(seq: Seq, basis: Basis): Change<Seq>[] {
  const { deadline, until } = seq;
  return [
    ...within(
      eachOf(seq.steps, (s) => seqStepChanges(s, basis)),
      (steps) => ({ ...seq, steps }),
    ),
    ...within(spanChanges("`within`", seq.within, basis), (w) => ({ ...seq, within: w })),
    ...(deadline
      ? [
          ...within(stepChanges(deadline.step, basis), (step) => ({
            ...seq,
            deadline: { ...deadline, step },
          })),
          ...within(
            spanChanges(`the wait for \`${deadline.step.name}\``, deadline.wait, basis),
            (wait) => ({
              ...seq,
              deadline: { ...deadline, wait },
            }),
          ),
        ]
      : []),
    ...within(untilChanges(until, basis), (to) => ({ ...seq, until: to })),
  ];
}

function seqStepChanges(s: SeqStep, basis: Basis): Change<SeqStep>[] {
  const { repeat } = s;
  const dropped = s.without.map((negative, i) => ({
    description: `\`without ${negative.name}\` is dropped`,
    to: { ...s, without: s.without.filter((_, j) => j !== i) },
  }));
  return [
    ...within(stepChanges(s.step, basis), (step) => ({ ...s, step })),
    ...within(
      eachOf(s.without, (w) => stepChanges(w, basis)),
      (without) => ({ ...s, without }),
    ),
    ...dropped,
    ...within(gapChanges(s, basis), (gap) => ({ ...s, gap })),
    ...(repeat
      ? within(countChanges(`\`repeat\` of \`${s.step.name}\``, repeat.min, basis), (min) => ({
          ...s,
          repeat: { ...repeat, min },
        }))
      : []),
  ];
}

function gapChanges({ gap, step }: SeqStep, basis: Basis): Change<SeqStep["gap"]>[] {
  const what = `the gap before \`${step.name}\``;
  if (gap?.gap === "within")
    return within(spanChanges(what, gap.max, basis), (max) => ({ ...gap, max }));
  if (gap?.gap === "after")
    return within(spanChanges(what, gap.min, basis), (min) => ({ ...gap, min }));
  return gap ? [{ description: `\`next\` before \`${step.name}\` is dropped`, to: undefined }] : [];
}

function allChanges(all: All, basis: Basis): Change<All>[] {
  const needs = [all.need - 1, all.need + 1].filter((n) => n >= 1 && n <= all.steps.length);
  return [
    ...within(
      eachOf(all.steps, (x) => stepChanges(x, basis)),
      (steps) => ({ ...all, steps }),
    ),
    ...within(spanChanges("`within`", all.within, basis), (w) => ({ ...all, within: w })),
    ...needs.map((need) => ({
      description: `${need} instead of ${all.need} steps are needed`,
      to: { ...all, need },
    })),
    ...within(untilChanges(all.until, basis), (until) => ({ ...all, until })),
  ];
}

function winChanges(win: Win, basis: Basis): Change<Win>[] {
  const { shape } = win;
  const shapes: Change<Win["shape"]>[] =
    shape.shape === "session"
      ? within(spanChanges("the session's gap", shape.gap, basis), (gap) => ({ ...shape, gap }))
      : within(spanChanges("the window", shape.size, basis), (size) => ({ ...shape, size }));
  return [
    ...within(stepChanges(win.step, basis), (step) => ({ ...win, step })),
    ...within(
      conditionVariants("`having`", win.having, basis.writerAt(win.step.name)),
      (having) => ({
        ...win,
        having,
      }),
    ),
    ...within(shapes, (to) => ({ ...win, shape: to })),
  ];
}

function invChanges(inv: Inv, basis: Basis): Change<Inv>[] {
  return [
    ...within(stepChanges(inv.step, basis), (step) => ({ ...inv, step })),
    ...within(spanChanges("the wait", inv.wait, basis), (wait) => ({ ...inv, wait })),
    ...(inv.where
      ? within(
          conditionVariants("the entities' condition", inv.where, basis.writerAt("entity")),
          (where) => ({
            ...inv,
            where,
          }),
        )
      : []),
  ];
}

function untilChanges(until: Step | undefined, basis: Basis): Change<Step | undefined>[] {
  if (!until) return [];
  return [
    { description: `\`until ${until.name}\` is dropped`, to: undefined },
    ...stepChanges(until, basis),
  ];
}

/** Every part of the key, dropped from all steps at once. */
function keyChanges(pattern: Pattern): Change<Pattern>[] {
  const parts = stepsIn(pattern)[0]?.key ?? [];
  return parts.map((part, i) => ({
    description: `the key \`${printExpr(part.expr).replace("current.", "")}\` is dropped`,
    to: withSteps(pattern, (s) => ({ ...s, key: dropAt(s.key, i) })),
  }));
}

function dropAt(key: readonly KeyPart[], at: number): KeyPart[] {
  return key.filter((_, i) => i !== at);
}

function stepsIn(pattern: Pattern): readonly Step[] {
  if (pattern.node === "seq") return pattern.steps.map((s) => s.step);
  return pattern.node === "all" ? pattern.steps : [pattern.step];
}

function withSteps(pattern: Pattern, change: (step: Step) => Step): Pattern {
  switch (pattern.node) {
    case "seq":
      return {
        ...pattern,
        steps: pattern.steps.map((s) => ({
          ...s,
          step: change(s.step),
          without: s.without.map(change),
        })),
        deadline: pattern.deadline && { ...pattern.deadline, step: change(pattern.deadline.step) },
        until: pattern.until && change(pattern.until),
      };
    case "all":
      return {
        ...pattern,
        steps: pattern.steps.map(change),
        until: pattern.until && change(pattern.until),
      };
    default:
      return { ...pattern, step: change(pattern.step) };
  }
}

function exceptionMutants(rule: CoreRule): Mutant[] {
  return rule.exceptions.map((e, i) => ({
    description: `\`except "${e.reason}"\` is dropped`,
    rule: { ...rule, exceptions: rule.exceptions.filter((_, j) => j !== i) },
    swapped: undefined,
  }));
}

/** Neighbouring steps of a sequence in the other order, with everything that speaks of them. */
function swapMutants(rule: CoreRule): Mutant[] {
  const { pattern } = rule;
  if (pattern.node !== "seq") return [];
  return pattern.steps.slice(1).flatMap((later, i): Mutant[] => {
    const earlier = pattern.steps[i];
    if (!earlier || earlier.isOptional || later.isOptional) return [];
    // Gaps and negatives belong to the place in the sequence, not to the step.
    const first = { ...later, gap: earlier.gap, without: earlier.without };
    const second = { ...earlier, gap: later.gap, without: later.without };
    const steps = pattern.steps.with(i, first).with(i + 1, second);
    const swapped = [i, i + 1] as const;
    return [
      {
        description: `\`${earlier.step.name}\` and \`${later.step.name}\` are swapped`,
        rule: renumbered({ ...rule, pattern: { ...pattern, steps } }, swapped),
        swapped,
      },
    ];
  });
}

/** `data` with captures `a` and `b` exchanged wherever an expression or explanation names them. */
export function renumbered<T>(data: T, [a, b]: readonly [number, number]): T {
  const other = (n: unknown) => (n === a ? b : n === b ? a : n);
  const named = new Set(["step", "skip", "from", "to"]);
  const walk = (x: unknown): unknown => {
    if (Array.isArray(x)) return x.map(walk);
    if (typeof x !== "object" || x === null || Object.getPrototypeOf(x) !== Object.prototype)
      return x;
    const entries = Object.entries(x).map(([key, value]): [string, unknown] => {
      if (typeof value === "number") return [key, named.has(key) ? other(value) : value];
      const isNumbers = Array.isArray(value) && value.every((v) => typeof v === "number");
      const isSteps = isNumbers && (key === "steps" || key === "firstOf");
      return [key, isSteps ? value.map(other) : walk(value)];
    });
    return Object.fromEntries(entries);
  };
  return walk(data) as T;
}
