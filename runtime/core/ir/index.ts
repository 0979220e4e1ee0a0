/** The core language, its printer and its reference interpreter. */

export type { WindowView } from "./aggregate.ts";
export * from "./core.ts";
export { compare, type Env, evaluate, type Quality, type Taken, truth } from "./eval.ts";
export {
  format,
  formatDuration,
  formatIp,
  formatSize,
  formatTime,
  parseCidr,
  parseIp,
  writeDuration,
} from "./format.ts";
export {
  compareEvents,
  countOf,
  durationOf,
  type Interpretation,
  interpretRule,
  keyOf,
  type Match,
  matchEnv,
  type NearMiss,
  rootOf,
  type Trace,
} from "./interpret/index.ts";
export { keyText } from "./key-text.ts";
export { bounded } from "./numbers.ts";
export { printDerive, printExpr, printRule } from "./print.ts";
export { engineCannot, engineUnit } from "./runnable.ts";
export * from "./world.ts";
