/** The core language, its printer and its reference interpreter. */

export {
  against,
  asNumber,
  ofValues,
  type Past,
  type WindowView,
  withPane,
} from "./aggregate.ts";
export { type Atom, type Proof, proofOf } from "./atoms.ts";
export {
  type Aggregate,
  type CellMath,
  type CellSample,
  cellMath,
  emptyCell,
  isMissingOfNone,
  laterCells,
  type RunAggregate,
  runMath,
  windowCell,
} from "./cells.ts";
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
  countGauge,
  type Gauge,
  gaugeName,
  gaugesOf,
  historiesOf,
  historyName,
  isCountExact,
  neededFor,
  pinnedBy,
  stable,
  type Threshold,
  thresholdOf,
  valuesName,
} from "./gauges.ts";
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
  type SourceLoss,
  sourcesOf,
  startOf,
  type Trace,
  type Withheld,
  withDoubt,
  withLosses,
} from "./interpret/index.ts";
export { keyText } from "./key-text.ts";
export { bounded } from "./numbers.ts";
export { perRule } from "./per-rule.ts";
export { printDerive, printExpr, printRule } from "./print.ts";
export { reachOf } from "./reach.ts";
export {
  type AllBounds,
  allBounds,
  deadTimers,
  evidenceMax,
  findingsKept,
  livesKept,
  numberedMax,
  openPerKey,
  type PlacedBounds,
  placedBounds,
  resolvingMax,
  standsAlone,
} from "./state-bounds.ts";
export { evidenceKept, sinceOf, takenOf, windowTaken } from "./taken.ts";
export { type Trigger, triggersOf } from "./triggers.ts";
export * from "./world.ts";
