/**
 * The record of a Flink CEP case and its pattern as a flat list of atoms: what one step of a
 * sequence takes, how it follows the one before, what must not lie between.
 *
 * Flink's loops differ from ours inside: `consecutive` wants neighbours, `allowCombinations` leaves
 * events out at will, and the default takes each next one. A loop of an exact number is written out
 * as so many atoms where it is not the default; others are loops of ours where both mean the same
 * on the case's events, which the functions here decide by looking at them.
 */
import { Excluded, exclude } from "./corpus.ts";
import { readJava } from "./flink-java.ts";
import { javaText, judgeJava, type PartsOf, readsTaken, type Taken } from "./flink-taken.ts";

export interface Condition {
  readonly field?: "name" | "price" | "volume" | "id";
  readonly op?: string;
  readonly value?: string | number;
  readonly source?: string;
  readonly iterative?: boolean;
}

export interface FlinkStep {
  readonly op: string;
  readonly name?: string;
  readonly where?: readonly Condition[];
  readonly subtype?: string;
  readonly group?: readonly FlinkStep[];
  readonly times?: readonly number[];
  readonly oneOrMore?: boolean;
  readonly optional?: boolean;
  readonly greedy?: boolean;
  readonly consecutive?: boolean;
  readonly allowCombinations?: boolean;
  readonly until?: readonly Condition[];
  readonly within_ms?: number;
  readonly within_type?: string;
  readonly after_match_skip?: Skip;
}

export interface Skip {
  readonly strategy: string;
  readonly args: readonly string[];
}

export interface FlinkEvent {
  readonly ref: string;
  readonly ts: number | string | null;
  readonly id: number;
  readonly name: string;
  readonly price: number;
  readonly volume?: number;
  readonly type?: string;
}

export interface FlinkCase {
  readonly id: string;
  readonly pattern: readonly FlinkStep[];
  readonly events: readonly FlinkEvent[];
  readonly expected_matches: readonly (readonly string[])[];
  readonly after_match_skip?: Skip;
}

/** A condition on one event, in both notations. */
export interface Test {
  /** Tapio text for the event called `name`; `partsOf`: what the rule has of earlier steps. */
  readonly text: (name: string, partsOf?: PartsOf) => string;
  /** Without `taken` a test that reads it holds when it may. */
  readonly holds: (event: FlinkEvent, taken?: Taken) => boolean;
  /** It reads what was taken before the event. */
  readonly readsTaken: boolean;
}

export type Follow = "begin" | "next" | "followedBy" | "followedByAny";

export interface Atom {
  /** The step's name in Flink; of a step written out several times all atoms have it. */
  readonly name: string;
  readonly test: Test;
  readonly follow: Follow;
  readonly min: number;
  /** Infinity for an open loop; 1 with `isLoop` false is a single event. */
  readonly max: number;
  readonly isLoop: boolean;
  /** Flink may leave events out of the run, and there are more than its upper bound. */
  readonly isCombination: boolean;
  readonly isOptional: boolean;
  readonly isGreedy: boolean;
  /** Not between the atom before and this one; `isNextOnly`: not as the very next event. */
  readonly negatives: readonly { readonly test: Test; readonly isNextOnly: boolean }[];
  /** Longest time since the atom before, exclusive. */
  readonly gapMs: number | undefined;
}

export interface FlatPattern {
  readonly atoms: readonly Atom[];
  /** Options behind the last step that must happen: a match is complete without them. */
  readonly trailing: readonly Atom[];
  /** `notFollowedBy` at the end. */
  readonly absence: Test | undefined;
  readonly absenceMs: number;
  /** The absence counts from the atom before and not from the first event. */
  readonly isAbsenceFromLast: boolean;
  /** Longest time from first to last event, exclusive. */
  readonly spanMs: number | undefined;
  readonly isStrict: boolean;
  readonly skip: Skip;
}

const known = new Set(
  "op name where subtype group times oneOrMore optional greedy consecutive allowCombinations until within_ms within_type after_match_skip".split(
    " ",
  ),
);

