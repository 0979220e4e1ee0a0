/** What a step took, made of the events it took. */
import type { EventData } from "../schema.ts";
import type { Taken } from "./eval.ts";

/** How many events of a window or of an all-of step are shown as evidence. */
export const evidenceKept = 16;

/** `run` as an expression sees it, with the first `keep` as evidence; undefined when empty. */
export function takenOf(run: readonly EventData[], keep: number): Taken | undefined {
  const [first] = run;
  const last = run.at(-1);
  if (!first || !last) return undefined;
  return { first, last, count: run.length, kept: run.slice(0, keep) };
}
