/**
 * Reads the part of SiddhiQL that the pattern tests are written in:
 *
 *     define stream S (a type, …); [partition with (a of S, …) begin] QUERY [end]
 *     QUERY = from PATTERN [within T] select ITEMS [having f] insert into X;
 *     PATTERN = ELEMENT { ("->" | ",") ELEMENT }
 *     ELEMENT = ["every"] ( ATOM | "(" PATTERN ")" )
 *     ATOM    = UNIT [ ("and" | "or") UNIT ]
 *     UNIT    = "not" S[f] ["for" T] | [ref "="] S[f] [count]
 *
 * Filters become trees that can be written as Tapio text and evaluated on events.
 */
import { exclude } from "./corpus.ts";
import { TokenReader } from "./token-reader.ts";

export type Operand =
  | { readonly t: "const"; readonly value: string | number | boolean }
  /** `ref` is undefined for the event being judged; `index` for an event that is no run. */
  | {
      readonly t: "attr";
      readonly ref: string | undefined;
      readonly index: number | undefined;
      readonly attr: string;
    }
  /** An event as a whole, of which only is asked whether it is there. */
  | { readonly t: "event"; readonly ref: string; readonly index: number | undefined };

export type Filter =
  | { readonly t: "and" | "or"; readonly left: Filter; readonly right: Filter }
  | { readonly t: "not"; readonly arg: Filter }
  | { readonly t: "null"; readonly arg: Operand }
  | { readonly t: "cmp"; readonly op: string; readonly left: Operand; readonly right: Operand };

/** The last event of a run counts as index −1, the one before it −2. */
export const lastIndex = -1;

export interface Unit {
  readonly ref: string | undefined;
  readonly stream: string;
  readonly filter: Filter | undefined;
  readonly isNot: boolean;
  readonly forMs: number | undefined;
  readonly min: number;
  readonly max: number;
  readonly isRun: boolean;
}

export type Element =
  | { readonly t: "unit"; readonly unit: Unit; readonly isEvery: boolean }
  | {
      readonly t: "and" | "or";
      readonly left: Unit;
      readonly right: Unit;
      readonly isEvery: boolean;
    }
  | {
      readonly t: "group";
      readonly pattern: Pattern;
      readonly isEvery: boolean;
      readonly withinMs: number | undefined;
    };

export interface Pattern {
  readonly elements: readonly Element[];
  /** `,` wants neighbours, `->` does not. */
  readonly isStrict: boolean;
}

export interface Query {
  readonly streams: ReadonlyMap<
    string,
    readonly { readonly name: string; readonly type: string }[]
  >;
  /** By stream the attribute whose values have states of their own; empty without a partition. */
  readonly partition: ReadonlyMap<string, string>;
  readonly pattern: Pattern;
  readonly withinMs: number | undefined;
  /** Undefined when an item is more than an attribute. */
  readonly select: readonly Extract<Operand, { t: "attr" }>[] | undefined;
  /** Which rows are told; it may read what is selected by its new name. */
  readonly having: Filter | undefined;
}

const token =
  /\s*(->|==|!=|<=|>=|[<>()[\]{},:;=.@+*?-]|\d+(?:\.\d+)?[fFlLdD]?|\w+|'[^']*'|"[^"]*")/y;