/** `record` without groups of an inexact number of rounds (flink-groups.ts). */
export function flatten(record: FlinkCase): FlatPattern {
  const steps = record.pattern
    .flatMap((s, i) => unrollGroup(s, i === 0))
    .map((s, i) => (i === 0 ? { ...s, op: "begin" } : s));
  for (const step of steps) {
    for (const key of Object.keys(step)) {
      if (!known.has(key)) exclude(`the adapter does not know \`${key}\` of a step`);
    }
  }
  const atoms: Atom[] = [];
  let negatives: Atom["negatives"] = [];
  for (const step of steps) {
    if (step.op === "notNext" || step.op === "notFollowedBy") {
      negatives = [...negatives, { test: testOf(step), isNextOnly: step.op === "notNext" }];
      continue;
    }
    const [first, ...more] = atomsOf(step, record.events);
    if (first) atoms.push({ ...first, negatives }, ...more);
    negatives = [];
  }
  if (negatives.length > 1) exclude("more than one negative at the end");
  const isStrict = atoms.length > 1 && atoms.slice(1).every((a) => a.follow === "next");
  for (const [i, step] of steps.entries())
    checkLoop(step, steps.slice(i + 1), record.events, isStrict);
  checkPairs(atoms, record.events);
  const trailing = takeTrailing(atoms, negatives.length > 0);
  const skip = record.pattern[0]?.after_match_skip ?? record.after_match_skip;
  return {
    atoms,
    trailing,
    isStrict: isStrict && atoms.every((a) => !a.isOptional && a.negatives.length === 0),
    skip: skip ?? { strategy: "noSkip", args: [] },
    ...timesOf(steps, negatives[0]),
  };
}

/** Takes the options at the end off `atoms`; one that is all there is matches when it happens. */
function takeTrailing(atoms: Atom[], hasAbsence: boolean): Atom[] {
  const out: Atom[] = [];
  while (atoms.length > 1 && atoms.at(-1)?.isOptional) {
    const last = atoms.pop();
    if (last) out.unshift(last);
  }
  const [first] = atoms;
  if (atoms.length === 1 && first?.isOptional) {
    if (out.length > 0) exclude("nothing but options");
    atoms[0] = { ...first, isOptional: false };
  }
  if (out.length > 0 && (hasAbsence || out.some((a) => a.negatives.length > 0)))
    exclude("a negative beside an option at the end");
  return out;
}

function timesOf(steps: readonly FlinkStep[], absence: Atom["negatives"][number] | undefined) {
  const last = steps.at(-1);
  const whole = steps.filter((s) => s.within_ms !== undefined && !isBetween(s));
  if (absence?.isNextOnly) exclude("`notNext` as the last step");
  if (absence && last?.within_ms === undefined) exclude("an absence at the end without a time");
  return {
    absence: absence?.test,
    absenceMs: last?.within_ms ?? 0,
    isAbsenceFromLast: last !== undefined && isBetween(last),
    spanMs: whole.length === 0 ? undefined : Math.min(...whole.map((s) => s.within_ms ?? 0)),
  };
}

function isBetween(step: FlinkStep): boolean {
  return step.within_type?.includes("PREVIOUS_AND_CURRENT") ?? false;
}

/** A group that is repeated an exact number of times is so many copies of its steps. */
function unrollGroup(step: FlinkStep, isFirst: boolean): FlinkStep[] {
  if (!step.group) return [step];
  const [n = 1] = step.times ?? [];
  const again = step.consecutive ? "next" : step.allowCombinations ? "followedByAny" : "followedBy";
  return Array.from({ length: n }, (_, round) =>
    (step.group ?? []).flatMap((inner, i) => {
      const isVeryFirst = isFirst && round === 0 && i === 0;
      if (i > 0) return unrollGroup(inner, false);
      const op = round > 0 ? again : isVeryFirst ? "begin" : step.op;
      return unrollGroup({ ...inner, op }, isVeryFirst);
    }),
  ).flat();
}

