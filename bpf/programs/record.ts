/**
 * The raw record a hook writes into the ring: the one description both the program generator and
 * the decoder use.
 *
 *    0        8      10        12    16       24              40
 *    | timeNs | hook | present | pid | cgroup | comm (16 B)   | payload, by hook …
 *
 *   process_exec   | parentPid u32 | filenameBytes u32 | filename, only as long as it is … |
 *   process_exit   | parentPid u32 | exitCode i32 | signal i32 | – |
 *   process_fork   | childPid u32  | – |
 *   oom_kill       | scope u32 | – | memoryLimit u64 | memoryUsage u64 | rss u64 |
 *
 * Little-endian, naturally aligned; `–` is padding. `present` has one bit per optional field. The
 * layout lives only between a program and the process that loaded it, so it carries no version.
 */

/** A number in a record. `optional`: the bit of `present` that says it holds a value. */
export interface NumberField {
  readonly offset: number;
  readonly size: 2 | 4 | 8;
  readonly isSigned: boolean;
  readonly optional: number | undefined;
}

export interface TextField {
  readonly offset: number;
  /** Room in bytes. */
  readonly size: number;
}

const unsigned = (offset: number, size: 2 | 4 | 8, optional?: number): NumberField => ({
  offset,
  size,
  isSigned: false,
  optional,
});
const signed = (offset: number, size: 4, optional?: number): NumberField => ({
  offset,
  size,
  isSigned: true,
  optional,
});
const text = (offset: number, size: number): TextField => ({ offset, size });

/** What every record starts with. */
export const HEAD = {
  timeNs: unsigned(0, 8),
  hook: unsigned(8, 2),
  present: unsigned(10, 2),
  pid: unsigned(12, 4),
  cgroup: unsigned(16, 8),
  comm: text(24, 16),
} as const;

/** Longest file name delivered; one byte more, plus NUL, is read to know whether it was cut. */
export const FILENAME_MAX_BYTES = 256;

export const EXEC = {
  parentPid: unsigned(40, 4),
  /** Bytes of `filename` including its NUL. */
  filenameBytes: unsigned(44, 4),
  filename: text(48, FILENAME_MAX_BYTES + 8),
} as const;
export const EXEC_FIXED_BYTES = EXEC.filename.offset;

export const EXIT = {
  parentPid: unsigned(40, 4),
  exitCode: signed(44, 4),
  signal: signed(48, 4, 1),
} as const;
export const EXIT_BYTES = 56;

export const FORK = { childPid: unsigned(40, 4) } as const;
export const FORK_BYTES = 48;

export const OOM = {
  /** An `OOM_SCOPE`. */
  scope: unsigned(40, 4),
  /** Bytes, as are the next two. */
  memoryLimit: unsigned(48, 8, 1),
  memoryUsage: unsigned(56, 8, 2),
  rss: unsigned(64, 8, 4),
} as const;
export const OOM_BYTES = 72;

export const OOM_SCOPE = { memcg: 0, global: 1 } as const;

/** Room for the longest record. */
export const RECORD_MAX_BYTES = EXEC.filename.offset + EXEC.filename.size;

/** Hooks in the order of their numbers in records and maps. */
export const HOOK_NAMES = ["process_exec", "process_exit", "process_fork", "oom_kill"] as const;
export type HookName = (typeof HOOK_NAMES)[number];

/** A hook's number: record tag, and index into every map. */
export const hookIndex = (hook: HookName): number => HOOK_NAMES.indexOf(hook);
