/**
 * Core expressions as their author would write them: the names of steps, literals in their units,
 * no more parentheses than needed. What the core form has forgotten, such as the text of a regular
 * expression, is `…`.
 *
 *     (avg~(current.ratio) > 250000)  ⇒  avg(t.ratio) > 25%
 */
import {
  allStepsOf,
  type CoreRule,
  type Expr,
  format,
  printExpr,
  type Ref,
  type RunAggregate,
  someExpr,
  stepsOf,
  type Unit,
  writeDuration,
} from "./ir/index.ts";
import { redactedText } from "./redacted.ts";
import type { FieldType, Schema, Value } from "./schema.ts";
import { unitOf } from "./unit-of.ts";

/** Writes expressions of `rule`; `current` is the step whose event is being judged. */
export function writerFor(rule: CoreRule, current: string, schema: Schema): (e: Expr) => string {
  const writer = new Writer(rule, current, schema);
  return (e) => writer.write(e);
}

/** Writes values of such expressions in their units; what reads a redacted field is not shown. */
export function valuesOf(
  rule: CoreRule,
  current: string,
  schema: Schema,
): (e: Expr, value: Value) => string {
  const writer = new Writer(rule, current, schema);
  return (e, value) => writer.value(e, value);
}

/** How strongly an operator binds, as in the grammar. */
const strength = { or: 1, and: 2, not: 3, compare: 4, coalesce: 5, "+": 6, "-": 6, "*": 7, "/": 7 };
const primary = 9;

/** A text and how strongly its outermost operator binds. */
interface Written {
  readonly text: string;
  readonly binds: number;
}

class Writer {
  readonly #names: readonly string[];
  #current: string;
  readonly #schema: Schema;
  /** Types of the fields of the rule's events, by name. */
  readonly #types = new Map<string, FieldType>();
  readonly #redacted = new Set<string>();
  /** The lists of the quantifiers around what is being written, outermost first. */
  readonly #lists: Expr[] = [];

  constructor(rule: CoreRule, current: string, schema: Schema) {
    this.#names = stepsOf(rule.pattern).map((s) => s.name);
    this.#current = current;
    this.#schema = schema;
    for (const id of allStepsOf(rule.pattern).flatMap((s) => s.kinds))
      for (const f of this.#schema.kinds[id]?.fields ?? []) {
        this.#types.set(f.name, f.type);
        if (f.isRedacted) this.#redacted.add(f.name);
      }
  }

