/**
 * `rss` of the task in r8: file, anonymous and shared pages of its address space, in bytes.
 *
 * Kernels since 6.2 count per CPU (`percpu_counter rss_stat[4]`); only the shared part of each
 * counter is read, which lags the truth by at most one batch per CPU (32 pages, or twice the number
 * of CPUs, whichever is more). Older ones have `rss_stat.count[4]`. On a kernel with neither, or
 * for a task that has already given up its address space, `rss` stays missing.
 */
import { alu, branch, type Code, label, load, store } from "#bpf/asm";
import { type Btf, hasMember, type MemberPath, memberPath } from "#bpf/btf";
import type { Kernel } from "./hook.ts";
import { FREE_STACK, readMember, readWord } from "./kernel-read.ts";
import { HEAD, OOM } from "./record.ts";

/** `MM_FILEPAGES`, `MM_ANONPAGES` and `MM_SHMEMPAGES`; 2 is swap, which is not resident. */
const RESIDENT_COUNTERS = [0, 1, 3] as const;

const COUNT = { base: "r10", offset: FREE_STACK - 8 } as const;
const SUM = { base: "r10", offset: FREE_STACK - 16 } as const;

export function residentMemory(kernel: Kernel): Code {
  const counters = RESIDENT_COUNTERS.map((index) => counterPath(kernel.btf, index));
  const clear = store(8, "r7", OOM.rss.offset, 0);
  if (counters.includes(undefined)) return clear;
  const space = memberPath(kernel.btf, "task_struct", "mm");
  return [
    clear,
    readWord(space.offsets, "r8", "r9"),
    branch("r9", "==", 0, "rss_done"),
    store(8, SUM.base, SUM.offset, 0),
    counters.map((path, i) => addCounter(path!, `rss_counter_${i}_negative`)),
    load(8, "r1", SUM.base, SUM.offset),
    alu("mul", "r1", kernel.pageBytes),
    store(8, "r7", OOM.rss.offset, "r1"),
    load(2, "r1", "r7", HEAD.present.offset),
    alu("or", "r1", OOM.rss.optional ?? 0),
    store(2, "r7", HEAD.present.offset, "r1"),
    label("rss_done"),
  ];
}

/** Ends the step with `rss` missing when a counter is unreadable; one below zero counts as zero. */
function addCounter(path: MemberPath, negative: string): Code {
  return [
    readMember(path, "r9", COUNT),
    branch("r0", "s<", 0, "rss_done"),
    load(8, "r1", COUNT.base, COUNT.offset),
    branch("r1", "s<", 0, negative),
    load(8, "r2", SUM.base, SUM.offset),
    alu("add", "r2", "r1"),
    store(8, SUM.base, SUM.offset, "r2"),
    label(negative),
  ];
}

function counterPath(btf: Btf, index: number): MemberPath | undefined {
  const candidates = [`rss_stat[${index}].count`, `rss_stat.count[${index}].counter`];
  const found = candidates.find((path) => hasMember(btf, "mm_struct", path));
  return found === undefined ? undefined : memberPath(btf, "mm_struct", found);
}
