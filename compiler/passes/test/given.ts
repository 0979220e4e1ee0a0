/** `given { … }` lines: the entities, relations and sources there are, and the events they send. */
import {
  type EntityLife,
  type EntityRef,
  makeEvent,
  type RelationFact,
  type SourceStory,
  type Value,
  type World,
} from "#core";
import type { GivenLine, Name, Node } from "#grammar";
import type { Module } from "../collect.ts";
import { emptyScope } from "../elaborate/reuse.ts";
import type { Scope, Session } from "../elaborate/scope.ts";
import { suggestion } from "../similar.ts";
import { readEntity, readFields } from "./given-fields.ts";
import { type TestEvent, testEpochUs } from "./test-case.ts";

type Line<K extends GivenLine["kind"]> = Extract<GivenLine, { kind: K }>;

/** Repetitions of one line; a test is not a load test. */
const timesMax = 100_000;

/** What is known of a source while the lines are read. */
interface Story {
  silentFrom: number | undefined;
  /** Where that was said. */
  silentAt: Node | undefined;
  readonly lost: { readonly at: number; readonly count: number }[];
}

export class GivenLowering {
  readonly events: TestEvent[] = [];
  advanceTo: number | undefined;
  readonly #session: Session;
  /** Fields that rules read, see `readBy`. */
  readonly #read: ReadonlySet<string>;
  readonly #scope: Scope;
  readonly #entities = new Map<string, { readonly node: Node; readonly life: EntityLife }>();
  readonly #relations: RelationFact[] = [];
  readonly #stories = new Map<number, Story>();
  readonly #seq = new Map<number, number>();
  /** Per source the last event line, for what it says after its source fell silent. */
  readonly #sent: { readonly source: number; readonly ts: number; readonly node: Node }[] = [];

  constructor(module: Module, read: ReadonlySet<string>, session: Session) {
    this.#read = read;
    this.#session = session;
    this.#scope = { ...emptyScope(module.name, session), module, place: "given" };
  }

  get world(): World {
    const entities = [...this.#entities.values()].map((e) => e.life);
    return { entities, relations: this.#relations };
  }

  get sources(): SourceStory[] {
    return [...this.#stories].map(([source, { silentFrom, lost }]) => ({
      source,
      silentFrom,
      lost,
    }));
  }

  line(line: GivenLine): void {
    switch (line.kind) {
      case "entityLine":
        this.#entity(line);
        return;
      case "relateLine":
        this.#relate(line);
        return;
      case "eventLine":
        this.#event(line);
        return;
      case "idleLine":
        this.#idle(line);
        return;
      case "lostLine":
        this.#lost(line);
        return;
      case "advanceLine":
        this.advanceTo = Math.max(this.advanceTo ?? 0, testEpochUs + line.to.us);
    }
  }

