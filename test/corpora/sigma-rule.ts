/**
 * Sigma correlations as Tapio rules (LANGUAGE B.10). What a detection says of one event is not of
 * interest here: each detection rule is an event kind of its own, called by a number.
 *
 *     event_count, value_count      over e: A | B sliding T by … having count() >= n, distinct(…)
 *     value_sum, _avg, _percentile  sum(…), avg(…), p95(…), in the finest panes there are
 *     lt, lte, eq, neq              the same in tumbling windows: decided at their end
 *     temporal                      all of by … within T { … }; gte n: n of
 *     temporal_ordered              sequence by … within T { … then … }; gte n: a rule for any n
 *     a condition over rules        counts in a sliding window, with `not` in a tumbling one
 *     aliases                       by, with each rule's own field
 *     a correlation of correlations a rule over finding.…, under the key of their roots
 */
import { exclude } from "./corpus.ts";
import { source } from "./execution.ts";
import { at, entriesOf, itemsOf, readYaml, type Yaml } from "./yaml.ts";

/** The document is wrong by Sigma's own rules. */
export class Rejected extends Error {}

export type Logic =
  | { readonly t: "rule"; readonly part: number }
  | { readonly t: "not"; readonly arg: Logic }
  | { readonly t: "and" | "or"; readonly left: Logic; readonly right: Logic };

export interface Bound {
  readonly op: ">" | ">=" | "<" | "<=" | "==" | "!=";
  readonly n: number;
}

/** A rule that is correlated: a detection by number, or a correlation. */
export type Part = { readonly kind: number } | { readonly correlation: Correlation };

export interface Correlation {
  readonly name: string;
  readonly type: string;
  readonly parts: readonly Part[];
  /** For each part the fields of the group, by name. */
  readonly by: readonly (readonly string[])[];
  readonly spanUs: number;
  readonly bounds: readonly Bound[];
  readonly field: string | undefined;
  readonly percentile: number;
  readonly logic: Logic | undefined;
}

export interface SigmaDocument {
  readonly detections: number;
  /** In the order in which they read each other; the last is the one that is asked for. */
  readonly correlations: readonly Correlation[];
}

export function readSigma(text: string): SigmaDocument {
  const documents = readYaml(text);
  for (const document of documents) checkFilter(at(document, "filter"));
  if (documents.some((d) => at(d, "filter") !== undefined)) exclude("a filter of detections");
  const known = new Map<string, Part>();
  const correlations: Correlation[] = [];
  let detections = 0;
  for (const document of documents) {
    const names = [at(document, "name"), at(document, "id")].filter((n) => n !== undefined);
    const correlation = at(document, "correlation");
    const part: Part =
      correlation === undefined
        ? { kind: detections++ }
        : { correlation: readCorrelation(`r${correlations.length}`, correlation, known) };
    if ("correlation" in part) correlations.push(part.correlation);
    for (const name of names) known.set(String(name), part);
  }
  if (correlations.length === 0) exclude("no correlation");
  return { detections, correlations };
}

function checkFilter(filter: Yaml | undefined): void {
  if (filter === undefined) return;
  if (itemsOf(at(filter, "rules")).length === 0) throw new Rejected("a filter without rules");
  if (at(filter, "condition") === undefined) throw new Rejected("a filter without a condition");
}

const types =
  "event_count value_count value_sum value_avg value_percentile temporal temporal_ordered".split(
    " ",
  );

function readCorrelation(name: string, c: Yaml, known: ReadonlyMap<string, Part>): Correlation {
  const type = String(at(c, "type"));
  if (!types.includes(type)) throw new Rejected("an unknown type of correlation");
  const condition = at(c, "condition");
  const isLogic = typeof condition === "string";
  const names = isLogic ? namesIn(condition) : itemsOf(at(c, "rules")).map(String);
  const listed = itemsOf(at(c, "rules")).map(String);
  if (names.length === 0) throw new Rejected("a correlation without rules");
  if (isLogic && !type.startsWith("temporal")) throw new Rejected("a condition over rules");
  if (isLogic && listed.some((n) => !names.includes(n))) throw new Rejected("a rule left out");
  if (!isLogic && !type.startsWith("temporal") && condition === undefined)
    throw new Rejected("a correlation without a condition");
  if (new Set(names).size < names.length) exclude("a rule that is listed twice");
  const field = at(condition, "field");
  if (type.startsWith("value") && field === undefined) throw new Rejected("values of no field");
  if (field !== undefined && typeof field !== "string") exclude("values of several fields");
  const parts = names.map((n) => known.get(n) ?? missing());
  return {
    name,
    type,
    parts,
    by: names.map((n) => itemsOf(at(c, "group-by")).map((f) => fieldOf(c, String(f), n))),
    spanUs: readSpan(at(c, "timespan")),
    bounds: isLogic ? [] : boundsOf(condition),
    field,
    percentile: Number(at(condition, "percentile") ?? Number.NaN),
    logic: isLogic ? readLogic(condition, names) : undefined,
  };
}

