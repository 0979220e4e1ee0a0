/**
 * Reads the part of EQL that is about single events and sequences, and writes its conditions as
 * Tapio text. EQL compares strings without regard to case (ASCII here), `*` in a string is a
 * wildcard, and a comparison with something missing is neither true nor false: as in Tapio.
 *
 *     TYPE where EXPR  { "|" ( head N | tail N | unique EXPR, … | sort F, … | filter EXPR ) }
 *     sequence [by F, …] [with maxspan=T] { "[" TYPE where EXPR "]" [by F, …] } [until "[" … "]"]
 *     join [by F, …] { "[" TYPE where EXPR "]" [by F, …] } [until "[" … "]"]
 */
import { exclude } from "./corpus.ts";
import { TokenReader } from "./token-reader.ts";

export interface EqlStep {
  readonly type: string;
  readonly where: Node;
  readonly by: readonly string[];
}

export interface EqlQuery {
  /** `single`: one step, each event that satisfies it. */
  readonly form: "single" | "sequence" | "join";
  readonly steps: readonly EqlStep[];
  readonly until: EqlStep | undefined;
  readonly maxspanUs: number | undefined;
  readonly pipes: readonly Pipe[];
}

export type Pipe =
  | { readonly keep: "head" | "tail"; readonly count: number }
  | { readonly keep: "unique"; readonly by: readonly Node[] }
  | { readonly keep: "sort"; readonly fields: readonly string[] }
  | { readonly keep: "filter"; readonly where: Node };

export type Node =
  | {
      readonly t: "const";
      readonly value: string | number | boolean | null;
      /** A number written with a point. */
      readonly isFraction?: boolean;
    }
  | { readonly t: "field"; readonly name: string }
  | { readonly t: "index"; readonly of: Node; readonly at: number }
  | { readonly t: "member"; readonly of: Node; readonly name: string }
  | { readonly t: "logic"; readonly op: "and" | "or"; readonly left: Node; readonly right: Node }
  | { readonly t: "not" | "minus"; readonly arg: Node }
  | { readonly t: "binary"; readonly op: string; readonly left: Node; readonly right: Node }
  | { readonly t: "in"; readonly arg: Node; readonly set: readonly Node[]; readonly isNot: boolean }
  | { readonly t: "call"; readonly fn: string; readonly args: readonly Node[] };

const token =
  /\s*(\?'[^']*'|\?"[^"]*"|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|==|!=|<=|>=|[<>()[\],=|+*/%.:-]|\d+(?:\.\d+)?|\.\d+|\w+)/y;

export function parseEql(text: string): EqlQuery {
  return new Parser(text, token, false).query();
}

export function parseExpression(text: string): Node {
  return new Parser(text, token, false).expression();
}

class Parser extends TokenReader {
  expression(): Node {
    const all = this.#or();
    if (this.at < this.tokens.length) exclude("syntax the adapter does not know");
    return all;
  }

  query(): EqlQuery {
    const isJoin = this.accept("join");
    if (!isJoin && !this.accept("sequence")) return this.#single();
    let by: string[] = [];
    let maxspanUs: number | undefined;
    for (;;) {
      if (this.accept("by")) by = this.#fields();
      else if (this.accept("with")) maxspanUs = this.#maxspan();
      else break;
    }
    const steps: EqlStep[] = [];
    while (this.is("[")) steps.push(this.#step(by));
    const until = this.accept("until") ? this.#step(by) : undefined;
    const form = isJoin ? "join" : "sequence";
    return { form, steps, until, maxspanUs, pipes: this.#pipes() };
  }

  #single(): EqlQuery {
    const event = this.#event();
    let { where } = event;
    // What is filtered first is a part of the condition.
    while (this.is("|") && this.tokens[this.at + 1] === "filter") {
      this.at += 2;
      where = { t: "logic", op: "and", left: where, right: this.#or() };
    }
    const steps = [{ ...event, where, by: [] }];
    return {
      form: "single",
      steps,
      until: undefined,
      maxspanUs: undefined,
      pipes: this.#pipes(),
    };
  }

  #step(shared: readonly string[]): EqlStep {
    this.expect("[");
    const event = this.#event();
    this.expect("]");
    if (this.is("fork")) exclude("`fork`: partial matches that go on after a match");
    const own = this.accept("by") ? this.#fields() : [];
    return { ...event, by: [...shared, ...own] };
  }

  #event(): Pick<EqlStep, "type" | "where"> {
    const type = this.next();
    this.expect("where");
    return { type, where: this.#or() };
  }

  #fields(): string[] {
    const out: string[] = [];
    do out.push(this.next());
    while (this.accept(","));
    return out;
  }

