/**
 * Random well-typed expressions as source text, and random events for them. The generator knows the
 * types of the language by itself, so that the type checker is judged by something else.
 */
import fc from "fast-check";

/** Names of types as the generator uses them. */
export type T =
  | "bool"
  | "int"
  | "float"
  | "duration"
  | "size"
  | "percent"
  | "rate"
  | "bytes_rate"
  | "time"
  | "string"
  | "ip"
  | "id64"
  | "port"
  | "ints"
  | "strings"
  | "counts"
  | "sizes";

export const typedSchema = `module t
source s { lateness 1s granularity 1us idle 9s rank 0 }
entity node key string(8) max 1
entity pod key string(8) in node max 9
entity config key string(8) max 9
relation mounts pod -> config fanout 4
event k.all from s {
  b: bool bo: bool? i: int io: int? u: u32 uo: u32? f: float fo: float?
  d: duration do: duration? z: size zo: size? p: percent po: percent? r: rate ro: rate?
  t: time to: time? s: string(16) so: string(16)? e: enum { red, green } eo: enum { red, green }?
  a: ip ao: ip? g: id64 go: id64? q: port qo: port?
  li: list<int, 4> lio: list<int, 4>? ls: list<string(8), 4> m: map<string(8), int, 4>
  mo: map<enum { red, green }, size, 4>? lz: list<size, 4>
  x: { i: int s: string(8)? } xo: { d: duration l: list<int, 3> }?
  lm: list<int?, 4> ms: map<string(8), string(8)?, 4>
  lr: list<{ i: int s: string(8)? z: size b: bool? l: list<int?, 3> }, 3>
  lo: list<{ i: int? d: duration n: { f: float? }? }?, 3>?
  mr: map<string(8), { i: int? p: percent }?, 3>
}
let twice(n: int) -> int = n + n
let near(e: entity.ref) -> bool = e.pod in ["p1", "p2"]
let big(x: k.all, least: size = 1KiB) -> bool = x.z > least
list colours: string(8) = ["red", "blue"]
param limit: int = 7 range 1 .. 9
param home: ip = ip"10.0.0.1"
pattern digits on k.all.s = re"(?<w:string>[a-z]+)(?<n:int>[0-9]+)?"
`;

const fields: Readonly<Partial<Record<T, readonly string[]>>> = {
  bool: ["b", "bo"],
  int: ["i", "io", "u", "uo", "x.i"],
  float: ["f", "fo"],
  duration: ["d", "do", "xo.d"],
  size: ["z", "zo"],
  percent: ["p", "po"],
  rate: ["r", "ro"],
  time: ["t", "to", "time"],
  string: ["s", "so", "x.s", "entity.pod", "id", "kind"],
  ip: ["a", "ao"],
  id64: ["g", "go"],
  port: ["q", "qo"],
  ints: ["li", "lio", "xo.l", "lm"],
  strings: ["ls", "entity.pod.config"],
  counts: ["m"],
  sizes: ["mo"],
};

const constants: Readonly<Partial<Record<T, readonly string[]>>> = {
  bool: ["true", "false"],
  int: ["0", "1", "9007199254740991", "limit"],
  float: ["0.5", "1e300"],
  duration: ["0s", "90s", "3h"],
  size: ["1B", "512MiB"],
  percent: ["0%", "85%"],
  rate: ["10/s"],
  bytes_rate: ["1MiB/s"],
  time: ['t"2026-01-31T12:00:00Z"'],
  string: ['"red"', '"p1"', '""'],
  ip: ['ip"10.0.0.1"', "home"],
  id64: ['id("4026531840")'],
};

/** These have an order, and so have texts. */
const ordered: readonly T[] = ["int", "float", "duration", "size", "percent", "rate", "time"];
const scalars: readonly T[] = [...ordered, "bool", "string", "ip", "id64", "port"];
const lists: readonly T[] = ["ints", "strings"];

type Text = fc.Arbitrary<string>;
const oneOf = (...texts: readonly Text[]): Text => fc.oneof(...texts);
const pick = <X>(xs: readonly X[]): fc.Arbitrary<X> => fc.constantFrom(...xs);
/** A text made of parts: `put("(", a, " + ", b, ")")`. */
const put = (...parts: readonly (string | Text)[]): Text =>
  fc
    .tuple(...parts.map((p) => (typeof p === "string" ? fc.constant(p) : p)))
    .map((texts) => texts.join(""));

/** An expression of the type, at most `depth` operators deep; every one is in parentheses. */
export function expressionOf(type: T, depth: number): Text {
  const key = `${type} ${depth}`;
  const known = made.get(key) ?? makeExpression(type, depth);
  made.set(key, known);
  return known;
}

const made = new Map<string, Text>();

