/** What the engine has been told besides events: entities and their relations, with times. */
import type { EntityLife, RelationFact, World } from "#core";

/** Facts kept of each sort; of more the ones that ended first go, counted. */
const factsKept = 65_536;

export class WorldState implements World {
  #entities: EntityLife[] = [];
  #relations: RelationFact[] = [];
  /** Facts given up for room. */
  forgotten = 0;

  save() {
    const { forgotten } = this;
    return { entities: this.#entities, relations: this.#relations, forgotten };
  }

  restore(saved: ReturnType<WorldState["save"]>): void {
    this.#entities = saved.entities;
    this.#relations = saved.relations;
    this.forgotten = saved.forgotten;
  }

  get entities(): readonly EntityLife[] {
    return this.#entities;
  }

  get relations(): readonly RelationFact[] {
    return this.#relations;
  }

  /** Takes a life, or learns the end of one that it knows. Returns the life as known now. */
  learnEntity(life: EntityLife): EntityLife {
    const isSame = (x: EntityLife) =>
      x.kind === life.kind && x.key === life.key && x.up === life.up;
    this.#entities = this.#bounded([...this.#entities.filter((x) => !isSame(x)), life], endOf);
    return life;
  }

  /** Takes a fact, or learns the end of one that it knows. */
  learnRelation(fact: RelationFact): void {
    const isSame = (x: RelationFact) =>
      x.relation === fact.relation &&
      x.from === fact.from &&
      x.to === fact.to &&
      x.since === fact.since;
    const known = this.#relations.findIndex(isSame);
    // A fact keeps its place: relations lead to entities in the order they became known.
    if (known >= 0) this.#relations = this.#relations.with(known, fact);
    else this.#relations = this.#bounded([...this.#relations, fact], (f) => f.until);
  }

  #bounded<T>(facts: T[], ended: (fact: T) => number | undefined): T[] {
    if (facts.length <= factsKept) return facts;
    let first = 0;
    for (const [i, fact] of facts.entries()) {
      const [end, least] = [ended(fact), ended(facts[first] as T)];
      if ((end ?? Number.POSITIVE_INFINITY) < (least ?? Number.POSITIVE_INFINITY)) first = i;
    }
    this.forgotten++;
    return facts.toSpliced(first, 1);
  }
}

function endOf(life: EntityLife): number | undefined {
  return life.down;
}
