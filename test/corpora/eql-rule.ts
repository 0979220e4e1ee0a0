/**
 * An EQL query as a Tapio rule; `join` is `all of`. Every event type is a kind with all fields the
 * data has, each of which may be missing. Strings are made small on both sides; a string with `*`
 * becomes a regular expression over the whole text.
 */
import { exclude } from "./corpus.ts";
import type { EqlQuery, EqlStep, Node } from "./eql-query.ts";
import { type Sent, source } from "./execution.ts";

export type EqlEvent = Readonly<Record<string, unknown>> & {
  readonly event_type: string;
  readonly serial_event_id: number;
  readonly timestamp: number;
};

export type FieldType = "int" | "string" | "list" | "other";
export type Fields = ReadonlyMap<string, FieldType>;

const typeTexts = {
  int: "int",
  string: "string(1024)",
  list: "list<string(1024), 64>",
  // Nothing is said of it.
  other: "string(1)",
};

/**
 * The fields that hold plain values or lists of texts; one that no event has is a string that is
 * always missing.
 */
export function fieldsOf(events: readonly EqlEvent[]): Fields {
  const out = new Map<string, FieldType>();
  for (const event of events) {
    for (const [name, value] of Object.entries(event)) {
      if (typeof value === "number" && name !== "timestamp") out.set(name, "int");
      if (typeof value === "string") out.set(name, "string");
      if (typeof value === "object" && value !== null)
        out.set(name, isTexts(value) ? "list" : "other");
    }
  }
  return out;
}

export function eqlRule(query: EqlQuery, fields: Fields, kinds: readonly string[]): string {
  const writer = new ConditionWriter(fields);
  const lines = query.steps.map((s, i) => {
    const step = stepText(writer, s, `s${i}`, kinds, query.form !== "single");
    return i === 0 || query.form !== "sequence" ? step : `then ${step}`;
  });
  const { until } = query;
  const end = until ? ` until ${stepText(writer, until, "u", kinds, true)}` : "";
  const within = query.maxspanUs === undefined ? "3650d" : `${query.maxspanUs}us`;
  // Of what fits a side of a join EQL keeps the first.
  const policy = query.form === "join" ? "select widest" : "";
  const head = query.form === "join" ? "all of" : "sequence";
  const pattern =
    query.form === "single"
      ? lines[0]
      : `${head} within ${within} partials 4000 {\n    ${lines.join("\n    ")}\n  }${end}`;
  const all = [...fields, ...[...writer.unknown].map((name) => [name, "string"] as const)];
  const declared = all.map(([name, type]) => `${name}: ${typeTexts[type]}?`);
  const events = kinds.map((k) => `event eql.${k} from corpus { one: int ${declared.join(" ")} }`);
  return `module corpus.eql\n${source}\n${events.join("\n")}\nrule r {\n  match ${pattern}\n  ${policy}\n}\n`;
}

/** `asListed`: times are places in the list, for queries that do not speak of time. */
export function sentEvents(events: readonly EqlEvent[], fields: Fields, asListed: boolean): Sent[] {
  const start = events[0]?.timestamp ?? 0;
  let clock = 0;
  return events.map((event, i) => {
    // Windows time: 100 ns since 1601. The list is in order of time but for its last event.
    clock = asListed ? i : Math.max(clock, Math.round((event.timestamp - start) / 10));
    const values = [...fields.keys()].map((name) => [name, dataOf(event[name])] as const);
    return {
      kind: `eql.${event.event_type}`,
      atUs: clock,
      fields: { one: 1, ...Object.fromEntries(values) },
    };
  });
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((x) => typeof x === "string");
}

function dataOf(value: unknown): string | number | readonly string[] | undefined {
  if (isTexts(value)) return value;
  // Of a record or another list nothing is said.
  return typeof value === "string" || typeof value === "number" ? value : undefined;
}

