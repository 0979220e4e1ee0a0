/**
 * The fields of an event in a test. Values are constants: `now()` is the event's own time, `seq()`
 * counts the repetitions of its line from 1. Lists are written `[a, b]`; maps and records as lists
 * of pairs, `[pair("key", 1)]`, because the language has no braces in expressions. An item that is
 * not there is written `missing`; a member that is not there may also be left out.
 *
 *     containers: [[pair("name", "api"), pair("restarts", 4)], missing]
 */
import { CutText, evaluate, type FieldType, type ItemType, RecordValue, type Value } from "#core";
import type { Expr as Ast, FieldInit, GivenLine, Name, Node } from "#grammar";
import { elaborateValue } from "../elaborate/elaborate.ts";
import type { Scope, Session } from "../elaborate/scope.ts";
import { suggestion } from "../similar.ts";
import { isComparable, typeName, typeOfField } from "../types.ts";
import { readBy, readInItem } from "./fields-read.ts";

type ItemMember = Extract<FieldType, { t: "record" }>["members"][number];

const membersWritten = `the members, like \`[pair("name", 1)]\``;
const memberName = "the name of a member as a text";

type EventLine = Extract<GivenLine, { kind: "eventLine" }>;

/** What differs between the repetitions of a line. */
export interface Moment {
  readonly ts: number;
  readonly repetition: number;
}

const rangeOf: Partial<Record<FieldType["t"], readonly [number, number]>> = {
  u32: [0, 0xffff_ffff],
  port: [0, 0xffff],
};

/**
 * By field index of `kind`. A field that real events always have may be left out when it is not in
 * `read`, see `readBy`: it has the emptiest value of its type. Undefined when
 * something is wrong, which has been reported.
 */
export function readFields(
  line: EventLine,
  kind: number,
  moment: Moment,
  read: ReadonlySet<string>,
  scope: Scope,
): readonly Value[] | undefined {
  return new FieldReader(line, kind, moment, read, scope).read();
}

class FieldReader {
  readonly #line: EventLine;
  readonly #moment: Moment;
  readonly #scope: Scope;
  readonly #session: Session;
  readonly #kind: number;
  readonly #fields;
  readonly #values: Value[];
  readonly #needed: ReadonlySet<string>;
  #isFine = true;

  constructor(
    line: EventLine,
    kind: number,
    moment: Moment,
    needed: ReadonlySet<string>,
    scope: Scope,
  ) {
    this.#line = line;
    this.#kind = kind;
    this.#moment = moment;
    this.#needed = needed;
    this.#scope = scope;
    this.#session = scope.session;
    this.#fields = scope.session.info.schema.kinds[kind]?.fields ?? [];
    this.#values = this.#fields.map(() => undefined);
  }

  read(): readonly Value[] | undefined {
    const seen = new Map<string, FieldInit>();
    for (const init of this.#line.fields) {
      const name = init.name.text;
      const first = seen.get(name);
      if (first) this.#session.writtenTwice(name, first, init);
      seen.set(name, init);
      if (name !== "entity") this.#init(init);
    }
    if (this.#isFine) this.#complete();
    return this.#isFine ? this.#values : undefined;
  }

  #complete(): void {
    const fields: string[] = [];
    for (const [i, field] of this.#fields.entries()) {
      if (this.#values[i] !== undefined || field.isOptional) continue;
      const isRead = [this.#kind, undefined].some((k) => this.#needed.has(readBy(k, field.name)));
      if (isRead) fields.push(field.name);
      else this.#values[i] = emptiest(field.type);
    }
    this.#notGiven(this.#line.event, fields);
  }

  #notGiven(at: Node, fields: readonly string[]): void {
    if (fields.length === 0) return;
    this.#isFine = false;
    this.#session.report("TAP2016", at, { fields, event: this.#line.event.text });
  }

  #init(init: FieldInit): void {
    const name = init.name.text;
    const members = this.#fields.filter((f) => f.name.startsWith(`${name}.`));
    if (members.length > 0) this.#record(init, name);
    else this.#set(name, init.value, init.name);
  }

  /** The members of a record are fields with dotted names. */
  #record(init: FieldInit, name: string): void {
    const pairs = pairsOf(init.value);
    if (!pairs) {
      this.#wrong(init.value, membersWritten);
      return;
    }
    for (const [key, value] of pairs) {
      if (key.kind !== "string") this.#wrong(key, memberName);
      else if (this.#fields.some((f) => f.name === `${name}.${key.value}`))
        this.#set(`${name}.${key.value}`, value, init.name);
      else this.#unknownMember(key, key.value, name);
    }
  }

