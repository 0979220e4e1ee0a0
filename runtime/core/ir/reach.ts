/** How far behind its recorded time an event may lie. */
import type { CoreUnit, Step } from "./core.ts";

/**
 * Width of the widest interval of an event of `steps`, less 1 µs; 0 where recorded times say all
 * there is to say about the order, which is so on exact clocks and on events of one clock alone.
 */
export function reachOf(unit: CoreUnit, steps: readonly Step[], slackUs: number): number {
  const { schema } = unit;
  const kinds = new Set(steps.flatMap((s) => s.kinds));
  const clocks = new Set(
    [...kinds].map((k) =>
      schema.kinds[k]?.made === "finding" ? -1 : (schema.kinds[k]?.source ?? -1),
    ),
  );
  if (clocks.size < 2) return 0;
  const granularity = [...clocks].map((s) => Math.max(1, schema.sources[s]?.granularityUs ?? 1));
  return Math.max(...granularity) + slackUs - 1;
}
