/** What the journal source can be told, its limits, and what journalctl is asked for. */
import type { EntityRef } from "#core";

/** Kind id and field indexes of `journal.entry`; `JournalEntry` of `event.gen.ts` is one. */
export interface JournalKind {
  readonly kind: number;
  readonly message: number;
  readonly priority: number;
  readonly unit: number;
  readonly identifier: number;
  readonly transport: number;
  readonly pid: number;
  readonly cgroup: number;
}

/** What an entry says of where it comes from; of a kernel OOM line, what it says of the victim. */
export interface JournalOrigin {
  readonly pid: number | undefined;
  readonly unit: string | undefined;
  /** Path in the cgroup hierarchy, and its id if that could be found. */
  readonly cgroupPath: string | undefined;
  readonly cgroup: bigint | undefined;
}

export interface JournaldOptions {
  readonly kind: JournalKind;
  /** Journal files of this folder only. Default: those of the machine. */
  readonly directory?: string;
  /** Root of another machine's files: its `/var/log/journal` and `/run/log/journal`. */
  readonly root?: string;
  /**
   * "now": what comes from now on. "beginning": the oldest entry there is. "cursor": behind
   * `cursor`, or "now" when there is none yet.
   */
  readonly from: "now" | "cursor" | "beginning";
  /** From `cursor()` of an earlier run. */
  readonly cursor?: string | undefined;
  /** Only entries of these units, and the kernel's, which belong to no unit. Default: all. */
  readonly units?: readonly string[];
  /** Id of the cgroup at a path. Default: `cgroup` stays missing. */
  readonly cgroupIdOf?: (path: string) => bigint | undefined;
  /** Default: process, unit and cgroup as far as the entry names them. */
  readonly entityOf?: (origin: JournalOrigin) => EntityRef | undefined;
  /**
   * False while whoever reads the ring is behind: the source then waits instead of dropping, since
   * the journal keeps what is not read yet. Default: no waiting.
   */
  readonly hasRoom?: () => boolean;
  /** The program, by name or path. Default `journalctl`. */
  readonly journalctl?: string;
}

/** Of one field at most this much is kept, bytes; a longer one is cut and marked as cut. */
export const FIELD_BYTES_MAX = 16 * 1024;

/** Of all fields of one entry together, bytes. */
export const ENTRY_BYTES_MAX = 64 * 1024;

/** Entries handed over before the event loop gets its turn. */
export const BATCH_ENTRIES = 128;

/** While there is no room, this long until the next look, ms. */
export const ROOM_PAUSE_MS = 5;

/** Progress is told this often, ms: half of what the contract allows, because timers run late. */
export const PROGRESS_INTERVAL_MS = 50;

/** After so many progress intervals without data, whatever journalctl had to say has been read. */
export const QUIET_TICKS = 3;

/**
 * journalctl counts as caught up when it delivered the entry that was the newest at its start. That
 * one can be deleted before; then so many quiet intervals (two seconds) decide.
 */
export const CATCH_UP_QUIET_TICKS = 40;

/** journalctl ended: first and longest pause before it is started again, ms. */
export const RESTART_FIRST_MS = 100;
export const RESTART_LAST_MS = 10_000;

/** Time given to journalctl to end when asked, and to answer a question, ms. */
export const STOP_TIMEOUT_MS = 1000;
export const PROBE_TIMEOUT_MS = 20_000;

/** Kept of what journalctl writes to its standard error, bytes. */
export const STDERR_BYTES_MAX = 2048;

/** The fields the decoder reads. journalctl is asked for these only: a third of the bytes. */
export const WANTED_FIELDS: ReadonlySet<string> = new Set([
  "__CURSOR",
  "__REALTIME_TIMESTAMP",
  "MESSAGE",
  "MESSAGE_ID",
  "N_DROPPED",
  "PRIORITY",
  "SYSLOG_FACILITY",
  "SYSLOG_IDENTIFIER",
  "UNIT",
  "_PID",
  "_SYSTEMD_CGROUP",
  "_SYSTEMD_UNIT",
  "_TRANSPORT",
]);

/** Arguments that choose files and form; what differs between questions comes behind. */
export function journalctlArguments(
  options: Pick<JournaldOptions, "directory" | "root">,
  units: readonly string[] | undefined,
  special: readonly string[],
): string[] {
  const fields = [...WANTED_FIELDS].filter((name) => !name.startsWith("__"));
  const args = ["--output=export", "--all", "--no-pager", `--output-fields=${fields.join(",")}`];
  if (options.directory !== undefined) args.push(`--directory=${options.directory}`);
  if (options.root !== undefined) args.push(`--root=${options.root}`);
  args.push(...special);
  if (units === undefined) return args;
  // Alternatives of one field are joined by "or", different fields by "and", `+` is "or" again.
  // The `UNIT` of a message is what its writer says; only that of systemd itself is believed.
  const own = units.map((unit) => `_SYSTEMD_UNIT=${unit}`);
  const about = units.map((unit) => `UNIT=${unit}`);
  return [...args, ...own, "+", ...about, "_PID=1", "+", "_TRANSPORT=kernel"];
}

/** Undefined when the options make sense, otherwise what is wrong with them. */
export function checkOptions(options: JournaldOptions): string | undefined {
  const { directory, root, units } = options;
  if (directory !== undefined && root !== undefined) return "give `directory` or `root`, not both";
  if (units?.length === 0) return "`units` is empty; leave it out to read all";
  const odd = units?.find((unit) => !/^[A-Za-z0-9:_.\\@-]+\.[a-z]+$/.test(unit));
  if (odd !== undefined)
    return `\`${odd}\` is no unit; write it with its type, as in \`x.service\``;
  return undefined;
}
