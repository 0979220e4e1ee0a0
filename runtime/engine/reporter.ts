/**
 * What becomes of a rule's matches (LANGUAGE B.5): exceptions, suppression and rate decide which
 * are reported, and `resolve` says when a finding is over.
 *
 *     match ─► except ─► suppress ─► rate ─► finding (open) ─► resolved
 */
import {
  type CoreRule,
  type CoreUnit,
  compareEvents,
  durationOf,
  type EventData,
  type Expr,
  explainExprs,
  type Finding,
  intervalOf,
  isCertainlyBefore,
  type Value,
  writeFinding,
} from "#core";
import type { RuleCode } from "./matcher.ts";
import { type EngineMatch, scopeOf } from "./scope.ts";
import { RateLimiter, Suppressor } from "./suppressor.ts";

export interface ReporterInputs {
  readonly unit: CoreUnit;
  readonly rule: CoreRule;
  readonly code: RuleCode;
  readonly params: ReadonlyMap<string, Value>;
  readonly bundleHash: string;
  readonly onFinding: (told: Told) => void;
}

/** What a rule says of a match, and how to say it again when more is known. */
export interface Told {
  readonly finding: Finding;
  readonly match: EngineMatch;
  readonly reporter: Reporter;
}

/** A reported finding that `resolve` may still end. */
interface Open {
  readonly match: EngineMatch;
  /** Of `resolve after … quiet`: the time of the last match that kept it open, µs. */
  lastAt: number;
}

const never = Number.POSITIVE_INFINITY;

export class Reporter {
  readonly rule: CoreRule;
  readonly code: RuleCode;
  counters = { matches: 0, excepted: 0, findings: 0, openEvicted: 0 };
  readonly suppressor: Suppressor | undefined;
  readonly limiter: RateLimiter | undefined;
  readonly #inputs: ReporterInputs;
  readonly #slackUs: number;
  #open: Open[] = [];
  /** `nextDeadline` while no open finding has changed: it is asked for at every event. */
  #deadline: number | undefined;

  constructor(inputs: ReporterInputs) {
    this.#inputs = inputs;
    this.rule = inputs.rule;
    this.code = inputs.code;
    const { rule, params } = inputs;
    const { suppress, rate, pattern } = rule;
    this.suppressor = suppress && new Suppressor(suppress.us, rule.keysMax);
    this.limiter = rate && new RateLimiter(rate.max, rate.us, rule.keysMax);
    this.#slackUs = "slack" in pattern ? durationOf(pattern.slack, params) : 0;
  }

  save() {
    return {
      counters: this.counters,
      open: this.#open,
      suppressor: this.suppressor?.save(),
      limiter: this.limiter?.save(),
    };
  }

  restore(saved: ReturnType<Reporter["save"]>): void {
    this.counters = saved.counters;
    this.#open = saved.open;
    this.#deadline = undefined;
    if (saved.suppressor) this.suppressor?.restore(saved.suppressor);
    if (saved.limiter) this.limiter?.restore(saved.limiter);
  }

  /** Matches in the order in which they become known. */
  onMatch(match: EngineMatch): void {
    this.counters.matches++;
    const scope = scopeOf(match);
    const { rule, code } = this.#inputs;
    const isExcepted = rule.exceptions.some(
      ({ expires }, i) =>
        (expires === undefined || match.at < expires) &&
        code.exceptions[i]?.(undefined, scope) === true,
    );
    if (isExcepted) {
      this.counters.excepted++;
      return;
    }
    for (const open of this.#open) if (open.match.key === match.key) this.#prolong(open, match.at);
    const keyOf = (own: typeof code.suppressKey) => (own ? own(undefined, scope) : match.key);
    if (this.suppressor && !this.suppressor.admits(keyOf(code.suppressKey), match.at)) return;
    if (this.limiter && !this.limiter.admits(keyOf(code.rateKey), match.at)) return;
    this.#report(match);
  }

  /** An event that passed what the slot says of the step of `resolve on`. */
  onResolvingEvent(event: EventData): void {
    const step = this.#inputs.code.steps[this.#inputs.code.resolveStep];
    if (!step) return;
    this.#settle((open) => {
      const scope = scopeOf(open.match);
      const isIt =
        this.#isAfter(open.match, event) &&
        (!step.key || step.key(event, scope) === open.match.key) &&
        (!step.judge || step.judge(event, scope) === 1);
      return isIt ? event.ts : undefined;
    });
  }

  /** When the next finding has been quiet for long enough, µs. */
  get nextDeadline(): number {
    const quietUs = this.#quietUs;
    this.#deadline ??= this.#open.reduce((t, { lastAt }) => Math.min(t, lastAt + quietUs), never);
    return this.#deadline;
  }

  /** Ends the findings whose quiet is over at `nextDeadline`. */
  fireDeadline(): void {
    const at = this.nextDeadline;
    this.#settle((open) => (open.lastAt + this.#quietUs <= at ? at : undefined));
  }

  get #quietUs(): number {
    const { resolve } = this.#inputs.rule;
    return resolve && "quietUs" in resolve ? resolve.quietUs : never;
  }

  #prolong(open: Open, at: number): void {
    if (at <= open.lastAt || at > open.lastAt + this.#quietUs) return;
    open.lastAt = at;
    this.#deadline = undefined;
  }

  #report(match: EngineMatch): void {
    if (this.#inputs.rule.resolve) {
      this.#open.push({ match, lastAt: match.at });
      if (this.#open.length > this.#inputs.rule.keysMax) {
        this.#open.shift();
        this.counters.openEvicted++;
      }
      this.#deadline = undefined;
    }
    this.counters.findings++;
    this.#tell(match);
  }

  /** Ends the open findings for which `endOf` gives a time. */
  #settle(endOf: (open: Open) => number | undefined): void {
    const stillOpen: Open[] = [];
    for (const open of this.#open) {
      const resolvedAt = endOf(open);
      if (resolvedAt === undefined) stillOpen.push(open);
      else this.#tell({ ...open.match, resolvedAt });
    }
    this.#open = stillOpen;
    this.#deadline = undefined;
  }

  /** Certainly after what completed the match. */
  #isAfter(match: EngineMatch, event: EventData): boolean {
    if (event.ts < match.at) return false;
    const { last } = match;
    if (!last || last.ts !== match.at) return event.ts > match.at;
    const { schema } = this.#inputs.unit;
    if (compareEvents(schema, last, event) >= 0) return false;
    const intervals = [last, event].map((e) => intervalOf(schema, e, this.#slackUs));
    return isCertainlyBefore(intervals, 0, 1);
  }

  #tell(match: EngineMatch): void {
    this.#inputs.onFinding({ finding: this.write(match), match, reporter: this });
  }

  /** The finding of `match` as far as it is known now. */
  write(match: EngineMatch): Finding {
    const { unit, code, bundleHash, rule } = this.#inputs;
    const scope = scopeOf(match);
    const values = new Map<Expr, () => Value>();
    explainExprs(rule).forEach((e, i) => {
      values.set(e, () => code.explain[i]?.(undefined, scope));
    });
    return writeFinding(unit, match, (e) => values.get(e)?.(), bundleHash);
  }
}
