/** The engine: records in, findings out. */

export { Queue } from "./collections/queue.ts";
export {
  Engine,
  type EngineCounters,
  type EngineOptions,
  type NextBundle,
  type ReloadedRule,
} from "./engine.ts";
export type { GivenUp } from "./findings/given-up.ts";
export type { SnapshotRefusal } from "./state/snapshot.ts";
export { type Trouble, troubleText } from "./trouble.ts";
