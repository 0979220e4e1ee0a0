/** Which events of a stage are part of a match. */
import type { Match } from "./match.ts";
import type { Scene } from "./scene.ts";

/** The events of the scene that lie inside matches of its key. */
export function coveredBy(scene: Scene, matches: readonly Match[]): ReadonlySet<number> {
  const out = new Set<number>();
  for (const match of matches.filter((m) => m.key === scene.key)) {
    const taken = match.captures.flatMap((c) => (c ? [c.first, c.last] : []));
    const places = taken.map((e) => scene.events.indexOf(e));
    for (let i = Math.min(...places); i <= Math.max(...places); i++) out.add(i);
  }
  return out;
}