export function parseQuery(app: string): Query {
  if (/#window|group\s+by/.test(app)) exclude("windows and grouping");
  if ((app.match(/\bfrom\b/g) ?? []).length !== 1) exclude("more than one query");
  return new Parser(app, token, true).query();
}

class Parser extends TokenReader {
  /** Names of events, which an attribute may not have where it stands alone. */
  readonly #refs = new Set<string>();
  /** What is selected, by its new name. */
  readonly #selected = new Map<string, Operand>();

  query(): Query {
    const streams = new Map<string, { name: string; type: string }[]>();
    const partition = new Map<string, string>();
    while (!this.is("from")) {
      if (this.accept("define")) this.#define(streams);
      else if (this.accept("partition")) this.#partition(partition);
      else this.at++;
    }
    this.expect("from");
    const pattern = this.#pattern();
    const withinMs = this.accept("within") ? this.#duration() : undefined;
    this.expect("select");
    const select = this.#select();
    const having = this.accept("having") ? this.#or() : undefined;
    return { streams, partition, pattern, withinMs, select, having };
  }

  #partition(attributes: Map<string, string>): void {
    this.expect("with");
    this.expect("(");
    do {
      const attr = this.#word();
      if (!this.accept("of")) exclude("a partition by ranges of values");
      attributes.set(this.#word(), attr);
    } while (this.accept(","));
    this.expect(")");
    this.expect("begin");
  }

  #define(streams: Map<string, { name: string; type: string }[]>): void {
    this.expect("stream");
    const name = this.#word();
    this.expect("(");
    const attrs: { name: string; type: string }[] = [];
    do attrs.push({ name: this.#word(), type: this.#word().toLowerCase() });
    while (this.accept(","));
    this.expect(")");
    streams.set(name, attrs);
  }

  #pattern(): Pattern {
    const elements = [this.#element()];
    let connector: string | undefined;
    while (this.is("->") || this.is(",")) {
      const found = this.next();
      if (connector !== undefined && connector !== found) exclude("`->` and `,` in one pattern");
      connector = found;
      elements.push(this.#element());
    }
    return { elements, isStrict: connector === "," };
  }

  #element(): Element {
    const isEvery = this.accept("every");
    if (this.accept("(")) {
      const pattern = this.#pattern();
      this.expect(")");
      const withinMs = this.accept("within") ? this.#duration() : undefined;
      const [only] = pattern.elements;
      if (pattern.elements.length === 1 && only && withinMs === undefined && !only.isEvery)
        return { ...only, isEvery };
      return { t: "group", pattern, isEvery, withinMs };
    }
    const unit = this.#unit();
    if (!this.is("and") && !this.is("or")) return { t: "unit", unit, isEvery };
    const t = this.next() === "and" ? "and" : "or";
    return { t, left: unit, right: this.#unit(), isEvery };
  }

  #unit(): Unit {
    if (this.is("(")) exclude("a group inside `and` or `or`");
    const isNot = this.accept("not");
    const first = this.#word();
    const ref = this.accept("=") ? first : undefined;
    if (ref !== undefined) this.#refs.add(ref);
    const stream = ref === undefined ? first : this.#word();
    let filter: Filter | undefined;
    while (this.accept("[")) {
      const next = this.#or();
      filter = filter ? { t: "and", left: filter, right: next } : next;
      this.expect("]");
    }
    const [min, max] = this.#count();
    const forMs = this.accept("for") ? this.#duration() : undefined;
    return { ref, stream, filter, isNot, forMs, min, max, isRun: min !== 1 || max !== 1 };
  }

  #count(): readonly [number, number] {
    if (this.accept("+")) return [1, Number.POSITIVE_INFINITY];
    if (this.accept("*")) return [0, Number.POSITIVE_INFINITY];
    if (this.accept("?")) return [0, 1];
    if (!this.accept("<")) return [1, 1];
    const min = this.is(":") ? 0 : Number(this.next());
    let max = min;
    if (this.accept(":")) max = this.is(">") ? Number.POSITIVE_INFINITY : Number(this.next());
    this.expect(">");
    return [min, max];
  }

  #duration(): number {
    let ms = 0;
    while (/^\d/.test(this.peek())) {
      const found = /^(\d+)([a-z]*)$/i.exec(this.next());
      const unit = found?.[2] || this.#word();
      const scale = unitMs.find(([name]) => unit.toLowerCase().startsWith(name))?.[1];
      if (!found || scale === undefined) exclude("a unit of time the adapter does not know");
      ms += Number(found[1]) * scale;
    }
    return ms;
  }

  #or(): Filter {
    let left = this.#and();
    while (this.accept("or")) left = { t: "or", left, right: this.#and() };
    return left;
  }

  #and(): Filter {
    let left = this.#not();
    while (this.accept("and")) left = { t: "and", left, right: this.#not() };
    return left;
  }

  #not(): Filter {
    if (this.accept("not")) return { t: "not", arg: this.#not() };
    if (this.accept("(")) {
      const inner = this.#or();
      this.expect(")");
      return inner;
    }
    // A value of its type is all that an attribute can be, if it is there.
    if (/^instanceOf\w+$/.test(this.peek())) {
      this.next();
      this.expect("(");
      const arg = this.#operand();
      this.expect(")");
      return { t: "not", arg: { t: "null", arg } };
    }
    const left = this.#operand();
    if (this.accept("is")) {
      this.expect("null");
      return { t: "null", arg: left };
    }
    if (left.t === "event") exclude("an event as a value");
    const op = this.next();
    if (!/^(==|!=|<=|>=|<|>)$/.test(op)) exclude("an expression the adapter does not know");
    return { t: "cmp", op, left, right: this.#operand() };
  }

  #operand(): Operand {
    const sign = this.accept("-") ? -1 : 1;
    const text = this.next();
    if (/^['"]/.test(text)) return { t: "const", value: text.slice(1, -1) };
    if (/^\d/.test(text)) return { t: "const", value: sign * Number.parseFloat(text) };
    if (text === "true" || text === "false") return { t: "const", value: text === "true" };
    if (!/^\w+$/.test(text) || this.is("(")) exclude("an expression the adapter does not know");
    let index: number | undefined;
    if (this.accept("[")) {
      index = this.#index();
      this.expect("]");
    }
    if (!this.accept(".")) {
      if (index !== undefined || this.#refs.has(text)) return { t: "event", ref: text, index };
      const selected = this.#selected.get(text);
      return selected ?? { t: "attr", ref: undefined, index: undefined, attr: text };
    }
    return { t: "attr", ref: text, index, attr: this.#word() };
  }

  #index(): number {
    if (!this.accept("last")) return Number(this.next());
    return this.accept("-") ? lastIndex - Number(this.next()) : lastIndex;
  }

  #select(): Query["select"] {
    const out: Extract<Operand, { t: "attr" }>[] = [];
    do {
      if (!/^\w+$/.test(this.peek())) return undefined;
      const item = this.#operand();
      if (item.t !== "attr") return undefined;
      if (this.accept("as")) this.#selected.set(this.#word(), item);
      out.push(item);
    } while (this.accept(","));
    return this.is("insert") || this.is("having") ? out : undefined;
  }

  #word(): string {
    const text = this.next();
    if (!/^\w+$/.test(text)) exclude("syntax the adapter does not know");
    return text;
  }
}

const unitMs: readonly (readonly [string, number])[] = [
  ["millisec", 1],
  ["ms", 1],
  ["sec", 1000],
  ["min", 60_000],
  ["hour", 3_600_000],
];
