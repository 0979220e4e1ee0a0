/** Near misses and matches that were not reported, as plain data in the words of the rule. */
import { valuesOf, writerFor } from "./condition.ts";
import {
  type Atom,
  allStepsOf,
  type Candidate,
  type CoreRule,
  type CoreUnit,
  type Expr,
  formatDuration,
  formatTime,
  type NearMiss,
  negated,
  type Proof,
  stepsOf,
  type Withheld,
} from "./ir/index.ts";
import { findingOf, type Judged } from "./judge.ts";
import { keyNames } from "./rule-key.ts";
import type { EventData, Value } from "./schema.ts";

/** A key, part by part. */
export type ToldKey = readonly (readonly [name: string, value: string])[];

export interface ToldFinding {
  readonly id: string;
  readonly at: number;
  readonly key: ToldKey;
  readonly summary: string;
}

export interface ToldWithheld extends ToldFinding {
  readonly cause: Withheld["cause"] | "late" | "evicted" | "unreported";
  readonly why: string;
}

export interface ToldEvent {
  readonly step: string;
  readonly event: string;
  readonly eventId: string;
  readonly ts: number;
}

export interface ToldAtom {
  /** In the words of the rule, as it would have to hold. */
  readonly text: string;
  /** Null: a value was missing. */
  readonly holds: boolean | null;
  /** One of the fewest tests without which it would have held. */
  readonly isNeeded: boolean;
  readonly values: readonly (readonly [text: string, value: string])[];
}

export interface ToldCandidate extends ToldEvent {
  readonly atoms: readonly ToldAtom[];
  /** Out of its time by so much, µs. */
  readonly overshootUs: number;
  readonly isEarly: boolean;
  readonly between: ToldEvent | undefined;
}

export interface ToldKiller extends ToldEvent {
  readonly atoms: readonly ToldAtom[];
}

export interface ToldMiss {
  readonly cause: NearMiss["cause"];
  readonly key: ToldKey;
  /** When it could not come true any more, µs; undefined: it could for ever. */
  readonly at: number | undefined;
  readonly reached: number;
  /** How many steps there are; of a window undefined. */
  readonly of: number | undefined;
  readonly events: readonly ToldEvent[];
  readonly missing: string;
  readonly why: string;
  readonly overshootUs: number | undefined;
  /** What negated or cancelled it; with the tests as they would have to come out. */
  readonly by: ToldKiller | undefined;
  /** The condition of a window. */
  readonly having: readonly ToldAtom[];
  readonly candidates: readonly ToldCandidate[];
  readonly wouldMatch: string;
}

/** Half a match that was given up for room. */
export interface ToldGivenUp {
  readonly key: ToldKey;
  /** When it was given up, µs. */
  readonly at: number;
  readonly reached: number;
  readonly why: string;
}

/** What the engine made of a recording. */
export interface Replayed {
  /** Ids of the findings that stand in the end. */
  readonly findings: ReadonlySet<string>;
  /** Ids of the events that came too late to be judged. */
  readonly late: ReadonlySet<string>;
  /** How often state was given up for room. */
  readonly evicted: number;
}

/** What of a question the words are about. */
export interface Asked {
  readonly unit: CoreUnit;
  readonly rule: CoreRule;
  readonly params: ReadonlyMap<string, Value>;
  readonly replayed: Replayed;
}

export class Words {
  readonly #question: Asked;
  readonly #names: readonly string[];

  constructor(question: Asked) {
    this.#question = question;
    this.#names = keyNames(question.rule, question.unit.schema);
  }

