/** The generated reference: one page for events, one for functions, one per code. */
import { builtins, type EventKind, type Field, formatDuration, type Schema } from "#core";
import { catalog, type Entry } from "#grammar";
import type { SchemaInfo } from "../build-schema.ts";

const note = (source: string) =>
  `<!-- Generated from ${source} by \`npm run gen\`. Do not edit. -->\n\n`;

export function emitEventPage(info: SchemaInfo): string {
  const { schema, declarations } = info;
  const kinds = schema.kinds.map((kind, i) => {
    const docs = fieldDocs(info, i);
    const rows = kind.fields.map(
      (f) => `| \`${f.name}\` | ${fieldTypeName(f)} | ${docs.get(f.name) ?? ""} |`,
    );
    const doc = declarations[i]?.doc;
    return [
      `## \`${kind.name}\``,
      "",
      ...(doc ? [doc, ""] : []),
      `Source: \`${sourceName(schema, kind)}\`.`,
      "",
      "| field | type | meaning |",
      "|---|---|---|",
      ...rows,
      "",
    ].join("\n");
  });
  const sources = schema.sources.map(
    (s) =>
      `| \`${s.name}\` | ${formatDuration(s.latenessUs)} | ${formatDuration(s.granularityUs)} | ${formatDuration(s.idleUs)} | ${s.isLossy ? "yes" : "no"} |`,
  );
  return `${note("rules/std/schema.tapio")}# Events

A type ending in \`?\` may be missing.

## Sources

| source | lateness | granularity | idle after | can lose events |
|---|---|---|---|---|
${sources.join("\n")}

${kinds.join("\n")}`;
}

/** Comments of a kind's own and inherited fields. */
function fieldDocs(info: SchemaInfo, kind: number): Map<string, string | undefined> {
  const declaration = info.declarations[kind];
  const base = declaration?.base && info.kindByName.get(declaration.base.text);
  const docs = base === undefined ? new Map<string, string | undefined>() : fieldDocs(info, base);
  for (const field of declaration?.fields ?? []) docs.set(field.name.text, field.doc);
  return docs;
}

function sourceName(schema: Schema, kind: EventKind): string {
  return schema.sources[kind.source]?.name ?? "?";
}

function fieldTypeName(field: Field): string {
  const { type } = field;
  const name =
    type.t === "enum"
      ? `one of ${type.members.map((m) => `\`${m}\``).join(", ")}`
      : type.t === "string"
        ? `string(${type.maxBytes})`
        : type.t;
  return field.isOptional ? `${name}?` : name;
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
