/**
 * What becomes of a rule's matches (LANGUAGE B.5): exceptions, suppression and rate decide which
 * are reported, and `resolve` says when a finding is over.
 *
 *     match ─► except ─► suppress ─► rate ─► finding (open) ─► resolved
 *
 * A match that goes on (`emit close`) is told of where these would report it, and changes nothing
 * of them: what it is in the end does.
 */
import {
  type CoreRule,
  type CoreUnit,
  type Cuts,
  compareEvents,
  cutsOfUnseen,
  durationOf,
  type EventData,
  type Expr,
  explainExprs,
  type Finding,
  intervalOf,
  isCertainlyBefore,
  openPerKey,
  readsMatch,
  strippedEvent,
  type Value,
  writeFinding,
} from "#core";
import type { RuleCode } from "../code/matcher.ts";
import { type EngineMatch, emptyScope, scopeOf } from "../code/scope.ts";
import { type Open, OpenFindings } from "./open-findings.ts";
import { RateLimiter, Suppressor } from "./suppressor.ts";

export interface ReporterInputs {
  readonly unit: CoreUnit;
  readonly rule: CoreRule;
  /** Number of the rule in its unit. */
  readonly index: number;
  readonly code: RuleCode;
  readonly params: ReadonlyMap<string, Value>;
  readonly bundleHash: string;
  readonly onFinding: (told: Told) => void;
  /**
   * What a match that goes on says so far, which is confirmed up to `untilUs` (µs) or not at all;
   * `isWithheld`: by policies, as it is now.
   */
  readonly onGoingOn?: ((told: Told, untilUs: number, isWithheld: boolean) => void) | undefined;
  /** Policies have withheld a match that may have been told of while it went on. */
  readonly onWithheld?: ((id: string) => void) | undefined;
}

/** What a rule says of a match, and how to say it again when more is known. */
export interface Told {
  readonly finding: Finding;
  readonly match: EngineMatch;
  readonly reporter: Reporter;
}

const never = Number.POSITIVE_INFINITY;

export class Reporter {
  readonly rule: CoreRule;
  /** Number of the rule in its unit. */
  readonly index: number;
  readonly code: RuleCode;
  counters = {
    matches: 0,
    excepted: 0,
    suppressed: 0,
    limited: 0,
    findings: 0,
    openEvicted: 0,
    hurried: 0,
  };
  readonly suppressor: Suppressor | undefined;
  readonly limiter: RateLimiter | undefined;
  readonly #inputs: ReporterInputs;
  readonly #slackUs: number;
  readonly #open = new OpenFindings();
  #unseen: Cuts | undefined;
  /** Up to this time, µs, what is found may lack what was not kept for this version of the rule. */
  #limitedUntil = Number.NEGATIVE_INFINITY;
  /** Whether the key of the event that resolves can be told without a finding. */
  readonly #isKeyed: boolean;

  constructor(inputs: ReporterInputs) {
    this.#inputs = inputs;
    this.rule = inputs.rule;
    this.code = inputs.code;
    this.index = inputs.index;
    const { rule, params } = inputs;
    this.#isKeyed = isKeyedByEvent(rule);
    const { suppress, rate, pattern } = rule;
    this.suppressor = suppress && new Suppressor(suppress.us, rule.keysMax);
    this.limiter = rate && new RateLimiter(rate.max, rate.us, rule.keysMax);
    this.#slackUs = "slack" in pattern ? durationOf(pattern.slack, params) : 0;
  }

  save() {
    return {
      counters: this.counters,
      open: this.#open.save(),
      suppressor: this.suppressor?.save(),
      limiter: this.limiter?.save(),
      limitedUntil: this.#limitedUntil,
    };
  }

  restore(saved: ReturnType<Reporter["save"]>): void {
    this.counters = saved.counters;
    this.#open.restore(saved.open);
    this.#limitedUntil = saved.limitedUntil;
    if (saved.suppressor) this.suppressor?.restore(saved.suppressor);
    if (saved.limiter) this.limiter?.restore(saved.limiter);
  }

  /** Whether a finding that was reported may still be over. */
  get hasOpen(): boolean {
    return this.#open.size > 0;
  }

  /** The state goes on from another version: findings up to `untilUs` say so. */
  limitHistory(untilUs: number): void {
    this.#limitedUntil = Math.max(this.#limitedUntil, untilUs);
  }

  /** Forgets what was reported; the counters stay. */
  reset(): void {
    this.counters.openEvicted += this.#open.size;
    this.#open.clear();
    this.suppressor?.reset();
    this.limiter?.reset();
  }

