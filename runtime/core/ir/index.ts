/** The core language, its printer and its reference interpreter. */

export {
  against,
  type Gathered,
  type Past,
  reduced,
  type Sample,
  type WindowView,
  withPane,
} from "./aggregate.ts";
export { type Atom, type Proof, proofOf } from "./atoms.ts";
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
  type Candidate,
  type Constraint,
  closest,
  compareEvents,
  compareMatches,
  countOf,
  durationOf,
  type Focus,
  type Interpretation,
  type Interval,
  interpretRule,
  intervalOf,
  isCertainlyBefore,
  isPlaceable,
  isPlain,
  isPossiblyBefore,
  keyOf,
  type Match,
  type MatchFacts,
  matchEnv,
  type NearMiss,
  resolutionOf,
  rootOf,
  sourcesOf,
  type Trace,
  type Withheld,
  withDoubt,
  withLosses,
} from "./interpret/index.ts";
export { keyText } from "./key-text.ts";
export { bounded } from "./numbers.ts";
export { printDerive, printExpr, printRule } from "./print.ts";
export { evidenceKept, takenOf } from "./taken.ts";
export { type Trigger, triggersOf } from "./triggers.ts";
export * from "./world.ts";
