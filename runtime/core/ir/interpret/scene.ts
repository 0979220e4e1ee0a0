/** The events of one key: the stage on which sequences and all-of patterns are played. */
import type { EventData } from "../../schema.ts";
import { type All, allStepsOf, type Seq, type Step } from "../core.ts";
import { type Env, type Taken, truth } from "../eval.ts";
import { durationOf, keyOf } from "./key.ts";
import type { Case } from "./match.ts";
import { type Interval, intervalOf } from "./order.ts";

export interface Scene {
  readonly key: string;
  readonly base: Env;
  /** The events of the rule's own kinds under this key, in order. */
  readonly events: readonly EventData[];
  readonly intervals: readonly Interval[];
  /** Longest interval of an event, less 1 µs: how far behind its recorded time one may lie. */
  readonly reach: number;
  /** For each step which events are of its kinds and under the key. */
  readonly own: ReadonlyMap<Step, ReadonlySet<number>>;
}

/** One scene for each key, in the order in which the keys appear. */
export function scenesOf(the: Case, pattern: Seq | All): Scene[] {
  const { unit, base } = the;
  const slack = durationOf(pattern.slack, base.params);
  return [...groupsOf(the, allStepsOf(pattern))].map(([key, { events, own }]) => {
    const intervals = events.map((e) => intervalOf(unit.schema, e, slack));
    const reach = intervals.reduce((most, { from, to }) => Math.max(most, to - from), 0);
    return { key, base, events, intervals, reach, own };
  });
}

interface Group {
  readonly events: EventData[];
  readonly own: Map<Step, Set<number>>;
}

function groupsOf(the: Case, steps: readonly Step[]): Map<string, Group> {
  const groups = new Map<string, Group>();
  for (const event of the.events) {
    for (const step of steps) {
      if (!step.kinds.includes(event.kind)) continue;
      const key = keyOf(step.key, event, the.base);
      if (key === undefined) continue;
      const group = groups.get(key) ?? {
        events: [],
        own: new Map(steps.map((s) => [s, new Set()])),
      };
      groups.set(key, group);
      if (group.events.at(-1) !== event) group.events.push(event);
      group.own.get(step)?.add(group.events.length - 1);
    }
  }
  return groups;
}

/** Truth of `step` on event `index`, knowing `captures`; false when kind or key differ. */
export function judge(
  scene: Scene,
  step: Step,
  index: number,
  captures: readonly (Taken | undefined)[],
): boolean | undefined {
  if (!scene.own.get(step)?.has(index)) return false;
  if (!step.where) return true;
  return truth(step.where, { ...scene.base, current: scene.events[index], captures });
}

/** The events that may have happened between two times, µs, both included. */
export function eventsBetween(scene: Scene, fromUs: number, toUs: number): number[] {
  const out: number[] = [];
  for (let x = firstNotBefore(scene, fromUs - scene.reach); x < scene.events.length; x++) {
    const interval = scene.intervals[x];
    if (!interval || interval.from > toUs) break;
    if (interval.to >= fromUs) out.push(x);
  }
  return out;
}

/** The first event whose recorded time is not before `us`. */
function firstNotBefore(scene: Scene, us: number): number {
  let low = 0;
  let high = scene.events.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((scene.intervals[middle]?.from ?? 0) >= us) high = middle;
    else low = middle + 1;
  }
  return low;
}