function missing(): never {
  throw new Rejected("a rule that there is not");
}

/** A field of the group as the rule `rule` calls it. */
function fieldOf(c: Yaml, field: string, rule: string): string {
  const alias = at(at(c, "aliases"), field);
  if (alias === undefined) return field;
  const own = at(alias, rule);
  return own === undefined ? exclude("an alias that a rule does not have") : String(own);
}

function readSpan(span: Yaml | undefined): number {
  const [, n, unit] = /^(\d+)([smhdwM])$/.exec(String(span)) ?? [];
  if (n === undefined || unit === undefined) throw new Rejected("a time span");
  if (unit === "M") exclude("a month, which has no fixed length");
  const us = { s: 1e6, m: 6e7, h: 3.6e9, d: 8.64e10, w: 6.048e11 }[unit];
  return Number(n) * (us ?? 0);
}

const operators = { gt: ">", gte: ">=", lt: "<", lte: "<=", eq: "==", neq: "!=" } as const;

function boundsOf(condition: Yaml | undefined): Bound[] {
  return entriesOf(condition).flatMap(([key, n]): Bound[] => {
    if (key === "field" || key === "percentile") return [];
    if (!Object.hasOwn(operators, key)) throw new Rejected("an unknown bound");
    return [{ op: operators[key as keyof typeof operators], n: Number(n) }];
  });
}

// ---------- conditions over rules ----------

const word = /[\w.-]+|[()]/g;

function namesIn(condition: string): string[] {
  const names = (condition.match(word) ?? []).filter((w) => !/^(and|or|not|[()])$/i.test(w));
  return [...new Set(names)];
}

function readLogic(condition: string, names: readonly string[]): Logic {
  const words = condition.match(word) ?? [];
  let at = 0;
  const accept = (text: string) => words[at]?.toLowerCase() === text && ++at > 0;
  const or = (): Logic => {
    let left = and();
    while (accept("or")) left = { t: "or", left, right: and() };
    return left;
  };
  const and = (): Logic => {
    let left = not();
    while (accept("and")) left = { t: "and", left, right: not() };
    return left;
  };
  const not = (): Logic => {
    if (accept("not")) return { t: "not", arg: not() };
    if (accept("(")) {
      const inner = or();
      if (!accept(")")) throw new Rejected("a bracket that is not closed");
      return inner;
    }
    const part = names.indexOf(words[at++] ?? "");
    if (part < 0) throw new Rejected("a condition without a rule");
    return { t: "rule", part };
  };
  const out = or();
  if (at < words.length) throw new Rejected("a condition that goes on");
  return out;
}

export function hasNot(e: Logic): boolean {
  if (e.t === "not") return true;
  return e.t !== "rule" && (hasNot(e.left) || hasNot(e.right));
}

/** Decided at the end of fixed windows: what more events could undo. */
export function isTumbling(c: Correlation): boolean {
  if (c.logic) return hasNot(c.logic);
  return c.bounds.some((b) => b.op !== ">" && b.op !== ">=");
}

// ---------- as text ----------

/** The name of a field in Tapio: those of groups are texts, the field of values is one of two. */
function tapioField(name: string): string {
  return `f_${name.replaceAll(/\W/g, "_")}`;
}

export function fieldsOf({ correlations }: SigmaDocument): string[] {
  return [...new Set(correlations.flatMap((c) => c.by.flat()))];
}

export function sigmaText(document: SigmaDocument): string {
  const fields = fieldsOf(document).map((f) => `${tapioField(f)}: string(64)?`);
  const kinds = Array.from(
    { length: document.detections },
    (_, i) =>
      `event sigma.d${i} from corpus { one: int part: int number: float? text: string(64)? ${fields.join(" ")} }`,
  );
  const last = document.correlations.at(-1);
  const rules = document.correlations.flatMap((c) => {
    const patterns = patternsOf(c);
    if (patterns.length > 1 && c !== last) exclude("a correlation of several rules in another");
    return patterns.map((text, i) => `rule ${ruleName(c, i)} {\n  match ${text}\n}`);
  });
  return ["module corpus.sigma", source, ...kinds, ...rules, ""].join("\n");
}

/** Of several rules for one correlation all but the first have a number. */
function ruleName(c: Correlation, i: number): string {
  return i === 0 ? c.name : `${c.name}_${i}`;
}

/** Whether a rule is one of those for the correlation. */
export function isRuleOf(c: Correlation, rule: string): boolean {
  return patternsOf(c).some((_, i) => ruleName(c, i) === rule);
}

