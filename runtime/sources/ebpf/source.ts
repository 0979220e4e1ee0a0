/**
 * The kernel as an event source: raw tracepoints, read from the ring the programs write.
 *
 *   tracepoint ─► dispatcher ─► fused program ─► ring ─(mapped)─► decode ─► EventWriter
 *                                   └─► counters ────────────────────────► Progress
 *
 * A round is: take the time, note how far the kernel has written, read up to there, tell progress.
 * Whatever happened before that time is then read, or still inside a program (`IN_FLIGHT_US`).
 * Rounds run when the ring has something and every 50 ms.
 */
import type { HookName, IntegerFilter } from "#bpf/programs";
import type { Source, SourceContext, Unavailable } from "#core";
import type { FdPoller, Native } from "#native";
import type { CgroupIndexStats } from "#runtime/entity";
import {
  BATCH_RECORDS,
  CLOCK_INTERVAL_MS,
  DEFAULT_KINDS,
  DEFAULT_RING_BYTES,
  type EbpfOptions,
  IN_FLIGHT_US,
  PAUSE_MS,
  PROGRESS_INTERVAL_MS,
} from "./config.ts";
import { type DecodeContext, decodeRecord } from "./decode.ts";
import { EventClock } from "./event-clock.ts";
import { explainError, openHost } from "./host.ts";
import type { AttachedHook, HookCounters, KernelSession } from "./kernel-session.ts";
import { RecentExits } from "./recent-exits.ts";

export interface HookStats extends AttachedHook, HookCounters {}

export interface EbpfStats {
  readonly hooks: readonly HookStats[];
  /** Hooks that could not be attached, with the reason. */
  readonly refused: readonly { readonly hook: HookName; readonly reason: string }[];
  /** Reading the kernel's types, ms. */
  readonly btfMs: number;
  /** From `start` until everything was attached, ms. */
  readonly startMs: number;
  readonly malformed: number;
  readonly entities: CgroupIndexStats;
}

export interface EbpfSource extends Source {
  stats(): EbpfStats;
  /**
   * Replaces what a running hook drops in the kernel, without losing or doubling an event.
   * Undefined on success; otherwise the old filter is still in place.
   */
  swapFilter(hook: HookName, filter: IntegerFilter | undefined): Unavailable | undefined;
}

/**
 * A source named `kernel`; it can be started once. Throws `RangeError` when the plan lists a hook
 * twice; `start` rejects with one when the ring's size is unusable.
 */
export function createEbpfSource(options: EbpfOptions): EbpfSource {
  return new RunningSource(options);
}

class RunningSource implements EbpfSource {
  readonly name = "kernel";
  readonly #options: EbpfOptions;
  readonly #refused: { hook: HookName; reason: string }[] = [];
  #native: Native | undefined;
  #session: KernelSession | undefined;
  #context: SourceContext | undefined;
  #clock: EventClock | undefined;
  #decode: DecodeContext | undefined;
  #poller: FdPoller | undefined;
  #ticker: NodeJS.Timeout | undefined;
  #pause: NodeJS.Timeout | undefined;
  #lastClockMs = 0;
  #lastProgressUs = 0;
  #lastRecordUs = 0;
  #malformed = 0;
  #btfMs = 0;
  #startMs = 0;
  #finalCounters: readonly HookStats[] = [];

  constructor(options: EbpfOptions) {
    const hooks = options.plan.hooks.map(({ hook }) => hook);
    const twice = hooks.find((hook, i) => hooks.indexOf(hook) !== i);
    if (twice !== undefined) throw new RangeError(`the plan lists the hook \`${twice}\` twice`);
    this.#options = options;
  }

