/**
 * Makes a hook's fused program: the one that sits in the hook's slot and does all the work.
 *
 *   gate ─ no event ───────────────────────────────────────────────► exit
 *     │
 *   seen += 1; fields the filter reads; filter ─ definitely unwanted ─► exit
 *     │
 *   passed += 1; the other fields; head; to the ring ─ full ─► lost += 1 ► exit
 *
 * Cheap refusals come first: a dropped event has paid for the fields its filter reads and for
 * nothing else. Text is never read for it.
 */
import {
  alu,
  assemble,
  branch,
  type Code,
  call,
  exit,
  label,
  load,
  loadMap,
  mov,
  store,
} from "#bpf/asm";
import { type FieldStep, type Hook, IGNORE, type Kernel } from "./hook.ts";
import { compileFilter, fieldsOf, fits, type IntegerFilter } from "./integer-filter.ts";
import { type CounterName, counterOffset, type MapFds } from "./maps.ts";
import { HEAD, type HookName, hookIndex } from "./record.ts";

/** Stack: map key, and pointer to this CPU's counters. Above `FREE_STACK`, below the hop slot. */
const KEY = -12;
const COUNTERS_POINTER = -24;

/**
 * Bytes of the fused program for this kernel. `filter` undefined keeps everything; one that is too
 * large to compile is ignored, which keeps everything too (see `fits`).
 *
 * Throws `BtfError` when the kernel lacks what the hook needs, `AssemblyError` on a defect here.
 */
export function assembleFused(
  hook: Hook,
  kernel: Kernel,
  maps: MapFds,
  filter: IntegerFilter | undefined,
): Uint8Array<ArrayBuffer> {
  const { gate, steps, size } = hook.build(kernel);
  const usable = filter !== undefined && fits(filter) ? filter : undefined;
  const wanted = usable === undefined ? new Set<string>() : fieldsOf(usable);
  const isEarly = (step: FieldStep) => step.provides.some((field) => wanted.has(field));
  return assemble([
    mov("r6", "r1"),
    gate,
    lookUp(maps.counters, 0),
    store(8, "r10", COUNTERS_POINTER, "r0"),
    count(hook.name, "seen"),
    lookUp(maps.scratch, hookIndex(hook.name)),
    mov("r7", "r0"),
    store(2, "r7", HEAD.present.offset, 0),
    earlySteps(steps, isEarly),
    usable === undefined ? [] : compileFilter(usable, hook.filterable, IGNORE),
    load(8, "r0", "r10", COUNTERS_POINTER),
    count(hook.name, "passed"),
    lateSteps(steps, isEarly),
    store(2, "r7", HEAD.hook.offset, hookIndex(hook.name)),
    call("ktimeGetNs"),
    store(8, "r7", HEAD.timeNs.offset, "r0"),
    output(hook.name, maps.ring, size),
    label(IGNORE),
    mov("r0", 0),
    exit(),
  ]);
}

/** A later step may correct an earlier one, so every step up to the last wanted one runs early. */
function lastEarly(steps: readonly FieldStep[], isEarly: (step: FieldStep) => boolean): number {
  return steps.reduce((last, step, i) => (isEarly(step) ? i : last), -1);
}

function earlySteps(steps: readonly FieldStep[], isEarly: (step: FieldStep) => boolean): Code {
  return steps.slice(0, lastEarly(steps, isEarly) + 1).map(({ code }) => code);
}

function lateSteps(steps: readonly FieldStep[], isEarly: (step: FieldStep) => boolean): Code {
  return steps.slice(lastEarly(steps, isEarly) + 1).map(({ code }) => code);
}

/** r0 = address of the entry; an array's lookup cannot fail, but the verifier wants a test. */
function lookUp(map: number, index: number): Code {
  return [
    store(4, "r10", KEY, index),
    loadMap("r1", map),
    mov("r2", "r10"),
    alu("add", "r2", KEY),
    call("mapLookup"),
    branch("r0", "==", 0, IGNORE),
  ];
}

/** Adds one to a counter of the entry r0 points to; per CPU, so nobody else writes it. */
function count(hook: HookName, counter: CounterName): Code {
  const offset = counterOffset(hook, counter);
  return [load(8, "r1", "r0", offset), alu("add", "r1", 1), store(8, "r0", offset, "r1")];
}

function output(hook: HookName, ring: number, size: Code): Code {
  return [
    size,
    loadMap("r1", ring),
    mov("r2", "r7"),
    // 0: wake the reader only when it has caught up.
    mov("r4", 0),
    call("ringbufOutput"),
    branch("r0", "==", 0, IGNORE),
    load(8, "r0", "r10", COUNTERS_POINTER),
    count(hook, "lost"),
  ];
}
