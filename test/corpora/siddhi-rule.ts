/**
 * A Siddhi pattern as a Tapio rule. Each stream is an event kind.
 *
 *     e1 -> e2 (no `every`)        begin: corpus.begin         the start of the app
 *                                  without f1, then e1         the first e1 there is
 *                                  without f2, then e2         the first e2 after it
 *     e1 -> every e2               the same without f2; select each, skip none
 *     every (e1 and e2)            all of { e1 e2 }, select widest
 *     partition with               by a number for each value
 *     every e1 -> e2               e1, without f2, then e2     any e1
 *     e1, e2                       strict
 *     e1<2:5>, e1+, e1*            repeat 2..5, repeat 1.., optional repeat 1..
 *     e2[last] in its own filter   last(p): what the run has taken before
 *     e1[1] in later filters       p[1]
 *     e1 is null                   p is missing
 *     having f                     except … when not f
 *     e1 or e2                     one step over both kinds
 *     not X and e2                 without x: X, then e2
 *     e1 and e2                    two rules: e1 then e2, e2 then e1
 *     not X for T -> e2            without x: X where x.time − before < T, then after T e2
 *     every not X for T, e2        begin: corpus.begin | X, without X, then after T e2; skip none
 *     … -> not X for T             then no x: X for T
 *     not X for T and e2, or e2    two or three rules, by what comes first (siddhi-pattern.ts)
 *     within T                     where e.time − e1.time <= T (or `within T` under `every`)
 */
import { exclude } from "./corpus.ts";
import { type Sent, source } from "./execution.ts";
import type { FlatQuery, Item, SiddhiEvent, Window } from "./siddhi-pattern.ts";
import { type Filter, lastIndex, type Operand, type Query, type Unit } from "./siddhi-query.ts";

const types: Readonly<Record<string, string>> = {
  string: "string(64)",
  float: "float",
  double: "float",
  int: "int",
  long: "int",
  bool: "bool",
};

/** How many events of a run can be told apart. */
const runKept = 64;

/** The name of item `i`'s step in the rule. */
export function stepName(i: number): string {
  return `p${i}`;
}

export function siddhiRule(query: Query, flat: FlatQuery): string {
  const writer = new RuleWriter(flat);
  const lines = writer.lines();
  return `${schemaText(query)}
rule r {
  match sequence by one within ${withinText(flat)}${strictText(flat)} partials 4000 {
    ${lines.join("\n    ")}
  }
  ${query.having ? writer.having(query.having) : ""}
  ${flat.hasInnerEvery ? "select each skip none" : flat.isStrict && flat.again.length > 0 ? "skip none" : ""}
}
`;
}

/** Strict from the beginning on; a pattern that begins anew asks for neighbours step by step. */
function strictText({ isStrict, again }: FlatQuery): string {
  return isStrict && again.length === 0 ? " strict" : "";
}

/** `every (e1 and e2)`: of what fits a side Siddhi keeps the first. */
export function bothRule(query: Query, flat: FlatQuery): string {
  return `${schemaText(query)}
rule r {
  match all of by one within ${withinText(flat)} {
    ${new RuleWriter(flat).sides().join("\n    ")}
  }
  select widest
}
`;
}

/** Events, behind those that begin each partition. */
export function sentEvents(query: Query, events: readonly SiddhiEvent[]): Sent[] {
  const parts = partsOf(query, events);
  const sent = events.map((e) => ({
    kind: `corpus.${e.stream}`,
    atUs: e.tMs * 1000,
    fields: { one: parts.indexOf(partOf(query, e)), stream: e.stream, ...e.attrs },
  }));
  const begins = parts.map((_, one) => ({ kind: "corpus.begin", atUs: 0, fields: { one } }));
  return [...begins, ...sent];
}

/** The values that have states of their own. */
export function partsOf(query: Query, events: readonly SiddhiEvent[]): unknown[] {
  return [...new Set(events.map((e) => partOf(query, e)))];
}

function partOf({ partition }: Query, event: SiddhiEvent): unknown {
  if (partition.size === 0) return undefined;
  const attr = partition.get(event.stream);
  return attr === undefined ? exclude("a stream that is not partitioned") : event.attrs[attr];
}

