/**
 * Small changes to a rule that a good test notices: thresholds by one, spans halved and doubled,
 * conditions dropped and negated, neighbouring steps swapped, keys and negatives dropped. They are
 * made on the core form, where a rule is plain data.
 */
import {
  type All,
  type CoreRule,
  type Count,
  type Duration,
  formatDuration,
  type Inv,
  type KeyPart,
  type Pattern,
  printExpr,
  type Seq,
  type SeqStep,
  type Step,
  stepsOf,
  type Value,
  type Win,
} from "#core";
import { conditionVariants } from "./condition-mutants.ts";

export interface Mutant {
  /** What was changed and where. */
  readonly description: string;
  readonly rule: CoreRule;
  /** Steps that changed places: captures are numbered the other way round. */
  readonly swapped: readonly [number, number] | undefined;
}

interface Change<T> {
  readonly description: string;
  readonly to: T;
}

type Params = ReadonlyMap<string, Value>;

export function mutantsOf(rule: CoreRule, params: Params): Mutant[] {
  const names = stepsOf(rule.pattern).map((s) => s.name);
  const named = (text: string) => text.replace(/@(\d+)/g, (all, n) => names[Number(n)] ?? all);
  return changesOf(rule, params).map((m) => ({ ...m, description: named(m.description) }));
}

function changesOf(rule: CoreRule, params: Params): Mutant[] {
  const changes = [...patternChanges(rule.pattern, params), ...keyChanges(rule.pattern)].map(
    ({ description, to }) => ({
      description,
      rule: { ...rule, pattern: to },
      swapped: undefined,
    }),
  );
  return [...changes, ...exceptionMutants(rule), ...swapMutants(rule)];
}

function patternChanges(pattern: Pattern, params: Params): Change<Pattern>[] {
  switch (pattern.node) {
    case "seq":
      return seqChanges(pattern, params);
    case "all":
      return allChanges(pattern, params);
    case "win":
      return winChanges(pattern, params);
    case "inv":
      return invChanges(pattern, params);
  }
}

/** The changes of a part, put back into the whole. */
function within<T, U>(changes: readonly Change<T>[], put: (part: T) => U): Change<U>[] {
  return changes.map(({ description, to }) => ({ description, to: put(to) }));
}

function eachOf<T>(items: readonly T[], change: (item: T) => Change<T>[]): Change<T[]>[] {
  return items.flatMap((item, i) => within(change(item), (to) => items.with(i, to)));
}

function seqChanges(seq: Seq, params: Params): Change<Seq>[] {
  const { deadline, until } = seq;
  return [
    ...within(
      eachOf(seq.steps, (s) => seqStepChanges(s, params)),
      (steps) => ({ ...seq, steps }),
    ),
    ...within(spanChanges("`within`", seq.within, params), (w) => ({ ...seq, within: w })),
    ...(deadline
      ? [
          ...within(stepChanges(deadline.step), (step) => ({
            ...seq,
            deadline: { ...deadline, step },
          })),
          ...within(
            spanChanges(`the wait for \`${deadline.step.name}\``, deadline.wait, params),
            (wait) => ({
              ...seq,
              deadline: { ...deadline, wait },
            }),
          ),
        ]
      : []),
    ...within(untilChanges(until), (to) => ({ ...seq, until: to })),
  ];
}

function seqStepChanges(s: SeqStep, params: Params): Change<SeqStep>[] {
  const { repeat } = s;
  const dropped = s.without.map((negative, i) => ({
    description: `\`without ${negative.name}\` is dropped`,
    to: { ...s, without: s.without.filter((_, j) => j !== i) },
  }));
  return [
    ...within(stepChanges(s.step), (step) => ({ ...s, step })),
    ...within(eachOf(s.without, stepChanges), (without) => ({ ...s, without })),
    ...dropped,
    ...within(gapChanges(s, params), (gap) => ({ ...s, gap })),
    ...(repeat
      ? within(countChanges(`\`repeat\` of \`${s.step.name}\``, repeat.min, params), (min) => ({
          ...s,
          repeat: { ...repeat, min },
        }))
      : []),
  ];
}

