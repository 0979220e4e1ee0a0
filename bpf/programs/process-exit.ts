/**
 * `kernel.process_exit`: the last thread of a process is gone. Tracepoint `sched_process_exit`.
 *
 * It fires for every thread. Which firing is the process's end, best source first:
 *   1. the tracepoint's own `group_dead` (kernels that pass it): exact.
 *   2. `signal->live`, which each thread has decremented before it gets here: zero for the last.
 *      Two threads leaving at the same instant may both see zero, and the event comes twice.
 *
 * The status is what wait(2) reports: `signal->group_exit_code` when the group has one status (from
 * exit_group or a fatal signal; newer kernels also give it the last thread's), otherwise the
 * leader's own `exit_code`.
 *   code:  | exit status, bits 8–15 | core dumped, bit 7 | signal, bits 0–6 |
 */
import { alu, branch, type Code, jump, label, load, mov, store } from "#bpf/asm";
import { type Btf, BtfError, memberPath, tracepointArguments } from "#bpf/btf";
import { type Hook, type HookCode, IGNORE, type Kernel, loadArgument } from "./hook.ts";
import { FREE_STACK, readMember } from "./kernel-read.ts";
import { EXIT, EXIT_BYTES, HEAD } from "./record.ts";
import { parentStep, taskSteps } from "./task-fields.ts";

const TRACEPOINT = "sched_process_exit";
/** `SIGNAL_GROUP_EXIT` of the kernel: a macro, so not in BTF; unchanged since 2.6. */
const GROUP_EXIT_FLAG = 4;
const SCRATCH = { base: "r10", offset: FREE_STACK } as const;

export const processExit: Hook = {
  name: "process_exit",
  tracepoint: TRACEPOINT,
  filterable: {
    pid: HEAD.pid,
    parent_pid: EXIT.parentPid,
    exit_code: EXIT.exitCode,
    signal: EXIT.signal,
  },
  build: (kernel: Kernel): HookCode => ({
    gate: [loadArgument("r8", 0), onlyWholeProcess(kernel.btf)],
    steps: [
      ...taskSteps(kernel),
      parentStep(kernel, EXIT.parentPid),
      { provides: ["exit_code", "signal"], code: readStatus(kernel.btf) },
    ],
    size: mov("r3", EXIT_BYTES),
  }),
};

function onlyWholeProcess(btf: Btf): Code {
  const args = tracepointArguments(btf, TRACEPOINT);
  if (args?.[0]?.pointsTo !== "task_struct") {
    throw new BtfError(`this kernel's \`${TRACEPOINT}\` does not pass a task first`);
  }
  const groupDead = args.find(({ scalar }) => scalar === "_Bool" || scalar === "bool");
  if (groupDead !== undefined) {
    return [
      loadArgument("r1", groupDead.index),
      alu("and", "r1", 0xff),
      branch("r1", "==", 0, IGNORE),
    ];
  }
  return [
    readMember(memberPath(btf, "task_struct", "signal.live.counter"), "r8", SCRATCH),
    load(4, "r1", SCRATCH.base, SCRATCH.offset),
    branch("r1", "!=", 0, IGNORE),
  ];
}

function readStatus(btf: Btf): Code {
  const path = (name: string) => memberPath(btf, "task_struct", name);
  return [
    readMember(path("signal.flags"), "r8", SCRATCH),
    load(4, "r1", SCRATCH.base, SCRATCH.offset),
    alu("and", "r1", GROUP_EXIT_FLAG),
    branch("r1", "!=", 0, "status_of_group"),
    readMember(path("group_leader.exit_code"), "r8", SCRATCH),
    jump("status_known"),
    label("status_of_group"),
    readMember(path("signal.group_exit_code"), "r8", SCRATCH),
    label("status_known"),
    load(4, "r1", SCRATCH.base, SCRATCH.offset),
    splitStatus(),
  ];
}

/** From the status in r1. A process ended by a signal has no exit code: 0. */
function splitStatus(): Code {
  return [
    mov("r2", "r1"),
    alu("and", "r2", 0x7f),
    store(4, "r7", EXIT.signal.offset, "r2"),
    branch("r2", "==", 0, "exited_by_itself"),
    store(4, "r7", EXIT.exitCode.offset, 0),
    store(2, "r7", HEAD.present.offset, EXIT.signal.optional ?? 0),
    jump("status_done"),
    label("exited_by_itself"),
    alu("rsh", "r1", 8),
    alu("and", "r1", 0xff),
    store(4, "r7", EXIT.exitCode.offset, "r1"),
    label("status_done"),
  ];
}
