/** `runtime/events/event.gen.ts`: kind ids and field indexes, for sources to use by name. */
import { type Field, type Layout, layoutHash, layoutOf, type Schema, widthOf } from "#core";

export function emitEventConstants(schema: Schema): string {
  const kinds = schema.kinds.map((kind, id) => {
    const fields = kind.fields.map((f, i) => `  ${property(f.name)}: ${i},`);
    return [
      `/** \`${kind.name}\`. */`,
      `export const ${constantName(kind.name)} = {`,
      `  kind: ${id},`,
      ...fields,
      "} as const;",
      "",
      ...accessors(kind.name, kind.fields, layoutOf(kind)),
    ].join("\n");
  });
  return `// Generated from rules/std/schema.tapio by \`npm run gen\`. Do not edit.

/** Changes whenever a record of the standard schema would be read differently. */
export const stdLayoutHash = "${layoutHash(schema)}";

/** The views of a ring's memory that accessors read and write. */
export interface RecordViews {
  readonly u8: Uint8Array;
  readonly u32: Uint32Array;
  readonly f64: Float64Array;
}

${kinds.join("\n")}`;
}

function constantName(kind: string): string {
  return kind
    .split(/[._]/)
    .map((w) => w.charAt(0).toUpperCase() + w.slice(1))
    .join("");
}

/** \`kind\` names the kind itself, so a field of that name gets a suffix. */
function property(name: string): string {
  return name === "kind" ? "kind_" : name;
}

/** Readers of the fields that lie in the slot as one number, offsets inlined. */
function accessors(kind: string, fields: readonly Field[], layout: Layout): string[] {
  return fields.flatMap((field, i) => {
    const place = layout.fields[i];
    if (!place || place.inExt) return [];
    const width = widthOf(field);
    if (width === "u64" || width === "u128") return [];
    const name = `${constantName(kind).charAt(0).toLowerCase()}${constantName(kind).slice(1)}${constantName(field.name)}`;
    const view =
      width === "u8"
        ? `u8[at + ${place.offset}]`
        : width === "u32"
          ? `u32[(at >> 2) + ${place.offset >> 2}]`
          : `f64[(at >> 3) + ${place.offset >> 3}]`;
    const what =
      field.type.t === "string"
        ? "text handle"
        : field.type.t === "enum"
          ? "member index"
          : field.type.t;
    return [
      `/** ${what} of \`${field.name}\` of the \`${kind}\` at byte \`at\`; meaningless when missing. */`,
      `export const ${name} = (v: RecordViews, at: number): number => v.${view} as number;`,
      "",
    ];
  });
}
