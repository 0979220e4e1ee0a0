/** The engine: records in, findings out. */
export { Engine, type EngineCounters, type EngineOptions } from "./engine.ts";
export type { SnapshotRefusal } from "./snapshot.ts";