  #unknownMember(at: Node, member: string, record: string): void {
    this.#isFine = false;
    const start = `${record}.`;
    const names = this.#fields.flatMap((f) =>
      f.name.startsWith(start) ? [f.name.slice(start.length)] : [],
    );
    const { similar, fixes } = suggestion(member, names, at.span, (m) => `"${m}"`);
    const params = { event: this.#line.event.text, field: `${start}${member}`, similar };
    this.#session.report("TAP2003", at, params, { fixes });
  }

  #set(name: string, node: Ast, place: Name): void {
    const index = this.#fields.findIndex((f) => f.name === name);
    const field = this.#fields[index];
    if (!field) {
      const event = this.#line.event.text;
      const names = this.#fields.map((f) => f.name);
      this.#session.unknownField(place, event, names);
      this.#isFine = false;
      return;
    }
    this.#values[index] = this.#value(node, field, name);
  }

  /** `path` names the field, or the member of its items, for messages. */
  #value(node: Ast, { type, isOptional }: ItemType, path: string): Value {
    if (node.kind === "nameRef" && node.name === "missing")
      return isOptional ? undefined : this.#wrong(node, howWritten(type));
    if (type.t === "list") return this.#list(node, type, path);
    if (type.t === "map") return this.#map(node, type, path);
    if (type.t === "record") return this.#item(node, type, path);
    return this.#constant(node, type);
  }

  #list(node: Ast, type: Extract<FieldType, { t: "list" }>, path: string): Value {
    if (node.kind !== "list") return this.#wrong(node, howWritten(type));
    this.#checkSize(node, node.items.length, type.max);
    return node.items.map((item) => this.#value(item, type.item, path));
  }

  #map(node: Ast, type: Extract<FieldType, { t: "map" }>, path: string): Value {
    const pairs = pairsOf(node);
    if (!pairs) return this.#wrong(node, howWritten(type));
    this.#checkSize(node, pairs.length, type.max);
    const keyType = { type: type.key, isOptional: false };
    return new Map(
      pairs.map(([key, value]) => [
        this.#value(key, keyType, path),
        this.#value(value, type.value, path),
      ]),
    );
  }

  /** A record in a list or map. */
  #item(node: Ast, { members }: Extract<FieldType, { t: "record" }>, path: string): Value {
    const pairs = pairsOf(node);
    if (!pairs) return this.#wrong(node, membersWritten);
    const written = new Map<string, Ast>();
    const values = new Map<string, Value>();
    for (const [key, value] of pairs) {
      const member = this.#memberAt(key, path, members);
      if (!member) return undefined;
      const first = written.get(member.name);
      if (first) this.#session.writtenTwice(member.name, first, key);
      written.set(member.name, key);
      values.set(member.name, this.#value(value, member, `${path}.${member.name}`));
    }
    const open = members.filter((m) => !m.isOptional && !written.has(m.name));
    for (const m of open) values.set(m.name, emptiest(m.type));
    const needed = open.filter((m) => this.#needed.has(readInItem(m.name)));
    this.#notGiven(
      node,
      needed.map((m) => `${path}.${m.name}`),
    );
    return new RecordValue(values);
  }

  #memberAt(key: Ast, path: string, members: readonly ItemMember[]): ItemMember | undefined {
    if (key.kind !== "string") return this.#wrong(key, memberName);
    const found = members.find((m) => m.name === key.value);
    if (!found) this.#unknownInItem(key, key.value, path, members);
    return found;
  }

  #unknownInItem(at: Node, member: string, path: string, members: readonly ItemMember[]): void {
    this.#isFine = false;
    const names = members.map((m) => m.name);
    const { similar, fixes } = suggestion(member, names, at.span, (m) => `"${m}"`);
    const record = `${this.#line.event.text}.${path}`;
    const help = `its members are ${names.map((n) => `\`${n}\``).join(", ")}`;
    this.#session.report("TAP2041", at, { record, member, similar }, { fixes, help });
  }

  #checkSize(node: Ast, size: number, max: number): void {
    if (size <= max) return;
    this.#isFine = false;
    const what = "the number of items";
    this.#session.report("TAP2018", node, { what, bounds: `at most ${max}` });
  }

  #wrong(node: Ast, expected: string): undefined {
    this.#isFine = false;
    const found = `\`${this.#session.text(node)}\``;
    this.#session.report("TAP2010", node, { expected, found }, { help: `write ${expected}` });
  }

  #constant(node: Ast, fieldType: FieldType): Value {
    const type = typeOfField(fieldType);
    const x = elaborateValue(substitute(node, this.#moment), this.#scope);
    if (x.type.t === "error") {
      this.#isFine = false;
      return undefined;
    }
    const constant = this.#fold(x.core);
    if (constant === undefined) {
      this.#isFine = false;
      this.#session.report("TAP2010", node, { expected: "a constant", found: "a computed value" });
      return undefined;
    }
    if (fieldType.t === "enum" && typeof constant === "string")
      return this.#member(node, constant, fieldType.members);
    if (isComparable(type, x.type)) return this.#inDomain(node, fieldType, constant);
    this.#isFine = false;
    this.#session.report("TAP2010", node, { expected: typeName(type), found: typeName(x.type) });
    return undefined;
  }

  /** Nothing is bound here, so that whatever has a value is made of constants. */
  #fold(core: Parameters<typeof evaluate>[0]): Value {
    const { schema } = this.#session.info;
    const unit = { schema, params: [], programs: [], derives: [], rules: [] };
    return evaluate(core, { unit, params: new Map(), current: undefined, captures: [] });
  }

  #member(node: Ast, name: string, members: readonly string[]): Value {
    if (members.includes(name)) return name;
    this.#isFine = false;
    const { similar, fixes } = suggestion(name, members, node.span, (m) => `"${m}"`);
    const params = { value: name, members: members.join(", "), similar };
    this.#session.report("TAP2011", node, params, { fixes });
    return undefined;
  }

  /** What a record can hold: numbers in range, texts cut to their bytes like a source cuts them. */
  #inDomain(node: Ast, type: FieldType, value: Value): Value {
    if (type.t === "string" && typeof value === "string") return cut(value, type.maxBytes);
    const range = rangeOf[type.t];
    const isWhole = type.t === "float" || typeof value !== "number" || Number.isInteger(value);
    const isInside =
      !range || typeof value !== "number" || (value >= range[0] && value <= range[1]);
    if (isWhole && isInside) return value;
    this.#isFine = false;
    const bounds = range ? `a whole number from ${range[0]} to ${range[1]}` : "a whole number";
    this.#session.report("TAP2018", node, { what: "this value", bounds });
    return undefined;
  }
}

