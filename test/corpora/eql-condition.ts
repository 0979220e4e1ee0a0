/**
 * EQL's expressions as Tapio text. EQL compares texts without regard to ASCII case unless told
 * otherwise, so both sides are made small; a text with `*` becomes a regular expression over the
 * whole. What EQL calls null is missing: a test on it is neither true nor false, in both.
 *
 *     indexOf(s, "x", 2)          index_of(substring(lower(s), 2, …), "x") + 2
 *     substring(s, -4)            substring(s, len(s) - 4, …)
 *     between(s, "a", "b")        from behind the first "a" to before the next "b"
 *     a / b, a % b of whole ones  floor(a / b), a - floor(a / b) * b
 *     x == null                   (x) is missing
 *     arraySearch(l, s, s.a == 1) any(i0 in l: i0.a == 1)
 *     arrayCount(l, s, s.a == 1)  count(i0 in l: i0.a == 1)
 *     cidrMatch(f, "10.0.0.0/8")  in_network(f_ip, "10.0.0.0/8")
 */
import { exclude } from "./corpus.ts";
import type { Fields, Shape } from "./eql-fields.ts";
import type { Node } from "./eql-query.ts";

/** More bytes than any text has. */
const end = 1_000_000;

type Type = Shape["t"] | "null";

interface Written {
  readonly text: string;
  readonly type: Type;
  readonly shape?: Shape;
  /** A field that no event has: it is missing, whatever it is taken for. */
  readonly isUnknown?: boolean;
}

export interface Conventions {
  readonly isCaseSensitive: boolean;
  /** Constants become fields of the event, so that nothing is known before it comes. */
  readonly hasConstantsInEvents: boolean;
}

/** As EQL is, unless told otherwise. */
export const usual: Conventions = { isCaseSensitive: false, hasConstantsInEvents: false };

export class ConditionWriter {
  /** Fields that the queries speak of besides those of the data. */
  readonly added = new Map<string, Shape>();
  /** The values of fields that stand for constants. */
  readonly constants = new Map<string, string | number | boolean>();
  /** Fields that hold addresses as text, by the field that holds them as addresses. */
  readonly addresses = new Map<string, string>();
  readonly #fields: Fields;
  readonly #conventions: Conventions;
  /** What stands for an item of a list, innermost last. */
  readonly #items: { readonly name: string; readonly as: string; readonly shape: Shape }[] = [];

  constructor(fields: Fields, conventions: Conventions) {
    this.#fields = fields;
    this.#conventions = conventions;
  }

  condition(e: Node, step: string): string {
    const written = this.write(e, step);
    const { text, type, shape } = written;
    if (type === "bool") return text;
    if (type === "null") return `${this.#missing("int", step)} == 0`;
    if (type === "int" || type === "float") return `${text} != 0`;
    if (type === "string") return `len(${text}) > 0`;
    if (shape?.t === "record") return this.#hasMembers(text, shape);
    return exclude("a value that stands for its truth");
  }

  write(e: Node, step: string): Written {
    switch (e.t) {
      case "const":
        return this.#constant(e, step);
      case "field":
        return this.#field(e.name, step);
      case "member":
        return this.#member(e, step);
      case "index":
        return this.#index(e, step);
      case "logic":
        return bool(`(${this.condition(e.left, step)} ${e.op} ${this.condition(e.right, step)})`);
      case "not":
        return bool(`not (${this.condition(e.arg, step)})`);
      case "minus": {
        const { text, type } = this.#number(e.arg, step);
        return { text: `(-${text})`, type };
      }
      case "in": {
        const tests = e.set.map((x) => this.#compare("==", e.arg, x, step).text);
        const any = tests.length === 0 ? "false" : `(${tests.join(" or ")})`;
        return bool(e.isNot ? `not ${any}` : any);
      }
      case "binary":
        return /^[-+*/%]$/.test(e.op)
          ? this.#arithmetic(e.op, e.left, e.right, step)
          : this.#compare(e.op, e.left, e.right, step);
      case "call":
        return this.#call(e.fn, e.args, step);
    }
  }

  #constant(e: Extract<Node, { t: "const" }>, step: string): Written {
    const { value } = e;
    if (value === null) return { text: "null", type: "null" };
    const type = typeOf(value, e.isFraction ?? false);
    if (this.#conventions.hasConstantsInEvents) {
      const name = `constant_${this.constants.size}`;
      this.constants.set(name, value);
      this.added.set(name, { t: type });
      return { text: `${step}.${name}`, type };
    }
    if (typeof value === "string") return { text: quoted(value), type };
    return { text: type === "float" ? decimal(value) : String(value), type };
  }