  #maxspan(): number {
    this.expect("maxspan");
    this.expect("=");
    const amount = Number.parseFloat(this.peek());
    const unit = this.next().replace(/^[\d.]+/, "") || this.next();
    const scale = { ms: 1e3, s: 1e6, m: 6e7, h: 3.6e9, d: 8.64e10 }[unit];
    return scale === undefined
      ? exclude("a unit of time the adapter does not know")
      : amount * scale;
  }

  #pipes(): EqlQuery["pipes"] {
    const out: Pipe[] = [];
    while (this.accept("|")) {
      const keep = this.next();
      if (keep === "sort") out.push({ keep, fields: this.#pipeFields() });
      else if (keep === "unique") out.push({ keep, by: this.#pipeValues() });
      else if (keep === "filter") out.push({ keep, where: this.#or() });
      else if (keep === "head" || keep === "tail")
        out.push({ keep, count: /^\d+$/.test(this.peek()) ? Number(this.next()) : 1 });
      else exclude("a pipe that computes something");
    }
    if (this.at < this.tokens.length) exclude("syntax the adapter does not know");
    return out;
  }

  /** With commas between them or without. */
  #pipeValues(): Node[] {
    const out: Node[] = [];
    while (this.at < this.tokens.length && !this.is("|")) {
      out.push(this.#or());
      this.accept(",");
    }
    return out;
  }

  #pipeFields(): string[] {
    const out: string[] = [];
    while (/^\w+$/.test(this.peek())) {
      out.push(this.next());
      if (this.is("(")) exclude("a pipe that computes something");
      this.accept(",");
    }
    if (this.at < this.tokens.length && !this.is("|")) exclude("a pipe that computes something");
    return out;
  }

  #or(): Node {
    let left = this.#and();
    while (this.accept("or")) left = { t: "logic", op: "or", left, right: this.#and() };
    return left;
  }

  #and(): Node {
    let left = this.#not();
    while (this.accept("and")) left = { t: "logic", op: "and", left, right: this.#not() };
    return left;
  }

  #not(): Node {
    if (this.accept("not")) return { t: "not", arg: this.#not() };
    const left = this.#sum();
    const isNot = this.is("not") && this.tokens[this.at + 1] === "in";
    if (isNot) this.at++;
    if (this.accept("in")) return { t: "in", arg: left, set: this.#list(), isNot };
    const op = this.peek();
    if (!/^(==|=|!=|<=|>=|<|>)$/.test(op)) return left;
    this.at++;
    return { t: "binary", op: op === "=" ? "==" : op, left, right: this.#sum() };
  }

  #sum(): Node {
    let left = this.#product();
    while (this.is("+") || this.is("-"))
      left = { t: "binary", op: this.next(), left, right: this.#product() };
    return left;
  }

  #product(): Node {
    let left = this.#unary();
    while (this.is("*") || this.is("/") || this.is("%"))
      left = { t: "binary", op: this.next(), left, right: this.#unary() };
    return left;
  }

  #unary(): Node {
    if (this.accept("-")) return { t: "minus", arg: this.#unary() };
    return this.#postfix(this.#primary());
  }

  #primary(): Node {
    if (this.accept("(")) {
      const inner = this.#or();
      this.expect(")");
      return inner;
    }
    const text = this.next();
    if (text.startsWith("?")) return { t: "const", value: text.slice(2, -1) };
    if (/^['"]/.test(text)) return { t: "const", value: unescaped(text.slice(1, -1)) };
    if (/^[\d.]/.test(text))
      return { t: "const", value: Number(text), isFraction: text.includes(".") };
    if (text === "true" || text === "false") return { t: "const", value: text === "true" };
    if (text === "null") return { t: "const", value: null };
    if (/^(child|descendant|event)$/.test(text) && this.is("of"))
      exclude("ancestry: a query over the processes of the past");
    if (this.is("(")) return { t: "call", fn: text, args: this.#list() };
    if (!/^\w+$/.test(text)) exclude("syntax the adapter does not know");
    return { t: "field", name: text };
  }

  /** `x[0]`, `x.member`, `x:function(…)`. */
  #postfix(of: Node): Node {
    if (this.accept("[")) {
      const at = this.next();
      this.expect("]");
      if (!/^\d+$/.test(at)) exclude("a computed index");
      return this.#postfix({ t: "index", of, at: Number(at) });
    }
    if (this.accept(".")) return this.#postfix({ t: "member", of, name: this.next() });
    if (!this.accept(":")) return of;
    const fn = this.next();
    return this.#postfix({ t: "call", fn, args: [of, ...this.#list()] });
  }

  #list(): Node[] {
    this.expect("(");
    const out: Node[] = [];
    if (this.accept(")")) return out;
    do out.push(this.#or());
    while (this.accept(","));
    this.expect(")");
    return out;
  }
}

function unescaped(text: string): string {
  return text.replace(/\\(.)/g, (_, c: string) => ({ n: "\n", t: "\t", r: "\r" })[c] ?? c);
}