  value(e: Expr, value: Value): string {
    if (value === undefined) return "missing";
    if (someExpr(e, (x) => x.op === "field" && this.#redacted.has(x.name))) return redactedText;
    return typeof value === "string"
      ? JSON.stringify(value)
      : format(value, this.#unitOf(e) ?? "text");
  }

  write(e: Expr, unit?: Unit): string {
    return this.#written(e, unit).text;
  }

  /** `e` as an operand of something that binds with `least`. */
  #within(e: Expr, least: number, unit?: Unit): string {
    const { text, binds } = this.#written(e, unit);
    return binds < least ? `(${text})` : text;
  }

  /** `unit` is that of a literal without one of its own. */
  #written(e: Expr, unit: Unit | undefined): Written {
    switch (e.op) {
      case "and":
      case "or": {
        const binds = strength[e.op];
        const args = e.args.map((a) => this.#within(a, binds + 1));
        return { text: args.join(` ${e.op} `), binds };
      }
      case "not":
        return { text: `not ${this.#within(e.arg, strength.not)}`, binds: strength.not };
      case "coalesce": {
        const [left, right] = this.#sides(e.left, e.right, strength.coalesce + 1);
        return { text: `${left} ?? ${right}`, binds: strength.coalesce };
      }
      case "arith":
        return this.#arithmetic(e);
      case "quant":
        return this.#quantified(e);
      case "cmp":
      case "in":
      case "cidr":
      case "text":
      case "matches":
        return { text: this.#comparison(e), binds: strength.compare };
      default:
        return { text: this.#term(e, unit), binds: primary };
    }
  }

  #comparison(e: Extract<Expr, { op: "cmp" | "in" | "cidr" | "text" | "matches" }>): string {
    const least = strength.compare + 1;
    switch (e.op) {
      case "cmp": {
        const [left, right] = this.#sides(e.left, e.right, least);
        return `${left} ${e.cmp} ${right}`;
      }
      case "in": {
        const unit = this.#unitOf(e.item);
        const items = e.set.map((x) => this.write(x, unit)).join(", ");
        return `${this.#within(e.item, least)} in [${items}]`;
      }
      case "text": {
        const nocase = e.nocase ? " nocase" : "";
        return `${this.#within(e.text, least)} ${e.fn} ${this.#within(e.needle, least)}${nocase}`;
      }
      case "matches":
        return `${this.#within(e.text, least)} matches …`;
      case "cidr": {
        const network = printExpr({ ...e, item: { op: "var", level: 0 } });
        return `${this.#within(e.item, least)} in cidr"${network.replace(/^.* in |\)$/g, "")}"`;
      }
    }
  }

  #arithmetic(e: Extract<Expr, { op: "arith" }>): Written {
    // A share of two counts was written as one.
    if (e.fn === "/" && e.scale === 1e6 && e.left.op === "agg")
      return { text: `ratio(${this.write(e.left)}, ${this.write(e.right)})`, binds: primary };
    const binds = strength[e.fn];
    const isSum = e.fn === "+" || e.fn === "-";
    const [left, right] = isSum
      ? this.#sides(e.left, e.right, binds)
      : [this.#within(e.left, binds), this.#within(e.right, binds + 1)];
    return { text: `${left} ${e.fn} ${right}`, binds };
  }

  /** Two operands of one unit; a literal takes that of the other side. */
  #sides(left: Expr, right: Expr, least: number): [string, string] {
    const unit = this.#unitOf(left) ?? this.#unitOf(right);
    return [this.#within(left, least, unit), this.#within(right, least, unit)];
  }

  #term(e: Expr, unit: Unit | undefined): string {
    switch (e.op) {
      case "const":
        return literal(e.value, unit);
      case "param":
        return e.name.slice(e.name.lastIndexOf(".") + 1);
      case "field":
        return `${this.#ref(e.of)}.${e.name}`;
      case "meta":
        return `${this.#ref(e.of)}.${e.what}`;
      case "entity":
        return `${this.#ref(e.of)}.entity.${e.kind}`;
      case "subject":
        return `entity.${e.kind}`;
      case "bound":
        return `has ${this.#ref(e.of)}`;
      case "has":
        return `has ${this.#within(e.arg, primary)}`;
      case "taken":
        return `count(${this.#names[e.step] ?? "?"})`;
      case "run":
        return this.#run(e);
      case "span":
        return "duration()";
      case "quality":
        return `${this.#names[e.step] ?? "?"} is ${e.what}`;
      case "call":
        return `${e.fn}(${e.args.map((a) => this.write(a, unit)).join(", ")})`;
      case "related":
        return `related(${this.write(e.from)}, ${this.write(e.to)}, via: ${e.via})`;
      case "agg":
        return this.#aggregate(e);
      case "history":
        return this.#history(e);
      case "var":
        return this.#variable(e.level);
      case "index":
        return `${this.#within(e.list, primary)}[${this.write(e.at)}]`;
      case "member":
        return `${this.#within(e.record, primary)}.${e.name}`;
      case "list":
        return `[${e.items.map((i) => this.write(i, unit)).join(", ")}]`;
      default:
        return this.#core(e);
    }
  }

  #quantified(e: Extract<Expr, { op: "quant" }>): Written {
    this.#lists[e.level] = e.list;
    const written = this.#membership(e) ?? {
      text: `${e.quantifier}(${this.#variable(e.level)} in ${this.write(e.list)}: ${this.write(e.body)})`,
      binds: primary,
    };
    this.#lists.length = e.level;
    return written;
  }

