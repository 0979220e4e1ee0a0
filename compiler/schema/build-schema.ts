/**
 * From event declarations to the schema: inheritance resolved, fields in order, ids given. Kinds of
 * the standard library come first and in the order of its text, so that their ids are the same in
 * every bundle and equal to the generated constants of the runtime.
 */

import type { EntityKind, EventKind, Field, RelationInfo, Schema, SourceInfo } from "#core";
import {
  type Annotation,
  type DeriveDecl,
  type DiagnosticSink,
  diagnostic,
  type EntityDecl,
  type EventDecl,
  type FieldDecl,
  type Name,
  type RelationDecl,
  type RuleDecl,
  type SourceDecl,
  type SourceFile,
} from "#grammar";
import { suggestion } from "../passes/similar.ts";
import { annotationText } from "./annotation.ts";
import { fieldsOf, fieldType, unreadable } from "./field-type.ts";

/** What declares a kind: events come from sources, the others are made of events. */
export type KindDecl = EventDecl | DeriveDecl | RuleDecl;

/** The schema and what only the compiler knows of it. Kinds that the unit makes are added later. */
export class SchemaInfo {
  readonly schema: Schema;
  readonly #kinds: EventKind[];
  readonly #kindByName: Map<string, number>;
  readonly #declarations: (KindDecl | undefined)[];
  /** By event kind the fields of its own that were asked for. */
  readonly #ownFields = new Map<EventDecl, Map<string, FieldDecl | undefined>>();

  constructor(schema: Schema, declarations: readonly EventDecl[]) {
    this.#kinds = [...schema.kinds];
    this.schema = { ...schema, kinds: this.#kinds };
    this.#kindByName = new Map(schema.kinds.map((k, i) => [k.name, i]));
    this.#declarations = [...declarations];
  }

  get kindByName(): ReadonlyMap<string, number> {
    return this.#kindByName;
  }

  /** Declarations by kind id, for places in messages and for documentation. */
  get declarations(): readonly (KindDecl | undefined)[] {
    return this.#declarations;
  }

  /** Appends a kind that is made of events; ids given before stay as they are. Returns its id. */
  addKind(kind: EventKind, declaration: KindDecl | undefined): number {
    const id = this.#kinds.push(kind) - 1;
    this.#kindByName.set(kind.name, id);
    this.#declarations.push(declaration);
    return id;
  }

  /** Whether kind `id` is `base` or extends it, directly or not. */
  isA(id: number, base: number): boolean {
    const seen = new Set<number>();
    for (let at: number | undefined = id; at !== undefined && !seen.has(at); ) {
      if (at === base) return true;
      seen.add(at);
      const decl: KindDecl | undefined = this.#declarations[at];
      at = decl?.kind === "eventDecl" ? this.#kindByName.get(decl.base?.text ?? "") : undefined;
    }
    return false;
  }

  /** The declaration of a field, in the kind itself or where it is inherited from. */
  fieldDecl(id: number, name: string): FieldDecl | undefined {
    for (let at: number | undefined = id, n = 0; at !== undefined && n < 100; n++) {
      const decl: KindDecl | undefined = this.#declarations[at];
      if (decl?.kind !== "eventDecl") return undefined;
      const found = this.#ownField(decl, name);
      if (found) return found;
      at = this.#kindByName.get(decl.base?.text ?? "");
    }
    return undefined;
  }

  /** Conditions ask for the same few fields of a kind again and again. */
  #ownField(decl: EventDecl, name: string): FieldDecl | undefined {
    const known = this.#ownFields.get(decl) ?? new Map<string, FieldDecl | undefined>();
    if (known.size === 0) this.#ownFields.set(decl, known);
    if (!known.has(name)) known.set(name, fieldIn(decl.fields, name));
    return known.get(name);
  }
}

/** `a.b` is the field `b` of the record `a`. */
function fieldIn(fields: readonly FieldDecl[], name: string): FieldDecl | undefined {
  for (const f of fields) {
    if (f.name.text === name) return f;
    if (f.type.kind === "recordType" && name.startsWith(`${f.name.text}.`))
      return fieldIn(f.type.fields, name.slice(f.name.text.length + 1));
  }
  return undefined;
}