  finding({ finding, match }: Judged): ToldFinding {
    const { id, at, summary } = finding;
    return { id, at, key: this.#key(match.key), summary };
  }

  withheld(w: Withheld, judged: Judged): ToldWithheld {
    const told = this.finding(judged);
    const isReplayed = this.#question.replayed.findings.has(told.id) === true;
    const unless = isReplayed ? "; a replay reports it, as nothing comes after its end" : "";
    return { ...told, cause: w.cause, why: `${this.#reason(w)}${unless}` };
  }

  givenUp({
    key,
    at,
    reached,
  }: {
    readonly key: string;
    readonly at: number;
    readonly reached: number;
  }): ToldGivenUp {
    const { rule } = this.#question;
    const { pattern } = rule;
    const steps = stepsOf(pattern).length;
    const far =
      pattern.node === "win" ? "" : `, ${Math.min(reached, steps)} of ${steps} steps far,`;
    const partials = "partials" in pattern ? ` and \`partials ${pattern.partials}\` of each` : "";
    return {
      key: this.#key(key),
      at,
      reached,
      why: `its partial match${far} was given up for room at ${formatTime(at)}: the rule keeps \`keys max ${rule.keysMax}\`${partials}`,
    };
  }

  /** Found in the recording as a whole, and not by the engine as the events came. */
  unreported(judged: Judged): ToldWithheld {
    const { replayed } = this.#question;
    const { captures, view } = judged.match;
    const events = [...captures.flatMap((c) => c?.kept ?? []), ...(view?.events ?? [])];
    const late = events.find((e) => replayed.late.has(e.id));
    const told = this.finding(judged);
    if (late) {
      const why = `${this.#kind(late)} at ${formatTime(late.ts)} came after its time was decided, so it was not judged`;
      return { ...told, cause: "late", why };
    }
    if (replayed.evicted > 0)
      return {
        ...told,
        cause: "evicted",
        why: "the engine gave up state for room before it matched",
      };
    return { ...told, cause: "unreported", why: "a replay does not report it" };
  }

  #reason({ cause, sources = [], reason, since }: Withheld): string {
    const { rule, unit, params } = this.#question;
    const names = sources.map((s) => `\`${unit.schema.sources[s]?.name ?? "?"}\``).join(", ");
    switch (cause) {
      case "held":
        return `it rests on silence, which is in doubt: source ${names} was silent or lost events`;
      case "dropped":
        return `it rests on silence, and source ${names} was silent or lost events`;
      case "excepted":
        return `an exception holds: ${reason ?? ""}`;
      case "limited": {
        const { max = 0, us = 0 } = rule.rate ?? {};
        return `the rate of ${max} in ${formatDuration(us)} was reached`;
      }
      case "suppressed": {
        const id = since ? findingOf(unit, params, since, {}).id : "";
        const at = since ? formatTime(since.at) : "";
        return `suppressed for ${formatDuration(rule.suppress?.us ?? 0)} after finding ${id} at ${at}`;
      }
    }
  }

  miss(miss: NearMiss): ToldMiss {
    const { rule } = this.#question;
    const steps = stepsOf(rule.pattern);
    return {
      cause: miss.cause,
      key: this.#key(miss.key),
      at: Number.isFinite(miss.at) ? miss.at : undefined,
      reached: miss.reached,
      of: stepCount(rule),
      events: miss.captures.flatMap((c, i) =>
        (c?.kept ?? []).map((e) => this.#event(steps[i]?.name ?? "", e)),
      ),
      missing: miss.missing,
      why: this.#why(miss),
      overshootUs: miss.overshoot,
      by: miss.by && {
        ...this.#event(miss.by.step, miss.by.event),
        atoms: this.#proof(miss.by.step, miss.by.proof),
      },
      having: this.#having(miss),
      candidates: miss.candidates.map((c) => this.#candidate(c)),
      wouldMatch: this.#wouldMatch(miss),
    };
  }

  #why({ cause, missing, overshoot, by, at, reached }: NearMiss): string {
    const { node } = this.#question.rule.pattern;
    const who = by ? `\`${by.step}\` (${this.#kind(by.event)} at ${formatTime(by.event.ts)})` : "";
    const short = overshoot === undefined ? "" : formatDuration(overshoot);
    switch (cause) {
      case "expired":
        if (node === "inv") return `it was gone ${short} before the wait was over`;
        return `waited for \`${missing}\` until ${formatTime(at)}${late(overshoot)}`;
      case "negated":
        if (node === "inv") return `${who} came ${short} before the wait was over`;
        return `negated by ${who}`;
      case "cancelled":
        return `cancelled by ${who} while it waited for \`${missing}\``;
      case "threshold":
        return `the condition did not hold, with ${held(reached)} in the window`;
      case "unmet":
        return `no event could be \`${missing}\``;
      case "open":
        if (node === "win")
          return `the recording ends before the window does, with ${held(reached)}`;
        return `the recording ends while it waits for \`${missing}\``;
    }
  }

  /** What would have made it match. */
  #wouldMatch(miss: NearMiss): string {
    const { cause, by, missing, lacking = 1 } = miss;
    if ((cause === "negated" || cause === "cancelled") && by) {
      const tests = this.#neededTests(by.step, by.proof);
      const or = tests === "" ? "" : `, or there ${tests}`;
      return `no \`${by.step}\` at ${formatTime(by.event.ts)}${or}`;
    }
    const [best] = miss.candidates;
    if (miss.having) {
      const tests = this.#neededTests(missing, miss.having);
      if (cause === "open" && tests === "") return `the end of the window, ${formatTime(miss.at)}`;
      return best ? `${tests}; nearest is ${this.#asNeeded(best)}` : tests;
    }
    const more = lacking > 1 ? `, and ${lacking - 1} more` : "";
    if (best) return `${this.#asNeeded(best)}${more}`;
    const until = Number.isFinite(miss.at) ? ` until ${formatTime(miss.at)}` : "";
    if (this.#isForbidden(missing)) return `no \`${missing}\`${until}`;
    return `${this.#kindsOf(missing)} as \`${missing}\` under this key${until}${more}`;
  }

  #isForbidden(step: string): boolean {
    const { pattern } = this.#question.rule;
    if (pattern.node === "inv") return true;
    return pattern.node === "seq" && pattern.deadline?.step.name === step;
  }

