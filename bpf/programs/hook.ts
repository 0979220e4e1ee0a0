/**
 * What a hook's file provides, and what it gets to provide it with.
 *
 * Registers throughout a fused program: r6 context (the tracepoint's arguments as u64), r7 record
 * under construction, r8 the task the event is about, r9 free for the hook.
 */
import { type Code, load } from "#bpf/asm";
import { type Btf, enumValue, hasMember, type MemberPath, memberPath } from "#bpf/btf";
import type { HookName, NumberField } from "./record.ts";

/** What the running kernel is like. */
export interface Kernel {
  readonly btf: Btf;
  readonly pageBytes: number;
  /**
   * Which cgroup hierarchy has the memory controller. On v2 the task's own cgroup is taken even
   * when only an ancestor has the controller switched on; on v1 there is no such difference.
   */
  readonly memoryHierarchy: "v1" | "v2";
}

/** Code that fills one or more fields of the record in r7; may clobber r0–r5 and r9. */
export interface FieldStep {
  /** Names of the event's fields, as in the schema. */
  readonly provides: readonly string[];
  readonly code: Code;
}

export interface Hook {
  readonly name: HookName;
  readonly tracepoint: string;
  /** Numeric fields a filter may test, by their schema names. */
  readonly filterable: Readonly<Record<string, NumberField>>;
  /** Throws `BtfError` when this kernel lacks something the hook cannot do without. */
  build(kernel: Kernel): HookCode;
}

export interface HookCode {
  /** Sets r8; jumps to `ignore` when this firing is no event at all (a thread, say). */
  readonly gate: Code;
  readonly steps: readonly FieldStep[];
  /** Sets r3 to the record's size, at most what the scratch entry holds. */
  readonly size: Code;
}

/** Where a gate jumps for a firing that is no event. */
export const IGNORE = "ignore";

/** `dst = argument`, from the context. */
export const loadArgument = (dst: "r1" | "r2" | "r3" | "r8" | "r9", index: number): Code =>
  load(8, dst, "r6", index * 8);

/** Path from a task to the kernfs id of its cgroup in the memory controller's hierarchy. */
export function cgroupIdPath(kernel: Kernel): MemberPath {
  const id = kernfsId(kernel.btf);
  if (kernel.memoryHierarchy === "v2") {
    return memberPath(kernel.btf, "task_struct", `cgroups.dfl_cgrp.kn.${id}`);
  }
  const memory = memoryControllerIndex(kernel.btf);
  return memberPath(kernel.btf, "task_struct", `cgroups.subsys[${memory}].cgroup.kn.${id}`);
}

/** The memory controller's index in a task's `cgroups->subsys`. */
export function memoryControllerIndex(btf: Btf): number {
  return enumValue(btf, "cgroup_subsys_id", "memory_cgrp_id");
}

/** `u64 id` since 5.5; before, a union whose member of the same name is the number. */
function kernfsId(btf: Btf): string {
  return hasMember(btf, "kernfs_node", "id.id") ? "id.id" : "id";
}
