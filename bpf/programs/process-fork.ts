/**
 * `kernel.process_fork`: a process was created. Tracepoint `sched_process_fork(parent, child)`.
 *
 * It fires for threads too; a new process is a child that leads its own thread group. `pid`, `comm`
 * and `cgroup` are the parent's.
 */
import { branch32, type Code, load, mov } from "#bpf/asm";
import { type Btf, BtfError, memberPath, tracepointArguments } from "#bpf/btf";
import { type Hook, type HookCode, IGNORE, type Kernel, loadArgument } from "./hook.ts";
import { FREE_STACK, readMember } from "./kernel-read.ts";
import { FORK, FORK_BYTES, HEAD } from "./record.ts";
import { taskSteps } from "./task-fields.ts";

const TRACEPOINT = "sched_process_fork";
const CHILD_PID = { base: "r10", offset: FREE_STACK - 4 } as const;
const CHILD_TGID = { base: "r10", offset: FREE_STACK - 8 } as const;

export const processFork: Hook = {
  name: "process_fork",
  tracepoint: TRACEPOINT,
  filterable: { pid: HEAD.pid, child_pid: FORK.childPid },
  build: (kernel: Kernel): HookCode => {
    const { btf } = kernel;
    checkArguments(btf);
    const child = memberPath(btf, "task_struct", "tgid");
    return {
      gate: [loadArgument("r8", 0), loadArgument("r9", 1), onlyProcesses(btf)],
      steps: [
        {
          provides: ["child_pid"],
          code: readMember(child, "r9", { base: "r7", offset: FORK.childPid.offset }),
        },
        ...taskSteps(kernel),
      ],
      size: mov("r3", FORK_BYTES),
    };
  },
};

function checkArguments(btf: Btf): void {
  const args = tracepointArguments(btf, TRACEPOINT);
  if (args?.[0]?.pointsTo !== "task_struct" || args[1]?.pointsTo !== "task_struct") {
    throw new BtfError(`this kernel's \`${TRACEPOINT}\` does not pass parent and child`);
  }
}

function onlyProcesses(btf: Btf): Code {
  return [
    readMember(memberPath(btf, "task_struct", "pid"), "r9", CHILD_PID),
    readMember(memberPath(btf, "task_struct", "tgid"), "r9", CHILD_TGID),
    load(4, "r1", CHILD_PID.base, CHILD_PID.offset),
    load(4, "r2", CHILD_TGID.base, CHILD_TGID.offset),
    branch32("r1", "!=", "r2", IGNORE),
  ];
}
