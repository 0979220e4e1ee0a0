/**
 * Small changes to what becomes of a match: its severity, its confidence, what is recommended, how
 * often it is told and when it is over.
 */
import type { CoreRule, KeyPart } from "#core";
import {
  type Basis,
  type Change,
  countChanges,
  eachOf,
  spanChanges,
  stepChanges,
  within,
} from "./changes.ts";
import { conditionVariants } from "./condition-mutants.ts";

export function outcomeChanges(rule: CoreRule, basis: Basis): Change<CoreRule>[] {
  return [
    ...severityChanges(rule, basis),
    ...explainChanges(rule, basis),
    ...suppressChanges(rule, basis),
    ...rateChanges(rule, basis),
    ...resolveChanges(rule, basis),
  ];
}

function severityChanges(rule: CoreRule, basis: Basis): Change<CoreRule>[] {
  const { severity } = rule;
  if (!severity.when) return [];
  const changes = conditionVariants("`severity`", severity.when, basis.writerAt(""));
  return within(changes, (when) => ({ ...rule, severity: { ...severity, when } }));
}

function explainChanges(rule: CoreRule, basis: Basis): Change<CoreRule>[] {
  const { explain } = rule;
  const { confidence, recommend } = explain;
  const terms = eachOf(confidence.terms, (term) =>
    within(conditionVariants("`confidence`", term.when, basis.writerAt("")), (when) => ({
      ...term,
      when,
    })),
  );
  const advice = eachOf(recommend, (r) =>
    r.when
      ? within(conditionVariants("`recommend`", r.when, basis.writerAt("")), (when) => ({
          ...r,
          when,
        }))
      : [],
  );
  return [
    ...within(terms, (to) => ({
      ...rule,
      explain: { ...explain, confidence: { ...confidence, terms: to } },
    })),
    ...within(advice, (to) => ({ ...rule, explain: { ...explain, recommend: to } })),
  ];
}

function suppressChanges(rule: CoreRule, basis: Basis): Change<CoreRule>[] {
  const { suppress } = rule;
  if (!suppress) return [];
  return [
    { description: "`suppress` is dropped", to: { ...rule, suppress: undefined } },
    ...within(spanChanges("`suppress`", suppress.us, basis), (us) => ({
      ...rule,
      suppress: { ...suppress, us },
    })),
    ...within(keyChanges("suppress", suppress.key), (key) => ({
      ...rule,
      suppress: { ...suppress, key },
    })),
  ];
}

function rateChanges(rule: CoreRule, basis: Basis): Change<CoreRule>[] {
  const { rate } = rule;
  if (!rate) return [];
  return [
    ...within(countChanges("`rate`", rate.max, basis), (max) => ({
      ...rule,
      rate: { ...rate, max },
    })),
    ...within(spanChanges("the time of `rate`", rate.us, basis), (us) => ({
      ...rule,
      rate: { ...rate, us },
    })),
    ...within(keyChanges("rate", rate.key), (key) => ({ ...rule, rate: { ...rate, key } })),
  ];
}

/** Without a key of its own a clause counts under the rule's. */
function keyChanges(clause: string, key: readonly KeyPart[] | undefined): Change<undefined>[] {
  return key ? [{ description: `\`by\` of \`${clause}\` is dropped`, to: undefined }] : [];
}

function resolveChanges(rule: CoreRule, basis: Basis): Change<CoreRule>[] {
  const { resolve } = rule;
  if (!resolve) return [];
  const changes: Change<NonNullable<CoreRule["resolve"]>>[] =
    "on" in resolve
      ? within(stepChanges(resolve.on, basis), (on) => ({ on }))
      : within(spanChanges("`resolve after`", resolve.quietUs, basis), (quietUs) => ({ quietUs }));
  return [
    { description: "`resolve` is dropped", to: { ...rule, resolve: undefined } },
    ...within(changes, (to) => ({ ...rule, resolve: to })),
  ];
}