  /** Some item equals a value: `x in list`. */
  #membership({ quantifier, list, level, body }: Extract<Expr, { op: "quant" }>) {
    if (quantifier !== "any" || body.op !== "cmp" || body.cmp !== "==") return undefined;
    const isItem = (e: Expr) => e.op === "var" && e.level === level;
    if (!isItem(body.right) || someExpr(body.left, isItem)) return undefined;
    const least = strength.compare + 1;
    const item = this.#within(body.left, least, this.#unitOf(body.right));
    return { text: `${item} in ${this.#within(list, least)}`, binds: strength.compare };
  }

  /** The core has forgotten what the author called it. */
  #variable(level: number): string {
    const name = ["x", "y", "z"][level] ?? `x${level}`;
    return this.#names.includes(name) || name === this.#current ? `${name}_` : name;
  }

  #run({ fn, step, arg }: RunAggregate): string {
    const outside = this.#current;
    this.#current = this.#names[step] ?? "?";
    const text = `${fn}(${this.write(arg)})`;
    this.#current = outside;
    return text;
  }

  #aggregate(e: Extract<Expr, { op: "agg" }>): string {
    const { fn, arg, where, limit, n } = e;
    const args = [arg, where, limit].flatMap((x) => (x ? [this.write(x, e.unit)] : []));
    return `${fn}(${[...args, ...(n === undefined ? [] : [String(n)])].join(", ")})`;
  }

  /** The half life is kept as a decay for each pane only. */
  #history(e: Extract<Expr, { op: "history" }>): string {
    const warmup = e.warmupUs === 0 ? "" : `, warmup: ${writeDuration(e.warmupUs)}`;
    const floor = e.floor === 0 ? "" : `, floor: ${literal(e.floor, this.#unitOf(e.arg))}`;
    return `${e.what}(${this.write(e.arg)}, half_life: …${warmup}${floor})`;
  }

  /** What has no short form of its own, as the core prints it. */
  #core(e: Expr): string {
    const text = printExpr(e)
      .replace(/@(\d+)/g, (all, n: string) => this.#names[Number(n)] ?? all)
      .replace(/\bcurrent\b/g, this.#current)
      .replace(/#\d+/g, "…")
      .replace(/\$(?:\w+\.)*(\w+)/g, "$1");
    return text.startsWith("(") && text.endsWith(")") ? text.slice(1, -1) : text;
  }

  #ref(of: Ref): string {
    if (of.step === "current") return this.#current;
    const name = this.#names[of.step] ?? "?";
    if (typeof of.pick === "number") return `${name}[${of.pick}]`;
    if (of.pick === "last") return `last(${name})`;
    // In its own condition the name of a repeated step is the event that is judged.
    return name === this.#current ? `first(${name})` : name;
  }

  #unitOf(e: Expr): Unit | undefined {
    switch (e.op) {
      case "field":
      case "index":
      case "member":
      case "var": {
        const type = this.#typeOf(e);
        return type && unitOf(type);
      }
      case "meta":
        return e.what === "time" ? "time" : undefined;
      case "span":
        return "duration";
      case "arith":
        return this.#arithmeticUnit(e);
      case "coalesce":
        return this.#unitOf(e.left) ?? this.#unitOf(e.right);
      case "call":
        return e.args[0] && this.#unitOf(e.args[0]);
      case "history":
        return this.#unitOf(e.arg);
      case "agg":
      case "run":
        return this.#aggregateUnit(e);
      default:
        return undefined;
    }
  }

  /** The declared type of what is read from an event; undefined of anything else. */
  #typeOf(e: Expr): FieldType | undefined {
    switch (e.op) {
      case "field":
        return this.#types.get(e.name);
      case "var": {
        const list = this.#lists[e.level];
        const type = list && this.#typeOf(list);
        return type?.t === "map" ? type.key : itemOf(type);
      }
      case "index":
        return itemOf(this.#typeOf(e.list));
      case "member": {
        const record = this.#typeOf(e.record);
        return record?.t === "record"
          ? record.members.find((m) => m.name === e.name)?.type
          : undefined;
      }
      default:
        return undefined;
    }
  }

  #arithmeticUnit(e: Extract<Expr, { op: "arith" }>): Unit | undefined {
    if (e.fn === "/" && e.scale === 1e6 && e.left.op === "agg") return "percent";
    const [left, right] = [this.#unitOf(e.left), this.#unitOf(e.right)];
    if (e.fn === "-" && left === "time" && right === "time") return "duration";
    if (e.fn === "+" || e.fn === "-") return left ?? right;
    return undefined;
  }

  #aggregateUnit(e: Extract<Expr, { op: "agg" }> | RunAggregate): Unit | undefined {
    const arg = e.unit ?? (e.arg && this.#unitOf(e.arg));
    switch (e.fn) {
      case "count":
      case "distinct":
        return "int";
      case "rate":
        return "rate";
      case "share":
        return "percent";
      case "eta":
        return "duration";
      case "slope":
        return growthOf(arg);
      case "top":
        return undefined;
      default:
        return arg;
    }
  }
}

/** Growth of sizes and plain numbers is a rate; that of others is told in their own unit. */
function growthOf(unit: Unit | undefined): Unit | undefined {
  if (unit === "size") return "bytes_rate";
  return unit === "int" || unit === "float" || unit === "port" ? "rate" : unit;
}

function itemOf(type: FieldType | undefined): FieldType | undefined {
  if (type?.t === "list") return type.item.type;
  return type?.t === "map" ? type.value.type : undefined;
}

/** Exactly the value: a rounded one would name another rule. */
function literal(value: string | number | bigint | boolean, unit: Unit | undefined): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "bigint")
    return unit === "ip" ? `ip"${format(value, "ip")}"` : `id("${value}")`;
  if (typeof value === "boolean") return String(value);
  switch (unit) {
    case "duration":
      return writeDuration(value);
    case "size":
      return exactSize(value);
    case "bytes_rate":
      return `${exactSize(value / 1e6)}/s`;
    case "percent":
      return `${value / 10_000}%`;
    case "rate":
      return `${value / 1e6}/s`;
    case "time":
      return `t"${format(value, "time")}"`;
    default:
      return String(value);
  }
}

/** With a prefix where it loses nothing. */
function exactSize(bytes: number): string {
  let size = bytes;
  let steps = 0;
  while (size !== 0 && size % 1024 === 0 && steps < 5) {
    size /= 1024;
    steps++;
  }
  return steps > 0 || bytes < 1024 ? `${size}${sizeUnits[steps]}` : `${bytes}B`;
}

const sizeUnits = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
