/**
 * The Java of Flink's conditions over the events taken so far, read as one expression of the event
 * that is judged and of what earlier events come to:
 *
 *     double v = 0; for (Event e : ctx.getEventsForPattern("m")) { v += e.getPrice(); }
 *     return v + value.getPrice() < 5;                     sum(m.price) + value.price < 5
 *
 * Here the text is read. flink-java-flow.ts runs a body once with expressions in the place of
 * values, and flink-java-terms.ts builds these. Nothing is guessed: what is not read excludes.
 */
import { exclude } from "./corpus.ts";
import {
  type Env,
  ends,
  inOrder,
  loop,
  object,
  only,
  type Run,
  resultOf,
} from "./flink-java-flow.ts";
import {
  asType,
  binary,
  bool,
  call,
  choose,
  type Java,
  type JavaType,
  java,
  math,
  not,
  number,
  numeric,
  type Sym,
  truth,
} from "./flink-java-terms.ts";
import { TokenReader } from "./token-reader.ts";

export { argsOf, type Java, type JavaField, readsEach } from "./flink-java-terms.ts";

/** The body of a class with `filter`, a block, or an expression of whatever event it names. */
export function readJava(source: string): Java {
  const body = new Reader(source).whole();
  const end = body(new Map(), () => exclude("Java: code that ends without a result"));
  return resultOf(end);
}

type Read = (env: Env) => Sym;

const token =
  /\s*(?:\/\*.*?\*\/\s*)*("(?:[^"\\]|\\.)*"|\d+(?:\.\d+)?(?:[eE][+-]?\d+)?[dDfFlL]?|[A-Za-z_$][\w$]*|&&|\|\||\+\+|--|->|[=!<>+\-*/]=|[^\s\w])/y;
const modifiers = new Set(["private", "protected", "public", "static", "final"]);
const types: ReadonlyMap<string, JavaType | "object"> = new Map([
  ["int", "int"],
  ["long", "int"],
  ["double", "double"],
  ["boolean", "bool"],
  ["String", "text"],
  ["Event", "object"],
  ["SubEvent", "object"],
  ["Iterable", "object"],
]);

class Reader extends TokenReader {
  constructor(source: string) {
    super(source, token, false);
  }

  whole(): Run {
    const isClass = this.is("{") && this.tokens.includes("filter");
    const run = isClass ? this.#class() : this.is("{") ? this.#block() : this.#result();
    if (this.at < this.tokens.length) exclude("Java: more behind the end");
    return run;
  }

