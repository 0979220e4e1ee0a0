/**
 * `kernel.oom_kill`: the kernel has chosen a victim. Tracepoint `mark_victim`, whose argument is
 * the victim's task (kernel 6.8 and later) or just its pid (before).
 *
 * With only a pid, `pid` is known and the rest is taken from the task that ran out of memory, which
 * is the current one: scope, limit and usage are about its cgroup, which is the same question; comm
 * and cgroup are filled when it is its own victim, and empty and 0 otherwise; rss is missing.
 *
 * The tracepoint does not say whether a cgroup or the machine ran out, so the program walks up from
 * the victim's memory cgroup, at most eight levels:
 *
 *   page_counter (usage, max) ──parent──► page_counter ──parent──► … root
 *
 *   1. `mem_cgroup.oom_lock`, where the kernel has it, is held on the whole subtree of the cgroup
 *      that is out of memory: the highest locked level is that cgroup.
 *   2. A level whose usage is above its maximum: the limit was lowered under a running process,
 *      which kills without taking that lock.
 *   3. Only on kernels without `oom_lock`: the nearest level whose usage is within 1/64 of its
 *      maximum, at least 256 KiB. The kernel kills only while less than one page is free; the
 *      margin covers what others give back in the moments until the victim is marked. A machine
 *      that runs out while such a cgroup is full is mistaken for it; with `oom_lock` it is not.
 *   Otherwise the machine ran out: scope `global`, limit and usage missing.
 */
import {
  alu,
  branch,
  branch32,
  type Code,
  call,
  jump,
  label,
  load,
  loadImmediate,
  mov,
  store,
} from "#bpf/asm";
import { type Btf, BtfError, hasMember, memberPath, tracepointArguments } from "#bpf/btf";
import {
  type FieldStep,
  type Hook,
  type HookCode,
  type Kernel,
  loadArgument,
  memoryControllerIndex,
} from "./hook.ts";
import { FREE_STACK, readMember, readWord } from "./kernel-read.ts";
import { HEAD, OOM, OOM_BYTES, OOM_SCOPE } from "./record.ts";
import { residentMemory } from "./resident-memory.ts";
import { taskSteps } from "./task-fields.ts";

const TRACEPOINT = "mark_victim";
const MAX_LEVELS = 8;
const MARGIN_SHIFT = 6;
const MARGIN_MIN_BYTES = 256 * 1024;

const stack = (offset: number) => ({ base: "r10", offset: FREE_STACK - offset }) as const;
const MAX = stack(8);
const USAGE = stack(16);
const LOCK = stack(24);
/** Limit and usage of the cgroup that ran out, in pages, and whether a rule has found one. */
const FOUND_MAX = stack(32);
const FOUND_USAGE = stack(40);
const FOUND = stack(48);
const CURRENT_TGID = stack(56);

/** How the level that ran out is recognised; `usage` is for kernels without `oom_lock`. */
type OomEvidence = "lock" | "usage";

export const oomKill: Hook = {
  name: "oom_kill",
  tracepoint: TRACEPOINT,
  filterable: {
    pid: HEAD.pid,
    memory_limit: OOM.memoryLimit,
    memory_usage: OOM.memoryUsage,
    rss: OOM.rss,
  },
  build: (kernel) => {
    const victim = tracepointArguments(kernel.btf, TRACEPOINT)?.[0];
    if (victim === undefined) throw new BtfError(`this kernel has no tracepoint \`${TRACEPOINT}\``);
    const scope = scopeStep(kernel);
    return victim.pointsTo === "task_struct" ? fromTask(kernel, scope) : fromPid(kernel, scope);
  },
};

function fromTask(kernel: Kernel, scope: FieldStep): HookCode {
  return {
    gate: loadArgument("r8", 0),
    steps: [...taskSteps(kernel), scope, { provides: ["rss"], code: residentMemory(kernel) }],
    size: mov("r3", OOM_BYTES),
  };
}

/** For kernels whose tracepoint passes a pid. */
function fromPid(kernel: Kernel, scope: FieldStep): HookCode {
  const tgid = memberPath(kernel.btf, "task_struct", "tgid");
  return {
    gate: [call("getCurrentTask"), mov("r8", "r0")],
    steps: [
      ...taskSteps(kernel),
      {
        provides: ["pid", "comm", "cgroup"],
        code: [
          loadArgument("r9", 0),
          store(4, "r7", HEAD.pid.offset, "r9"),
          readMember(tgid, "r8", CURRENT_TGID),
          load(4, "r1", CURRENT_TGID.base, CURRENT_TGID.offset),
          branch32("r1", "==", "r9", "is_own_victim"),
          store(8, "r7", HEAD.cgroup.offset, 0),
          store(8, "r7", HEAD.comm.offset, 0),
          store(8, "r7", HEAD.comm.offset + 8, 0),
          label("is_own_victim"),
        ],
      },
      scope,
      { provides: ["rss"], code: store(8, "r7", OOM.rss.offset, 0) },
    ],
    size: mov("r3", OOM_BYTES),
  };
}

