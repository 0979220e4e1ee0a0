/** The engine: records in, findings out. */
export {
  Engine,
  type EngineCounters,
  type EngineOptions,
  type NextBundle,
  type ReloadedRule,
} from "./engine.ts";
export type { GivenUp } from "./given-up.ts";
export { Queue } from "./queue.ts";
export type { SnapshotRefusal } from "./snapshot.ts";
export { type Trouble, troubleText } from "./trouble.ts";