  #result(): Run {
    const x = this.#expression();
    return (env) => ({ end: "return", value: bool(x(env)) });
  }

  /** Fields with a value, and `filter`. */
  #class(): Run {
    this.expect("{");
    let whole: Run | undefined;
    const fields: Run[] = [];
    while (!this.accept("}")) {
      this.#modifiers();
      const type = this.#type();
      if (this.#peek(1) === "(") {
        if (this.next() !== "filter" || whole) exclude("Java: a method besides `filter`");
        whole = this.#filter();
      } else fields.push(this.#declaration(type));
    }
    if (!whole) exclude("Java: a class without `filter`");
    return inOrder([...fields, whole]);
  }

  #modifiers(): void {
    while (modifiers.has(this.peek()) || this.is("@")) {
      if (this.next() === "@") this.next();
    }
  }

  #filter(): Run {
    this.expect("(");
    const names: string[] = [];
    do {
      this.#modifiers();
      do this.next();
      while (this.accept("."));
      this.#typeArguments();
      names.push(this.next());
    } while (this.accept(","));
    this.expect(")");
    if (this.accept("throws")) this.next();
    const body = this.#block();
    const [event = "", context = ""] = names;
    return (env, rest) => {
      const inner = new Map(env).set(event, object({ is: "event", who: "judged" }));
      return body(inner.set(context, object({ is: "context" })), rest);
    };
  }

  #type(): JavaType | "object" {
    const type = types.get(this.next()) ?? exclude("Java: a type that is not read");
    this.#typeArguments();
    return type;
  }

  #typeArguments(): void {
    if (!this.accept("<")) return;
    this.next();
    this.expect(">");
  }

  #block(): Run {
    if (!this.accept("{")) return this.#statement();
    const statements: Run[] = [];
    while (!this.accept("}")) statements.push(this.#statement());
    const all = inOrder(statements);
    // What a block declares is gone behind it.
    return (env, rest) => all(env, (after) => rest(only(after, env)));
  }

  #statement(): Run {
    if (this.is("{")) return this.#block();
    if (this.accept(";")) return (env, rest) => rest(env);
    if (this.accept("return")) {
      const run = this.#result();
      this.expect(";");
      return run;
    }
    if (this.accept("if")) return this.#if();
    if (this.accept("for")) return this.#for();
    if (this.accept("final") || (types.has(this.peek()) && /^\w|^</.test(this.#peek(1))))
      return this.#declaration(this.#type());
    return this.#assignment();
  }

  #if(): Run {
    this.expect("(");
    const test = this.#expression();
    this.expect(")");
    const yes = this.#block();
    const no = this.accept("else") ? this.#block() : inOrder([]);
    return (env, rest) => ends(bool(test(env)), yes(env, rest), () => no(env, rest));
  }

  #for(): Run {
    this.expect("(");
    this.accept("final");
    this.#type();
    const name = this.next();
    this.expect(":");
    const list = this.#expression();
    this.expect(")");
    const body = this.#block();
    return (env, rest) => {
      const events = list(env);
      if (events.is !== "events") return exclude("Java: a loop over something else than events");
      return loop(events.step, name, body, env, rest);
    };
  }

  #declaration(type: JavaType | "object"): Run {
    const name = this.next();
    this.expect("=");
    const x = this.#expression();
    this.expect(";");
    return (env, rest) => {
      if (env.has(name)) exclude("Java: a name that is declared twice");
      const value = type === "object" ? object(x(env)) : { type, value: asType(x(env), type) };
      return rest(new Map(env).set(name, value));
    };
  }

  #assignment(): Run {
    const before = this.accept("++") ? "++" : this.accept("--") ? "--" : undefined;
    const name = this.next();
    const op = before ?? this.next();
    const isStep = op === "++" || op === "--";
    if (!isStep && !["=", "+=", "-=", "*="].includes(op)) exclude("Java: a statement not read");
    const x: Read = isStep ? () => number(1) : this.#expression();
    this.expect(";");
    return (env, rest) => {
      const old = env.get(name);
      const type = old?.type;
      if (!old || !type) return exclude("Java: an assignment to something else than a number");
      const right = x(env);
      const value = op === "=" ? right : math(op.charAt(0), old.value, right);
      return rest(new Map(env).set(name, { type, value: asType(value, type) }));
    };
  }

  // ---------- expressions ----------

  #expression(): Read {
    const test = this.#binary(0);
    if (!this.accept("?")) return test;
    const yes = this.#expression();
    this.expect(":");
    const no = this.#expression();
    return (env) => choose(bool(test(env)), java(yes(env)), java(no(env)));
  }

  #binary(level: number): Read {
    const operators = levels[level];
    if (!operators) return this.#unary();
    let left = this.#binary(level + 1);
    while (operators.includes(this.peek())) {
      const op = this.next();
      const a = left;
      const b = this.#binary(level + 1);
      left = (env) => binary(op, a(env), b(env));
    }
    return left;
  }

  #unary(): Read {
    if (this.accept("!")) {
      const x = this.#unary();
      return (env) => not(bool(x(env)));
    }
    if (this.accept("-")) {
      const x = this.#unary();
      return (env) => math("-", number(0), x(env));
    }
    let x = this.#primary();
    while (this.accept(".")) {
      const of = x;
      const name = this.next();
      const args = this.#arguments();
      x = (env) =>
        call(
          of(env),
          name,
          args.map((a) => a(env)),
        );
    }
    return x;
  }

  #arguments(): Read[] {
    this.expect("(");
    const out: Read[] = [];
    while (!this.accept(")")) {
      if (out.length > 0) this.expect(",");
      out.push(this.#expression());
    }
    return out;
  }

  #primary(): Read {
    if (this.accept("(")) {
      const isCast = ["Event", "SubEvent", "double"].includes(this.peek()) && this.#peek(1) === ")";
      if (isCast) {
        const isNumber = this.next() === "double";
        this.expect(")");
        const x = this.#unary();
        return isNumber ? (env) => asType(x(env), "double") : x;
      }
      const x = this.#expression();
      this.expect(")");
      return x;
    }
    const word = this.next();
    if (word === "Double" || word === "Integer") {
      this.expect(".");
      this.expect("compare");
      const args = this.#arguments();
      return (env) => {
        const [a, b, more] = args.map((x) => numeric(x(env)));
        if (!a || !b || more) return exclude("Java: `compare` of something else than two numbers");
        return { is: "order", args: [a, b] };
      };
    }
    const constant = constantOf(word);
    if (constant) return () => constant;
    if (!/^[A-Za-z_$]/.test(word) || this.is("(")) return exclude("Java: an expression not read");
    return (env) => named(word, env);
  }

  #peek(ahead: number): string {
    return this.tokens[this.at + ahead] ?? "";
  }
}

const levels = [["||"], ["&&"], ["==", "!="], ["<", "<=", ">", ">="], ["+", "-"], ["*", "/", "%"]];

function constantOf(word: string): Java | undefined {
  if (word === "true" || word === "false") return truth(word === "true");
  if (word.startsWith('"')) {
    if (word.includes("\\")) exclude("Java: a text with escapes");
    return { is: "const", type: "text", value: word.slice(1, -1) };
  }
  if (!/^\d/.test(word)) return undefined;
  if (/[fF]$/.test(word)) exclude("Java: a number of type float");
  const value = Number(word.replace(/[dDlL]$/, ""));
  return { is: "const", type: /[.eEdD]/.test(word) ? "double" : "int", value };
}

/** A bare expression, without a method around it, may call the event whatever it likes. */
function named(name: string, env: Env): Sym {
  const local = env.get(name);
  if (local) return local.value;
  const isBare = ![...env.values()].some(({ value }) => value.is === "context");
  if (!isBare) return exclude("Java: a name that is not declared");
  return name === "ctx" || name === "context" ? { is: "context" } : { is: "event", who: "judged" };
}