function atomsOf(step: FlinkStep, events: readonly FlinkEvent[]): Atom[] {
  const follow = followOf(step.op);
  const [min, max] = countsOf(step);
  const single = {
    name: step.name ?? "",
    test: testOf(step),
    isLoop: false,
    isCombination: false,
    isOptional: false,
    isGreedy: step.greedy ?? false,
    negatives: [],
    min: 1,
    max: 1,
    gapMs: isBetween(step) ? step.within_ms : undefined,
  };
  const isOptional = (step.optional ?? false) || min === 0;
  if (max === 1) return [{ ...single, follow, isOptional }];
  const isExact = min === max && !isOptional;
  if (isExact && (step.consecutive || step.allowCombinations)) {
    const inner = step.consecutive ? "next" : "followedByAny";
    return Array.from({ length: min }, (_, i) => ({ ...single, follow: i === 0 ? follow : inner }));
  }
  if (isBetween(step)) exclude("a time between the events inside a loop");
  const isCut = events.filter((e) => single.test.holds(e)).length > max;
  const isCombination = isCut && (step.allowCombinations ?? false);
  return [
    { ...single, follow, isOptional, isLoop: true, isCombination, min: Math.max(min, 1), max },
  ];
}

function followOf(op: string): Follow {
  if (op === "begin" || op === "next" || op === "followedBy" || op === "followedByAny") return op;
  return exclude(`the adapter does not know the step \`${op}\``);
}

function countsOf(step: FlinkStep): readonly [number, number] {
  if (step.oneOrMore) return [step.times?.[0] ?? 1, Number.POSITIVE_INFINITY];
  if (!step.times) return [1, 1];
  const [min = 1, max = min] = step.times;
  return [min, max];
}

/**
 * Refuses loops that on these events mean something else than a run of ours. A loop at the end with
 * minimum 1 completes at its first event, so what goes on inside it does not matter. One that must
 * stop where the last step begins does not matter either: that event completes the match.
 */
function checkLoop(
  step: FlinkStep,
  later: readonly FlinkStep[],
  events: readonly FlinkEvent[],
  isStrict: boolean,
): void {
  const [min, max] = countsOf(step);
  if (max === 1 || step.op.startsWith("not")) return;
  const [next] = later;
  if (step.greedy && next && events.some((e) => testOf(step).holds(e) && testOf(next).holds(e)))
    exclude("a greedy loop keeps an event that the next step could take");
  if (min === max && (step.consecutive || step.allowCombinations) && !step.optional) return;
  if (!next && min <= 1) return;
  const { holds } = testOf(step);
  const stop = step.until && conditionTest(step.until);
  const taken = events.flatMap((e, i) => (holds(e) ? [i] : []));
  const end = stop ? events.findIndex((e, i) => i > (taken[0] ?? 0) && stop.holds(e)) : -1;
  const isLast = next?.op === "followedBy" && later.length === 1 && countsOf(next)[1] === 1;
  const ends = isLast && stop?.text("e") === testOf(next).text("e");
  if (stop && !ends && end >= 0 && taken.some((t) => t > end))
    exclude("`until` on a loop that goes on fitting after it");
  const run = taken.filter((t) => !ends || end < 0 || t < end);
  if (!step.consecutive || isStrict) return;
  if (testOf(step).readsTaken)
    exclude("neighbours only inside a loop over the events taken so far");
  if (run.some((at, i) => i > 0 && at !== (run[i - 1] ?? 0) + 1))
    exclude("neighbours only inside a loop: ours has `strict` for a whole sequence");
}

/**
 * Refuses neighbours in the list of atoms that the two systems treat differently on these events.
 */
function checkPairs(atoms: readonly Atom[], events: readonly FlinkEvent[]): void {
  for (const [i, atom] of atoms.entries()) {
    const before = atoms[i - 1];
    if (before?.isCombination && (atom.follow === "next" || atom.negatives.length > 0))
      exclude("combinations of a loop whose last event matters");
    for (const { test } of atom.negatives) {
      if (events.some((e) => test.holds(e) && atom.test.holds(e)))
        exclude("an event that is both forbidden and wanted");
      const run = before?.isLoop
        ? events.flatMap((e, at) => (before.test.holds(e) ? [at] : []))
        : [];
      const isInside = (at: number) => run.some((r) => r < at) && run.some((r) => r > at);
      if (events.some((e, at) => test.holds(e) && isInside(at)))
        exclude("a negative after a loop: in Flink it counts from the loop's first event");
    }
  }
}