/** Files in the order their kinds get ids. */
export function buildSchema(files: readonly SourceFile[], sink: DiagnosticSink): SchemaInfo {
  const decls = files.flatMap((f) => f.decls);
  const sources = unique(
    decls.filter((d) => d.kind === "sourceDecl"),
    (d) => d.name.text,
    sink,
  ).map((decl) => sourceInfo(decl, sink));
  const entities = unique(
    decls.filter((d) => d.kind === "entityDecl"),
    (d) => d.name.text,
    sink,
  );
  checkParents(entities, sink);
  for (const entity of entities) checkKey(entity, sink);
  const relations = unique(
    decls.filter((d) => d.kind === "relationDecl"),
    (d) => d.name.text,
    sink,
  );
  for (const relation of relations) checkEnds(relation, entities, sink);
  const events = unique(
    decls.filter((d) => d.kind === "eventDecl"),
    (d) => d.name.text,
    sink,
  );
  const builder = new KindBuilder(events, sources, sink);
  const kinds = events.map((e) => builder.kind(e));
  const schema: Schema = {
    sources,
    entities: withNamespace(entities.map(entityKind)),
    relations: relations.map(relationInfo),
    kinds,
  };
  return new SchemaInfo(schema, events);
}

function unique<D extends EventDecl | SourceDecl | EntityDecl | RelationDecl>(
  decls: readonly D[],
  nameOf: (d: D) => string,
  sink: DiagnosticSink,
): D[] {
  const seen = new Map<string, D>();
  for (const decl of decls) {
    const name = nameOf(decl);
    const first = seen.get(name);
    if (!first) seen.set(name, decl);
    else {
      const labels = [{ at: first.name.span, text: "first declared here" }];
      sink.add(diagnostic("TAP2005", decl.name.span, { name }, { labels }));
    }
  }
  return [...seen.values()];
}

/**
 * Kubernetes puts every pod and workload into a namespace: a schema that has pods and does not
 * speak of namespaces has that level all the same.
 */
function withNamespace(entities: readonly EntityKind[]): readonly EntityKind[] {
  const names = entities.map((e) => e.name);
  if (!names.includes("pod") || names.includes("namespace")) return entities;
  const inside = names.includes("workload") ? "workload" : "pod";
  const namespace: EntityKind = { name: "namespace", keyBytes: 63, parent: undefined, max: 256 };
  const placed = entities.map((e) =>
    e.name === inside && e.parent === undefined ? { ...e, parent: namespace.name } : e,
  );
  return [...placed, namespace];
}

function checkParents(entities: readonly EntityDecl[], sink: DiagnosticSink): void {
  for (const { parent } of entities) if (parent) checkEntity(parent, entities, sink);
  for (const entity of entities) {
    const chain = [entity.name.text];
    for (let at: EntityDecl | undefined = entity; at?.parent; ) {
      const parent: string = at.parent.text;
      if (parent === chain[0]) {
        sink.add(diagnostic("TAP2017", entity.name.span, { name: entity.name.text }));
        break;
      }
      if (chain.includes(parent)) break;
      chain.push(parent);
      at = entities.find((e) => e.name.text === parent);
    }
  }
}

function checkEntity(name: Name, entities: readonly EntityDecl[], sink: DiagnosticSink): void {
  const names = entities.map((e) => e.name.text);
  if (names.includes(name.text) || name.text === "") return;
  const { similar, fixes } = suggestion(name.text, names, name.span);
  const params = { what: "entity kind", name: name.text, similar };
  sink.add(diagnostic("TAP2007", name.span, params, { fixes }));
}

/** Keys are compared as text wherever they come from. */
function checkKey(entity: EntityDecl, sink: DiagnosticSink): void {
  const type = fieldType(entity.key, sink);
  if (type === unreadable) return;
  if (["string", "id64", "int", "u32"].includes(type.t) && !entity.key.isOptional) return;
  const help = "use string(N), id64, int or u32 as the key";
  sink.add(diagnostic("TAP2034", entity.key.span, { what: "this key" }, { help }));
}

function checkEnds(
  relation: RelationDecl,
  entities: readonly EntityDecl[],
  sink: DiagnosticSink,
): void {
  checkEntity(relation.from, entities, sink);
  checkEntity(relation.to, entities, sink);
  if (relation.fanout >= 1) return;
  sink.add(diagnostic("TAP2018", relation.span, { what: "`fanout`", bounds: "at least 1" }));
}

function relationInfo(decl: RelationDecl): RelationInfo {
  return {
    name: decl.name.text,
    from: decl.from.text,
    to: decl.to.text,
    fanout: Math.max(1, decl.fanout),
  };
}