function stepText(
  writer: ConditionWriter,
  step: EqlStep,
  name: string,
  kinds: readonly string[],
  isKeyed: boolean,
): string {
  if (step.type !== "any" && !kinds.includes(step.type)) exclude("an event type without events");
  const types = step.type === "any" ? kinds : [step.type];
  const where = writer.condition(step.where, name);
  const by = step.by.length === 0 ? `${name}.one` : step.by.map((f) => `${name}.${f}`).join(", ");
  const union = types.map((t) => `eql.${t}`).join(" | ");
  return `${name}: ${union} where ${where}${isKeyed ? ` by ${by}` : ""}`;
}

interface Written {
  readonly text: string;
  readonly type: FieldType | "bool" | "null";
}

class ConditionWriter {
  /** Fields that the query names and no event has. */
  readonly unknown = new Set<string>();
  readonly #fields: Fields;
  /** Names that stand for an item of a list. */
  readonly #items: string[] = [];

  constructor(fields: Fields) {
    this.#fields = fields;
  }

  condition(e: Node, step: string): string {
    const { text, type } = this.#write(e, step);
    if (type !== "bool") exclude("a value that stands for its truth");
    return text;
  }

  #write(e: Node, step: string): Written {
    switch (e.t) {
      case "const":
        return constant(e.value);
      case "field":
        return this.#field(e.name, step);
      case "index":
        return this.#index(e.name, e.at, step);
      case "logic":
        return bool(`(${this.condition(e.left, step)} ${e.op} ${this.condition(e.right, step)})`);
      case "not":
        return bool(`not (${this.condition(e.arg, step)})`);
      case "minus":
        return { text: `(-${this.#int(e.arg, step)})`, type: "int" };
      case "in": {
        const tests = e.set.map((x) => this.#compare("==", e.arg, x, step).text);
        const any = tests.length === 0 ? "false" : `(${tests.join(" or ")})`;
        return bool(e.isNot ? `not ${any}` : any);
      }
      case "binary":
        return /^[-+*/%]$/.test(e.op)
          ? this.#arithmetic(e, step)
          : this.#compare(e.op, e.left, e.right, step);
      case "call":
        return this.#call(e.fn, e.args, step);
    }
  }