function makeExpression(type: T, depth: number): Text {
  const atoms = [...(fields[type] ?? []).map((name) => `e.${name}`), ...(constants[type] ?? [])];
  const atom = atoms.length > 0 ? [pick(atoms)] : [];
  if (depth <= 0 && atom.length > 0) return oneOf(...atom);
  const of = (t: T) => expressionOf(t, depth - 1);
  const common = [
    put("(", of(type), " ?? ", of(type), ")"),
    put("if(", of("bool"), ", ", of(type), ", ", of(type), ")"),
    put("case(", of("bool"), ", ", of(type), ", ", of("bool"), ", ", of(type), ", ", of(type), ")"),
  ];
  return oneOf(...atom, ...common, ...special(type, of, depth), ...ofItems(type, of));
}

function special(type: T, of: (t: T) => Text, depth: number): Text[] {
  switch (type) {
    case "bool":
      return conditions(of, depth);
    case "int":
      return [
        put("(", of("int"), " ", pick(["+", "-", "*"]), " ", of("int"), ")"),
        put("len(", oneOf(of("string"), of("ints"), of("counts")), ")"),
        put("abs(", of("int"), ")"),
        put(`count(n${depth} in `, of("ints"), `: (n${depth} > `, of("int"), "))"),
        put(
          `count(s${depth} in `,
          of("strings"),
          `: (s${depth} `,
          pick(["<", "==", "!="]),
          " ",
          of("string"),
          "))",
        ),
        put(`count(r${depth} in e.lr: (r${depth}.b or r${depth}.i > `, of("int"), "))"),
        put("(-", of("int"), ")"),
        put("twice(", of("int"), ")"),
        put(of("ints"), "[", of("int"), "]"),
        put("e.m[", of("string"), "]"),
      ];
    case "float":
      return [
        put("(", of("int"), " / ", of("int"), ")"),
        put("(", of("float"), " ", pick(["+", "-", "*"]), " ", of("int"), ")"),
        put("(", of("size"), " / ", of("size"), ")"),
      ];
    case "duration":
      return [
        put("(", of("time"), " - ", of("time"), ")"),
        put("(", of("duration"), " ", pick(["+", "-"]), " ", of("duration"), ")"),
        put("(", of("duration"), " * ", of("int"), ")"),
        put("(", of("duration"), " / ", of("int"), ")"),
      ];
    case "size":
      return [
        put("(", of("percent"), " * ", of("size"), ")"),
        put("(", of("size"), " ", pick(["+", "-"]), " ", of("size"), ")"),
        put('e.mo["', pick(["red", "green"]), '"]'),
        put("e.lz[", of("int"), "]"),
      ];
    case "percent":
      return [put("(", of("percent"), " ", pick(["+", "-"]), " ", of("percent"), ")")];
    case "rate":
      return [put("(", of("int"), " / ", of("duration"), ")")];
    case "bytes_rate":
      return [put("(", of("size"), " / ", of("duration"), ")")];
    case "time":
      return [put("(", of("time"), " + ", of("duration"), ")")];
    case "string":
      return [
        put("(", of("string"), " + ", of("string"), ")"),
        put(pick(["lower", "upper"]), "(", of("string"), ")"),
        put("pair(", of("int"), ", ", of("string"), ")"),
        put(of("strings"), "[", of("int"), "]"),
      ];
    case "ints":
      return [put("[", of("int"), ", ", of("int"), "]")];
    case "strings":
      return [put("[", of("string"), ", ", of("string"), "]")];
    default:
      return [];
  }
}

function conditions(of: (t: T) => Text, depth: number): Text[] {
  const both = (t: T, ops: readonly string[]) => put("(", of(t), " ", pick(ops), " ", of(t), ")");
  const operand = pick([...scalars, ...lists]).chain(of);
  const item = `x${depth}`;
  return [
    put("(", of("bool"), " ", pick(["and", "or"]), " ", of("bool"), ")"),
    put("(not ", of("bool"), ")"),
    pick(scalars).chain((t) => both(t, ["==", "!="])),
    pick<T>([...ordered, "string"]).chain((t) => both(t, ["<", "<=", ">", ">="])),
    put("(", operand, " is ", pick(["missing", "not missing"]), ")"),
    put("(has (", operand, "))"),
    put(
      "(",
      of("string"),
      " ",
      pick(["contains", "startswith", "endswith"]),
      " ",
      of("string"),
      ")",
    ),
    put("(", of("string"), ' like glob"*e?")'),
    put("(", of("int"), pick([" in ", " not in "]), of("ints"), ")"),
    put(
      "(",
      of("string"),
      pick([" in ", " not in "]),
      oneOf(of("strings"), pick(["colours", "e.m", "e.ms", "e.mr"])),
      ")",
    ),
    put("(", of("ip"), ' in cidr"10.0.0.0/8")'),
    put(pick(["any", "all", "none"]), `(${item} in `, of("ints"), `: (${item} > `, of("int"), "))"),
    put(
      pick(["any", "all"]),
      `(${item} in `,
      of("strings"),
      `: (`,
      of("bool"),
      ` or ${item} == "p1"))`,
    ),
    ...aboutItems(of, depth),
    put(
      // Inside `if` the name is free again for the next one.
      "if(e.s matches digits as ",
      fc.constant(`m${depth}`),
      " and ",
      of("bool"),
      ` and m${depth}.n > 3, true, false)`,
    ),
    put(
      "(related(e, ",
      pick(["e.entity.config", "e.entity.pod.config", '"c1"']),
      ", via: mounts))",
    ),
    pick([
      "near(e.entity)",
      "(has e.entity.pod.node)",
      '(e.entity.pod.node == "n1")',
      "big(e)",
      "big(e, least: 2MiB)",
      "same(pod, e, e)",
      '(e.e == "red")',
      '(e.eo in ["red"])',
    ]),
  ];
}

