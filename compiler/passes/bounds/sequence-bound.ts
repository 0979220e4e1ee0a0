/** The bound of a sequence, on clocks that say the order and on those that do not. */
import {
  allStepsOf,
  type CoreRule,
  type CoreUnit,
  deadTimers,
  evidenceMax,
  findingsKept,
  numberedMax,
  type Param,
  placedBounds,
  reachOf,
  readsMatch,
  runAggregatesOf,
  type Seq,
  type SeqStep,
} from "#core";
import { type EventBytes, flag, word } from "./event-bytes.ts";
import { wholeTexts } from "./reads.ts";
import { always, type PatternBound, type Term, term, termByKeys } from "./term.ts";
import { keyWork, runWork, stepWork, type Tested } from "./work.ts";
import { longest } from "./worst.ts";

export function sequenceBound(
  unit: CoreUnit,
  rule: CoreRule,
  seq: Seq,
  params: ReadonlyMap<string, Param>,
  bytes: EventBytes,
): PatternBound {
  const slack = longest(seq.slack, params, "the width of the events' places");
  const isPlaced = reachOf(unit, allStepsOf(seq), slack) > 0;
  if (isPlaced) return placedBound(unit, rule, seq, bytes);
  if (isDecidedAtOnce(seq)) {
    const work = () => [...stepWork(unit, stepsTested(seq, 0)), ...keyWork(rule)];
    return { state: [], shared: [], work };
  }
  return exactBound(unit, rule, seq, bytes);
}

/** A single event is judged by itself; nothing is remembered. */
function isDecidedAtOnce(seq: Seq): boolean {
  return seq.steps.length === 1 && !seq.steps[0]?.repeat && !seq.deadline;
}

/** Whether something is decided at a time, and not by an event. */
function hasTimes(rule: CoreRule, seq: Seq): boolean {
  return seq.deadline !== undefined || isClosing(rule, seq);
}

function isClosing(rule: CoreRule, seq: Seq): boolean {
  return rule.policy.emit === "close" && seq.steps.at(-1)?.repeat !== undefined;
}

// ---------- on clocks that say the order ----------

/** What a partial match has besides its runs: its state, its first and its last event. */
const partialBytes = 6 * word + 2 * flag;
/** And when it waits: until when, since which event, and whether it is closed. */
const waitingBytes = 2 * word + flag;
/** What is kept of a key besides: doubt, what is due, what is counted. */
const keyStateBytes = 4 * word;

function exactBound(unit: CoreUnit, rule: CoreRule, seq: Seq, bytes: EventBytes): PatternBound {
  const slots = slotsOf(rule, seq);
  const isHeld = hasTimes(rule, seq) || seq.steps.at(-1)?.repeat !== undefined;
  const held = isHeld ? seq.steps : seq.steps.slice(0, -1);
  const waiting = hasTimes(rule, seq) ? waitingBytes : 0;
  const runs = held.map((s, at) => runBytes(s, at, bytes));
  const each = partialBytes + waiting + runs.reduce((n, x) => n + x, 0);
  const state: Term[] = [
    { what: `${slots} partial matches × ${inWords(unit, rule, held, each)}`, amount: slots * each },
  ];
  const evidence = evidenceMax(seq) + numberedMax(seq);
  if (evidence > 0) {
    const widest = Math.max(...seq.steps.map((s) => (s.repeat ? bytes.taken(s.step) : 0)));
    state.push(term(evidence, "events as evidence of runs", widest));
  }
  state.push({ what: "times and doubts", amount: keyStateBytes });
  const times = timersOf(rule, seq, bytes);
  return {
    state: [...state, ...times.state],
    shared: times.shared,
    work: () => [
      ...stepWork(unit, stepsTested(seq, slots)),
      ...runWork(unit, rule, 1),
      ...keyWork(rule),
    ],
  };
}

/** What a partial match has of a step: its run, and the events that are not shared with others. */
function runBytes({ step, repeat }: SeqStep, at: number, bytes: EventBytes): number {
  const events = repeat ? 2 : 1;
  return bytes.run(repeat?.keep ?? 1) + word + events * bytes.taken(step) + bytes.cells(at);
}

function inWords(unit: CoreUnit, rule: CoreRule, held: readonly SeqStep[], each: number): string {
  const whole = held.flatMap((s) => wholeTexts(unit, rule, s.step));
  const names = held.map((s) => `\`${s.step.name}\``).join(", ");
  return `${each} of ${names}${whole.length > 0 ? `, with all of ${whole.join(", ")}` : ""}`;
}