  /** A field that no event has. */
  #missing(t: "int" | "string", step: string): string {
    const name = t === "int" ? "no_number" : "no_text";
    this.added.set(name, { t });
    return `${step}.${name}`;
  }

  #field(name: string, step: string): Written {
    const item = this.#items.findLast((i) => i.name === name);
    if (item) return { text: item.as, type: item.shape.t, shape: item.shape };
    const shape = this.#fields.get(name);
    if (shape) return { text: `${step}.${name}`, type: shape.t, shape };
    this.added.set(name, { t: "string" });
    return { text: `${step}.${name}`, type: "string", isUnknown: true };
  }

  #member({ of, name }: Extract<Node, { t: "member" }>, step: string): Written {
    const { text, shape } = this.write(of, step);
    const member = shape?.t === "record" ? shape.members.get(name) : undefined;
    if (!member) return exclude("a member that no record has");
    return { text: `${text}.${name}`, type: member.t, shape: member };
  }

  #index({ of, at }: Extract<Node, { t: "index" }>, step: string): Written {
    const { text, shape } = this.write(of, step);
    if (shape?.t !== "list") return exclude("an index into something that is no list");
    return { text: `${text}[${at}]`, type: shape.item.t, shape: shape.item };
  }

  #hasMembers(text: string, { members }: Extract<Shape, { t: "record" }>): string {
    const parts = [...members].map(([name, shape]) =>
      shape.t === "record" ? this.#hasMembers(`${text}.${name}`, shape) : `has ${text}.${name}`,
    );
    return `(${parts.join(" or ")})`;
  }

  #number(e: Node, step: string): Written {
    const written = this.write(e, step);
    if (written.type === "null" || written.isUnknown)
      return { text: this.#missing("int", step), type: "int" };
    if (written.type === "int" || written.type === "float") return written;
    return exclude("arithmetic on something that is no number");
  }

  #string(e: Node, step: string): string {
    const { text, type } = this.write(e, step);
    if (type === "null") return this.#missing("string", step);
    return type === "string" ? text : exclude("a function of text on something else");
  }

  /** A text as it is compared. */
  #small(e: Node, step: string): string {
    if (this.#conventions.isCaseSensitive) return this.#string(e, step);
    if (e.t !== "const" || this.#conventions.hasConstantsInEvents)
      return `lower(${this.#string(e, step)})`;
    return this.#string(typeof e.value === "string" ? smallConst(e.value) : e, step);
  }

  #arithmetic(op: string, left: Node, right: Node, step: string): Written {
    const [a, b] = [this.#number(left, step), this.#number(right, step)];
    const type = a.type === "int" && b.type === "int" ? "int" : "float";
    const quotient = type === "int" ? `floor(${a.text} / ${b.text})` : `(${a.text} / ${b.text})`;
    if (op === "/") return { text: quotient, type };
    if (op === "%") return { text: `(${a.text} - floor(${a.text} / ${b.text}) * ${b.text})`, type };
    return { text: `(${a.text} ${op} ${b.text})`, type };
  }

  #compare(op: string, left: Node, right: Node, step: string): Written {
    if (isNull(left) && isNull(right)) return bool(String(op === "=="));
    if (isNull(left)) return this.#compare(turned(op), right, left, step);
    if (isNull(right)) {
      if (op !== "==" && op !== "!=")
        return bool(`${this.#number(left, step).text} ${op} ${this.#number(right, step).text}`);
      const { text, shape } = this.write(left, step);
      if (shape?.t === "record") exclude("a record compared with null");
      return bool(`(${text}) is ${op === "==" ? "" : "not "}missing`);
    }
    if (left.t === "const" && right.t !== "const")
      return this.#compare(turned(op), right, left, step);
    let a = this.write(left, step);
    const isPattern =
      right.t === "const" && typeof right.value === "string" && right.value.includes("*");
    if (isPattern && a.type === "string" && (op === "==" || op === "!=")) {
      const matched = `${this.#small(left, step)} matches re"${this.#wildcard(String(right.value))}"`;
      return bool(op === "==" ? matched : `not (${matched})`);
    }
    let b = this.write(right, step);
    const isNumber = (w: Written) => w.type === "int" || w.type === "float";
    if (a.isUnknown && isNumber(b)) a = this.#number(left, step);
    if (b.isUnknown && isNumber(a)) b = this.#number(right, step);
    if (a.type !== b.type && !(isNumber(a) && isNumber(b)))
      exclude("a comparison of different types");
    if (a.type === "list" || a.type === "record") exclude("a comparison of lists or records");
    if (a.type === "bool" && op !== "==" && op !== "!=") exclude("an order between truth values");
    if (a.type === "bool") return bool(`(${a.text}) ${op} (${b.text})`);
    if (a.type !== "string") return bool(`${a.text} ${op} ${b.text}`);
    return bool(`${this.#small(left, step)} ${op} ${this.#small(right, step)}`);
  }

  #wildcard(text: string): string {
    if (text.includes('"')) exclude("a quote inside a wildcard");
    const parts = (this.#conventions.isCaseSensitive ? text : text.toLowerCase()).split("*");
    return `^${parts.map((p) => p.replace(/[^\w\s]/g, "\\$&")).join("(.|\\n)*")}$`;
  }

  #call(fn: string, args: readonly Node[], step: string): Written {
    const [first, second, third] = args;
    const operator = operators[fn];
    if (fn === "concat") return this.#concat(args, step);
    if (!first) return exclude(`the function \`${fn}\` without an argument`);
    if (operator && second) return this.#arithmetic(operator, first, second, step);
    const test = tests[fn];
    if (test && second)
      return bool(`${this.#small(first, step)} ${test} ${this.#small(second, step)}`);
    switch (fn) {
      case "length":
        return this.#length(first, step);
      case "indexOf":
        return second ? this.#indexOf(first, second, third, step) : exclude("`indexOf` of nothing");
      case "substring":
        return this.#substring(first, second, third, step);
      case "between":
        return this.#between(args, step);
      case "number":
        return first.t === "const"
          ? this.#constant(numberOf(first, second), step)
          : this.#toInt(first, second, step);
      case "string":
        return this.#asText(first, step);
      case "match":
      case "matchLite":
        return this.#match(first, args.slice(1), step);
      case "wildcard": {
        const texts = args.slice(1).map((p) => this.#compare("==", first, p, step).text);
        return bool(`(${texts.join(" or ")})`);
      }
      case "cidrMatch":
        return this.#inNetworks(first, args.slice(1), step);
      case "arrayContains":
        return this.#arrayContains(first, args.slice(1), step);
      case "arraySearch":
        return bool(this.#itemwise("any", first, second, third, step));
      case "arrayCount":
        return { text: this.#itemwise("count", first, second, third, step), type: "int" };
      default:
        return exclude("a function ours has not");
    }
  }

  #length(of: Node, step: string): Written {
    const { text, type } = this.write(of, step);
    if (type === "list") return { text: `len(${text})`, type: "int" };
    return { text: `len(${this.#string(of, step)})`, type: "int" };
  }

  #indexOf(of: Node, part: Node, from: Node | undefined, step: string): Written {
    const [text, sought] = [this.#small(of, step), this.#small(part, step)];
    if (!from || isNull(from)) return { text: `index_of(${text}, ${sought})`, type: "int" };
    const start = this.#number(from, step).text;
    const rest = `substring(${text}, ${start}, ${end})`;
    return { text: `(index_of(${rest}, ${sought}) + ${start})`, type: "int" };
  }

  #substring(of: Node, from: Node | undefined, to: Node | undefined, step: string): Written {
    const text = this.#string(of, step);
    const place = (e: Node | undefined, usually: string) => {
      if (!e || isNull(e)) return usually;
      const isFromEnd = e.t === "minus" || (e.t === "const" && Number(e.value) < 0);
      if (!isFromEnd && e.t !== "const") exclude("a computed place in a text");
      const { text: at } = this.#number(e, step);
      return isFromEnd ? `len(${text}) + ${at}` : at;
    };
    return {
      text: `substring(${text}, ${place(from, "0")}, ${place(to, String(end))})`,
      type: "string",
    };
  }

  #between([of, left, right, isGreedy, isSensitive]: readonly Node[], step: string): Written {
    if (!of || !left || !right) return exclude("`between` without its ends");
    const text = this.#string(of, step);
    const asIs = this.#conventions.isCaseSensitive || !isFalse(isSensitive);
    const small = (x: string) => (asIs ? x : `lower(${x})`);
    const [a, b] = [small(this.#string(left, step)), small(this.#string(right, step))];
    const start = `index_of(${small(text)}, ${a}) + len(${a})`;
    const rest = `substring(${text}, ${start}, ${end})`;
    const find = isFalse(isGreedy) ? "index_of" : "last_index_of";
    const length = `${find}(${small(rest)}, ${b})`;
    return { text: `substring(${rest}, 0, ${length})`, type: "string" };
  }

  #toInt(of: Node, base: Node | undefined, step: string): Written {
    if (base && !(base.t === "const" && (base.value === null || base.value === 10)))
      exclude("a text that is read as a number of another base");
    return { text: `to_int(${this.#string(of, step)})`, type: "int" };
  }

  #asText(e: Node, step: string): Written {
    const { text, type } = this.write(e, step);
    if (type === "bool") return { text: `if(${text}, "true", "false")`, type: "string" };
    if (type === "int") return { text: `to_text(${text})`, type: "string" };
    if (type === "float") exclude("a fraction as a text");
    return { text: this.#string(e, step), type: "string" };
  }

  #concat(args: readonly Node[], step: string): Written {
    const parts = args.map((a) => this.#asText(a, step).text);
    return { text: parts.length === 0 ? `""` : `(${parts.join(" + ")})`, type: "string" };
  }

  /** EQL's expressions must match from the beginning on. */
  #match(of: Node, regexes: readonly Node[], step: string): Written {
    const text = this.#string(of, step);
    const nocase = this.#conventions.isCaseSensitive ? "" : " nocase";
    const any = regexes.map((e) => {
      if (e.t !== "const" || typeof e.value !== "string") return exclude("a computed expression");
      if (e.value.includes('"')) exclude("a quote inside a regular expression");
      return `${text} matches re"^(${e.value})"${nocase}`;
    });
    return bool(`(${any.join(" or ")})`);
  }

  #inNetworks(of: Node, networks: readonly Node[], step: string): Written {
    const address = this.#address(of, step);
    const any = networks.map((n) => {
      if (n.t !== "const" || typeof n.value !== "string") return exclude("a computed network");
      return `in_network(${address}, ${quoted(n.value)})`;
    });
    return bool(`(${any.join(" or ")})`);
  }

  /** A field that holds the address which another one holds as a text. */
  #address(of: Node, step: string): string {
    if (of.t === "const" && typeof of.value === "string") return `ip${quoted(of.value)}`;
    const isItem = of.t === "field" && this.#items.some((i) => i.name === of.name);
    if ((of.t !== "field" && !isNull(of)) || isItem) return exclude("an address that is no field");
    const name = of.t === "field" ? `${of.name}_ip` : "no_address";
    this.added.set(name, { t: "ip" });
    if (of.t === "field") this.addresses.set(name, of.name);
    return `${step}.${name}`;
  }

  #arrayContains(list: Node, items: readonly Node[], step: string): Written {
    const item: Node = { t: "field", name: "an item" };
    const any = items.reduce<Node | undefined>((left, x) => {
      const right: Node = { t: "binary", op: "==", left: item, right: x };
      return left ? { t: "logic", op: "or", left, right } : right;
    }, undefined);
    return bool(this.#itemwise("any", list, item, any, step));
  }

  #itemwise(
    quantifier: "any" | "count",
    list: Node,
    item: Node | undefined,
    e: Node | undefined,
    step: string,
  ): string {
    if (item?.t !== "field" || !e) return exclude("a search without an item");
    const { text, shape } = this.write(list, step);
    if (shape?.t !== "list") return exclude("a function of lists on something else");
    const as = `i${this.#items.length}`;
    this.#items.push({ name: item.name, as, shape: shape.item });
    const condition = this.condition(e, step);
    this.#items.pop();
    return `${quantifier}(${as} in ${text}: ${condition})`;
  }
}