  #asNeeded(c: Candidate): string {
    const tests = this.#neededTests(c.step, c.proof);
    const parts = tests === "" ? [] : [`with ${tests}`];
    if (c.overshoot > 0)
      parts.push(`${formatDuration(c.overshoot)} ${c.isEarly ? "later" : "earlier"}`);
    if (c.between) parts.push(`without ${this.#kind(c.between)} in between`);
    const who = `${this.#kind(c.event)} at ${formatTime(c.event.ts)} as \`${c.step}\``;
    return [who, ...parts].join(", ");
  }

  #neededTests(step: string, proof: Proof): string {
    const needed = this.#proof(step, proof).filter((a) => a.isNeeded);
    return needed.map((a) => `\`${a.text}\``).join(" and ");
  }

  #candidate(c: Candidate): ToldCandidate {
    return {
      ...this.#event(c.step, c.event),
      atoms: this.#proof(c.step, c.proof),
      overshootUs: c.overshoot,
      isEarly: c.isEarly,
      between: c.between && this.#event("", c.between),
    };
  }

  #having({ having, missing }: NearMiss): readonly ToldAtom[] {
    return having ? this.#proof(missing, having) : [];
  }

  #proof(step: string, { atoms, flips }: Proof): ToldAtom[] {
    const { rule, unit } = this.#question;
    const write = writerFor(rule, step, unit.schema);
    const value = valuesOf(rule, step, unit.schema);
    return atoms.map((atom) => ({
      text: write(asWanted(atom)),
      holds: atom.verdict === undefined ? null : atom.verdict === atom.wanted,
      isNeeded: flips.includes(atom),
      values: atom.readings.map(({ expr, value: v }) => [write(expr), value(expr, v)]),
    }));
  }

  #event(step: string, event: EventData): ToldEvent {
    const kind = this.#question.unit.schema.kinds[event.kind]?.name ?? "?";
    return { step, event: kind, eventId: event.id, ts: event.ts };
  }

  #kind(event: EventData): string {
    return `\`${this.#question.unit.schema.kinds[event.kind]?.name ?? "?"}\``;
  }

  #kindsOf(name: string): string {
    const { rule, unit } = this.#question;
    const step = allStepsOf(rule.pattern).find((s) => s.name === name);
    return (step?.kinds ?? []).map((k) => `\`${unit.schema.kinds[k]?.name ?? "?"}\``).join(" or ");
  }

  /** A key's values stand behind letters that tell their types apart. */
  #key(key: string): ToldKey {
    if (key === "") return [];
    const parts = JSON.parse(key) as readonly string[];
    return parts.map((p, i) => [this.#names[i] ?? "?", p === "?" ? "missing" : p.slice(1)]);
  }
}

/** By how much the nearest one that fits was out of its time. */
function held(events: number): string {
  return events === 1 ? "1 event" : `${events} events`;
}

function late(overshootUs: number | undefined): string {
  return overshootUs === undefined
    ? ""
    : `; the nearest missed that by ${formatDuration(overshootUs)}`;
}

/** The test as it would have to hold. */
function asWanted({ expr, wanted }: Atom): Expr {
  if (wanted) return expr;
  return expr.op === "cmp" ? { ...expr, cmp: negated[expr.cmp] } : { op: "not", arg: expr };
}

/** How many steps there are to reach; undefined where steps are not counted. */
function stepCount({ pattern }: CoreRule): number | undefined {
  if (pattern.node === "all") return pattern.need;
  return pattern.node === "seq" ? pattern.steps.length : undefined;
}
