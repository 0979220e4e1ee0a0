/**
 * A Flink pattern as a Tapio rule over one event kind, so that `next` sees every event of the case.
 *
 *     begin a                       a: flink.event where …
 *     next b                        then next b
 *     followedByAny b               then b                       (any later one)
 *     followedBy b                  without nb, then b           (the first later one)
 *     notFollowedBy x, … b          without x, then b
 *     notNext x, … b                without x where x.n == a.n + 1
 *     notFollowedBy x within T      then no x … for T
 *
 * An optional step gets no `without` of its own: left out, it would still forbid what it skipped.
 * Flink's times are exclusive, ours are inclusive: T becomes T − 1 µs.
 */
import { exclude } from "./corpus.ts";
import { type Sent, source } from "./execution.ts";
import type { Atom, FlatPattern, FlinkEvent, Test } from "./flink-pattern.ts";
import type { Part, PartsOf } from "./flink-taken.ts";

const schema = `module corpus.flink
${source}
event flink.event from corpus {
  one: int
  n: int
  name: string(64)
  price: float
  volume: float?
  type: string(32)?
  id: int
}
`;

/** `policies`: how to choose among the matches; the usual ones unless said. */
export function ruleText(pattern: FlatPattern, policies = ""): string {
  const lines = pattern.atoms.flatMap((atom, i) => atomLines(pattern, atom, i));
  if (pattern.absence) lines.push(absenceLine(pattern, pattern.absence));
  const within = pattern.spanMs === undefined ? "1d" : exclusive(pattern.spanMs);
  const strict = pattern.isStrict ? " strict" : "";
  return `${schema}
rule r {
  match sequence by one within ${within}${strict} partials 4000 {
    ${lines.join("\n    ")}
  }
  ${policies}
}
`;
}

/** A strategy of Flink's in our words; undefined when ours has none. */
export function skipText({ skip, atoms }: FlatPattern): string | undefined {
  if (skip.strategy === "skipPastLastEvent") return "select widest skip past";
  const named = atoms.flatMap((a, i) => (a.name === skip.args[0] ? [i] : []));
  if (skip.strategy === "skipToFirst") return `select widest skip to s${named[0]}`;
  if (skip.strategy === "skipToLast") return `select widest skip to s${named.at(-1)}`;
  return undefined;
}

export function sentEvents(events: readonly FlinkEvent[], isTimed: boolean): Sent[] {
  return events.map((e, n) => {
    const { name, price, volume, type, id } = e;
    return {
      kind: "flink.event",
      atUs: isTimed ? timeOf(events, n) * 1000 : n * 1_000_000,
      fields: { one: 1, n, name, price, volume, type, id },
    };
  });
}

/**
 * Times only matter under `within`; otherwise the events' order is the order they are listed in.
 */
function timeOf(events: readonly FlinkEvent[], at: number): number {
  const ts = events[at]?.ts;
  const before = at === 0 ? 0 : events[at - 1]?.ts;
  if (typeof ts !== "number" || typeof before !== "number" || ts < before)
    exclude("`within` over events whose times are not in order");
  return ts;
}

function exclusive(ms: number): string {
  return `${ms * 1000 - 1}us`;
}

function atomLines(pattern: FlatPattern, atom: Atom, i: number): string[] {
  const name = `s${i}`;
  const before = partsBefore(pattern, i);
  const out = atom.negatives.map((n, k) => {
    const test = n.isNextOnly ? nextOnly(pattern, n.test, `x${i}_${k}`, i) : n.test;
    return `without ${stepText(`x${i}_${k}`, test, before)}`;
  });
  if (atom.follow === "followedBy" && !atom.isOptional)
    out.push(`without ${stepText(`f${i}`, atom.test, before)}`);
  const gap = pattern.isStrict || i === 0 ? "" : gapOf(atom);
  const optional = atom.isOptional ? "optional " : "";
  const then = i === 0 ? "" : "then ";
  const step = stepText(name, atom.test, atom.isLoop ? withOwn(before, atom, name) : before);
  out.push(`${then}${gap}${optional}${step}${repeatOf(atom)}`);
  return out;
}

/** The steps of the rule before step `i` that are one step of Flink's. */
function partsBefore({ atoms }: FlatPattern, i: number): PartsOf {
  return (step) =>
    atoms.slice(0, i).flatMap((atom, k): Part[] => {
      const { isLoop, isOptional } = atom;
      return atom.name === step ? [{ name: `s${k}`, isRun: isLoop, isSure: !isOptional }] : [];
    });
}

/** In the condition of a loop its own name is the run so far. */
function withOwn(before: PartsOf, atom: Atom, name: string): PartsOf {
  const own: Part = { name, isRun: true, isSure: false };
  return (step) => (step === atom.name ? [...before(step), own] : before(step));
}

function gapOf(atom: Atom): string {
  if (atom.follow === "next") {
    if (atom.gapMs !== undefined) exclude("`next` with a time of its own");
    return "next ";
  }
  return atom.gapMs === undefined ? "" : `within ${exclusive(atom.gapMs)} `;
}

function nextOnly(pattern: FlatPattern, test: Test, name: string, i: number): Test {
  const before = pattern.atoms[i - 1];
  if (!before || before.isOptional || before.isLoop) exclude("`notNext` after a loop or an option");
  return {
    text: (n, partsOf) => `${bracketed(test.text(n, partsOf))} and ${name}.n == s${i - 1}.n + 1`,
    holds: test.holds,
    readsTaken: test.readsTaken,
  };
}

function bracketed(text: string): string {
  return text.includes(" or ") ? `(${text})` : text;
}

function stepText(name: string, test: Test, partsOf: PartsOf): string {
  const where = test.text(name, partsOf);
  return `${name}: flink.event${where === "true" ? "" : ` where ${where}`}`;
}

function repeatOf(atom: Atom): string {
  if (!atom.isLoop) return "";
  if (atom.max === atom.min) return ` repeat ${atom.min} keep 64`;
  return ` repeat ${atom.min}..${atom.max === Number.POSITIVE_INFINITY ? "" : atom.max} keep 64`;
}

/** Flink counts the time of an absence from the first event, unless the step says otherwise. */
function absenceLine(pattern: FlatPattern, test: Test): string {
  const time = exclusive(pattern.absenceMs);
  const step = stepText("x", test, partsBefore(pattern, pattern.atoms.length));
  if (pattern.isAbsenceFromLast) return `then no ${step} for ${time}`;
  const isInside = `x.time - first(s0).time <= ${time}`;
  return `then no ${step}${step.includes(" where ") ? " and" : " where"} ${isInside} for ${time}`;
}
