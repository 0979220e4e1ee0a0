/**
 * What compiler, bundle and runtime know of events: sources, entity kinds, event kinds, fields.
 *
 * The compiler builds a `Schema` from `.tapio` declarations; it travels in the bundle. Positions in
 * the arrays are the ids used in records: `kinds[i]` is kind id `i`, `fields[j]` is field index
 * `j`.
 */

/**
 * Scalar types a record can hold. Units: duration and time in µs, size in bytes, percent in ppm.
 */
export type ScalarType =
  | "bool"
  | "int"
  | "u32"
  | "float"
  | "id64"
  | "duration"
  | "size"
  | "percent"
  | "rate"
  | "time"
  | "ip"
  | "cidr"
  | "port";

export type FieldType =
  | { readonly t: ScalarType }
  | { readonly t: "string"; readonly maxBytes: number }
  | { readonly t: "list"; readonly item: ItemType; readonly max: number }
  | {
      readonly t: "map";
      readonly key: FieldType;
      readonly value: ItemType;
      readonly max: number;
    }
  /** In lists and maps only: of a record that is a field, its members are the fields. */
  | { readonly t: "record"; readonly members: readonly Field[] }
  | { readonly t: "enum"; readonly members: readonly string[] };

/** What a list or map holds: values of the type and, where it is optional, places without one. */
export interface ItemType {
  readonly type: FieldType;
  readonly isOptional: boolean;
}

export interface Field extends ItemType {
  readonly name: string;
  /** Its value is never shown: where people look stands a marker (`@redact`). */
  readonly isRedacted?: true;
  /** What its numbers count, for people (`@unit("pages")`). */
  readonly unit?: string;
}

export interface EventKind {
  readonly name: string;
  /** Index into `Schema.sources`. */
  readonly source: number;
  /** Inherited fields first, in declaration order. Fields of records have dotted names. */
  readonly fields: readonly Field[];
  /** Made of other events by the unit itself: no source writes it and no record holds it. */
  readonly made?: "derived" | "finding";
}

export interface SourceInfo {
  readonly name: string;
  /** Tie-break in the total order of events with equal time. */
  readonly rank: number;
  /** How far behind its progress the source may still deliver, µs. */
  readonly latenessUs: number;
  readonly granularityUs: number;
  /** Without progress for this long the source counts as idle, µs. */
  readonly idleUs: number;
  readonly isLossy: boolean;
}

export interface EntityKind {
  readonly name: string;
  /** Bytes of its longest key. */
  readonly keyBytes: number;
  readonly parent: string | undefined;
  readonly max: number;
}

/** `from` entities are connected with at most `fanout` of the `to` entities at a time. */
export interface RelationInfo {
  readonly name: string;
  readonly from: string;
  readonly to: string;
  readonly fanout: number;
}

export interface Schema {
  readonly sources: readonly SourceInfo[];
  readonly entities: readonly EntityKind[];
  readonly relations: readonly RelationInfo[];
  readonly kinds: readonly EventKind[];
}

/**
 * A field's value outside records. `undefined` is *missing*: a list keeps the place and a map the
 * key of an item that is. Enum values are their names, `id64` and `ip` are bigints (an IPv4 address
 * is its v4-mapped IPv6 number), other numbers are doubles.
 */
export type Value =
  | string
  | number
  | bigint
  | boolean
  | CutText
  | readonly Value[]
  | ReadonlyMap<Value, Value>
  | RecordValue
  | undefined;

/** A string of which the source delivered only a prefix. */
export class CutText {
  readonly visible: string;
  constructor(visible: string) {
    this.visible = visible;
  }
}

/**
 * A record in a list or map. Members are entries and not properties, because users name them; one
 * that is missing has no entry.
 */
export class RecordValue {
  readonly members: ReadonlyMap<string, Value>;
  constructor(members: Iterable<readonly [string, Value]>) {
    this.members = new Map([...members].filter(([, value]) => value !== undefined));
  }
}

/** Entity kind → key, for every level that is known: `{ pod: "p1", node: "n1" }`. */
export type EntityRef = Readonly<Record<string, string>>;

/** An event as plain data: what tests, recordings, findings and the interpreter work on. */
export interface EventData {
  /** Stable across restarts: source, sequence number, content. */
  readonly id: string;
  /** Index into `Schema.kinds`. */
  readonly kind: number;
  /** Event time, µs since the epoch. */
  readonly ts: number;
  /** Gap-free per source. */
  readonly seq: number;
  readonly entity: EntityRef | undefined;
  /** By field index. */
  readonly fields: readonly Value[];
}