function sourceInfo(decl: SourceDecl, sink: DiagnosticSink): SourceInfo {
  checkAttrs(decl, sink);
  const value = (attr: string, fallback: number): number => {
    const found = decl.attrs.find((a) => a.attr === attr)?.value;
    if (found?.kind === "duration") return found.us;
    return found?.kind === "number" ? found.value : fallback;
  };
  return {
    name: decl.name.text,
    rank: value("rank", 100),
    latenessUs: value("lateness", 1_000_000),
    granularityUs: value("granularity", 1),
    idleUs: value("idle", 60_000_000),
    isLossy: decl.attrs.some((a) => a.attr === "lossy"),
  };
}

/** Each attribute once; a clock without steps and a source that is idle at once tell nothing. */
function checkAttrs({ attrs }: SourceDecl, sink: DiagnosticSink): void {
  for (const [i, { attr, value, span }] of attrs.entries()) {
    const first = attrs.slice(0, i).find((a) => a.attr === attr);
    if (first) {
      const labels = [{ at: first.span, text: "first written here" }];
      sink.add(diagnostic("TAP2019", span, { clause: attr }, { labels }));
    }
    if (attr === "lateness" || value?.kind !== "duration" || value.us > 0) continue;
    sink.add(diagnostic("TAP2018", span, { what: `\`${attr}\``, bounds: "longer than 0s" }));
  }
}

function entityKind(decl: EntityDecl): EntityKind {
  const keyBytes = decl.key.kind === "namedType" ? (decl.key.size ?? 64) : 64;
  return { name: decl.name.text, keyBytes, parent: decl.parent?.text, max: decl.max };
}

class KindBuilder {
  #events: ReadonlyMap<string, EventDecl>;
  #sources: readonly SourceInfo[];
  #sink: DiagnosticSink;

  constructor(events: readonly EventDecl[], sources: readonly SourceInfo[], sink: DiagnosticSink) {
    this.#events = new Map(events.map((e) => [e.name.text, e]));
    this.#sources = sources;
    this.#sink = sink;
  }

  kind(decl: EventDecl): EventKind {
    const chain = this.#chain(decl);
    const sourceName = chain.findLast((d) => d.source)?.source;
    const source = this.#sources.findIndex((s) => s.name === sourceName?.text);
    if (source < 0) {
      this.#reportSource(decl, sourceName);
    }
    const fields = new Map<string, Field>();
    for (const field of chain.flatMap((d) => d.fields)) {
      const names = [...fields.keys()].map((n) => n.split(".")[0]);
      if (names.includes(field.name.text)) {
        this.#sink.add(diagnostic("TAP2005", field.name.span, { name: field.name.text }));
      } else for (const f of fieldsOf(field, this.#sink)) fields.set(f.name, f);
    }
    return { name: decl.name.text, source: Math.max(0, source), fields: [...fields.values()] };
  }

  /** A base that is unknown has been reported and may be what names the source. */
  #reportSource(decl: EventDecl, named: EventDecl["source"]): void {
    const names = this.#sources.map((s) => s.name);
    if (named) {
      const { similar, fixes } = suggestion(named.text, names, named.span);
      const params = { what: "source", name: named.text, similar };
      this.#sink.add(diagnostic("TAP2007", named.span, params, { fixes }));
    } else if (!decl.base) {
      const params = { what: "source", name: "", similar: undefined };
      const help = `say where \`${decl.name.text}\` comes from: \`from\` and one of ${names.join(", ")}`;
      this.#sink.add(diagnostic("TAP2007", decl.name.span, params, { help }));
    }
  }

  /** The declaration and its bases, outermost base first; a cycle is cut and reported. */
  #chain(decl: EventDecl): EventDecl[] {
    const chain: EventDecl[] = [];
    for (let at: EventDecl | undefined = decl; at; ) {
      if (chain.includes(at)) {
        this.#sink.add(diagnostic("TAP2017", decl.name.span, { name: decl.name.text }));
        break;
      }
      chain.unshift(at);
      const base: EventDecl["base"] = at.base;
      if (!base) break;
      const next: EventDecl | undefined = this.#events.get(base.text);
      if (!next) {
        const { similar, fixes } = suggestion(base.text, this.#events.keys(), base.span);
        this.#sink.add(diagnostic("TAP2002", base.span, { event: base.text, similar }, { fixes }));
      }
      at = next;
    }
    return chain;
  }
}

/** The text of `@deprecated("…")`; undefined without the annotation. */
export function deprecationIn(annotations: readonly Annotation[]): string | undefined {
  return annotationText(annotations, "deprecated");
}

export { fieldType } from "./field-type.ts";
