/**
 * Which aggregates of a sliding window are exact, and which see whole panes (LANGUAGE C.4, C.9).
 *
 *     count() >= 5                  exact: five times decide it
 *     distinct(e.x) >= 3            exact: the three values seen last decide it
 *     last(e.x)                     exact
 *     "{count()}"                   exact where `count() >= N` is the whole condition, else panes
 *     ratio(…), zscore(…), and all other aggregates    panes
 *
 * It is decided here, once, for whoever runs the rule. Other windows are one pane.
 */
import {
  type CoreRule,
  type Explain,
  type Expr,
  gaugeName,
  type KeyPart,
  pinnedBy,
  thresholdOf,
} from "#core";
import { mapParts } from "./elaborate/rebase.ts";

/** `rule` with all its aggregates over what they see. */
export function withPanes(rule: CoreRule): CoreRule {
  const decide = decider(rule);
  const { pattern } = rule;
  if (!decide || pattern.node !== "win") return rule;
  const key = (parts: readonly KeyPart[] | undefined) =>
    parts?.map((p) => ({ ...p, expr: decide(p.expr) }));
  const { severity, suppress, rate } = rule;
  return {
    ...rule,
    labels: rule.labels.map((l) => ({ ...l, expr: decide(l.expr) })),
    severity: { ...severity, when: severity.when && decide(severity.when) },
    pattern: { ...pattern, having: decide(pattern.having) },
    exceptions: rule.exceptions.map((x) => ({ ...x, when: decide(x.when) })),
    suppress: suppress && { ...suppress, key: key(suppress.key) },
    rate: rate && { ...rate, key: key(rate.key) },
    subsumes: rule.subsumes.map((s) => ({ ...s, key: key(s.key) })),
    explain: explained(rule.explain, decide),
  };
}

/** An expression about matches of `rule`, with its aggregates over what they see. */
export function overPanesOf(rule: CoreRule, e: Expr): Expr {
  return decider(rule)?.(e) ?? e;
}

function explained(explain: Explain, decide: (e: Expr) => Expr): Explain {
  const maybe = (e: Expr | undefined) => e && decide(e);
  return {
    root: { ...explain.root, as: maybe(explain.root.as) },
    impacts: explain.impacts.map((i) => ({
      ...i,
      facts: i.facts.map((f) => ({ ...f, expr: decide(f.expr) })),
    })),
    chain: explain.chain.map((c) => ({ ...c, as: maybe(c.as) })),
    because: explain.because.map((b) => ({ ...b, text: decide(b.text) })),
    confidence: {
      ...explain.confidence,
      terms: explain.confidence.terms.map((t) => ({ ...t, when: decide(t.when) })),
    },
    summary: maybe(explain.summary),
    recommend: explain.recommend.map((r) => ({ text: decide(r.text), when: maybe(r.when) })),
    evidence: explain.evidence.map((f) => ({ ...f, expr: decide(f.expr) })),
  };
}

/** Undefined where there is nothing to decide. */
function decider({ pattern, policy }: CoreRule): ((e: Expr) => Expr) | undefined {
  if (pattern.node !== "win" || pattern.shape.shape !== "sliding") return undefined;
  const pinned = pinnedBy(pattern.having, policy.emit === "close");
  const known = pinned && gaugeName(pinned, pattern);
  const decide = (e: Expr): Expr => {
    if (thresholdOf(e)) return e;
    if (e.op !== "agg") return mapParts(e, decide);
    const isExact = e.fn === "last" || gaugeName(e, pattern) === known;
    return e.isPaned || isExact ? e : { ...e, isPaned: true };
  };
  return decide;
}