  #index(name: string, at: number, step: string): Written {
    const { text, type } = this.#field(name, step);
    if (type !== "list") exclude("an index into something that is no list");
    return { text: `${text}[${at}]`, type: "string" };
  }

  #field(name: string, step: string): Written {
    if (this.#items.includes(name)) return { text: name, type: "string" };
    const type = this.#fields.get(name);
    if (type === "other") exclude("a field inside a record");
    if (!type) this.unknown.add(name);
    return { text: `${step}.${name}`, type: type ?? "string" };
  }

  #int(e: Node, step: string): string {
    const { text, type } = this.#write(e, step);
    return type === "int" ? text : exclude("arithmetic on something that is no number");
  }

  #string(e: Node, step: string): string {
    const { text, type } = this.#write(e, step);
    return type === "string" ? text : exclude("a function of text on something else");
  }

  #arithmetic(e: Extract<Node, { t: "binary" }>, step: string): Written {
    if (e.op === "%") exclude("the operator `%`");
    // Tapio's quotient of two numbers may be a fraction.
    if (e.op === "/") exclude("`/` of whole numbers: EQL cuts the fraction off");
    return {
      text: `(${this.#int(e.left, step)} ${e.op} ${this.#int(e.right, step)})`,
      type: "int",
    };
  }

  #compare(op: string, left: Node, right: Node, step: string): Written {
    if (left.t === "const" && right.t === "const") exclude("a comparison of two constants");
    if (left.t === "const") return this.#compare(turned(op), right, left, step);
    const a = this.#write(left, step);
    if (right.t === "const" && right.value === null) {
      if (left.t !== "field" || (op !== "==" && op !== "!=")) exclude("a comparison with null");
      return bool(`${a.text} is ${op === "==" ? "" : "not "}missing`);
    }
    const isPattern =
      right.t === "const" && typeof right.value === "string" && right.value.includes("*");
    if (isPattern && (op === "==" || op === "!=")) {
      const matched = `lower(${a.text}) matches re"${wildcard(String(right.value))}"`;
      return bool(op === "==" ? matched : `not (${matched})`);
    }
    const b = this.#write(right, step);
    if (a.type !== b.type || a.type === "list") exclude("a comparison of different types");
    if (a.type === "string" && op !== "==" && op !== "!=")
      exclude("order of strings: not in the language");
    if (a.type !== "string") return bool(`${a.text} ${op} ${b.text}`);
    return bool(`${small(left, a)} ${op} ${small(right, b)}`);
  }

  #call(fn: string, args: readonly Node[], step: string): Written {
    const [first, second] = args;
    if (!first) return exclude("a function ours has not");
    const tests: Readonly<Record<string, string>> = {
      startsWith: "startswith",
      endsWith: "endswith",
      stringContains: "contains",
    };
    const test = tests[fn];
    if (test && second) {
      if (second.t !== "const" || first.t === "const") exclude("a text sought in a constant");
      return bool(
        `lower(${this.#string(first, step)}) ${test} ${small(second, this.#write(second, step))}`,
      );
    }
    if (fn === "length" && args.length === 1) return this.#length(first, step);
    if (fn === "arrayContains") return this.#arrayContains(first, args.slice(1), step);
    if (fn === "arraySearch") return this.#arraySearch(first, second, args[2], step);
    if ((fn === "match" || fn === "matchLite") && second?.t === "const" && !args[2])
      return bool(
        `${this.#string(first, step)} matches re"${anchored(String(second.value))}" nocase`,
      );
    if (fn === "wildcard" && args.length > 1) {
      const texts = args.slice(1).map((p) => this.#compare("==", first, p, step).text);
      return bool(`(${texts.join(" or ")})`);
    }
    const sign = (
      { add: "+", subtract: "-", multiply: "*", divide: "/" } as Record<string, string>
    )[fn];
    if (sign && second)
      return this.#arithmetic({ t: "binary", op: sign, left: first, right: second }, step);
    return exclude("a function ours has not");
  }

  #length(of: Node, step: string): Written {
    const { text, type } = this.#write(of, step);
    if (type !== "string" && type !== "list") exclude("a function of text on something else");
    return { text: `len(${text})`, type: "int" };
  }

  #list(e: Node, step: string): string {
    const { text, type } = this.#write(e, step);
    return type === "list" ? text : exclude("a function of lists on something else");
  }

  #arrayContains(list: Node, items: readonly Node[], step: string): Written {
    const item: Node = { t: "field", name: "item" };
    const any = items.reduce<Node | undefined>((left, x) => {
      const right: Node = { t: "binary", op: "==", left: item, right: x };
      return left ? { t: "logic", op: "or", left, right } : right;
    }, undefined);
    return this.#arraySearch(list, item, any, step);
  }

  #arraySearch(list: Node, item: Node | undefined, e: Node | undefined, step: string): Written {
    if (item?.t !== "field" || !e) return exclude("a function ours has not");
    const text = this.#list(list, step);
    this.#items.push(item.name);
    const condition = this.condition(e, step);
    this.#items.pop();
    return bool(`any(${item.name} in ${text}: ${condition})`);
  }
}

function turned(op: string): string {
  return ({ "<": ">", ">": "<", "<=": ">=", ">=": "<=" } as Record<string, string>)[op] ?? op;
}

function bool(text: string): Written {
  return { text, type: "bool" };
}

function constant(value: string | number | boolean | null): Written {
  if (value === null) return { text: "null", type: "null" };
  if (typeof value === "boolean") return bool(String(value));
  if (typeof value === "string") return { text: quoted(value), type: "string" };
  return Number.isInteger(value) ? { text: String(value), type: "int" } : exclude("a fraction");
}

function small(e: Node, written: Written): string {
  return e.t === "const" ? quoted(String(e.value).toLowerCase()) : `lower(${written.text})`;
}

function quoted(text: string): string {
  return `"${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
}

function wildcard(text: string): string {
  if (text.includes('"')) exclude("a quote inside a wildcard");
  const parts = text.toLowerCase().split("*");
  return `^${parts.map((p) => p.replace(/[^\w\s]/g, "\\$&")).join("(.|\\n)*")}$`;
}

/** EQL's expressions must match from the beginning on. */
function anchored(regex: string): string {
  return regex.includes('"') ? exclude("a quote inside a regular expression") : `^(${regex})`;
}
