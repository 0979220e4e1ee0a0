/** The core language, its printer and its reference interpreter. */
export * from "./core.ts";
export { bounded, compare, type Env, evaluate, keyText, type Taken, truth } from "./eval.ts";
export {
  format,
  formatDuration,
  formatIp,
  formatSize,
  formatTime,
  parseCidr,
  parseIp,
} from "./format.ts";
export {
  compareEvents,
  countOf,
  durationOf,
  interpretRule,
  keyOf,
  type Match,
  type Trace,
} from "./interpret.ts";
export { printExpr, printRule } from "./print.ts";