const tests: Readonly<Record<string, string>> = {
  startsWith: "startswith",
  endsWith: "endswith",
  stringContains: "contains",
};

const operators: Readonly<Record<string, string>> = {
  add: "+",
  subtract: "-",
  multiply: "*",
  divide: "/",
  modulo: "%",
};

function turned(op: string): string {
  return ({ "<": ">", ">": "<", "<=": ">=", ">=": "<=" } as Record<string, string>)[op] ?? op;
}

function bool(text: string): Written {
  return { text, type: "bool" };
}

function typeOf(value: string | number | boolean, isFraction: boolean) {
  if (typeof value === "string") return "string";
  if (typeof value === "boolean") return "bool";
  return Number.isInteger(value) && !isFraction ? "int" : "float";
}

function decimal(value: number | boolean): string {
  return Number.isInteger(value) ? `${value}.0` : String(value);
}

function isNull(e: Node): boolean {
  return e.t === "const" && e.value === null;
}

/** Left out, null or false. */
function isFalse(e: Node | undefined): boolean {
  if (e === undefined) return true;
  return e.t === "const" && (e.value === false || e.value === null);
}

function smallConst(value: string): Node {
  return { t: "const", value: value.replace(/[A-Z]/g, (c) => c.toLowerCase()) };
}

type Constant = Extract<Node, { t: "const" }>;

function numberOf(text: Constant, base: Node | undefined): Constant {
  if (text.value === null) return text;
  const digits = String(text.value);
  const radix = base?.t === "const" && base.value !== null ? Number(base.value) : 10;
  const value = radix === 10 ? Number(digits) : Number.parseInt(digits, radix);
  if (!Number.isFinite(value)) return { t: "const", value: null };
  return { t: "const", value, isFraction: digits.includes(".") };
}

export function quoted(text: string): string {
  return `"${text.replace(/[\\"]/g, "\\$&").replaceAll("\n", "\\n").replaceAll("\t", "\\t").replaceAll("\r", "\\r")}"`;
}
