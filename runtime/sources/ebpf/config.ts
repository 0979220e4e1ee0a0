/** What the kernel source can be told; every number has a bound, and a reason for its default. */
import type { KernelPlan } from "#bpf/programs";
import type { EntityResolver } from "#runtime/entity";
import {
  KernelOomKill,
  KernelProcessExec,
  KernelProcessExit,
  KernelProcessFork,
} from "../../events/event.gen.ts";
import type { KernelKinds } from "./decode.ts";

export interface EbpfOptions {
  /** Which hooks to attach and what each may drop in the kernel. */
  readonly plan: KernelPlan;
  /** Kind ids and field indexes of the loaded schema. Default: those of the standard schema. */
  readonly kinds?: KernelKinds;
  readonly entities: EntityResolver;
  /**
   * Size of the kernel's ring, bytes: a power of two, at least one page, at most 256 MiB.
   * Default 4 MiB: a storm of 60,000 forks fits while the process does something else.
   */
  readonly ringBytes?: number;
}

export const DEFAULT_KINDS: KernelKinds = {
  KernelProcessExec,
  KernelProcessExit,
  KernelProcessFork,
  KernelOomKill,
};

export const DEFAULT_RING_BYTES = 4 * 1024 * 1024;
const MAX_RING_BYTES = 256 * 1024 * 1024;

/** Progress is told this often, ms: half of what the contract allows, because timers run late. */
export const PROGRESS_INTERVAL_MS = 50;

/** Clock offset is measured again this often, ms: an NTP step is noticed within it. */
export const CLOCK_INTERVAL_MS = 1000;

/** Records handed over in one go before the event loop gets its turn. */
export const BATCH_RECORDS = 4096;

/**
 * Waiting for the ring: a poll wakes the process about 20 µs after an event and costs nothing while
 * nothing happens, but in a storm it wakes for every single event. So after a wake-up the next look
 * is after this pause, ms, and so on until a look finds nothing; then the poll waits again.
 */
export const PAUSE_MS = 2;

/**
 * A program takes the time, fills the record and then reserves space; for that long an event exists
 * that the ring does not show yet. Progress stays behind by more than that takes, µs. A virtual CPU
 * that is taken away in the middle takes longer, which the source's lateness of 100 ms covers.
 */
export const IN_FLIGHT_US = 2000;

/** Undefined when the size is usable, otherwise what is wrong with it. */
export function checkRingBytes(ringBytes: number, pageBytes: number): string | undefined {
  const isPowerOfTwo = Number.isInteger(Math.log2(ringBytes));
  if (isPowerOfTwo && ringBytes >= pageBytes && ringBytes <= MAX_RING_BYTES) return undefined;
  const range = `from ${pageBytes} to ${MAX_RING_BYTES}`;
  return `ringBytes is ${ringBytes}; it must be a power of two ${range}`;
}
