/**
 * A Falco filter as a Tapio condition, token by token. What is well formed comes out well formed;
 * what is not comes out with the same mistake, because everything unknown is copied as it stands.
 *
 *   not (proc.name = cat or macro)   →   not (e.proc_name == "cat" or m_macro)
 *
 * A Falco filter does not say the types of its fields. Those of real fields are listed here; any
 * other field has the type its values suggest, for which the filter is read twice.
 */
import { exclude } from "./corpus.ts";
import {
  bareValue,
  type FieldType,
  globOfPath,
  isNumber,
  isWhole,
  knownTypes,
  literalOf,
  quoted,
  textOfBytes,
  unquote,
} from "./falco-value.ts";

export interface TapioFilter {
  readonly condition: string;
  /** By the name in Tapio. */
  readonly fields: ReadonlyMap<string, FieldType>;
  readonly macros: ReadonlySet<string>;
  /** Lists that the filter names, with the type of what is compared with them. */
  readonly lists: ReadonlyMap<string, FieldType>;
}

export function tapioFilter(filter: string): TapioFilter {
  excludeDeep(filter);
  const first = new FilterTranslator(filter);
  first.translate();
  const second = new FilterTranslator(filter, first.uses());
  const condition = second.translate();
  return { condition, fields: second.fields, macros: second.macros, lists: second.lists };
}

/** `fd.name` is one field here, not a path. */
export function fieldName(falco: string): string {
  return falco.replaceAll(".", "_");
}

function isBalanced(filter: string): boolean {
  return filter.split("(").length === filter.split(")").length;
}

/** Both languages limit nesting, at different depths; far beyond, both must refuse. */
function excludeDeep(filter: string): void {
  let depth = 0;
  let deepest = 0;
  for (const c of filter.replace(/"[^"]*"|'[^']*'/g, "")) {
    if (c === "(") deepest = Math.max(deepest, ++depth);
    if (c === ")") depth--;
  }
  if (deepest > 90 && deepest <= 1000) exclude("nesting near the limit, which differs");
}

type Operator = (typeof operators)[number];

const operators = [
  ...["==", "=", "!=", "<=", "<", ">=", ">"],
  ...["contains", "icontains", "bcontains", "startswith", "bstartswith", "endswith"],
  ...["glob", "iglob", "regex", "exists", "in", "intersects", "pmatch"],
] as const;