function cut(text: string, maxBytes: number): string | CutText {
  const { read } = new TextEncoder().encodeInto(text, new Uint8Array(maxBytes));
  return read < text.length ? new CutText(text.slice(0, read)) : text;
}

function emptiest(type: FieldType): Value {
  switch (type.t) {
    case "bool":
      return false;
    case "enum":
      return type.members[0];
    case "string":
      return "";
    case "id64":
    case "ip":
    case "cidr":
      return 0n;
    case "list":
      return [];
    case "map":
      return new Map();
    case "record": {
      const open = type.members.filter((m) => !m.isOptional);
      return new RecordValue(open.map((m) => [m.name, emptiest(m.type)]));
    }
    default:
      return 0;
  }
}

/** Completes "expected …". */
function howWritten(type: FieldType): string {
  if (type.t === "list") return "a list, like `[1, 2]`";
  if (type.t === "map") return `the entries, like \`[pair("key", 1)]\``;
  return type.t === "record" ? membersWritten : typeName(typeOfField(type));
}

/** `[pair(k, v), …]` as written; undefined when it is something else. */
function pairsOf(node: Ast): readonly (readonly [Ast, Ast])[] | undefined {
  if (node.kind !== "list") return undefined;
  const pairs = node.items.map((item) => {
    const [key, value] = item.kind === "call" && item.callee.text === "pair" ? item.args : [];
    return key && value ? ([key.value, value.value] as const) : undefined;
  });
  return pairs.every((p) => p !== undefined) ? pairs : undefined;
}

/** `pod("p1")`; undefined when it is something else, which is reported. */
export function readEntity(
  node: Ast,
  session: Session,
): { readonly kind: string; readonly key: string } | undefined {
  const arg = node.kind === "call" ? node.args[0]?.value : undefined;
  if (node.kind === "call" && node.args.length === 1 && arg?.kind === "string") {
    if (!session.isEntityKind(node.callee.text, node.callee)) return undefined;
    return { kind: node.callee.text, key: arg.value };
  }
  const expected = 'an entity such as `pod("p1")`';
  session.report("TAP2010", node, { expected, found: `\`${session.text(node)}\`` });
  return undefined;
}

/** `now()` and `seq()` as the constants they are at that moment, wherever they stand. */
function substitute(node: Ast, moment: Moment): Ast {
  const base = { id: node.id, span: node.span };
  const inner = (x: Ast) => substitute(x, moment);
  switch (node.kind) {
    case "call":
      if (node.args.length === 0 && node.callee.text === "seq")
        return { ...base, kind: "number", value: moment.repetition, isInt: true };
      if (node.args.length === 0 && node.callee.text === "now") return timeLiteral(base, moment.ts);
      return { ...node, args: node.args.map((a) => ({ ...a, value: inner(a.value) })) };
    case "binary":
      return { ...node, left: inner(node.left), right: inner(node.right) };
    case "unary":
      return { ...node, operand: inner(node.operand) };
    default:
      return node;
  }
}

function timeLiteral(base: Pick<Ast, "id" | "span">, ts: number): Ast {
  const value = new Date(ts / 1000).toISOString();
  return { ...base, kind: "string", prefix: "t", value, template: undefined };
}