/** Questions about items that are records or may be missing. */
function aboutItems(of: (t: T) => Text, depth: number): Text[] {
  const [item, inner] = [`x${depth}`, `y${depth}`];
  const quantifier = pick(["any", "all", "none"]);
  return [
    put(quantifier, `(${item} in e.lr: (${item}.b or ${item}.i > `, of("int"), "))"),
    put(quantifier, `(${item} in e.lo: (has ${item} and (`, of("bool"), ` or ${item}.n.f > 0.5)))`),
    put(`any(${item} in e.lr: all(${inner} in ${item}.l: (${inner} == `, of("int"), ")))"),
    put("(e.lr[", of("int"), pick(["] is missing)", "].s is missing)", "].b is not missing)"])),
  ];
}

/** What is read of items of that type. */
function ofItems(type: T, of: (t: T) => Text): Text[] {
  const at = of("int");
  switch (type) {
    case "int":
      return [
        put(pick(["e.lr[", "e.lo["]), at, "].i"),
        put("e.mr[", of("string"), "].i"),
        put("(e.lr[", at, "] ?? e.lr[0]).i"),
      ];
    case "float":
      return [put("e.lo[", at, "].n.f")];
    case "duration":
      return [put("e.lo[", at, "].d")];
    case "size":
      return [put("e.lr[", at, "].z")];
    case "percent":
      return [put("e.mr[", of("string"), "].p")];
    case "string":
      return [put("e.lr[", at, "].s"), put("e.ms[", of("string"), "]")];
    case "ints":
      return [put("if(", of("bool"), ", e.lr[0].l, ", of("ints"), ")")];
    default:
      return [];
  }
}

/** An aggregate over the events of a window whose step is `e`. */
export const aggregate: Text = fc.oneof(
  pick(["int", "float", "duration", "size", "percent", "rate"] as const).chain((t) =>
    put(
      pick(["sum", "avg", "min", "max", "p95", "stddev", "increase"]),
      "(",
      expressionOf(t, 1),
      ")",
    ),
  ),
  pick(["int", "float", "size", "duration"] as const).chain((t) =>
    put("slope(", expressionOf(t, 1), ")"),
  ),
  pick(["duration", "size", "int"] as const).chain((t) =>
    put("eta(", expressionOf(t, 1), ", ", expressionOf(t, 1), ")"),
  ),
  pick(scalars).chain((t) =>
    put(pick(["distinct(", "share(", "first(", "last("]), expressionOf(t, 1), ")"),
  ),
  pick(scalars).chain((t) => put("top(", expressionOf(t, 1), ", 3)")),
  put(pick(["count(", "rate("]), expressionOf("bool", 1), ")"),
  put("ratio(sum(", expressionOf("size", 1), "), sum(", expressionOf("size", 1), "))"),
  put("zscore(sum(", expressionOf("int", 1), "), half_life: 1m, floor: 1)"),
  put("baseline(avg(", expressionOf("size", 1), "), half_life: 1m)"),
  pick(["first(e).io", "last(e).s", "last(e).entity.pod", "last(e).li", "first(e).time"]),
);

export const types: readonly T[] = [
  ...scalars.filter((t) => t !== "port"),
  "bytes_rate",
  "ints",
  "strings",
];

const edges = [0, 1, -1, 7, 2 ** 53 - 1, -(2 ** 53 - 1)];
const whole = fc.oneof(pick(edges), fc.integer());
const words = pick(["", "red", "p1", "abc123", "ABC", "ä😀", "x".repeat(15)]);

/** A single value as data; `cut` marks a text of which only this much is known. */
export type Datum = boolean | number | bigint | string | { readonly cut: string };

/** A value of a type that is not made of others. */
export function datum(type: string): fc.Arbitrary<Datum> {
  switch (type) {
    case "bool":
      return fc.boolean();
    case "float":
      return fc.double({ noNaN: true, noDefaultInfinity: true });
    case "u32":
      return fc.oneof(pick([0, 2 ** 32 - 1]), fc.nat());
    case "port":
      return fc.integer({ min: 0, max: 65_535 });
    case "string":
      return fc.oneof(
        words,
        words.map((cut) => ({ cut })),
      );
    case "enum":
      return pick(["red", "green"]);
    case "ip":
      return pick([0xffff_0a00_0001n, 0n, 2n ** 128n - 1n]);
    case "id64":
      return pick([0n, 4026531840n, 2n ** 64n - 1n]);
    default:
      return whole;
  }
}
