/** From a raw record to an event. Pure: the clock and the entities are given. */
import {
  EXEC,
  EXEC_FIXED_BYTES,
  EXIT,
  EXIT_BYTES,
  FILENAME_MAX_BYTES,
  FORK,
  FORK_BYTES,
  HEAD,
  HOOK_NAMES,
  type HookName,
  type NumberField,
  OOM,
  OOM_BYTES,
} from "#bpf/programs";
import type { EntityRef, EventWriter } from "#core";
import type { RecordView } from "#native";
import type { RecentExits } from "./recent-exits.ts";

/** Kind id and field indexes of one event kind, as in `event.gen.ts`. */
type KindOf<Field extends string> = Readonly<
  Record<"kind" | "comm" | "pid" | "cgroup" | Field, number>
>;

/** The kinds this source writes; `event.gen.ts` has a constant of each name. */
export interface KernelKinds {
  readonly KernelProcessExec: KindOf<"parent_pid" | "filename">;
  readonly KernelProcessExit: KindOf<"exit_code" | "signal" | "parent_pid">;
  readonly KernelProcessFork: KindOf<"child_pid">;
  readonly KernelOomKill: KindOf<"scope" | "memory_limit" | "memory_usage" | "rss">;
}

export interface DecodeContext {
  readonly kinds: KernelKinds;
  readonly writer: EventWriter;
  /** From CLOCK_MONOTONIC in ns to µs since the epoch. */
  toEpochUs(monotonicNs: number): number;
  entityOf(pid: number, cgroup: bigint): EntityRef | undefined;
  readonly exits: RecentExits;
}

const FIXED_BYTES: Readonly<Record<HookName, number>> = {
  process_exec: EXEC_FIXED_BYTES,
  process_exit: EXIT_BYTES,
  process_fork: FORK_BYTES,
  oom_kill: OOM_BYTES,
};

/**
 * Writes one record as an event. False when the bytes are no record of this version; nothing has
 * been written then. A record the writer drops counts there and is true here.
 */
export function decodeRecord(record: RecordView, context: DecodeContext): boolean {
  if (record.byteLength < HEAD.comm.offset + HEAD.comm.size) return false;
  const hook = HOOK_NAMES[record.u16(HEAD.hook.offset)];
  if (hook === undefined || record.byteLength < FIXED_BYTES[hook]) return false;
  switch (hook) {
    case "process_exec":
      return decodeExec(record, context);
    case "process_exit":
      decodeExit(record, context);
      return true;
    case "process_fork":
      decodeFork(record, context);
      return true;
    case "oom_kill":
      decodeOom(record, context);
      return true;
  }
}

function decodeExec(record: RecordView, context: DecodeContext): boolean {
  const bytes = record.u32(EXEC.filenameBytes.offset);
  if (EXEC_FIXED_BYTES + bytes > record.byteLength) return false;
  const { writer, kinds } = context;
  const kind = kinds.KernelProcessExec;
  begin(record, context, kind);
  writer.setNumber(kind.parent_pid, record.u32(EXEC.parentPid.offset));
  const text = record.text(EXEC.filename.offset, Math.min(bytes, FILENAME_MAX_BYTES));
  const isCut = bytes > FILENAME_MAX_BYTES + 1;
  // A cut inside a character leaves a replacement character that the file name does not have.
  writer.setText(kind.filename, isCut ? text.replace(/\uFFFD+$/, "") : text, isCut);
  writer.commit();
  return true;
}

function decodeExit(record: RecordView, context: DecodeContext): void {
  const { writer, kinds, exits } = context;
  const pid = record.u32(HEAD.pid.offset);
  if (exits.isRepeat(pid, record.u64Number(HEAD.timeNs.offset))) return;
  const kind = kinds.KernelProcessExit;
  begin(record, context, kind);
  writer.setNumber(kind.parent_pid, record.u32(EXIT.parentPid.offset));
  writer.setNumber(kind.exit_code, record.i32(EXIT.exitCode.offset));
  if (isPresent(record, EXIT.signal)) {
    writer.setNumber(kind.signal, record.i32(EXIT.signal.offset));
  }
  writer.commit();
}

function decodeFork(record: RecordView, context: DecodeContext): void {
  const { writer, kinds } = context;
  const kind = kinds.KernelProcessFork;
  begin(record, context, kind);
  writer.setNumber(kind.child_pid, record.u32(FORK.childPid.offset));
  writer.commit();
}

function decodeOom(record: RecordView, context: DecodeContext): void {
  const { writer, kinds } = context;
  const kind = kinds.KernelOomKill;
  begin(record, context, kind);
  // `OOM_SCOPE` numbers the members as the schema does.
  writer.setNumber(kind.scope, record.u32(OOM.scope.offset));
  setSize(record, writer, kind.memory_limit, OOM.memoryLimit);
  setSize(record, writer, kind.memory_usage, OOM.memoryUsage);
  setSize(record, writer, kind.rss, OOM.rss);
  writer.commit();
}

function begin(record: RecordView, context: DecodeContext, kind: KindOf<never>): void {
  const { writer } = context;
  const pid = record.u32(HEAD.pid.offset);
  const cgroup = record.u64(HEAD.cgroup.offset);
  const timeUs = context.toEpochUs(record.u64Number(HEAD.timeNs.offset));
  writer.begin(kind.kind, timeUs, context.entityOf(pid, cgroup));
  writer.setText(kind.comm, record.text(HEAD.comm.offset, HEAD.comm.size));
  writer.setNumber(kind.pid, pid);
  writer.setId64(kind.cgroup, cgroup);
}

function setSize(record: RecordView, writer: EventWriter, index: number, field: NumberField): void {
  if (isPresent(record, field)) writer.setNumber(index, record.u64Number(field.offset));
}

function isPresent(record: RecordView, field: NumberField): boolean {
  return (record.u16(HEAD.present.offset) & (field.optional ?? 0)) !== 0;
}
