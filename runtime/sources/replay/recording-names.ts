/**
 * How schema names and the names in a recording's lines correspond. Lines are flat because people
 * write them by hand, so a field shares its object with `kind`, `ts`, `seq` and `entity`. A field
 * of such a name gets an underscore, like in `event.gen.ts`: the field `kind` is written `kind_`,
 * and a field `kind_`, should there ever be one, `kind__`. So is a record that is written as an
 * object; its members share nothing with the line and keep their names.
 */
import type { EventKind, Schema } from "#core";

const RESERVED = /^(?:kind|ts|seq|entity)_*$/;

/** The name of a field in a line. */
export function lineName(field: string): string {
  return RESERVED.test(field) ? `${field}_` : field;
}

export interface KindNames {
  readonly id: number;
  readonly kind: EventKind;
  /** Field index by its name in lines. */
  readonly fields: ReadonlyMap<string, number>;
  /** Records whose members are fields: what those names begin with, by the record's in lines. */
  readonly records: ReadonlyMap<string, string>;
}

export interface SchemaNames {
  readonly kinds: ReadonlyMap<string, KindNames>;
  /** Source index by name. */
  readonly sources: ReadonlyMap<string, number>;
  readonly entities: ReadonlySet<string>;
}

const known = new WeakMap<Schema, SchemaNames>();

/** Tables by name; made once per schema. */
export function namesOf(schema: Schema): SchemaNames {
  const found = known.get(schema);
  if (found !== undefined) return found;
  const names: SchemaNames = {
    kinds: new Map(
      schema.kinds.map((kind, id) => {
        const fields = new Map(kind.fields.map((field, i) => [lineName(field.name), i]));
        return [kind.name, { id, kind, fields, records: recordsOf(kind) }];
      }),
    ),
    sources: new Map(schema.sources.map((source, i) => [source.name, i])),
    entities: new Set(schema.entities.map((entity) => entity.name)),
  };
  known.set(schema, names);
  return names;
}

/** Of a field `a.b.c` the records `a` and `a.b`. */
function recordsOf({ fields }: EventKind): Map<string, string> {
  const records = new Map<string, string>();
  for (const { name } of fields) {
    for (let dot = name.indexOf("."); dot >= 0; dot = name.indexOf(".", dot + 1)) {
      const record = name.slice(0, dot);
      records.set(lineName(record), record);
    }
  }
  return records;
}
