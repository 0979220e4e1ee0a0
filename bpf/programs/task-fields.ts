/**
 * The fields every process event has, read from the task in r8.
 *
 * `comm` is the thread group leader's: a rule means the process, and threads rename themselves.
 */
import { memberPath } from "#bpf/btf";
import { cgroupIdPath, type FieldStep, type Kernel } from "./hook.ts";
import { readMember } from "./kernel-read.ts";
import { HEAD, type NumberField } from "./record.ts";

const inRecord = (field: { readonly offset: number }) =>
  ({ base: "r7", offset: field.offset }) as const;

/** `pid`, `comm` and `cgroup`. */
export function taskSteps(kernel: Kernel): readonly FieldStep[] {
  const { btf } = kernel;
  const comm = memberPath(btf, "task_struct", "group_leader.comm");
  return [
    {
      provides: ["pid"],
      code: readMember(memberPath(btf, "task_struct", "tgid"), "r8", inRecord(HEAD.pid)),
    },
    {
      provides: ["comm"],
      code: readMember({ ...comm, size: HEAD.comm.size }, "r8", inRecord(HEAD.comm)),
    },
    {
      provides: ["cgroup"],
      code: readMember(cgroupIdPath(kernel), "r8", inRecord(HEAD.cgroup)),
    },
  ];
}

/** `parent_pid`: the process that gets SIGCHLD, which after its parent's death is another. */
export function parentStep(kernel: Kernel, field: NumberField): FieldStep {
  const path = memberPath(kernel.btf, "task_struct", "real_parent.tgid");
  return { provides: ["parent_pid"], code: readMember(path, "r8", inRecord(field)) };
}
