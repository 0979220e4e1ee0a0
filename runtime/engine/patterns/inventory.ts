/**
 * Absence over inventory (LANGUAGE C.5): one clock for each life of an entity, from its appearance
 * and again from each event about it. When it runs out while the entity is up, that is a match.
 * Without an entity there is a single clock, which starts with the observation.
 */
import {
  cutsShown,
  deadTimers,
  durationOf,
  type EntityLife,
  type EntityRef,
  type EventData,
  type Inv,
  keyText,
  livesKept,
  takenOf,
  withDoubt,
} from "#core";
import { type EngineMatch, emptyScope } from "../code/scope.ts";
import { Heap } from "../collections/heap.ts";
import { KeptEvents } from "./kept-events.ts";
import {
  type Adaptation,
  type MatcherInputs,
  noStateCounters,
  type PatternMatcher,
  type StateCounters,
} from "./pattern-matcher.ts";

interface Clock {
  readonly id: string;
  /** Key of the match: clocks that run out at one time are told in the order of their keys. */
  readonly key: string;
  /** Key of the entity; undefined for the single clock. */
  readonly entity: string | undefined;
  readonly subject: EntityRef | undefined;
  /** Counts from here, µs. */
  readonly start: number;
  /** From here on it does not run any more, µs. */
  end: number;
  from: number;
  /** The event that started it again. */
  renewal: EventData | undefined;
  /** An event since then of which it is not known whether it renews. */
  hasUnknown: boolean;
  /** Number of its latest timer; those before it are waste. */
  timer: number;
}

interface Timer {
  readonly at: number;
  /** `Clock.timer` when it was set, or `atEnd`. */
  readonly number: number;
  readonly clock: Clock;
}

/** The number of the timer that forgets a clock when its entity is gone. */
const atEnd = -1;
/** Of a clock that was given up: no timer has this number. */
const nobody = -2;