/** Scope, limit and usage, from the memory cgroup of the task in r8. */
function scopeStep(kernel: Kernel): FieldStep {
  const { btf } = kernel;
  const provides = ["scope", "memory_limit", "memory_usage"];
  const nothingFound = store(8, FOUND.base, FOUND.offset, 0);
  if (!hasMember(btf, "mem_cgroup", "memory")) {
    // A kernel without the memory controller: only the machine can run out.
    return { provides, code: [nothingFound, storeScope(kernel.pageBytes)] };
  }
  const evidence: OomEvidence = hasMember(btf, "mem_cgroup", "oom_lock") ? "lock" : "usage";
  const memory = memberPath(btf, "mem_cgroup", "memory").offsets[0]!;
  const css = memberPath(btf, "mem_cgroup", "css").offsets[0]!;
  const controller = memoryControllerIndex(btf);
  const cssPath = memberPath(btf, "task_struct", `cgroups.subsys[${controller}]`);
  return {
    provides,
    code: [
      nothingFound,
      store(8, FOUND_MAX.base, FOUND_MAX.offset, 0),
      store(8, FOUND_USAGE.base, FOUND_USAGE.offset, 0),
      readWord(cssPath.offsets, "r8", "r9"),
      branch("r9", "==", 0, "levels_done"),
      // From the embedded css to its mem_cgroup, and on to the memory counter in it.
      alu("add", "r9", memory - css),
      Array.from({ length: MAX_LEVELS }, (_, level) => oneLevel(kernel, evidence, memory, level)),
      label("levels_done"),
      storeScope(kernel.pageBytes),
    ],
  };
}

/** Judges the counter in r9, then moves r9 to its parent. */
function oneLevel(kernel: Kernel, evidence: OomEvidence, memory: number, level: number): Code {
  const counter = (path: string) => memberPath(kernel.btf, "page_counter", path);
  return [
    readMember(counter("max"), "r9", MAX),
    readMember(usagePath(kernel.btf), "r9", USAGE),
    evidence === "lock" ? judgeByLock(kernel.btf, memory, level) : [],
    judgeByUsage(kernel, evidence === "lock" ? 0 : MARGIN_SHIFT, level),
    label(`level_${level}_judged`),
    readWord(counter("parent").offsets, "r9", "r9"),
    branch("r9", "==", 0, "levels_done"),
  ];
}

/** An `atomic_long_t`: the number is one struct deeper. */
function usagePath(btf: Btf) {
  return memberPath(btf, "page_counter", "usage.counter");
}

/** A locked level replaces whatever was found below it. */
function judgeByLock(btf: Btf, memory: number, level: number): Code {
  const lock = memberPath(btf, "mem_cgroup", "oom_lock");
  const fromCounter = { ...lock, offsets: [lock.offsets[0]! - memory] };
  return [
    readMember(fromCounter, "r9", LOCK),
    load(1, "r1", LOCK.base, LOCK.offset),
    branch("r1", "==", 0, `level_${level}_unlocked`),
    takeLevel(),
    jump(`level_${level}_judged`),
    label(`level_${level}_unlocked`),
  ];
}

/**
 * Takes the level when nothing was found below and its usage is above its limit, or within the
 * margin of it when `marginShift` is not 0.
 */
function judgeByUsage(kernel: Kernel, marginShift: number, level: number): Code {
  const judged = `level_${level}_judged`;
  const minimum = Math.ceil(MARGIN_MIN_BYTES / kernel.pageBytes);
  return [
    load(8, "r1", FOUND.base, FOUND.offset),
    branch("r1", "!=", 0, judged),
    load(8, "r1", MAX.base, MAX.offset),
    loadImmediate("r2", unlimitedPages(kernel.pageBytes)),
    branch("r1", ">=", "r2", judged),
    load(8, "r2", USAGE.base, USAGE.offset),
    marginShift === 0
      ? branch("r2", "<=", "r1", judged)
      : [
          mov("r3", "r1"),
          alu("rsh", "r3", marginShift),
          branch("r3", ">", minimum, `level_${level}_margin`),
          mov("r3", minimum),
          label(`level_${level}_margin`),
          alu("add", "r2", "r3"),
          branch("r2", "<", "r1", judged),
        ],
    takeLevel(),
  ];
}

function takeLevel(): Code {
  return [
    store(8, FOUND.base, FOUND.offset, 1),
    load(8, "r1", MAX.base, MAX.offset),
    store(8, FOUND_MAX.base, FOUND_MAX.offset, "r1"),
    load(8, "r1", USAGE.base, USAGE.offset),
    store(8, FOUND_USAGE.base, FOUND_USAGE.offset, "r1"),
  ];
}

/** Pages to bytes, and the bits that say what is present. */
function storeScope(pageBytes: number): Code {
  const limit = OOM.memoryLimit.optional ?? 0;
  const usage = OOM.memoryUsage.optional ?? 0;
  return [
    store(4, "r7", OOM.scope.offset, OOM_SCOPE.global),
    store(8, "r7", OOM.memoryLimit.offset, 0),
    store(8, "r7", OOM.memoryUsage.offset, 0),
    load(8, "r1", FOUND.base, FOUND.offset),
    branch("r1", "==", 0, "scope_done"),
    store(4, "r7", OOM.scope.offset, OOM_SCOPE.memcg),
    load(8, "r1", FOUND_USAGE.base, FOUND_USAGE.offset),
    alu("mul", "r1", pageBytes),
    store(8, "r7", OOM.memoryUsage.offset, "r1"),
    load(2, "r3", "r7", HEAD.present.offset),
    alu("or", "r3", usage),
    load(8, "r1", FOUND_MAX.base, FOUND_MAX.offset),
    loadImmediate("r2", unlimitedPages(pageBytes)),
    branch("r1", ">=", "r2", "limit_unknown"),
    alu("mul", "r1", pageBytes),
    store(8, "r7", OOM.memoryLimit.offset, "r1"),
    alu("or", "r3", limit),
    label("limit_unknown"),
    store(2, "r7", HEAD.present.offset, "r3"),
    label("scope_done"),
  ];
}

/** `PAGE_COUNTER_MAX`: what "no limit" looks like in `page_counter.max`. */
const unlimitedPages = (pageBytes: number): bigint => (2n ** 63n - 1n) / BigInt(pageBytes);
