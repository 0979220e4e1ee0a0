/**
 * CrowdSec's filters (the language `expr`) as Tapio conditions. What the parsers put into an event
 * are texts; one that they did not put there is empty, so nothing is ever missing.
 *
 *     evt.Meta.log_type == 'a' && Upper(evt.Parsed.x) startsWith 'B'
 *     e.meta_log_type == "a" and upper(e.parsed_x) startswith "B"
 */
import { exclude } from "./corpus.ts";
import { quoted } from "./eql-condition.ts";
import { TokenReader } from "./token-reader.ts";

const token =
  /\s*('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|&&|\|\||==|!=|<=|>=|\?\.|[()[\],.!+<>?:;={}#-]|\d+|\w+)/y;

/** A field as the parsers name it (`Meta.source_ip`), as a field of the event. */
export function fieldName(path: string): string {
  return path.replaceAll(".", "_").toLowerCase();
}

export interface Filter {
  readonly text: string;
  /** The fields that it reads, by CrowdSec's names; `Unescaped.X` is X with its % signs read. */
  readonly reads: ReadonlySet<string>;
}

export function parseFilter(text: string): Filter {
  const parser = new FilterParser(text, token, false);
  return { text: parser.whole(), reads: parser.reads };
}

/** `evt.Meta.a + '/' + evt.Parsed.b`: the fields that make up a key. */
export function parseKey(text: string): string[] {
  if (text === "") return [];
  return text.split("+").flatMap((part) => {
    if (/^\s*(['"]).*\1\s*$/.test(part)) return [];
    const [, path] = /^\s*evt\.(\w+(?:\.\w+)*)\s*$/.exec(part) ?? [];
    return [path ?? exclude("a key that is computed")];
  });
}

class FilterParser extends TokenReader {
  readonly reads = new Set<string>();

  whole(): string {
    const out = this.#or();
    if (this.at < this.tokens.length) exclude("a filter that is a program");
    return out;
  }

  #or(): string {
    const parts = [this.#and()];
    while (this.accept("||") || this.accept("or")) parts.push(this.#and());
    return parts.length === 1 ? (parts[0] ?? "") : `(${parts.join(" or ")})`;
  }

  #and(): string {
    const parts = [this.#not()];
    while (this.accept("&&") || this.accept("and")) parts.push(this.#not());
    return parts.length === 1 ? (parts[0] ?? "") : `(${parts.join(" and ")})`;
  }

  #not(): string {
    if (this.accept("!") || this.accept("not")) return `not (${this.#not()})`;
    if (this.accept("(")) {
      const inner = this.#or();
      this.expect(")");
      return inner;
    }
    return this.#test();
  }

  #test(): string {
    const left = this.#operand();
    const isNot = this.accept("not");
    const test = (text: string) => (isNot ? `not (${text})` : text);
    if (this.accept("in")) return test(`${left} in ${this.#list()}`);
    if (this.accept("matches")) return test(`${left} matches re"${this.#regex()}"`);
    for (const word of ["contains", "startsWith", "endsWith"])
      if (this.accept(word)) return test(`${left} ${word.toLowerCase()} ${this.#operand()}`);
    const op = this.next();
    if (op !== "==" && op !== "!=") exclude("a filter that is a program");
    if (this.accept("nil")) return op === "!=" ? "true" : "false";
    return `${left} ${op} ${this.#operand()}`;
  }

  #list(): string {
    this.expect("[");
    const out: string[] = [];
    do out.push(this.#operand());
    while (this.accept(","));
    this.expect("]");
    return `[${out.join(", ")}]`;
  }

  #regex(): string {
    const text = this.next();
    if (!/^['"]/.test(text)) exclude("a computed regular expression");
    const regex = unescaped(text.slice(1, -1));
    return regex.includes('"') ? exclude("a quote inside a regular expression") : regex;
  }

  #operand(): string {
    const text = this.next();
    if (/^['"]/.test(text)) return quoted(unescaped(text.slice(1, -1)));
    if (text === "evt") return this.#field("");
    const call = { Upper: "upper", Lower: "lower" }[text];
    if (call !== undefined) return `${call}(${this.#argument(() => this.#operand())})`;
    if (/^(Path|Query)Unescape$/.test(text))
      return this.#argument(() => {
        this.expect("evt");
        return this.#field("Unescaped.");
      });
    return exclude("a filter with a function that its parsers have");
  }

  #argument(read: () => string): string {
    this.expect("(");
    const out = read();
    this.expect(")");
    return out;
  }

  #field(prefix: string): string {
    const path: string[] = [];
    while (this.accept(".") || this.accept("?.")) path.push(this.next());
    const name = `${prefix}${path.join(".")}`;
    this.reads.add(name);
    return `e.${fieldName(name)}`;
  }
}

function unescaped(text: string): string {
  return text.replace(/\\(.)/g, (_, c: string) => ({ n: "\n", t: "\t", r: "\r" })[c] ?? c);
}