  /** What can only be said once all lines are known: a silent source sends nothing. */
  finish(): void {
    const told = new Set<Node>();
    for (const { source, ts, node } of this.#sent) {
      const story = this.#stories.get(source);
      if (story?.silentFrom === undefined || ts < story.silentFrom || told.has(node)) continue;
      told.add(node);
      const name = this.#session.info.schema.sources[source]?.name ?? "";
      const labels = story.silentAt ? [{ at: story.silentAt.span, text: "silent from here" }] : [];
      this.#session.report(
        "TAP5004",
        node,
        { what: "this event", reason: `its source \`${name}\` is silent by then` },
        { labels, help: "let the source fall silent later, or the event happen earlier" },
      );
    }
  }

  /** Alive from the start of the test; parents that are only named in passing are not. */
  #entity(line: Line<"entityLine">): void {
    this.#session.isEntityKind(line.entity.text, line.entity);
    const { parent } = line;
    if (parent) this.#session.isEntityKind(parent.entity.text, parent.entity);
    const kind = line.entity.text;
    const key = line.key.value;
    const above = parent ? this.#chainOf(parent.entity.text, parent.key.value) : {};
    const id = entityId(kind, key);
    const first = this.#entities.get(id);
    if (first) {
      this.#session.writtenTwice(`${kind} "${key}"`, first.node, line);
      return;
    }
    const chain: EntityRef = { ...above, [kind]: key };
    const life: EntityLife = { kind, key, chain, up: testEpochUs, down: undefined };
    this.#entities.set(id, { node: line, life });
  }

  /** What is known of an entity; one that was not declared is known by itself only. */
  #chainOf(kind: string, key: string): EntityRef {
    return this.#entities.get(entityId(kind, key))?.life.chain ?? { [kind]: key };
  }

  #relate(line: Line<"relateLine">): void {
    const session = this.#session;
    const isKnown = [line.from, line.to].map((kind) => session.isEntityKind(kind.text, kind));
    if (isKnown.includes(false)) return;
    const { relations } = session.info.schema;
    const from = line.from.text;
    const to = line.to.text;
    const found = relations.filter((r) => r.from === from && r.to === to);
    const [relation] = found;
    if (!relation || found.length > 1) {
      const pairs = relations.map((r) => `\`${r.from} -> ${r.to}\``);
      const known = [...new Set(pairs)].join(", ");
      const help =
        found.length > 1
          ? "a test can tell only relations that are alone between their kinds"
          : `declared are ${known === "" ? "no relations" : known}`;
      const names = found.map((r) => r.name);
      session.report("TAP5003", line, { from, to, names }, { help });
      return;
    }
    const fact: RelationFact = {
      relation: relation.name,
      from: line.fromKey.value,
      to: line.toKey.value,
      since: testEpochUs,
      until: undefined,
    };
    this.#relations.push(fact);
    const siblings = this.#relations.filter(
      (r) => r.relation === fact.relation && r.from === fact.from,
    );
    if (siblings.length > relation.fanout) {
      const what = `the number of \`${relation.name}\` relations of one \`${from}\``;
      const bounds = `at most ${relation.fanout}, as its declaration says`;
      session.report("TAP2018", line, { what, bounds });
    }
  }

  #source(name: Name): number | undefined {
    const { sources } = this.#session.info.schema;
    const index = sources.findIndex((s) => s.name === name.text);
    if (index >= 0) return index;
    const names = sources.map((s) => s.name);
    const { similar, fixes } = suggestion(name.text, names, name.span);
    const help = `use one of ${names.join(", ")}`;
    const params = { what: "source", name: name.text, similar };
    this.#session.report("TAP2007", name, params, { fixes, help });
    return undefined;
  }

  #story(source: number): Story {
    const known = this.#stories.get(source);
    if (known) return known;
    const story: Story = { silentFrom: undefined, silentAt: undefined, lost: [] };
    this.#stories.set(source, story);
    return story;
  }

  #idle(line: Line<"idleLine">): void {
    const source = this.#source(line.source);
    if (source === undefined) return;
    const story = this.#story(source);
    if (story.silentAt) this.#session.writtenTwice("idle from", story.silentAt, line);
    story.silentFrom = testEpochUs + line.from.us;
    story.silentAt = line;
  }

  #lost(line: Line<"lostLine">): void {
    const source = this.#source(line.source);
    if (source === undefined) return;
    if (!Number.isSafeInteger(line.count) || line.count < 1) {
      this.#session.report("TAP2018", line, { what: "`lost`", bounds: "at least 1" });
      return;
    }
    this.#story(source).lost.push({ at: testEpochUs + line.at.us, count: line.count });
  }

  #event(line: Line<"eventLine">): void {
    const kind = this.#kindOf(line);
    if (kind === undefined) return;
    const times = line.every?.times ?? 1;
    if (times > timesMax || times < 1) {
      const bounds = `from 1 to ${timesMax}`;
      this.#session.report("TAP2018", line, { what: "`times`", bounds });
      return;
    }
    const delay = line.arriving ? line.arriving.us - line.at.us : 0;
    if (delay < 0) {
      const reason = "it would arrive before it happens";
      const help = "`arriving` is a time of the test like `at`, and not before it";
      this.#session.report("TAP5004", line, { what: "this event", reason }, { help });
    }
    for (let n = 0; n < times; n++) {
      const ts = testEpochUs + line.at.us + n * (line.every?.step.us ?? 0);
      if (!this.#happens(line, kind, ts, n + 1, ts + delay)) return;
    }
  }

  /** One repetition; false when its fields are wrong, which the next would only say again. */
  #happens(
    line: Line<"eventLine">,
    kind: number,
    ts: number,
    repetition: number,
    arrivesAt: number,
  ): boolean {
    const { schema } = this.#session.info;
    const fields = readFields(line, kind, { ts, repetition }, this.#read, this.#scope);
    const entity = this.#entityOf(line);
    if (!fields || entity === "wrong") return false;
    const source = schema.kinds[kind]?.source ?? 0;
    const seq = (this.#seq.get(source) ?? 0) + 1;
    this.#seq.set(source, seq);
    this.#sent.push({ source, ts, node: line });
    const event = makeEvent(schema, { kind, ts, seq, entity, fields: fields as Value[] });
    this.events.push({ event, arrivesAt });
    return true;
  }

  #entityOf(line: Line<"eventLine">): EntityRef | undefined | "wrong" {
    const init = line.fields.find((f) => f.name.text === "entity");
    if (!init) return undefined;
    const named = readEntity(init.value, this.#session);
    return named ? this.#chainOf(named.kind, named.key) : "wrong";
  }

  /** A kind that some source sends; what the unit itself makes of events cannot be given. */
  #kindOf(line: Line<"eventLine">): number | undefined {
    const session = this.#session;
    const event = line.event.text;
    const kind = session.info.kindByName.get(event);
    const made = kind === undefined ? undefined : session.info.schema.kinds[kind]?.made;
    if (made === "finding" || event.startsWith("finding.")) {
      session.report("TAP5002", line.event, { event, made: "finding" });
      return undefined;
    }
    if (made === "derived") {
      session.report("TAP5002", line.event, { event, made });
      return undefined;
    }
    if (kind === undefined) session.unknownEvent(line.event, event);
    return kind;
  }
}

function entityId(kind: string, key: string): string {
  return JSON.stringify([kind, key]);
}