  /** Matches in the order in which they become known. */
  onMatch(found: EngineMatch): void {
    this.counters.matches++;
    const match = this.#limited(found);
    if (this.#admits(match)) this.#report(match);
    else this.#inputs.onWithheld?.(this.write(match).id);
  }

  /** A match that holds and goes on; it is over, or told of again, up to `untilUs`, µs. */
  onGoingOn(found: EngineMatch, untilUs: number): void {
    const match = this.#limited(found);
    const told = { finding: this.write(match), match, reporter: this };
    this.#inputs.onGoingOn?.(told, untilUs, !this.#wouldAdmit(match));
  }

  #limited(found: EngineMatch): EngineMatch {
    return found.at <= this.#limitedUntil ? { ...found, isHistoryLimited: true } : found;
  }

  #admits(match: EngineMatch): boolean {
    if (this.#isExcepted(match)) {
      this.counters.excepted++;
      return false;
    }
    this.#open.prolong(match.key, match.at, this.#quietUs);
    const { suppressor, limiter } = this;
    const suppressKey = suppressor ? keyBy(this.code.suppressKey, match) : "";
    if (suppressor && !suppressor.admits(suppressKey, match.at)) {
      this.counters.suppressed++;
      return false;
    }
    const rateKey = limiter ? keyBy(this.code.rateKey, match) : "";
    if (limiter && !limiter.admits(rateKey, match.at)) {
      this.counters.limited++;
      return false;
    }
    // Only now: what one of them withholds must not count as emitted for the other.
    suppressor?.onEmitted(suppressKey, match.at);
    limiter?.onEmitted(rateKey, match.at);
    return true;
  }

  /** The same as `#admits`; changes nothing. */
  #wouldAdmit(match: EngineMatch): boolean {
    const { suppressKey, rateKey } = this.code;
    return (
      !this.#isExcepted(match) &&
      (!this.suppressor || this.suppressor.admits(keyBy(suppressKey, match), match.at)) &&
      (!this.limiter || this.limiter.admits(keyBy(rateKey, match), match.at))
    );
  }

  #isExcepted(match: EngineMatch): boolean {
    const scope = scopeOf(match);
    return this.rule.exceptions.some(
      ({ expires }, i) =>
        (expires === undefined || match.at < expires) &&
        this.code.exceptions[i]?.(undefined, scope) === true,
    );
  }

  /** What of an event that may end a finding is needed to tell whether it does. */
  resolving(event: EventData): EventData {
    const { unit, rule } = this.#inputs;
    this.#unseen ??= cutsOfUnseen(unit, rule);
    return strippedEvent(event, this.#unseen);
  }

  /** An event that passed what the slot says of the step of `resolve on`. */
  onResolvingEvent(event: EventData): void {
    const step = this.#inputs.code.steps[this.#inputs.code.resolveStep];
    if (!step) return;
    const key = this.#isKeyed ? step.key?.(event, emptyScope) : undefined;
    if (this.#isKeyed && step.key && key === undefined) return;
    const isIt = (open: Open) => {
      const scope = scopeOf(open.match);
      return (
        this.#isAfter(open.match, event) &&
        (!step.key || step.key(event, scope) === open.match.key) &&
        (!step.judge || step.judge(event, scope) === 1)
      );
    };
    this.#settle(this.#open.take(key, isIt), event.ts);
  }

  /** When the next finding has been quiet for long enough, µs. */
  get nextDeadline(): number {
    return this.#open.longestQuiet + this.#quietUs;
  }

  /** Ends the findings whose quiet is over at `nextDeadline`. */
  fireDeadline(): void {
    const lastAt = this.#open.longestQuiet;
    this.#settle(this.#open.takeQuiet(lastAt), lastAt + this.#quietUs);
  }

  /** Whether an event is held against what is open under its key. */
  get #resolvesOn(): boolean {
    const { resolve } = this.#inputs.rule;
    return resolve !== undefined && "on" in resolve;
  }

  get #quietUs(): number {
    const { resolve } = this.#inputs.rule;
    return resolve && "quietUs" in resolve ? resolve.quietUs : never;
  }

  #report(match: EngineMatch): void {
    if (this.#inputs.rule.resolve) {
      this.#open.add(match);
      const isKeyFull = this.#resolvesOn && this.#open.countOf(match.key) > openPerKey;
      if (isKeyFull || this.#open.size > this.#inputs.rule.keysMax) {
        this.#open.forgetOldest(isKeyFull ? match.key : undefined);
        this.counters.openEvicted++;
      }
    }
    this.counters.findings++;
    this.#tell(match);
  }

  #settle(over: readonly Open[], resolvedAt: number): void {
    for (const { match } of over) this.#tell({ ...match, resolvedAt });
  }

  /** Certainly after what completed the match. */
  #isAfter(match: EngineMatch, event: EventData): boolean {
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

/** The key of a policy, by default that of the match. */
function keyBy(own: RuleCode["suppressKey"], match: EngineMatch): string {
  return own ? own(undefined, scopeOf(match)) : match.key;
}

/** Whether the key under which an event resolves is the event's alone. */
function isKeyedByEvent({ resolve }: CoreRule): boolean {
  if (!resolve || !("on" in resolve)) return false;
  return resolve.on.key.every((part) => !readsMatch(part.expr));
}
