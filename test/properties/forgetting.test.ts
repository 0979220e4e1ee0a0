/**
 * Law: state does not grow with what is past. The same events come again and again, far apart;
 * after some times the engine keeps no more than after twice as many. `TAPIO_LAW_RULES` sets how
 * many rules are tried.
 */
import fc from "fast-check";
import { expect, test } from "vitest";
import { keptBytes, untold } from "../harness/forgetting.ts";
import { allCase } from "../harness/law-all.ts";
import { compileCase, sequenceCase, traceFrom } from "../harness/law-sequences.ts";
import { lawSeed } from "../harness/seed.ts";

const rules = Number(process.env.TAPIO_LAW_RULES ?? 100);
const timeout = Math.max(120_000, rules * 400);
const times = 16;

test.each([
  ["sequences", sequenceCase(4)],
  ["all-of", allCase(4)],
] as const)("of %s", { timeout }, (_, anyCase) => {
  fc.assert(
    fc.property(anyCase, ({ text, traces }) => {
      const { unit, matcher } = compileCase(untold(text));
      for (const { events } of traces) {
        const sizes = keptBytes(unit, matcher, traceFrom(unit, events).events, 1000, times);
        const [early = 0, late = 0] = [sizes[times / 2 - 1], sizes[times - 1]];
        expect(late - early, `${text}\n${JSON.stringify(events)}\n${sizes}`).toBe(0);
      }
    }),
    { numRuns: rules, seed: lawSeed("state does not grow") },
  );
});
