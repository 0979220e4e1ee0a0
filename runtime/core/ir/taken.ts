/** What a step took, made of the events it took. */
import type { EventData } from "../schema.ts";
import type { WindowView } from "./aggregate.ts";
import type { Pick } from "./core.ts";
import type { Taken } from "./eval.ts";

/** How many events of a window or of an all-of step are shown as evidence. */
export const evidenceKept = 16;

/** The event of `taken` that is meant; undefined when there is none. */
export function eventOfTaken(taken: Taken | undefined, pick: Pick): EventData | undefined {
  if (typeof pick === "number") return taken?.kept[pick];
  return pick === "first" ? taken?.first : taken?.last;
}

/** `run` as an expression sees it, with the first `keep` as evidence; undefined when empty. */
export function takenOf(run: readonly EventData[], keep: number): Taken | undefined {
  const [first] = run;
  const last = run.at(-1);
  if (!first || !last) return undefined;
  return { first, last, count: run.length, kept: run.slice(0, keep) };
}

/**
 * What a window's step took: the newest events as evidence, and how many there are since when. Both
 * are of the exact span (`isExact`), or of whole panes.
 */
export function windowTaken(view: WindowView, isExact: boolean): Taken | undefined {
  const kept = view.events.slice(-evidenceKept);
  const [first] = kept;
  const last = kept.at(-1);
  if (!first || !last) return undefined;
  const parts = isExact ? [view.events] : [...view.panes, ...view.more];
  const count = parts.reduce((n, events) => n + events.length, 0);
  const [oldest] = parts.find((events) => events.length > 0) ?? [];
  return { first, last, count, kept, sinceUs: oldest?.ts ?? first.ts };
}

/** When the first event that a step took came, µs; it need not be kept itself. */
export function sinceOf({ first, sinceUs }: Taken): number {
  return sinceUs ?? first.ts;
}
