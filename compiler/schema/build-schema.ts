/**
 * From event declarations to the schema: inheritance resolved, fields in order, ids given. Kinds of
 * the standard library come first and in the order of its text, so that their ids are the same in
 * every bundle and equal to the generated constants of the runtime.
 */

import type {
  EntityKind,
  EventKind,
  Field,
  FieldType,
  ScalarType,
  Schema,
  SourceInfo,
} from "#core";
import {
  type DiagnosticSink,
  diagnostic,
  type EntityDecl,
  type EventDecl,
  type FieldDecl,
  type SourceDecl,
  type SourceFile,
  type TypeNode,
} from "#grammar";
import { suggestion } from "../passes/similar.ts";

export interface SchemaInfo {
  readonly schema: Schema;
  readonly kindByName: ReadonlyMap<string, number>;
  /** Declarations by kind id, for places in messages and for documentation. */
  readonly declarations: readonly EventDecl[];
}

const scalarTypes = [
  "bool",
  "int",
  "u32",
  "float",
  "id64",
  "duration",
  "size",
  "percent",
  "rate",
  "time",
  "ip",
  "cidr",
  "port",
] as const satisfies readonly ScalarType[];

/** Files in the order their kinds get ids. */
export function buildSchema(files: readonly SourceFile[], sink: DiagnosticSink): SchemaInfo {
  const decls = files.flatMap((f) => f.decls);
  const sources = unique(
    decls.filter((d) => d.kind === "sourceDecl"),
    (d) => d.name.text,
    sink,
  ).map(sourceInfo);
  const entities = unique(
    decls.filter((d) => d.kind === "entityDecl"),
    (d) => d.name.text,
    sink,
  );
  checkParents(entities, sink);
  const events = unique(
    decls.filter((d) => d.kind === "eventDecl"),
    (d) => d.name.text,
    sink,
  );
  const builder = new KindBuilder(events, sources, sink);
  const kinds = events.map((e) => builder.kind(e));
  return {
    schema: { sources, entities: entities.map(entityKind), relations: [], kinds },
    kindByName: new Map(events.map((e, i) => [e.name.text, i])),
    declarations: events,
  };
}

function unique<D extends EventDecl | SourceDecl | EntityDecl>(
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

function checkParents(entities: readonly EntityDecl[], sink: DiagnosticSink): void {
  const names = entities.map((e) => e.name.text);
  for (const { parent } of entities) {
    if (!parent || names.includes(parent.text)) continue;
    const { similar, fixes } = suggestion(parent.text, names, parent.span);
    const params = { what: "entity kind", name: parent.text, similar };
    sink.add(diagnostic("TAP2007", parent.span, params, { fixes }));
  }
}

function sourceInfo(decl: SourceDecl): SourceInfo {
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
      if (fields.has(field.name.text)) {
        this.#sink.add(diagnostic("TAP2005", field.name.span, { name: field.name.text }));
      } else fields.set(field.name.text, this.#field(field));
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

  #field(decl: FieldDecl): Field {
    return {
      name: decl.name.text,
      type: fieldType(decl.type, this.#sink),
      isOptional: decl.type.isOptional,
    };
  }
}

/** The record type of a type expression; what records cannot hold is reported. */
export function fieldType(node: TypeNode, sink: DiagnosticSink): FieldType {
  if (node.kind === "enumType") return { t: "enum", members: node.members.map((m) => m.text) };
  if (node.kind !== "namedType") {
    const what =
      node.kind === "listType"
        ? "a list field"
        : node.kind === "mapType"
          ? "a map field"
          : "a record field";
    sink.add(diagnostic("TAP6001", node.span, { what }));
    return { t: "bool" };
  }
  const name = node.name.text;
  if (name === "string") return { t: "string", maxBytes: node.size ?? 256 };
  const scalar = scalarTypes.find((s) => s === name);
  if (scalar) return { t: scalar };
  const names = [...scalarTypes, "string", "enum", "list", "map"];
  const { similar, fixes } = suggestion(name, names, node.name.span);
  const help = `use one of ${scalarTypes.join(", ")}, string(N), enum { … }`;
  sink.add(diagnostic("TAP2007", node.name.span, { what: "type", name, similar }, { fixes, help }));
  return { t: "bool" };
}
