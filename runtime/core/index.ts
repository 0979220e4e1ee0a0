/** What compiler, runtime and editor all stand on; no IO. */
export { type Builtin, builtins, findBuiltin } from "./builtins/index.ts";
export * from "./bundle/index.ts";
export { valuesOf, writerFor } from "./condition.ts";
export type { Dimension, DimensionName } from "./dimensions.ts";
export { eventId, makeEvent } from "./event.ts";
export * from "./evidence.ts";
export * from "./exit-codes.ts";
export * from "./finding.ts";
export { findingEvent, findingKindOf, scoreOf } from "./finding-event.ts";
export * from "./ir/index.ts";
export * from "./judge.ts";
export { exprsLookingBack, readOfFindings } from "./later-reads.ts";
export * from "./layout.ts";
export { redactedText } from "./redacted.ts";
export * from "./reload/index.ts";
export { keyNames, keysSeen, type SeenKey } from "./rule-key.ts";
export { cellOfRun, runAggregatesAt, runAggregatesOf } from "./run-aggregates.ts";
export * from "./schema.ts";
export * from "./source.ts";
export { entityKindOf, isInTime, keyOfEntity } from "./subsume.ts";
export * from "./text/index.ts";
export { unitOf } from "./unit-of.ts";
export { headBytes, typeBytes, valueBytes, wordBytes } from "./value-bytes.ts";
export { type Answer, type GivenUpMatch, type Question, whyNot } from "./why-not.ts";
export type {
  Replayed,
  ToldAtom,
  ToldCandidate,
  ToldEvent,
  ToldFinding,
  ToldGivenUp,
  ToldKey,
  ToldMiss,
  ToldWithheld,
} from "./why-not-words.ts";