const operator = new RegExp(
  `\\s*(==|=|!=|<=|<|>=|>|(?:${operators.filter((o) => /^\w/.test(o)).join("|")})(?![\\w.]))`,
  "y",
);
const fieldWord = /[A-Za-z]\w*(?:\.\w+)+/y;
const plainWord = /[A-Za-z_]\w*/y;
const quotedText = /"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'/sy;
const namedList = /\s+((?:oneof|anyof|allof)\s+(?!and\b|or\b)[A-Za-z]\w*)(?![\w.(])/y;
const modifier = /\s+(oneof|anyof|allof)\s+(?=\()/y;
/** Base 64 stands for any function of a text; what it answers is not asked. */
const functions: Readonly<Record<string, string>> = {
  b64: "lower",
  tolower: "lower",
  toupper: "upper",
  len: "len",
};

/** The left side of a comparison. */
interface Operand {
  readonly text: string;
  readonly type: FieldType;
  /** Falco's name, when the operand is a plain field. */
  readonly field?: string;
}

class FilterTranslator {
  readonly fields = new Map<string, FieldType>();
  readonly macros = new Set<string>();
  readonly lists = new Map<string, FieldType>();
  readonly #filter: string;
  readonly #types: ReadonlyMap<string, FieldType>;
  /** The second reading: the types of all fields are known. */
  readonly #isTyped: boolean;
  readonly #values = new Map<string, FieldType[]>();
  #at = 0;

  constructor(filter: string, types?: ReadonlyMap<string, FieldType>) {
    this.#filter = filter;
    this.#types = types ?? new Map();
    this.#isTyped = types !== undefined;
  }

  translate(): string {
    let out = "";
    while (this.#at < this.#filter.length) out += this.#item();
    return out;
  }

  /** What the values compared with suggest: text if any is text, else the widest number. */
  uses(): ReadonlyMap<string, FieldType> {
    const widest = (types: readonly FieldType[]) =>
      (["bytes", "string", "float", "int"] as const).find((t) => types.includes(t)) ?? "string";
    return new Map([...this.#values].map(([falco, types]) => [falco, widest(types)]));
  }

  #item(): string {
    const field = this.#take(fieldWord);
    if (field !== undefined) return this.#comparison(this.#field(field));
    const word = this.#take(plainWord);
    if (word === undefined) return this.#filter[this.#at++] ?? "";
    if (["and", "or", "not"].includes(word)) return word;
    if (this.#sees("(")) return this.#comparison(this.#call(word));
    this.macros.add(word);
    return `m_${word}`;
  }

  #take(sticky: RegExp): string | undefined {
    sticky.lastIndex = this.#at;
    const found = sticky.exec(this.#filter);
    if (!found) return undefined;
    this.#at = sticky.lastIndex;
    return found[1] ?? found[0];
  }

  #sees(text: string): boolean {
    return this.#filter.startsWith(text, this.#at);
  }

  #isAhead(form: RegExp): boolean {
    return form.test(this.#filter.slice(this.#at));
  }

  #space(): string {
    return this.#take(/\s*/y) ?? "";
  }

  // ---------- operands

  #field(falco: string): Operand {
    const name = fieldName(falco);
    const isKeyed = this.#sees("[");
    const type = isKeyed ? "map" : (knownTypes[falco] ?? this.#types.get(falco) ?? "string");
    this.fields.set(name, type);
    const text = `e.${name}`;
    return isKeyed
      ? { text: `${text}${this.#key()}`, type: "string" }
      : { text, type, field: falco };
  }

  /** `[key]`; what is no key is left to be copied. */
  #key(): string {
    const key = this.#take(/\[('[^']*'|"[^"]*"|[^\]"'\s[]*)\]/y);
    if (key === undefined && this.#take(/(?=\[\s)/y) !== undefined)
      exclude("white space, which means nothing in Tapio");
    if (key === undefined) return "";
    if (/^["']{2}$/.test(key)) exclude("an empty text, which is a key in Tapio");
    return key === "" ? "[]" : `[${/^["']/.test(key) ? unquote(key) : quoted(key)}]`;
  }

  /** A function of a field; the name was just read. */
  #call(name: string): Operand {
    this.#at++;
    if (name === "basename") return { text: this.#basename(), type: "string" };
    if (name === "join") return { text: this.#join(), type: "string" };
    let text = `${functions[name] ?? name}(${this.#space()}`;
    const field = this.#take(fieldWord);
    const inner = field === undefined ? this.#take(plainWord) : undefined;
    if (field !== undefined) text += this.#field(field).text;
    else if (inner !== undefined) text += this.#sees("(") ? this.#call(inner).text : inner;
    if (this.#isAhead(/^\s+\[/)) exclude("white space, which means nothing in Tapio");
    text += this.#space();
    if (this.#sees(")")) text += this.#filter[this.#at++];
    return { text, type: name === "len" ? "int" : "string" };
  }

  /** What stands behind the last slash, or all where there is none. */
  #basename(): string {
    this.#space();
    const field = this.#take(fieldWord);
    const name = field === undefined ? this.#take(/(\w+)(?=\()/y) : undefined;
    if (field === undefined && name === undefined) return "basename(,";
    const { text } = field === undefined ? this.#call(name ?? "") : this.#field(field);
    if (this.#take(/\s*\)/y) === undefined) return "basename(,";
    return `(substring(${text}, last_index_of(${text}, "/") + 1, 1000000) ?? ${text})`;
  }

  /** `join("-", (a, b))` is `(a + "-" + b)`; what is no such list comes out as one with a hole. */
  #join(): string {
    this.#space();
    const separator = this.#take(quotedText);
    if (separator === undefined || this.#take(/(\s*,\s*\(\s*)/y) === undefined) return "join(,";
    const parts: string[] = [];
    while (!this.#sees(")")) {
      const part = this.#joined();
      if (part === undefined) return "join(,";
      parts.push(part);
      if (this.#take(/(\s*,\s*)(?!\))/y) === undefined && this.#take(/\s*(?=\))/y) === undefined)
        return "join(,";
    }
    this.#at++;
    if (this.#take(/\s*\)/y) === undefined) return "join(,";
    return parts.length === 0 ? '""' : `(${parts.join(` + ${unquote(separator)} + `)})`;
  }

  #joined(): string | undefined {
    const text = this.#take(quotedText);
    if (text !== undefined) return unquote(text);
    const field = this.#take(fieldWord);
    if (field !== undefined) {
      const { text, type } = this.#field(field);
      if (type === "string") return text;
      return type === "int" || type === "u32" ? `to_text(${text})` : exclude("joined to texts");
    }
    const name = this.#take(/(\w+)(?=\()/y);
    return name === undefined ? undefined : this.#call(name).text;
  }

  // ---------- comparisons

  #comparison(left: Operand): string {
    const found = this.#take(operator) as Operator | undefined;
    if (found === undefined) return left.text;
    switch (found) {
      case "exists":
        return left.field === undefined ? `${left.text} is not missing` : `has ${left.text}`;
      case "bcontains":
      case "bstartswith":
        return this.#bytes(left, found);
      case "in":
      case "intersects":
      case "pmatch":
        return this.#membership(left, found);
      case "<":
      case "<=":
      case ">":
      case ">=":
        return this.#order(left, found);
      default:
        return this.#relation(left, found);
    }
  }

  #order(left: Operand, op: Operator): string {
    const space = this.#space();
    const value = this.#take(/[+-]?[0-9][\w.]*(?:(?<=[eE])[+-]\w+)?/y);
    if (value === undefined) {
      const call = /^(\w+)\(/.exec(this.#filter.slice(this.#at))?.[1];
      if (call !== undefined) return this.#against(left, op, call);
      return `${left.text} ${op}${space || " "}`;
    }
    this.#suggest(left, value);
    // Bytes have no order, though the texts that stand for them have.
    return `${left.text} ${op} ${literalOf(value, left.type === "bytes" ? "int" : left.type)}`;
  }

  /** Bytes are texts here; what is neither hexadecimal nor a function is left as it stands. */
  #bytes(left: Operand, op: "bcontains" | "bstartswith"): string {
    if (left.field !== undefined) this.#values.set(left.field, ["bytes"]);
    if (this.#isTyped && left.type === "string") exclude("bytes looked for in a text");
    const space = this.#space();
    const test = `${left.text} ${op.slice(1)}`;
    const call = /^(\w+)\(/.exec(this.#filter.slice(this.#at))?.[1];
    if (call !== undefined) return this.#against(left, op, call);
    const value = this.#value();
    const digits = value?.replace(/^["']|["']$/g, "");
    return `${test} ${digits === undefined ? space : (textOfBytes(digits) ?? value)}`;
  }

  #relation(left: Operand, op: Operator): string {
    if (this.#isAhead(/^\s*\(+\s*\w+\(/) && isBalanced(this.#filter))
      exclude("parentheses round a value, which Tapio allows");
    const kind = this.#take(modifier);
    if (kind !== undefined) return this.#modified(left, op, kind);
    const named = this.#take(namedList);
    if (named !== undefined) return this.#itemwise(left, op, named);
    const space = this.#space();
    const call = /^(\w+)(\s*)\(/.exec(this.#filter.slice(this.#at));
    const name = call?.[1];
    if (name !== undefined && call?.[2] === "") return this.#against(left, op, name);
    if (name !== undefined && /^(?:b64|val|tolower|toupper|len)$/.test(name))
      exclude("white space, which means nothing in Tapio");
    const value = this.#value();
    if (value === undefined) return `${left.text} ${tapioOperator(op)}${space || " "}`;
    return this.#test(left, op, value);
  }

  /** The right side is a function of a field. */
  #against(left: Operand, op: Operator, name: string): string {
    this.#at += name.length;
    if (name !== "val") return `${left.text} ${tapioOperator(op)} ${this.#call(name).text}`;
    const field = /^\(\s*([A-Za-z]\w*(?:\.\w+)+)\s*\)/.exec(this.#filter.slice(this.#at));
    if (!field?.[1]) return `${left.text} ${tapioOperator(op)} val`;
    this.#at += field[0].length;
    return `${left.text} ${tapioOperator(op)} ${this.#field(field[1]).text}`;
  }

  /** A test with the items of a list that stands elsewhere. */
  #itemwise(left: Operand, op: Operator, quantified: string): string {
    const [kind = "", name = ""] = quantified.split(/\s+/);
    const list = this.#named(name, left.type);
    const test = `${left.text} ${tapioOperator(op)} v`;
    if (kind === "oneof") return `count(v in ${list}: ${test}) == 1`;
    return `${kind === "anyof" ? "any" : "all"}(v in ${list}: ${test})`;
  }

  #named(name: string, type: FieldType): string {
    this.lists.set(name, type);
    return `l_${name}`;
  }

  #modified(left: Operand, op: Operator, kind: string): string {
    const list = this.#list();
    if (list === undefined) return `${left.text} ${tapioOperator(op)} [,]`;
    const tests = list.map((value) => this.#test(left, op, value));
    if (kind === "anyof") return anyOf(tests);
    if (kind === "allof") return tests.length === 0 ? "true" : `(${tests.join(" and ")})`;
    const exactly = tests.map((test, i) =>
      [test, ...tests.filter((_, k) => k !== i).map((other) => `not ${other}`)].join(" and "),
    );
    return anyOf(exactly.map((one) => `(${one})`));
  }

  #membership(left: Operand, op: "in" | "intersects" | "pmatch"): string {
    const call = this.#take(/\s*(\w+)(?=\()/y);
    if (call !== undefined && op === "in") return `${left.text} in [${this.#call(call).text}]`;
    if (call !== undefined) exclude("a path below a computed one");
    const named = this.#take(/\s+(?!(?:oneof|anyof|allof|and|or)\b)([A-Za-z]\w*)(?![\w.(])/y);
    if (named !== undefined && op === "pmatch") exclude("a path below those of a list");
    if (named !== undefined) return `${left.text} in ${this.#named(named, left.type)}`;
    const space = this.#space();
    if (!this.#sees("(")) return `${left.text} in${space || " "}`;
    const list = this.#list();
    if (list === undefined) return `${left.text} in [,]`;
    if (op === "pmatch") {
      excludeBytes(left);
      const below = (v: string) => globOfPath(v).map((g) => `${left.text} like glob${g}`);
      return anyOf(list.flatMap((v) => below(v)));
    }
    for (const value of list) this.#suggest(left, value);
    if (left.type === "net") return anyOf(list.map((v) => this.#test(left, "=", v)));
    return `${left.text} in [${list.map((v) => literalOf(v, left.type)).join(", ")}]`;
  }

  /** The values between parentheses, quoted as written; undefined when that is no list. */
  #list(): string[] | undefined {
    const values: string[] = [];
    this.#at++;
    this.#space();
    if (this.#sees(")")) {
      this.#at++;
      return values;
    }
    for (;;) {
      this.#space();
      if (this.#isAhead(/^\w+\(/)) exclude("a computed value in a list, which Tapio allows");
      const value = this.#value();
      if (value === undefined) return undefined;
      values.push(value);
      this.#space();
      const end = this.#filter[this.#at++];
      if (end === ")") return values;
      if (end !== ",") return undefined;
    }
  }

  #value(): string | undefined {
    const text = this.#take(quotedText);
    if (text?.includes("\n")) exclude("a text over several lines");
    return text ?? this.#take(bareValue);
  }

  #test(left: Operand, op: Operator, value: string): string {
    const isText = op !== "=" && op !== "==" && op !== "!=";
    this.#suggest(left, isText ? "text" : value);
    if (isText && !["contains", "startswith", "endswith"].includes(op)) excludeBytes(left);
    if (isText) return `${left.text} ${textTest(op, value)}`;
    const literal = literalOf(value, left.type);
    if (left.type === "net") return `${op === "!=" ? "not " : ""}${left.text} in ${literal}`;
    return `${left.text} ${tapioOperator(op)} ${literal}`;
  }

  #suggest(left: Operand, value: string | undefined): void {
    if (left.field === undefined || value === undefined) return;
    const type = !isNumber(value) ? "string" : isWhole(value) ? "int" : "float";
    const known = this.#values.get(left.field) ?? [];
    this.#values.set(left.field, [...known, type]);
  }
}

function excludeBytes(left: Operand): void {
  if (left.type === "bytes") exclude("patterns over bytes");
}

function tapioOperator(op: Operator): string {
  if (op === "icontains") return "contains";
  if (op === "bcontains" || op === "bstartswith") return op.slice(1);
  return op === "=" ? "==" : op;
}

/** A test of texts with the value as Falco reads it. */
function textTest(op: Operator, value: string): string {
  const text = /^["']/.test(value) ? unquote(value) : quoted(value);
  switch (op) {
    case "icontains":
      return `contains ${text} nocase`;
    case "glob":
    case "iglob":
      return `like glob${text.replaceAll("*", "**")}${op === "iglob" ? " nocase" : ""}`;
    case "regex":
      // Falco matches the whole text.
      return `matches re"^(?:${text.slice(1, -1).replaceAll("\\\\", "\\")})$"`;
    default:
      return `${op} ${text}`;
  }
}

function anyOf(tests: readonly string[]): string {
  return tests.length === 0 ? "false" : `(${tests.join(" or ")})`;
}
