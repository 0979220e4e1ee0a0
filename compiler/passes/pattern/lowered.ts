/** What the lowering of a `match` hands on. */
import type { Pattern } from "#core";
import type { Groups } from "../elaborate/scope.ts";
import type { Connections } from "./connected.ts";
import type { PatternKeys } from "./key.ts";
import type { SeenStep } from "./step.ts";

export interface LoweredPattern {
  readonly pattern: Pattern;
  /** The steps as explanations see them, in the order of captures. */
  readonly seen: readonly SeenStep[];
  /** What the events of a match have in common. */
  readonly keys: PatternKeys;
  readonly connections: Connections;
  /** What a window's condition bound, of each of its events. */
  readonly windowGroups?: Groups | undefined;
  /** Width of a window's panes, µs. */
  readonly paneUs?: number | undefined;
}

/** Bound on partial matches of a key where the rule does not say. */
export const defaultPartials = 32;
