/** The generated reference: one page for events, one for functions, one per code. */
import {
  builtins,
  type EventKind,
  type Field,
  type FieldType,
  formatDuration,
  type ItemType,
  type Schema,
} from "#core";
import { catalog, type Entry } from "#grammar";
import type { SchemaInfo } from "../build-schema.ts";

const note = (source: string) =>
  `<!-- Generated from ${source} by \`npm run gen\`. Do not edit. -->\n\n`;

/** A kind that `derive` makes, with the comment of its declaration. */
export interface DerivedKind {
  readonly kind: EventKind;
  readonly doc: string | undefined;
}

export function emitEventPage(info: SchemaInfo, derived: readonly DerivedKind[]): string {
  const { schema, declarations } = info;
  const kinds = schema.kinds.map((kind, i) => {
    const origin = `Source: \`${sourceName(schema, kind)}\`.`;
    return kindSection(kind, declarations[i]?.doc, origin, fieldDocs(info, i));
  });
  const made = derived.map(({ kind, doc }) => {
    const origin = `Derived from events of source \`${sourceName(schema, kind)}\`.`;
    return kindSection(kind, doc, origin, new Map());
  });
  const sources = schema.sources.map(
    (s) =>
      `| \`${s.name}\` | ${formatDuration(s.latenessUs)} | ${formatDuration(s.granularityUs)} | ${formatDuration(s.idleUs)} | ${s.isLossy ? "yes" : "no"} |`,
  );
  return `${note("rules/std/")}# Events

A type ending in \`?\` may be missing.

## Sources

| source | lateness | granularity | idle after | can lose events |
|---|---|---|---|---|
${sources.join("\n")}

${worldSections(schema)}
${[...kinds, ...made].join("\n")}`;
}

/** What events can be about, and what leads from one to another. */
function worldSections({ entities, relations }: Schema): string {
  const kinds = entities.map(
    (e) => `| \`${e.name}\` | ${e.parent ? `\`${e.parent}\`` : ""} | ${e.max} |`,
  );
  const related = relations.map(
    (r) => `| \`${r.name}\` | \`${r.from}\` | \`${r.to}\` | ${r.fanout} |`,
  );
  return `## Entities

What an event is about: \`by same pod\`, \`e.entity.pod\`; in a test \`entity: pod("p1")\`. An event
about something is also about everything that is in.

| entity | in | at most |
|---|---|---|
${kinds.join("\n")}

## Relations

\`related(a, b, via: mounts)\` follows them, a test declares them with \`relate\`.

| relation | from | to | at most |
|---|---|---|---|
${related.join("\n")}
`;
}

function kindSection(
  kind: EventKind,
  doc: string | undefined,
  origin: string,
  fieldDocs: ReadonlyMap<string, string | undefined>,
): string {
  const rows = kind.fields.map(
    (f) => `| \`${f.name}\` | ${fieldTypeName(f)} | ${fieldDocs.get(f.name) ?? ""} |`,
  );
  return [
    `## \`${kind.name}\``,
    "",
    ...(doc ? [doc, ""] : []),
    origin,
    "",
    "| field | type | meaning |",
    "|---|---|---|",
    ...rows,
    "",
  ].join("\n");
}

/** Comments of a kind's own and inherited fields. */
function fieldDocs(info: SchemaInfo, kind: number): Map<string, string | undefined> {
  const found = info.declarations[kind];
  const declaration = found?.kind === "eventDecl" ? found : undefined;
  const base = declaration?.base && info.kindByName.get(declaration.base.text);
  const docs = base === undefined ? new Map<string, string | undefined>() : fieldDocs(info, base);
  for (const field of declaration?.fields ?? []) docs.set(field.name.text, field.doc);
  return docs;
}

function sourceName(schema: Schema, kind: EventKind): string {
  return schema.sources[kind.source]?.name ?? "?";
}

function fieldTypeName(field: Field): string {
  const name = typeText(field.type);
  return field.isOptional ? `${name}?` : name;
}

function itemText({ type, isOptional }: ItemType): string {
  return isOptional ? `${typeText(type)}?` : typeText(type);
}

function typeText(type: FieldType): string {
  switch (type.t) {
    case "enum":
      return `one of ${type.members.map((m) => `\`${m}\``).join(", ")}`;
    case "string":
      return `string(${type.maxBytes})`;
    case "list":
      return `list of at most ${type.max} × ${itemText(type.item)}`;
    case "map":
      return `map of at most ${type.max} from ${typeText(type.key)} to ${itemText(type.value)}`;
    case "record":
      return `{ ${type.members.map((m) => `${m.name}: ${itemText(m)}`).join(", ")} }`;
    default:
      return type.t;
  }
}

export function emitFunctionPage(): string {
  const pages = builtins.map((b) => {
    const params = b.params.map((p) => `${p.name}: ${p.unit}`).join(", ");
    const examples = b.examples.map((e) => `    ${e}`).join("\n");
    return `## \`${b.name}(${params})\` → ${b.returns}\n\n${b.doc}\n\n${examples}\n\nIn the kernel: no, ${b.kernel}.\n`;
  });
  return `${note("runtime/core/builtins/")}# Functions\n\n${pages.join("\n")}`;
}

/** Pages by file name. */
export function emitCodePages(): Map<string, string> {
  const pages = new Map<string, string>();
  for (const [code, entry] of Object.entries(catalog)) {
    const e = entry as Entry<never>;
    const program = (title: string, text: string | undefined) =>
      text === undefined ? "" : `\n## ${title}\n\n\`\`\`tapio\n${text.trimEnd()}\n\`\`\`\n`;
    pages.set(
      `${code}.md`,
      `${note("grammar/diagnostics/catalog/")}# ${code}: ${e.slug} (${e.severity})

${e.explanation}
${program("Avoid", e.bad)}${program("Prefer", e.good)}`,
    );
  }
  return pages;
}
