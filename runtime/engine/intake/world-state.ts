/** What the engine has been told besides events: entities and their relations, with times. */
import { type EntityLife, keyText, type RelationFact, type World } from "#core";
import { FactTable } from "./fact-table.ts";

/** Facts kept of each sort; of more the ones that ended first go, counted. */
const factsKept = 65_536;

export class WorldState implements World {
  readonly #entities = new FactTable<EntityLife>(factsKept, (life) => life.down);
  readonly #relations = new FactTable<RelationFact>(factsKept, (fact) => fact.until);
  /** Relations by what they lead from, in the order in which they became known. */
  readonly #leading = new Map<string, Map<string, RelationFact>>();
  /** Facts given up for room. */
  forgotten = 0;

  save() {
    const { entities, relations, forgotten } = this;
    return { entities, relations, forgotten };
  }

  restore(saved: ReturnType<WorldState["save"]>): void {
    this.#entities.clear();
    this.#relations.clear();
    this.#leading.clear();
    for (const life of saved.entities) this.#entities.set(lifeKey(life), life);
    for (const fact of saved.relations) this.learnRelation(fact);
    this.forgotten = saved.forgotten;
  }

  get entities(): readonly EntityLife[] {
    return this.#entities.all;
  }

  get relations(): readonly RelationFact[] {
    return this.#relations.all;
  }

  /** The facts of a relation that lead from `from`, as `keyText` writes it. */
  relationsFrom(relation: string, from: string): Iterable<RelationFact> {
    return this.#leading.get(leadingKey(relation, from))?.values() ?? [];
  }

  /** Takes a life, or learns the end of one that it knows. */
  learnEntity(life: EntityLife): void {
    // What was learned last is last.
    this.#entities.delete(lifeKey(life));
    if (this.#entities.set(lifeKey(life), life)) this.forgotten++;
  }

  /** Takes a fact, or learns the end of one that it knows. */
  learnRelation(fact: RelationFact): void {
    const givenUp = this.#relations.set(factKey(fact), fact);
    const key = leadingKey(fact.relation, keyText(fact.from));
    const own = this.#leading.get(key) ?? new Map<string, RelationFact>();
    this.#leading.set(key, own.set(factKey(fact), fact));
    if (!givenUp) return;
    this.forgotten++;
    this.#forgetLeading(givenUp);
  }

  #forgetLeading(fact: RelationFact): void {
    const key = leadingKey(fact.relation, keyText(fact.from));
    const own = this.#leading.get(key);
    own?.delete(factKey(fact));
    if (own?.size === 0) this.#leading.delete(key);
  }
}

const lifeKey = ({ kind, key, up }: EntityLife) => JSON.stringify([kind, key, up]);
const factKey = ({ relation, from, to, since }: RelationFact) =>
  JSON.stringify([relation, from, to, since]);
const leadingKey = (relation: string, from: string) => JSON.stringify([relation, from]);