function gapChanges({ gap, step }: SeqStep, params: Params): Change<SeqStep["gap"]>[] {
  const what = `the gap before \`${step.name}\``;
  if (gap?.gap === "within")
    return within(spanChanges(what, gap.max, params), (max) => ({ ...gap, max }));
  if (gap?.gap === "after")
    return within(spanChanges(what, gap.min, params), (min) => ({ ...gap, min }));
  return gap ? [{ description: `\`next\` before \`${step.name}\` is dropped`, to: undefined }] : [];
}

function allChanges(all: All, params: Params): Change<All>[] {
  const needs = [all.need - 1, all.need + 1].filter((n) => n >= 1 && n <= all.steps.length);
  return [
    ...within(eachOf(all.steps, stepChanges), (steps) => ({ ...all, steps })),
    ...within(spanChanges("`within`", all.within, params), (w) => ({ ...all, within: w })),
    ...needs.map((need) => ({
      description: `${need} instead of ${all.need} steps are needed`,
      to: { ...all, need },
    })),
    ...within(untilChanges(all.until), (until) => ({ ...all, until })),
  ];
}

function winChanges(win: Win, params: Params): Change<Win>[] {
  const { shape } = win;
  const shapes: Change<Win["shape"]>[] =
    shape.shape === "session"
      ? within(spanChanges("the session's gap", shape.gap, params), (gap) => ({ ...shape, gap }))
      : within(spanChanges("the window", shape.size, params), (size) => ({ ...shape, size }));
  return [
    ...within(stepChanges(win.step), (step) => ({ ...win, step })),
    ...within(conditionVariants("`having`", win.having, win.step.name), (having) => ({
      ...win,
      having,
    })),
    ...within(shapes, (to) => ({ ...win, shape: to })),
  ];
}

function invChanges(inv: Inv, params: Params): Change<Inv>[] {
  return [
    ...within(stepChanges(inv.step), (step) => ({ ...inv, step })),
    ...within(spanChanges("the wait", inv.wait, params), (wait) => ({ ...inv, wait })),
    ...(inv.where
      ? within(conditionVariants("the entities' condition", inv.where, "entity"), (where) => ({
          ...inv,
          where,
        }))
      : []),
  ];
}

function stepChanges(step: Step): Change<Step>[] {
  if (!step.where) return [];
  const part = `step \`${step.name}\``;
  const dropped = {
    description: `${part}: its condition is dropped`,
    to: { ...step, where: undefined },
  };
  const variants = within(conditionVariants(part, step.where, step.name), (where) => ({
    ...step,
    where,
  }));
  return step.where.op === "and" ? variants : [dropped, ...variants];
}

function untilChanges(until: Step | undefined): Change<Step | undefined>[] {
  if (!until) return [];
  return [
    { description: `\`until ${until.name}\` is dropped`, to: undefined },
    ...stepChanges(until),
  ];
}

/** Half and double; a parameter stands for its value. */
function spanChanges(what: string, span: Duration | undefined, params: Params): Change<number>[] {
  const us = typeof span === "object" ? params.get(span.param) : span;
  if (typeof us !== "number" || us < 2) return [];
  return [Math.floor(us / 2), us * 2].map((to) => ({
    description: `${what} is ${formatDuration(to)} instead of ${formatDuration(us)}`,
    to,
  }));
}

function countChanges(what: string, count: Count, params: Params): Change<number>[] {
  const n = typeof count === "object" ? params.get(count.param) : count;
  if (typeof n !== "number") return [];
  return [n - 1, n + 1]
    .filter((to) => to >= 1)
    .map((to) => ({ description: `${what} is ${to} instead of ${n}`, to }));
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