/** One pattern, or one for each choice of parts where some of them are enough. */
function patternsOf(c: Correlation): string[] {
  const isPartial = c.type === "temporal_ordered" && !c.logic && c.bounds.length > 0;
  if (!isPartial) return [patternText(c)];
  return choicesOf(needOf(c), [...c.parts.keys()]).map((chosen) =>
    patternText({
      ...c,
      parts: c.parts.filter((_, i) => chosen.includes(i)),
      by: c.by.filter((_, i) => chosen.includes(i)),
    }),
  );
}

/** Every choice of `n` of them, in their order. */
function choicesOf(n: number, from: readonly number[]): number[][] {
  if (n > from.length) return exclude("more rules than there are");
  if (n <= 0) return [[]];
  return from.flatMap((first, i) =>
    from.length - i < n ? [] : choicesOf(n - 1, from.slice(i + 1)).map((rest) => [first, ...rest]),
  );
}

function patternText(c: Correlation): string {
  const within = `within ${c.spanUs}us`;
  const steps = c.parts.map(
    (p, i) => `s${i}: ${kindOf(p)} by ${keyText(`s${i}`, p, c.by[i] ?? [])}`,
  );
  if (c.logic) return windowText(c, logicText(c, c.logic));
  if (c.type === "temporal_ordered")
    return `sequence ${within} partials 4000 {\n    ${steps.join("\n    then ")}\n  }`;
  if (c.type === "temporal") {
    const need = c.bounds.length === 0 ? "all" : String(needOf(c));
    return `${need} of ${within} {\n    ${steps.join("\n    ")}\n  }`;
  }
  return windowText(
    c,
    c.bounds.map((b) => `${valueText(c)} ${b.op} ${numberText(c, b.n)}`).join(" and "),
  );
}

export function needOf(c: Correlation): number {
  const [bound, more] = c.bounds;
  if (!bound || more || !bound.op.startsWith(">")) return exclude("fewer rules than a number");
  return bound.op === ">" ? bound.n + 1 : bound.n;
}

function kindOf(p: Part): string {
  return "kind" in p ? `sigma.d${p.kind}` : `finding.${p.correlation.name}`;
}

function keyText(name: string, p: Part, by: readonly string[]): string {
  const root = "kind" in p ? name : `${name}.root`;
  return by.length === 0 ? `${root}.one` : by.map((f) => `${root}.${tapioField(f)}`).join(", ");
}

function windowText(c: Correlation, having: string): string {
  if (c.parts.some((p) => !("kind" in p))) exclude("a count of correlations");
  const keys = new Set(c.parts.map((p, i) => keyText("e", p, c.by[i] ?? [])));
  const [key, more] = keys;
  if (key === undefined || more !== undefined) exclude("a count over fields of different names");
  const union = c.parts.map(kindOf).join(" | ");
  const shape = isTumbling(c)
    ? `tumbling ${c.spanUs}us`
    : `sliding ${c.spanUs}us${isPaned(c) ? ` resolution ${resolutionUs(c)}us` : ""}`;
  return `over e: ${union} ${shape} by ${key}\n    having ${having}`;
}

/** The finest there is. */
export function resolutionUs(c: Correlation): number {
  return Math.ceil(c.spanUs / 10_000);
}

export function isPaned(c: Correlation): boolean {
  return c.type.startsWith("value_") && c.type !== "value_count";
}

/** What is computed of values is a fraction. */
function numberText(c: Correlation, n: number): string {
  return isPaned(c) && Number.isInteger(n) ? n.toFixed(1) : String(n);
}

function valueText(c: Correlation): string {
  switch (c.type) {
    case "event_count":
      return "count()";
    case "value_count":
      return "distinct(e.text)";
    case "value_sum":
      return "sum(e.number)";
    case "value_avg":
      return "avg(e.number)";
    default:
      if (![50, 95, 99].includes(c.percentile)) exclude("a percentile that ours has not");
      return `p${c.percentile}(e.number)`;
  }
}

function logicText(c: Correlation, e: Logic): string {
  if (e.t === "rule") return `count(e.part == ${partNumber(c, e.part)}) >= 1`;
  if (e.t !== "not") return `(${logicText(c, e.left)} ${e.t} ${logicText(c, e.right)})`;
  // Ours wants an upper bound to be said as one.
  if (e.arg.t === "rule") return `count(e.part == ${partNumber(c, e.arg.part)}) == 0`;
  return `not (${logicText(c, e.arg)})`;
}

function partNumber(c: Correlation, part: number): number {
  const found = c.parts[part];
  return found && "kind" in found ? found.kind : exclude("a condition over correlations");
}

/** The fields of an event of Tapio's. */
export function tapioFields(part: number, group: ReadonlyMap<string, string>) {
  const fields = [...group].map(([name, value]) => [tapioField(name), value] as const);
  return { one: 1, part, ...Object.fromEntries(fields) };
}
