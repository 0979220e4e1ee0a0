/** The kernel side of tapio: one file per hook, the maps they share, the record they write. */

export { instructionCount } from "#bpf/asm";
export { assembleDispatcher } from "./dispatcher.ts";
export { assembleFused } from "./fuse.ts";
export type { FieldStep, Hook, HookCode, Kernel } from "./hook.ts";
export {
  fits,
  type IntegerCondition,
  type IntegerFilter,
  type IntegerOperator,
  MAX_FILTER_CONDITIONS,
} from "./integer-filter.ts";
export {
  COUNTERS_BYTES,
  type CounterName,
  counterOffset,
  type MapFds,
  type MapName,
  type MapSpec,
  mapSpecs,
  PROGRAM_TYPE_RAW_TRACEPOINT,
} from "./maps.ts";
export { HOOKS, type HookPlan, type KernelPlan } from "./plan.ts";
export * from "./record.ts";