function testOf(step: FlinkStep): Test {
  const parts = [conditionTest(step.where ?? [])];
  const { subtype } = step;
  if (subtype !== undefined)
    parts.push({
      text: (n) => `${n}.type == ${JSON.stringify(subtype)}`,
      holds: (e) => e.type === subtype,
      readsTaken: false,
    });
  if (step.until) {
    const stop = conditionTest(step.until);
    if (stop.readsTaken) exclude("`until` over the events taken so far");
    parts.push({
      text: (n) => `not (${stop.text(n)})`,
      holds: (e) => !stop.holds(e),
      readsTaken: false,
    });
  }
  return all(parts);
}

function conditionTest(conditions: readonly Condition[]): Test {
  return all(conditions.map(oneTest));
}

function all(tests: readonly Test[]): Test {
  return {
    text: (n, partsOf) =>
      tests
        .map((t) => t.text(n, partsOf))
        .filter((t) => t !== "true")
        .join(" and ") || "true",
    holds: (e, taken) => tests.every((t) => t.holds(e, taken)),
    readsTaken: tests.some((t) => t.readsTaken),
  };
}

const operators: Readonly<Record<string, string>> = {
  eq: "==",
  ne: "!=",
  gt: ">",
  lt: "<",
  ge: ">=",
  gte: ">=",
  le: "<=",
  lte: "<=",
};

function oneTest(c: Condition): Test {
  if (c.iterative || c.source !== undefined) return javaTest(c.source ?? "", c.iterative ?? false);
  const { field = "name", op = "", value = "" } = c;
  if (op === "contains" || op === "startsWith" || op === "endsWith")
    return nameTest(op, `${value}`);
  const symbol = operators[op];
  if (!symbol) return exclude(`the adapter does not know the condition \`${op}\``);
  const literal = typeof value === "string" ? JSON.stringify(value) : decimal(value);
  return {
    text: (n) => `${n}.${field} ${symbol} ${literal}`,
    holds: (e) => compare(e[field], symbol, value),
    readsTaken: false,
  };
}

function decimal(x: number): string {
  return Number.isInteger(x) ? x.toFixed(1) : String(x);
}

function compare(a: string | number | undefined, op: string, b: string | number): boolean {
  if (a === undefined) return false;
  if (op === "==") return a === b;
  if (op === "!=") return a !== b;
  if (op === ">") return a > b;
  if (op === "<") return a < b;
  return op === ">=" ? a >= b : a <= b;
}

function nameTest(method: string, text: string): Test {
  const operator = method.toLowerCase();
  return {
    text: (n) => `${n}.name ${operator} ${JSON.stringify(text)}`,
    holds: ({ name }) =>
      method === "contains"
        ? name.includes(text)
        : method === "startsWith"
          ? name.startsWith(text)
          : name.endsWith(text),
    readsTaken: false,
  };
}

/** What the reader leaves is excluded as a whole, whatever of it was too much. */
function javaTest(source: string, isIterative: boolean): Test {
  const reason = isIterative
    ? "a condition in Java over the events taken so far"
    : "a condition in Java";
  const condition = orExclude(reason, () => readJava(source));
  return {
    text: (n, partsOf) => orExclude(reason, () => javaText(condition, n, partsOf ?? unplaced)),
    holds: (e, taken) => judgeJava(condition, e, taken) ?? taken === undefined,
    readsTaken: readsTaken(condition),
  };
}

/** Where two texts are only compared. */
function unplaced(step: string) {
  return [{ name: step, isRun: true, isSure: false }];
}

function orExclude<T>(reason: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof Excluded) exclude(reason);
    throw error;
  }
}