export class InventoryMatcher implements PatternMatcher {
  readonly holdUs = 0;
  readonly #inputs: MatcherInputs<Inv>;
  readonly #waitUs: number;
  /** By entity key and appearance; the single clock has the empty key. */
  #clocks = new Map<string, Clock>();
  /** The clocks of each entity key, of one life after the other. */
  #ofEntity = new Map<string, Clock[]>();
  readonly #timers = new Heap<Timer>(
    (a, b) => a.at < b.at || (a.at === b.at && a.clock.key < b.clock.key),
  );
  readonly #kept: KeptEvents;
  counters: StateCounters = { ...noStateCounters };
  #evictedAt = Number.NEGATIVE_INFINITY;
  /** When the observation began, µs. */
  #startUs: number | undefined;
  /** Silences that begin later are not looked for, µs. */
  #drainsUs = Number.POSITIVE_INFINITY;

  constructor(inputs: MatcherInputs<Inv>) {
    this.#inputs = inputs;
    this.#waitUs = durationOf(inputs.pattern.wait, inputs.params);
    const { unit, rule } = inputs;
    this.#kept = new KeptEvents(unit.schema.kinds, cutsShown(unit, rule));
    this.#startUs = inputs.startUs;
    if (inputs.pattern.entity === undefined && inputs.startUs !== undefined)
      this.#add("", undefined, inputs.startUs, Number.POSITIVE_INFINITY);
  }

  save() {
    return {
      clocks: this.#clocks,
      ofEntity: this.#ofEntity,
      timers: this.#timers.items,
      counters: this.counters,
      evictedAt: this.#evictedAt,
      startUs: this.#startUs,
    };
  }

  restore(saved: ReturnType<InventoryMatcher["save"]>): void {
    this.#clocks = saved.clocks;
    this.#ofEntity = saved.ofEntity;
    this.#timers.replace(saved.timers);
    this.counters = saved.counters;
    this.#evictedAt = saved.evictedAt;
    this.#startUs = saved.startUs;
  }

  drain(untilUs: number): void {
    this.#drainsUs = untilUs;
  }

  isDrained(watermark: number): boolean {
    return watermark > this.#drainsUs + this.#waitUs;
  }

  adapt({ atUs }: Adaptation): void {
    while (this.#clocks.size > this.#inputs.rule.keysMax) this.#evict(this.#oldest, atUs);
  }

  get nextDeadline(): number {
    return this.#timers.peek()?.at ?? Number.POSITIVE_INFINITY;
  }

  onEntity(life: EntityLife): void {
    const { pattern, code } = this.#inputs;
    if (life.kind !== pattern.entity) return;
    const known = this.#clocks.get(lifeId(life));
    const end = life.down ?? Number.POSITIVE_INFINITY;
    if (known) {
      this.#endAt(known, end);
      return;
    }
    const scope = { captures: [], subject: life.chain, at: life.up };
    if (code.entity && !code.entity(undefined, scope)) return;
    const start = Math.max(life.up, this.#startUs ?? Number.NEGATIVE_INFINITY);
    if (start > this.#drainsUs) return;
    this.#add(lifeId(life), life, start, end);
  }

  onEvent(event: EventData, hits: readonly number[]): void {
    if (!hits.includes(0)) return;
    const isFirst = this.#clocks.size === 0 && this.#inputs.pattern.entity === undefined;
    if (isFirst && event.ts <= this.#drainsUs && this.#judge(event, undefined) === 1)
      this.#add("", undefined, event.ts, Number.POSITIVE_INFINITY);
    for (const clock of this.#clocksAbout(event)) {
      if (event.ts < clock.start) continue;
      const verdict = this.#judge(event, clock.subject);
      if (verdict === 1 && event.ts > this.#drainsUs) this.#forget(clock);
      else if (verdict === 1) this.#renew(clock, event);
      else if (verdict === 2 && event.ts > clock.from) clock.hasUnknown = true;
    }
  }

  fireDeadline(): void {
    const timer = this.#timers.pop();
    if (!timer || !isLive(timer)) return;
    const { clock, at } = timer;
    if (timer.number === atEnd) this.#forget(clock);
    if (at >= clock.end) return;
    // An entity may be known before the events of the time at which it appeared.
    if (clock.from > this.#drainsUs) return;
    const { pattern, concludes } = this.#inputs;
    const conclusion = concludes(pattern.step.kinds, clock.from, at);
    if (conclusion === "hold" || conclusion === "drop") return;
    const match = this.#matchOf(clock, at);
    this.#inputs.emit(conclusion === "flag" ? withDoubt(match, [0]) : match);
  }

  #judge(event: EventData, subject: EntityRef | undefined): number {
    const judge = this.#inputs.code.steps[0]?.judge;
    return judge ? judge(event, { ...emptyScope, subject }) : 1;
  }

  #clocksAbout(event: EventData): readonly Clock[] {
    const { entity } = this.#inputs.pattern;
    if (entity === undefined) {
      return [...this.#clocks.values()];
    }
    const ref = event.entity;
    const key = ref && Object.hasOwn(ref, entity) ? ref[entity] : undefined;
    return key === undefined ? [] : (this.#ofEntity.get(key) ?? []);
  }

  #add(id: string, life: EntityLife | undefined, start: number, end: number): void {
    if (this.#clocks.size >= this.#inputs.rule.keysMax) this.#evict(this.#oldest, start);
    const clock: Clock = {
      id,
      entity: life?.key,
      key: life ? JSON.stringify([keyText(life.key)]) : "",
      subject: life?.chain,
      start,
      end: Number.POSITIVE_INFINITY,
      from: start,
      renewal: undefined,
      hasUnknown: false,
      timer: 0,
    };
    this.#clocks.set(id, clock);
    if (life) this.#addLife(life.key, clock);
    this.#wind(clock);
    this.#endAt(clock, end);
  }

  #addLife(key: string, clock: Clock): void {
    const lives = [...(this.#ofEntity.get(key) ?? []), clock];
    this.#ofEntity.set(key, lives);
    if (lives.length > livesKept) this.#evict(lives[0], clock.start);
  }

  #endAt(clock: Clock, end: number): void {
    if (clock.end === end) return;
    clock.end = end;
    this.#setTimer({ at: end, number: atEnd, clock });
  }

  #renew(clock: Clock, event: EventData): void {
    clock.from = event.ts;
    clock.renewal = this.#kept.of(event);
    clock.hasUnknown = false;
    this.#wind(clock);
  }

  #wind(clock: Clock): void {
    clock.timer++;
    this.#setTimer({ at: clock.from + this.#waitUs, number: clock.timer, clock });
  }

  /** The clock's timer before this one is then waste, which goes when it outgrows the rest. */
  #setTimer(timer: Timer): void {
    this.#timers.push(timer);
    if (this.#timers.size > 3 * this.#clocks.size + deadTimers) this.#timers.filter(isLive);
  }

  /** Its entity is gone, or there is no room for it. */
  #forget(clock: Clock): void {
    clock.timer = nobody;
    clock.renewal = undefined;
    this.#clocks.delete(clock.id);
    if (clock.entity === undefined) return;
    const rest = (this.#ofEntity.get(clock.entity) ?? []).filter((c) => c !== clock);
    if (rest.length > 0) this.#ofEntity.set(clock.entity, rest);
    else this.#ofEntity.delete(clock.entity);
  }

  /** The clock that was made first. */
  get #oldest(): Clock | undefined {
    const [oldest] = this.#clocks.values();
    return oldest;
  }

  #evict(clock: Clock | undefined, now: number): void {
    if (!clock) return;
    this.#forget(clock);
    this.counters.keysEvicted++;
    this.#evictedAt = now;
  }

  #matchOf(clock: Clock, at: number): EngineMatch {
    return {
      rule: this.#inputs.rule,
      key: clock.key,
      at,
      captures: [clock.renewal && takenOf([clock.renewal], 1)],
      last: undefined,
      silentSince: clock.from,
      isIncomplete: clock.hasUnknown || this.#evictedAt >= clock.from,
      ...(clock.subject ? { subject: clock.subject } : {}),
    };
  }
}

function isLive({ at, number, clock }: Timer): boolean {
  if (clock.timer === nobody) return false;
  return number === clock.timer || (number === atEnd && at === clock.end);
}

function lifeId({ key, up }: EntityLife): string {
  return JSON.stringify([key, up]);
}
