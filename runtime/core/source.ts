/**
 * The contract between an event source and the runtime. A source writes into an `EventWriter` or
 * counts a drop; it holds no queue of its own.
 */
import type { EntityRef, Value } from "./schema.ts";

/**
 * Writes one record at a time: `begin`, any number of `set…`, then `commit`. Fields not set stay
 * missing if optional and zero or empty otherwise. Field numbers are indexes into the kind's
 * fields.
 */
export interface EventWriter {
  begin(kind: number, tsUs: number, entity: EntityRef | undefined): void;
  /** Every numeric type, `bool` as 0 or 1, `enum` as the member's index. */
  setNumber(field: number, value: number): void;
  setId64(field: number, value: bigint): void;
  /** IPv4 as its v4-mapped IPv6 number. */
  setIp(field: number, value: bigint): void;
  /** `isCut`: the source knows only this prefix of the text. */
  setText(field: number, text: string, isCut?: boolean): void;
  /** A list or a map as a whole. */
  setCollection(field: number, value: Value): void;
  /** False when the ring is full and the record was dropped (and counted). */
  commit(): boolean;
}

/**
 * Progress that goes back by more than this is that of a clock that was set back, µs: what came
 * before is of times that come again. What goes back by less is not believed, and soon over.
 */
export const clockStepUs = 300_000_000;

/** What a source tells at least every 100 ms, also when nothing passed its filter. */
export interface Progress {
  /**
   * Nothing earlier than this, less the source's lateness, will still arrive; µs since the epoch.
   * Goes back only by more than `clockStepUs`, when the source's clock was set back.
   */
  readonly timeUs: number;
  /** Events seen at the origin since start, before any filter. */
  readonly seen: number;
  /** Events the origin's filter let through. */
  readonly passed: number;
  /** Events lost between origin and this process. */
  readonly lost: number;
  /** Inputs that could not be understood. */
  readonly malformed: number;
}

export interface SourceContext {
  readonly writer: EventWriter;
  /** Called after each batch of commits and at least every 100 ms. */
  progress(progress: Progress): void;
  /** Something a person should know; the source goes on. */
  warn(message: string): void;
  /** The source ended by itself: `undefined` for a finished file, a reason otherwise. */
  ended(reason: string | undefined): void;
}

/** Why a source cannot run here, and what a person can do about it. */
export interface Unavailable {
  readonly reason: string;
  readonly help: string;
}

export interface Source {
  /** The schema source it feeds, such as `kernel`. */
  readonly name: string;
  start(context: SourceContext): Promise<Unavailable | undefined>;
  /** Idempotent; after it resolves nothing more is written. */
  stop(): Promise<void>;
  /** Where to resume; undefined when the source cannot. */
  cursor(): string | undefined;
}
