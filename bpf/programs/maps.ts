/**
 * The maps all hooks share.
 *
 *   ring      records on their way to user space
 *   programs  hook index → fused program; the dispatcher jumps through it, one update swaps it
 *   scratch   hook index → record under construction, per CPU: one entry per hook, because an
 *             interrupt may run another hook in the middle of one
 *   counters  one entry with seen, passed, lost of every hook, per CPU: one call reads them all
 */
import { HOOK_NAMES, type HookName, hookIndex, RECORD_MAX_BYTES } from "./record.ts";

/** Arguments of a map creation; `type` is the kernel's `bpf_map_type`. */
export interface MapSpec {
  readonly name: string;
  readonly type: number;
  readonly keyBytes: number;
  readonly valueBytes: number;
  readonly maxEntries: number;
}

const MAP_TYPE = { programArray: 3, perCpuArray: 6, ringBuffer: 27 } as const;

export type MapName = "ring" | "programs" | "scratch" | "counters";

/** File descriptors of the created maps. */
export type MapFds = Readonly<Record<MapName, number>>;

const COUNTER_OFFSETS = { seen: 0, passed: 8, lost: 16 } as const;
const COUNTERS_BYTES_PER_HOOK = 24;

export type CounterName = keyof typeof COUNTER_OFFSETS;

/** Byte offset of a hook's u64 counter within one CPU's value. */
export const counterOffset = (hook: HookName, counter: CounterName): number =>
  hookIndex(hook) * COUNTERS_BYTES_PER_HOOK + COUNTER_OFFSETS[counter];

/** Size of one CPU's value. */
export const COUNTERS_BYTES = HOOK_NAMES.length * COUNTERS_BYTES_PER_HOOK;

/** Every program of the tracepoint family; also what may sit in `programs`. */
export const PROGRAM_TYPE_RAW_TRACEPOINT = 17;

/** `ringBytes`: a power of two and a multiple of the page size. */
export function mapSpecs(ringBytes: number): Readonly<Record<MapName, MapSpec>> {
  const perHook = { keyBytes: 4, maxEntries: HOOK_NAMES.length };
  return {
    ring: {
      name: "tapio_ring",
      type: MAP_TYPE.ringBuffer,
      keyBytes: 0,
      valueBytes: 0,
      maxEntries: ringBytes,
    },
    programs: { name: "tapio_programs", type: MAP_TYPE.programArray, valueBytes: 4, ...perHook },
    scratch: {
      name: "tapio_scratch",
      type: MAP_TYPE.perCpuArray,
      valueBytes: RECORD_MAX_BYTES,
      ...perHook,
    },
    counters: {
      name: "tapio_counters",
      type: MAP_TYPE.perCpuArray,
      keyBytes: 4,
      valueBytes: COUNTERS_BYTES,
      maxEntries: 1,
    },
  };
}
