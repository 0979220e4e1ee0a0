/** What is known of entities and relations: in which order, for how many, after a restart. */
import { describe, expect, test } from "vitest";
import type { EntityLife, RelationFact } from "#core";
import { WorldState } from "../../../../runtime/engine/intake/world-state.ts";

const life = (key: string, up: number, down?: number): EntityLife => ({
  ...{ kind: "pod", key, chain: { pod: key }, up },
  down,
});
const fact = (from: string, to: string, since = 0, until?: number): RelationFact => ({
  ...{ relation: "calls", from, to, since },
  until,
});

describe("a world", () => {
  test("has one life for each time an entity appeared, the one learned last last", () => {
    const world = new WorldState();
    for (const l of [life("a", 1), life("b", 1), life("a", 3), life("a", 1, 2)])
      world.learnEntity(l);
    world.learnEntity({ ...life("b", 1), kind: "node" });
    expect(world.entities.map((e) => `${e.kind} ${e.key} ${e.up} ${e.down}`)).toEqual([
      "pod b 1 undefined",
      "pod a 3 undefined",
      "pod a 1 2",
      "node b 1 undefined",
    ]);
  });

  test("has one relation for each time it began, each where it became known", () => {
    const world = new WorldState();
    for (const f of [fact("a", "b"), fact("a", "c"), fact("a", "b", 5), fact("a", "b", 0, 4)])
      world.learnRelation(f);
    world.learnRelation({ ...fact("a", "b"), relation: "owns" });
    const shown = [...world.relationsFrom("calls", "sa")].map((f) => [f.to, f.since, f.until]);
    expect(shown).toEqual([
      ["b", 0, 4],
      ["c", 0, undefined],
      ["b", 5, undefined],
    ]);
    expect([...world.relationsFrom("owns", "sa")]).toHaveLength(1);
    expect([...world.relationsFrom("calls", "sb")]).toEqual([]);
    expect(world.relations).toHaveLength(4);
  });

  test("knows after a restart what it knew before, and nothing else", () => {
    const old = new WorldState();
    old.learnEntity(life("a", 1));
    old.learnRelation(fact("a", "b"));
    old.forgotten = 7;
    const world = new WorldState();
    world.learnEntity(life("x", 1));
    world.learnRelation(fact("x", "y"));
    world.restore(old.save());
    expect(world.save()).toEqual({
      entities: [life("a", 1)],
      relations: [fact("a", "b")],
      forgotten: 7,
    });
    expect([...world.relationsFrom("calls", "sx")]).toEqual([]);
    expect([...world.relationsFrom("calls", "sa")]).toEqual([fact("a", "b")]);
  });

  test("has room for 65,536 of each; a relation that had to go is not found any more", () => {
    const world = new WorldState();
    for (let i = 0; i < 65_536; i++) {
      world.learnEntity(life(`p${i}`, i, 1e6 - i));
      world.learnRelation(fact("a", `t${i}`, 0, 1e6 - i));
    }
    expect(world.forgotten).toBe(0);
    world.learnRelation(fact("b", "t", 0));
    expect(world.forgotten).toBe(1);
    world.learnEntity(life("q", 0));
    expect(world.forgotten).toBe(2);
    expect([world.entities.length, world.relations.length]).toEqual([65_536, 65_536]);
    const left = [...world.relationsFrom("calls", "sa")];
    expect([left.length, left.at(-1)?.to]).toEqual([65_535, "t65534"]);
  });
});
