/** From an entry of the journal to an event. Pure: cgroups and entities are given. */
import type { EntityRef, EventWriter } from "#core";
import type { JournalKind, JournalOrigin } from "./config.ts";
import type { ExportEntry } from "./export-format.ts";
import type { OomReports } from "./oom-line.ts";

/** What an entry says, before it is written. */
export interface JournalFacts extends Omit<JournalOrigin, "cgroup"> {
  readonly timeUs: number;
  readonly message: string;
  readonly isMessageCut: boolean;
  readonly priority: number;
  readonly identifier: string | undefined;
  readonly transport: string | undefined;
}

export interface DecodeContext {
  readonly kind: JournalKind;
  readonly writer: EventWriter;
  readonly oomReports: OomReports;
  cgroupIdOf(path: string): bigint | undefined;
  entityOf(origin: JournalOrigin): EntityRef | undefined;
}

const PRIORITY_INFO = 6;
const PRIORITY_MAX = 7;
/** `SD_MESSAGE_JOURNAL_DROPPED` and `SD_MESSAGE_JOURNAL_MISSED` of systemd. */
const SUPPRESSED_ID = "a596d6fe7bfa4994828e72309e95d61e";
const MISSED_ID = "e9bf28e6e834481bb6f48f548ad13606";

/**
 * Undefined when the entry has no time.
 *
 * The time is that of reception by journald. Of the times an entry can carry it is the only one
 * that is always there, that nobody but journald can set, and that is in the order of entries. For
 * kernel lines there would be printk's own clock, but it drifts from CLOCK_MONOTONIC (it is not
 * slewed by NTP and stands still in suspend), by seconds after days.
 */
export function readEntry(entry: ExportEntry, oomReports: OomReports): JournalFacts | undefined {
  const { fields, cut } = entry;
  // A field can be repeated; of all but the message the first counts.
  const first = (name: string) => fields.get(name)?.split("\n", 1)[0];
  const timeUs = wholeNumber(first("__REALTIME_TIMESTAMP"));
  if (timeUs === undefined) return undefined;
  const message = fields.get("MESSAGE") ?? "";
  const transport = first("_TRANSPORT");
  const priority = wholeNumber(first("PRIORITY"));
  const pid = wholeNumber(first("_PID"));
  // What others put into `UNIT` is their opinion; systemd's own word comes from process 1.
  const about = pid === 1 ? first("UNIT") : undefined;
  const victim = isKernelLine(transport, first("SYSLOG_FACILITY"))
    ? oomReports.victimOf(message, timeUs)
    : undefined;
  return {
    timeUs,
    message,
    isMessageCut: cut.has("MESSAGE"),
    priority: priority !== undefined && priority <= PRIORITY_MAX ? priority : PRIORITY_INFO,
    unit: about ?? first("_SYSTEMD_UNIT"),
    identifier: first("SYSLOG_IDENTIFIER"),
    transport,
    pid: victim?.pid ?? pid,
    cgroupPath: victim === undefined ? first("_SYSTEMD_CGROUP") : victim.cgroupPath,
  };
}

/** Writes one entry. "malformed": it has no time. "dropped": no room in the ring, which counts. */
export function decodeEntry(
  entry: ExportEntry,
  context: DecodeContext,
): "written" | "dropped" | "malformed" {
  const facts = readEntry(entry, context.oomReports);
  if (facts === undefined) return "malformed";
  const { writer, kind } = context;
  const { unit, identifier, transport, pid, cgroupPath } = facts;
  const cgroup = cgroupPath === undefined ? undefined : context.cgroupIdOf(cgroupPath);
  writer.begin(kind.kind, facts.timeUs, context.entityOf({ pid, unit, cgroupPath, cgroup }));
  writer.setText(kind.message, facts.message, facts.isMessageCut);
  writer.setNumber(kind.priority, facts.priority);
  if (unit !== undefined) writer.setText(kind.unit, unit);
  if (identifier !== undefined) writer.setText(kind.identifier, identifier);
  if (transport !== undefined) writer.setText(kind.transport, transport);
  if (pid !== undefined) writer.setNumber(kind.pid, pid);
  if (cgroup !== undefined) writer.setId64(kind.cgroup, cgroup);
  return writer.commit() ? "written" : "dropped";
}

/** Entries that journald says it could not keep: suppressed by its rate limit, or missed by it. */
export function lostEntries({ fields }: ExportEntry): number {
  if (fields.get("_TRANSPORT") !== "driver") return 0;
  switch (fields.get("MESSAGE_ID")) {
    case SUPPRESSED_ID:
      return wholeNumber(fields.get("N_DROPPED")) ?? 1;
    case MISSED_ID:
      return wholeNumber(/^Missed (\d+) /.exec(fields.get("MESSAGE") ?? "")?.[1]) ?? 1;
    default:
      return 0;
  }
}

/**
 * Process, unit and cgroup as the entry names them. journald looks the cgroup up when the line
 * arrives; of a process that has already ended it still knows the unit, but no cgroup.
 */
export function namedEntities({ pid, unit, cgroupPath }: JournalOrigin): EntityRef {
  return {
    ...(pid === undefined ? {} : { process: String(pid) }),
    ...(unit === undefined ? {} : { unit }),
    ...(cgroupPath === undefined ? {} : { cgroup: cgroupPath }),
  };
}

/** Everything can write to /dev/kmsg that is allowed to, but never with the facility `kern`. */
function isKernelLine(transport: string | undefined, facility: string | undefined): boolean {
  return transport === "kernel" && (facility === undefined || facility === "0");
}

function wholeNumber(text: string | undefined): number | undefined {
  if (text === undefined || !/^\d{1,16}$/.test(text)) return undefined;
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : undefined;
}