  async start(context: SourceContext): Promise<Unavailable | undefined> {
    if (this.#context !== undefined) throw new Error("this source has been started before");
    const startedMs = performance.now();
    const host = openHost(this.#options.ringBytes ?? DEFAULT_RING_BYTES);
    if ("reason" in host) return host;
    const { native, session } = host;
    const refusal = this.#attachAll(session, context);
    if (refusal !== undefined) {
      session.close();
      return refusal;
    }
    this.#btfMs = host.btfMs;
    this.#native = native;
    this.#session = session;
    this.#context = context;
    this.#startClock(native);
    this.#startReading(native, session);
    this.#startMs = performance.now() - startedMs;
    return undefined;
  }

  async stop(): Promise<void> {
    const session = this.#session;
    if (session === undefined) return;
    clearInterval(this.#ticker);
    clearTimeout(this.#pause);
    this.#poller?.close();
    session.detach();
    // What the kernel had already handed over is still delivered, and counted.
    this.#drainAll(session);
    this.#tell(session, this.#lastRecordUs);
    this.#finalCounters = this.#hookStats(session);
    this.#session = undefined;
    session.close();
  }

  /** Tracepoints have no past to resume from. */
  cursor(): undefined {
    return undefined;
  }

  stats(): EbpfStats {
    const session = this.#session;
    return {
      hooks: session === undefined ? this.#finalCounters : this.#hookStats(session),
      refused: this.#refused,
      btfMs: this.#btfMs,
      startMs: this.#startMs,
      malformed: this.#malformed,
      entities: this.#options.entities.stats(),
    };
  }

  swapFilter(hook: HookName, filter: IntegerFilter | undefined): Unavailable | undefined {
    const session = this.#session;
    if (session === undefined) {
      return { reason: "the kernel source is not running", help: "Start it first." };
    }
    try {
      session.swapFilter(hook, filter);
      return undefined;
    } catch (error) {
      return explainError(error);
    }
  }

  /** Undefined when at least one hook of a non-empty plan is attached. */
  #attachAll(session: KernelSession, context: SourceContext): Unavailable | undefined {
    let first: Unavailable | undefined;
    this.#refused.length = 0;
    for (const { hook, filter } of this.#options.plan.hooks) {
      try {
        session.attach(hook, filter);
      } catch (error) {
        const refusal = explainError(error);
        first ??= refusal;
        this.#refused.push({ hook, reason: refusal.reason });
      }
    }
    if (first !== undefined && session.attached.length === 0) return first;
    for (const { hook, reason } of this.#refused) {
      context.warn(`kernel.${hook} is not available: ${reason}`);
    }
    return undefined;
  }

  #startClock(native: Native): void {
    const clock = new EventClock(native.monotonicNs(), native.clockOffset().offsetUs);
    this.#clock = clock;
    this.#lastClockMs = performance.now();
    const { kinds = DEFAULT_KINDS, entities } = this.#options;
    this.#decode = {
      kinds,
      writer: this.#context!.writer,
      toEpochUs: (monotonicNs) => {
        this.#lastRecordUs = clock.toEpochUs(monotonicNs);
        return this.#lastRecordUs;
      },
      entityOf: (pid, cgroup) => entities.entityOf(pid, cgroup),
      exits: new RecentExits(),
    };
  }

  #startReading(native: Native, session: KernelSession): void {
    this.#poller = new native.FdPoller(session.ringFd, () => this.#onReadable());
    this.#poller.start();
    this.#ticker = setInterval(() => this.#round(), PROGRESS_INTERVAL_MS);
  }

  #onReadable(): void {
    this.#round();
    if (this.#session === undefined) return;
    this.#poller?.stop();
    this.#pause = setTimeout(() => this.#afterPause(), PAUSE_MS);
  }

  #afterPause(): void {
    const count = this.#round();
    if (this.#session === undefined) return;
    if (count === 0) this.#poller?.start();
    else this.#pause = setTimeout(() => this.#afterPause(), PAUSE_MS);
  }

  /** Returns how many records were read. */
  #round(): number {
    const [session, native, clock] = [this.#session, this.#native, this.#clock];
    if (session === undefined || native === undefined || clock === undefined) return 0;
    const nowNs = native.monotonicNs();
    const written = session.ring.producerPosition();
    this.#measureClock(native, clock, nowNs);
    const count = this.#drain(session);
    // Stopped by something the writer called.
    if (this.#session === undefined) return count;
    const isCaughtUp = session.ring.position() >= written;
    this.#tell(session, isCaughtUp ? clock.toEpochUs(nowNs) : this.#lastRecordUs);
    return count;
  }

  #drain(session: KernelSession): number {
    const context = this.#decode!;
    return session.ring.drain(BATCH_RECORDS, (record) => {
      if (!decodeRecord(record, context)) this.#malformed++;
    });
  }

  #drainAll(session: KernelSession): void {
    const end = session.ring.producerPosition();
    while (session.ring.position() < end && this.#drain(session) > 0);
  }

  #tell(session: KernelSession, timeUs: number): void {
    this.#lastProgressUs = Math.max(this.#lastProgressUs, timeUs - IN_FLIGHT_US);
    let [seen, passed, lost] = [0, 0, 0];
    for (const counters of session.counters().values()) {
      seen += counters.seen;
      passed += counters.passed;
      lost += counters.lost;
    }
    const malformed = this.#malformed;
    this.#context?.progress({ timeUs: this.#lastProgressUs, seen, passed, lost, malformed });
  }

  #measureClock(native: Native, clock: EventClock, nowNs: number): void {
    const nowMs = performance.now();
    if (nowMs - this.#lastClockMs < CLOCK_INTERVAL_MS) return;
    this.#lastClockMs = nowMs;
    if (!clock.measure(nowNs, native.clockOffset().offsetUs)) return;
    this.#lastRecordUs = clock.toEpochUs(nowNs);
    this.#lastProgressUs = 0;
  }

  #hookStats(session: KernelSession): readonly HookStats[] {
    const none = { seen: 0, passed: 0, lost: 0 };
    const counters = session.counters();
    return session.attached.map((hook) => ({ ...hook, ...(counters.get(hook.hook) ?? none) }));
  }
}
