/**
 * `kernel.process_exec`: execve(2) has succeeded. Tracepoint
 * `sched_process_exec(task, old_pid, bprm)`.
 *
 * The file name is the one given to execve, up to 256 bytes. Two more than that are read: a result
 * of 258 bytes (with NUL) means that the name did not fit, and the decoder marks the text as cut.
 */
import { alu, branch, type Code, call, label, load, mov, store } from "#bpf/asm";
import { type Btf, BtfError, memberPath, tracepointArguments } from "#bpf/btf";
import { type Hook, type HookCode, type Kernel, loadArgument } from "./hook.ts";
import { readWord } from "./kernel-read.ts";
import { EXEC, EXEC_FIXED_BYTES, FILENAME_MAX_BYTES, HEAD } from "./record.ts";
import { parentStep, taskSteps } from "./task-fields.ts";

const TRACEPOINT = "sched_process_exec";

export const processExec: Hook = {
  name: "process_exec",
  tracepoint: TRACEPOINT,
  filterable: { pid: HEAD.pid, parent_pid: EXEC.parentPid },
  build: (kernel: Kernel): HookCode => {
    const binaryArgument = argumentPointingTo(kernel.btf, "linux_binprm");
    return {
      gate: loadArgument("r8", argumentPointingTo(kernel.btf, "task_struct")),
      steps: [
        ...taskSteps(kernel),
        parentStep(kernel, EXEC.parentPid),
        { provides: ["filename"], code: readFilename(kernel.btf, binaryArgument) },
      ],
      size: [load(4, "r3", "r7", EXEC.filenameBytes.offset), boundAndAdd()],
    };
  },
};

function argumentPointingTo(btf: Btf, structName: string): number {
  const found = tracepointArguments(btf, TRACEPOINT)?.find((arg) => arg.pointsTo === structName);
  if (found === undefined) {
    throw new BtfError(`this kernel's \`${TRACEPOINT}\` passes no \`${structName}\``);
  }
  return found.index;
}

/** An unreadable name becomes the empty one: length 1, its NUL. */
function readFilename(btf: Btf, binaryArgument: number): Code {
  const path = memberPath(btf, "linux_binprm", "filename");
  return [
    loadArgument("r9", binaryArgument),
    readWord(path.offsets, "r9", "r3"),
    mov("r1", "r7"),
    alu("add", "r1", EXEC.filename.offset),
    mov("r2", FILENAME_MAX_BYTES + 2),
    store(1, "r7", EXEC.filename.offset, 0),
    call("probeReadKernelStr"),
    branch("r0", "s>", 0, "filename_known"),
    mov("r0", 1),
    label("filename_known"),
    store(4, "r7", EXEC.filenameBytes.offset, "r0"),
  ];
}

/** r3 = fixed part + file name; the comparison is what lets the verifier know its bound. */
function boundAndAdd(): Code {
  return [
    branch("r3", "<=", FILENAME_MAX_BYTES + 2, "size_known"),
    mov("r3", FILENAME_MAX_BYTES + 2),
    label("size_known"),
    alu("add", "r3", EXEC_FIXED_BYTES),
  ];
}
