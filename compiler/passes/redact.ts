/**
 * `@redact`: conditions may test such a field, and what people are shown of it is a marker. Texts
 * and facts of a finding that are made of its value are changed here, once, so that no back end can
 * forget it; `writeFinding` does the same to the fields of the evidence.
 */
import {
  type CoreRule,
  type EventKind,
  type Explain,
  type Expr,
  heardSteps,
  type Labelled,
  redactedText,
  stepsOf,
} from "#core";
import { rebase } from "./elaborate/rebase.ts";

type Field = Extract<Expr, { op: "field" }>;
type IsRedacted = (field: Field) => boolean;

/** `rule` with markers where it would show a redacted value. */
export function redacted(rule: CoreRule, kinds: readonly EventKind[]): CoreRule {
  const heard = heardSteps(rule).flatMap((s) => s.kinds);
  if (!heard.some((id) => kinds[id]?.fields.some((f) => f.isRedacted))) return rule;
  const isRedacted = redactedIn(rule, kinds);
  const labels = rule.labels.map((l) => hiddenFact(l, isRedacted));
  return { ...rule, labels, explain: hiddenIn(rule.explain, isRedacted) };
}

/** Whether a field that a rule reads is redacted in one of the kinds it may be read from. */
function redactedIn(rule: CoreRule, kinds: readonly EventKind[]): IsRedacted {
  const steps = stepsOf(rule.pattern);
  const all = heardSteps(rule);
  return ({ of, name }) => {
    const read = of.step === "current" ? all : all.filter((s) => s === steps[Number(of.step)]);
    return read.some((s) => isRedactedOf(s.kinds, kinds)({ op: "field", of, name }));
  };
}

/** The same of events of these kinds. */
export function isRedactedOf(ids: readonly number[], kinds: readonly EventKind[]): IsRedacted {
  return ({ name }) =>
    ids.some((id) => kinds[id]?.fields.some((f) => f.name === name && f.isRedacted) === true);
}

function hiddenIn(explain: Explain, isRedacted: IsRedacted): Explain {
  const text = (e: Expr) => hidden(e, isRedacted);
  const maybe = (e: Expr | undefined) => e && text(e);
  return {
    ...explain,
    root: { ...explain.root, as: maybe(explain.root.as) },
    impacts: explain.impacts.map((i) => ({
      ...i,
      facts: i.facts.map((f) => hiddenFact(f, isRedacted)),
    })),
    chain: explain.chain.map((c) => ({ ...c, as: maybe(c.as) })),
    because: explain.because.map((b) => ({ ...b, text: text(b.text) })),
    summary: maybe(explain.summary),
    recommend: explain.recommend.map((r) => ({ ...r, text: text(r.text) })),
    evidence: explain.evidence.map((f) => hiddenFact(f, isRedacted)),
  };
}

function hiddenFact(fact: Labelled, isRedacted: IsRedacted): Labelled {
  return { ...fact, expr: hidden(fact.expr, isRedacted) };
}

/** `e` with the marker where it would show a redacted value. */
function hidden(e: Expr, isRedacted: IsRedacted): Expr {
  const inner = (x: Expr) => hidden(x, isRedacted);
  switch (e.op) {
    case "concat":
      return { ...e, parts: e.parts.map((p) => ({ ...p, expr: inner(p.expr) })) };
    case "if":
      return { ...e, yes: inner(e.yes), no: inner(e.no) };
    case "coalesce":
      return { ...e, left: inner(e.left), right: inner(e.right) };
    default:
      return showsRedacted(e, isRedacted) ? marked(e) : e;
  }
}

/** The marker where `e` has a value; where it has none, that is no secret. */
function marked(e: Expr): Expr {
  const yes: Expr = { op: "const", value: redactedText };
  return { op: "if", cond: { op: "has", arg: e }, yes, no: e };
}

/** Numbers that say how many events there are, and nothing of their values. */
const countsOnly: ReadonlySet<string> = new Set(["count", "rate", "distinct", "share"]);

/** Whether the value of `e` is made of a redacted one. What a condition comes to is not. */
export function showsRedacted(e: Expr, isRedacted: IsRedacted): boolean {
  const shows = (x: Expr | undefined) => x !== undefined && showsRedacted(x, isRedacted);
  switch (e.op) {
    case "field":
      return isRedacted(e);
    case "coalesce":
    case "arith":
      return shows(e.left) || shows(e.right);
    case "if":
      return shows(e.yes) || shows(e.no);
    case "concat":
      return e.parts.some((p) => shows(p.expr));
    case "call":
      return e.fn !== "in_network" && e.args.some(shows);
    case "list":
      return e.items.some(shows);
    case "index":
      return shows(e.list);
    case "member":
      return shows(e.record);
    case "capture":
      return shows(e.text);
    case "hop":
      return shows(e.from);
    case "agg":
      return !countsOnly.has(e.fn) && (shows(e.arg) || shows(e.limit));
    case "history":
      return shows(e.arg);
    case "run":
      return shows(rebase(e.arg, { step: e.step, pick: "first" }));
    default:
      return false;
  }
}