function schemaText(query: Query): string {
  const kinds = [...query.streams].map(([stream, attrs]) => {
    const fields = attrs.map(({ name, type }) => {
      return `${name}: ${types[type] ?? exclude("an attribute of a type ours has not")}`;
    });
    return `event corpus.${stream} from corpus { one: int stream: string(64) ${fields.join(" ")} }`;
  });
  const begin = "event corpus.begin from corpus { one: int }";
  return ["module corpus.siddhi", source, begin, ...kinds].join("\n");
}

function withinText({ every, withinMs }: FlatQuery): string {
  return every === "none" || withinMs === undefined ? "1d" : `${withinMs}ms`;
}

class RuleWriter {
  readonly #flat: FlatQuery;
  readonly #hasBegin: boolean;
  /** What a reference stands for: the items before the one being written. */
  readonly #refs = new Map<string, { readonly step: string; readonly unit: Unit }>();

  constructor(flat: FlatQuery) {
    this.#flat = flat;
    this.#hasBegin = flat.every === "none";
  }

  lines(): string[] {
    const out = this.#hasBegin ? [this.#begin()] : [];
    for (const [i, item] of this.#flat.items.entries()) {
      out.push(...this.#item(item, i));
      const [unit] = item.units;
      if (item.units.length === 1 && unit?.ref !== undefined)
        this.#refs.set(unit.ref, { step: stepName(i), unit });
    }
    const { tail, items } = this.#flat;
    if (tail) {
      const isWhole = tail.base === items.length - 1;
      const inside = isWhole ? "true" : `${this.#since("x", tail)} < ${tail.ms}ms`;
      out.push(`then no ${this.#step("x", tail.units, inside)} for ${tail.ms}ms`);
    }
    return out;
  }

  #begin(): string {
    const { again } = this.#flat;
    if (again.length === 0) return "begin: corpus.begin";
    const kinds = [...new Set(again.map((u) => `corpus.${u.stream}`))].join(" | ");
    const hits = again.map((u) => {
      const own = u.filter ? this.#filter(u.filter, "begin", u) : "true";
      return `(${conjunction([`begin.stream == "${u.stream}"`, own])})`;
    });
    return `begin: corpus.begin | ${kinds} where begin.stream is missing or ${hits.join(" or ")}`;
  }

  /** Rows that are not told; reads the steps, which are written. */
  having(filter: Filter): string {
    return `except "not asked for" when not (${this.#filter(filter, "", undefined)})`;
  }

  /** The items as steps in any order. */
  sides(): string[] {
    return this.#flat.items.map((item, i) => this.#step(stepName(i), item.units));
  }