/** The next time of each key, and matches that wait to be told in order. */
function timersOf(rule: CoreRule, seq: Seq, bytes: EventBytes): Omit<PatternBound, "work"> {
  if (!hasTimes(rule, seq)) return { state: [], shared: [] };
  const timer = 2 * word + bytes.key();
  const waiting = (keysMax: number) => findingsKept({ keysMax }) + 1;
  const outbox = termByKeys(waiting, "matches to be told in order", word + bytes.match());
  return {
    state: [term(2, "times to decide at", timer)],
    shared: [
      always(term(deadTimers + 1, "times that may be out of date", timer)),
      ...(isClosing(rule, seq) ? [outbox] : []),
    ],
  };
}

/**
 * Of a plain sequence the newest partial of each state is enough; anything else keeps as many as
 * it may.
 */
function slotsOf(rule: CoreRule, seq: Seq): number {
  const { policy } = rule;
  const isPlain =
    policy.select === "tightest" &&
    !seq.deadline &&
    !seq.isStrict &&
    seq.steps.every((s) => !s.repeat && !s.isOptional && (!s.gap || s.gap.gap === "within")) &&
    allStepsOf(seq).every((s) => !s.where || !readsMatch(s.where));
  return isPlain ? Math.min(seq.steps.length - 1, seq.partials) : seq.partials;
}

/** How often each step is tested on an event when there are `slots` partial matches. */
function stepsTested(seq: Seq, slots: number): Tested[] {
  const starts = seq.steps.findIndex((s) => !s.isOptional);
  const against = (times: number) =>
    times === 1 ? "by itself" : `against ${slots} partial matches`;
  const positive = seq.steps.map(({ step }, i): Tested => {
    // As the next step or as one more of its run, and as the first of a match.
    const inside = i === 0 && !seq.steps[i]?.repeat ? 0 : slots;
    const times = inside + (i <= starts ? 1 : 0);
    return { step, times, against: against(times) };
  });
  const negative = seq.steps.flatMap((s) =>
    s.without.map((step): Tested => ({ step, times: slots, against: against(slots) })),
  );
  const end = seq.deadline ? [seq.deadline.step] : [];
  const { until } = seq;
  const cancel: Tested[] = until ? [untilTested(seq, until, slots)] : [];
  return [
    ...positive,
    ...negative,
    ...end.map((step) => ({ step, times: slots, against: against(slots) })),
    ...cancel,
  ];
}

/** What cancels is also tested on what the same event has begun or brought further. */
function untilTested(seq: Seq, step: Seq["steps"][number]["step"], slots: number): Tested {
  const alike = seq.steps.filter((s) => s.step.kinds.some((k) => step.kinds.includes(k))).length;
  const times = slots + alike * (slots + 1);
  return { step, times, against: `against ${times} partial matches` };
}

// ---------- on clocks that do not ----------

/** Interval and place of an event in the buffer. */
const entryBytes = 4 * word;
/** A way to match besides its runs; what it has for each step. */
const wayBytes = 6 * word;
const wayStepBytes = 2 * word;
/** What is kept of a key besides: places, doubt, what is due. */
const placedKeyBytes = 7 * word;

function placedBound(unit: CoreUnit, rule: CoreRule, seq: Seq, bytes: EventBytes): PatternBound {
  const all = allStepsOf(seq);
  const bounds = placedBounds(seq, rule.keysMax);
  const samples = word * runAggregatesOf(rule).length;
  const event = entryBytes + word * all.length + bytes.judgedLater(all) + samples;
  const later = bytes.judgedLater(seq.steps.map((s) => s.step));
  const held = entryBytes + word * all.length + later + samples;
  const way = wayBytes + wayStepBytes * seq.steps.length;
  const queued = 2 * word + bytes.key();
  const refs = bounds.refs + seq.partials * seq.steps.length;
  const times = timersOf(rule, seq, bytes);
  const waiting = (keysMax: number) => 2 * placedBounds(seq, keysMax).waiting;
  return {
    state: [
      term(bounds.entries, "events to look back at", event),
      ...(seq.deadline ? [term(bounds.held, "events of what waits for its time", held)] : []),
      term(seq.partials, "partial matches", way),
      term(refs, "places of events in them", word),
      { what: "places, times and doubts", amount: placedKeyBytes },
      ...times.state,
    ],
    shared: [termByKeys(waiting, "events to be judged or left", queued), ...times.shared],
    work: () => [
      { what: `tests of conditions, then it gives up`, amount: bounds.tests },
      ...runWork(unit, rule, bounds.entries),
      ...keyWork(rule),
    ],
  };
}
