/**
 * Absence over inventory (LANGUAGE C.5): one clock for each life of an entity, from its appearance
 * and again from each event about it. When it runs out while the entity is up, that is a match.
 * Without an entity there is a single clock, which starts with the observation.
 */
import {
  durationOf,
  type EntityLife,
  type EntityRef,
  type EventData,
  type Inv,
  keyText,
  takenOf,
  withDoubt,
} from "#core";
import { Heap } from "./heap.ts";
import type { MatcherInputs, PatternMatcher, StateCounters } from "./pattern-matcher.ts";
import { type EngineMatch, emptyScope } from "./scope.ts";

interface Clock {
  readonly id: string;
  /** Clocks that run out at one time are told in the order in which they were made. */
  readonly number: number;
  /** Key of the match. */
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
    (a, b) => a.at < b.at || (a.at === b.at && a.clock.number < b.clock.number),
  );
  counters: StateCounters = { keysEvicted: 0, partialsEvicted: 0, eventsEvicted: 0 };
  #made = 0;
  #evictedAt = Number.NEGATIVE_INFINITY;

  constructor(inputs: MatcherInputs<Inv>) {
    this.#inputs = inputs;
    this.#waitUs = durationOf(inputs.pattern.wait, inputs.params);
    if (inputs.pattern.entity === undefined && inputs.startUs !== undefined)
      this.#add("", undefined, inputs.startUs, Number.POSITIVE_INFINITY);
  }

  save() {
    return {
      clocks: this.#clocks,
      ofEntity: this.#ofEntity,
      timers: this.#timers.items,
      counters: this.counters,
      made: this.#made,
      evictedAt: this.#evictedAt,
    };
  }

  restore(saved: ReturnType<InventoryMatcher["save"]>): void {
    this.#clocks = saved.clocks;
    this.#ofEntity = saved.ofEntity;
    this.#timers.replace(saved.timers);
    this.counters = saved.counters;
    this.#made = saved.made;
    this.#evictedAt = saved.evictedAt;
  }

  get nextDeadline(): number {
    return this.#timers.peek()?.at ?? Number.POSITIVE_INFINITY;
  }

  onEntity(life: EntityLife): void {
    const { pattern, code, startUs } = this.#inputs;
    if (life.kind !== pattern.entity) return;
    const known = this.#clocks.get(lifeId(life));
    const end = life.down ?? Number.POSITIVE_INFINITY;
    if (known) {
      this.#endAt(known, end);
      return;
    }
    const scope = { captures: [], subject: life.chain, at: life.up };
    if (code.entity && !code.entity(undefined, scope)) return;
    const start = Math.max(life.up, startUs ?? Number.NEGATIVE_INFINITY);
    this.#add(lifeId(life), life, start, end);
  }

  onEvent(event: EventData, hits: readonly number[]): void {
    if (!hits.includes(0)) return;
    const isFirst = this.#clocks.size === 0 && this.#inputs.pattern.entity === undefined;
    if (isFirst && this.#judge(event, undefined) === 1)
      this.#add("", undefined, event.ts, Number.POSITIVE_INFINITY);
    for (const clock of this.#clocksAbout(event)) {
      if (event.ts < clock.start) continue;
      const verdict = this.#judge(event, clock.subject);
      if (verdict === 1) this.#renew(clock, event);
      else if (verdict === 2 && event.ts > clock.from) clock.hasUnknown = true;
    }
  }

  fireDeadline(): void {
    const timer = this.#timers.pop();
    if (!timer) return;
    const { clock, at } = timer;
    if (timer.number === atEnd) this.#forget(clock);
    if (timer.number !== clock.timer || at >= clock.end) return;
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
    if (this.#clocks.size >= this.#inputs.rule.keysMax) this.#evict(start);
    const clock: Clock = {
      id,
      number: this.#made++,
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
    if (life) this.#ofEntity.set(life.key, [...(this.#ofEntity.get(life.key) ?? []), clock]);
    this.#wind(clock);
    this.#endAt(clock, end);
  }

  #endAt(clock: Clock, end: number): void {
    if (clock.end === end) return;
    clock.end = end;
    this.#timers.push({ at: end, number: atEnd, clock });
  }

  #renew(clock: Clock, event: EventData): void {
    clock.from = event.ts;
    clock.renewal = event;
    clock.hasUnknown = false;
    this.#wind(clock);
  }

  /** Sets the clock's timer; the one before is then waste, which goes when it outgrows the rest. */
  #wind(clock: Clock): void {
    clock.timer++;
    const at = clock.from + this.#waitUs;
    this.#timers.push({ at, number: clock.timer, clock });
    if (this.#timers.size > 3 * this.#clocks.size + 1024)
      this.#timers.filter((t) => t.number === t.clock.timer || t.number === atEnd);
  }

  /** Its entity is gone, or there is no room for it. */
  #forget(clock: Clock): void {
    clock.timer = nobody;
    this.#clocks.delete(clock.id);
    if (clock.entity === undefined) return;
    const rest = (this.#ofEntity.get(clock.entity) ?? []).filter((c) => c !== clock);
    if (rest.length > 0) this.#ofEntity.set(clock.entity, rest);
    else this.#ofEntity.delete(clock.entity);
  }

  /** The clock that was made first goes. */
  #evict(now: number): void {
    const [oldest] = this.#clocks.values();
    if (!oldest) return;
    this.#forget(oldest);
    this.counters.keysEvicted++;
    this.#evictedAt = now;
  }

  #matchOf(clock: Clock, at: number): EngineMatch {
    return {
      rule: this.#inputs.rule,
      key: clock.key,
      at,
      captures: [clock.renewal && takenOf([clock.renewal], 1)],
      window: [],
      last: undefined,
      isIncomplete: clock.hasUnknown || this.#evictedAt >= clock.from,
      ...(clock.subject ? { subject: clock.subject } : {}),
    };
  }
}

function lifeId({ key, up }: EntityLife): string {
  return JSON.stringify([key, up]);
}
