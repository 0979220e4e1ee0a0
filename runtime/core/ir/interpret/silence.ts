/**
 * What may be concluded from silence (LANGUAGE B.5, C.2). A source that made no progress may still
 * deliver what seems to be absent; one that lost events may have lost it.
 */
import { allStepsOf, type CoreUnit, concludesFromSilence, type Policy, stepsOf } from "../core.ts";
import { type Case, type Match, type MatchFacts, startOf, type Withheld } from "./match.ts";

/** `sound`: the silence is proven; the others are what the policy says of one that is not. */
export type Conclusion = "sound" | Policy["onLoss"];

/** What "no event of `kinds` in (from, to]" rests on. */
export interface Silence {
  readonly conclusion: Conclusion;
  /** The sources that leave it in doubt, indexes into `Schema.sources`. */
  readonly doubtful: readonly number[];
}

/** Whether "no event of `kinds` in (from, to]" may be concluded. */
export function silenceOf(the: Case, kinds: readonly number[], from: number, to: number): Silence {
  const { unit, rule, trace } = the;
  const sources = sourcesOf(unit, kinds);
  const stories = (trace.sources ?? []).filter((s) => sources.includes(s.source));
  const idle = stories.filter(
    (s) =>
      s.silentFrom !== undefined &&
      to >= s.silentFrom - (unit.schema.sources[s.source]?.latenessUs ?? 0),
  );
  const lossy = stories.filter((s) => s.lost.some((l) => l.at >= from && l.at <= to));
  const policies = [
    ...(idle.length > 0 ? [rule.policy.onIdle] : []),
    ...(lossy.length > 0 ? [rule.policy.onLoss] : []),
  ];
  const doubtful = [...new Set([...idle, ...lossy].map((s) => s.source))];
  const conclusion = (["hold", "drop", "flag"] as const).find((p) => policies.includes(p));
  return { conclusion: conclusion ?? "sound", doubtful };
}

/** A conclusion that is not drawn, and why. */
export function doubted(
  match: Match,
  conclusion: "hold" | "drop",
  doubtful: readonly number[],
): Withheld {
  return { match, cause: conclusion === "hold" ? "held" : "dropped", sources: doubtful };
}

/** The sources whose events can become events of `kinds`, through derived events and findings. */
export function sourcesOf(unit: CoreUnit, kinds: readonly number[]): number[] {
  const out = new Set<number>();
  for (const id of kinds) {
    const kind = unit.schema.kinds[id];
    if (kind?.made !== "finding") {
      if (kind) out.add(kind.source);
      continue;
    }
    const rule = unit.rules.find((r) => `finding.${r.module}.${r.name}` === kind.name);
    const inner = rule ? allStepsOf(rule.pattern).flatMap((s) => s.kinds) : [];
    for (const source of sourcesOf(unit, inner)) out.add(source);
  }
  return [...out];
}

/** `match` as one that may lack events of `steps`. */
export function withDoubt<M extends MatchFacts>(match: M, steps: readonly number[]): M {
  const { uncertain = [], incomplete = [] } = match.quality ?? {};
  const all = [...new Set([...incomplete, ...steps])].sort((a, b) => a - b);
  return { ...match, isIncomplete: true, quality: { uncertain, incomplete: all } };
}

/** Marks a match inside whose span events of one of its sources were lost. */
export function markLoss<M extends MatchFacts>(the: Case, match: M): M {
  return withLosses(the.unit, match, {
    lostSince: (source, from) =>
      (the.trace.sources ?? [])
        .filter((s) => s.source === source)
        .flatMap((s) => s.lost.filter((l) => l.at >= from && l.at <= match.at))
        .reduce((n, l) => n + l.count, 0),
    isSetBackSince: () => false,
  });
}

/** What became of the events of a source from a time, µs, up to that of a match, both included. */
export interface LossesUntilMatch {
  readonly lostSince: (source: number, from: number) => number;
  readonly isSetBackSince: (source: number, from: number) => boolean;
}

/**
 * `match` with what its sources lost around it, and whose clock was set back there. In doubt
 * are the steps that more events could have been taken for, and the one whose silence follows.
 */
export function withLosses<M extends MatchFacts>(
  unit: CoreUnit,
  match: M,
  { lostSince, isSetBackSince }: LossesUntilMatch,
): M {
  const { pattern } = match.rule;
  const sources = sourcesOf(
    unit,
    allStepsOf(pattern).flatMap((s) => s.kinds),
  ).sort((a, b) => a - b);
  const from = startOf(match);
  const losses = sources.flatMap((source) => {
    const count = lostSince(source, from);
    if (isSetBackSince(source, from)) return [{ source, count, isSetBack: true }];
    return count > 0 ? [{ source, count }] : [];
  });
  if (losses.length === 0) return match;
  const hit = (kinds: readonly number[]) =>
    sourcesOf(unit, kinds).some((s) => losses.some((l) => l.source === s));
  // A step that was left out is among them.
  const touched = stepsOf(pattern).flatMap(({ kinds }, i) => (hit(kinds) ? [i] : []));
  const silence = silenceIn(match);
  const isDoubtful =
    silence &&
    sourcesOf(unit, silence.kinds).some(
      // What begins with the step is watched as a whole.
      (s) => lostSince(s, silence.from) > 0 || isSetBackSince(s, silence.from + 1),
    );
  return { ...withDoubt(match, isDoubtful ? [...touched, silence.after] : touched), losses };
}

/** The silence that `match` rests on: of which kinds, since when, and after which step. */
function silenceIn(
  match: MatchFacts,
):
  | { readonly kinds: readonly number[]; readonly from: number; readonly after: number }
  | undefined {
  const { rule, captures, last } = match;
  const { pattern } = rule;
  if (!concludesFromSilence(rule)) return undefined;
  if (pattern.node === "win" || pattern.node === "inv")
    return { kinds: pattern.step.kinds, from: startOf(match), after: 0 };
  if (pattern.node !== "seq" || !pattern.deadline || !last) return undefined;
  const after = captures.findLastIndex((c) => c !== undefined);
  return { kinds: pattern.deadline.step.kinds, from: last.ts, after };
}