  #item(item: Item, i: number): string[] {
    const { isStrict, again } = this.#flat;
    const [unit] = item.units;
    const isFirstLine = i === 0 && !this.#hasBegin;
    const { after, inside } = item;
    const ripe = (name: string) =>
      after ? `${this.#since(name, after)} >= ${after.ms}ms` : "true";
    const out: string[] = [];
    // In a strict sequence these make the forbidden events the rule's own, so that they count.
    for (const [k, q] of item.quiet.entries()) {
      const name = `x${i}_${k}`;
      const isBefore = `${this.#since(name, q)} < ${q.ms}ms`;
      // Between neighbours a forbidden event ends the story whenever it comes.
      const isAlways = isStrict && again.length > 0 && q.base < 0;
      out.push(`without ${this.#step(name, q.units, isAlways ? "true" : isBefore)}`);
    }
    for (const [k, unit] of item.without.entries()) {
      const name = `n${i}_${k}`;
      out.push(`without ${this.#step(name, [unit], ripe(name))}`);
    }
    if (!isStrict && !isFirstLine && !item.isEvery)
      out.push(`without ${this.#step(`f${i}`, item.units, ripe(`f${i}`))}`);
    const optional = unit?.min === 0 ? "optional " : "";
    const isFromBefore = after?.base === i - 1;
    const isNext = isStrict && again.length > 0 && i > 0;
    const gap = after && isFromBefore ? `after ${after.ms}ms ` : isNext ? "next " : "";
    const name = stepName(i);
    const times = [
      this.#span(i),
      after && !isFromBefore ? ripe(name) : "true",
      inside ? `${this.#since(name, inside)} < ${inside.ms}ms` : "true",
    ];
    const step = this.#step(name, item.units, conjunction(times));
    out.push(`${isFirstLine ? "" : "then "}${gap}${optional}${step}${repeatText(unit)}`);
    return out;
  }

  /** The time from a window's begin to the event called `name`. */
  #since(name: string, { base }: Window): string {
    const unit = this.#flat.items[base]?.units[0];
    if (base < 0) return `${name}.time - begin.time`;
    if (unit?.min === 0) exclude("an absence after a step that may be left out");
    const from = unit?.isRun ? `last(${stepName(base)})` : stepName(base);
    return `${name}.time - ${from}.time`;
  }

  /** Without `every` the rule's own span counts from the start of the app. */
  #span(i: number): string {
    const { withinMs, every, items } = this.#flat;
    if (withinMs === undefined || every !== "none" || i === 0) return "true";
    const [first] = items;
    if (first?.after || first?.units[0]?.isRun) exclude("`within` that starts at no single event");
    return `${stepName(i)}.time - ${stepName(0)}.time <= ${withinMs}ms`;
  }

  #step(name: string, units: readonly Unit[], more = "true"): string {
    const sides = units.map((unit) => {
      const own = unit.filter ? this.#filter(unit.filter, name, unit) : "true";
      return units.length === 1 ? own : conjunction([`${name}.stream == "${unit.stream}"`, own]);
    });
    const where = conjunction([sides.length === 1 ? (sides[0] ?? "") : sides.join(" or "), more]);
    const kinds = [...new Set(units.map((u) => `corpus.${u.stream}`))].join(" | ");
    return `${name}: ${kinds}${where === "true" ? "" : ` where ${where}`}`;
  }

  /** `unit` is the step that is judged, called `self`; undefined behind the match. */
  #filter(f: Filter, self: string, unit: Unit | undefined): string {
    switch (f.t) {
      case "and":
      case "or":
        return `(${this.#filter(f.left, self, unit)} ${f.t} ${this.#filter(f.right, self, unit)})`;
      case "not":
        return `not (${this.#filter(f.arg, self, unit)})`;
      case "null":
        return `${this.#operand(f.arg, self, unit)} is missing`;
      case "cmp": {
        const sides = [f.left, f.right];
        const [left, right] = sides.map((side) => this.#operand(side, self, unit));
        const text = `${left} ${f.op} ${right}`;
        // With null nothing can be compared, which is no comparison that holds.
        return sides.some((side) => this.#mayLack(side, unit)) ? `((${text}) ?? false)` : text;
      }
    }
  }

  #operand(o: Operand, self: string, unit: Unit | undefined): string {
    if (o.t === "const")
      return typeof o.value === "string" ? JSON.stringify(o.value) : `${o.value}`;
    if (o.ref === undefined && !unit) exclude("a name that is not selected");
    const event = o.ref === undefined ? self : this.#event(o.ref, o.index, self, unit);
    return o.t === "event" ? event : `${event}.${o.attr}`;
  }

  #event(ref: string, index: number | undefined, self: string, unit: Unit | undefined): string {
    if (unit && ref === unit.ref) {
      if (!unit.isRun) return self;
      if (index === lastIndex) return `last(${self})`;
      return exclude("a condition on the run that it is for, other than on its last event");
    }
    const found = this.#refs.get(ref);
    if (!found) return exclude("a condition on a side of `or`, or on a later step");
    if (!found.unit.isRun) return found.step;
    if (index === 0) return `first(${found.step})`;
    if (index === lastIndex) return `last(${found.step})`;
    if (index === undefined || index < 0) exclude("an event of a run, counted from its end");
    return index < runKept ? `${found.step}[${index}]` : exclude("an event far into a run");
  }

  /** Whether it is of a step that may be left out, or of a run that has not begun. */
  #mayLack(o: Operand, unit: Unit | undefined): boolean {
    if (o.t === "const" || o.ref === undefined) return false;
    if (unit && o.ref === unit.ref) return o.index !== undefined;
    const found = this.#refs.get(o.ref);
    return found !== undefined && (o.index ?? 0) >= found.unit.min;
  }
}

function conjunction(parts: readonly string[]): string {
  const real = parts.filter((p) => p !== "true");
  if (real.length <= 1) return real[0] ?? "true";
  return real.map((p) => (p.includes(" or ") ? `(${p})` : p)).join(" and ");
}

function repeatText(unit: Unit | undefined): string {
  if (!unit?.isRun || unit.max === 1) return "";
  const min = Math.max(unit.min, 1);
  return ` repeat ${min}..${unit.max === Number.POSITIVE_INFINITY ? "" : unit.max} keep ${runKept}`;
}
