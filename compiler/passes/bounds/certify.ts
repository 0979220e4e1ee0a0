/** Bounds of all rules, and what is said when one cannot be given or is too large. */
import type { BoundTerm, Certificate, CoreUnit, RuleBound } from "#core";
import { formatSize } from "#core";
import type { Node } from "#grammar";
import type { Session } from "../elaborate/scope.ts";
import type { LoweredRule } from "../lower-rule.ts";
import { BoundByKeys } from "./rule-bound.ts";
import { withRoomForValues } from "./window-state.ts";
import { Unbounded } from "./worst.ts";

/** What rules may take at most. */
export interface Budget {
  readonly ruleBytes: number;
  readonly bundleBytes: number;
  /** Transitions for each event and rule. */
  readonly ruleCost: number;
}

export const defaultBudget: Budget = {
  ruleBytes: 64 * 2 ** 20,
  bundleBytes: 256 * 2 ** 20,
  ruleCost: 4096,
};

/** For rules whose bounds are not the question. */
export const unlimitedBudget: Budget = {
  ruleBytes: Number.POSITIVE_INFINITY,
  bundleBytes: Number.POSITIVE_INFINITY,
  ruleCost: Number.POSITIVE_INFINITY,
};

/** Largest terms that a message names. */
const shownTerms = 3;

/** What a rule that does not say how many keys it follows should take, so that many rules fit. */
const modestBytes = 16 * 2 ** 20;
/** Of its keys it should follow at least so many, as long as they fit at all. */
const fewestKeys = 64;

export interface Certified {
  readonly certificate: Certificate;
  /** The rules, with the bounds on keys that the compiler chose. */
  readonly rules: readonly LoweredRule[];
}

/** The certificate of `unit`; rules without a bound are reported and left out of it. */
export function certify(
  unit: CoreUnit,
  lowered: readonly LoweredRule[],
  budget: Budget,
  session: Session,
): Certified {
  const roomy = lowered.map((rule) => ({ ...rule, core: withRoomForValues(unit, rule.core) }));
  const all = roomy.map((rule) => {
    const byKeys = boundOf(unit, rule, session);
    return byKeys ? fitted(rule, byKeys) : { rule, bound: undefined };
  });
  const rules = all.map((b) => b.rule);
  const bounded = all.flatMap(({ rule, bound }) => (bound ? [{ rule, bound }] : []));
  const bounds = bounded.map((b) => b.bound);
  const total = (pick: (b: RuleBound) => number) => bounds.reduce((n, b) => n + pick(b), 0);
  const certificate = { rules: bounds, bytes: total((b) => b.bytes), cost: total((b) => b.cost) };
  for (const { rule, bound } of bounded) checkRule(bound, rule.decl.name, budget, session);
  checkBundle(certificate, rules, budget, session);
  return { certificate, rules };
}

/**
 * `rule` with fewer keys when it does not say how many and the default would take too much.
 * Measured by the default budget, so that options never change what a rule means.
 */
function fitted(rule: LoweredRule, byKeys: BoundByKeys) {
  const keysMax = rule.isKeysMaxSaid ? rule.core.keysMax : modestKeys(rule.core.keysMax, byKeys);
  const bound = byKeys.bound(keysMax);
  if (keysMax === rule.core.keysMax) return { rule, bound };
  return { rule: { ...rule, core: { ...rule.core, keysMax } }, bound };
}

/** As many keys as take `modestBytes`, `most` at most; not less than the fewest if those fit. */
function modestKeys(most: number, byKeys: BoundByKeys): number {
  let keys = most;
  // Nothing grows faster than the keys, so a step never goes below the largest number that fits.
  for (let bytes = byKeys.bytes(keys); bytes > modestBytes && keys > 1; bytes = byKeys.bytes(keys))
    keys = Math.max(1, Math.floor((keys * modestBytes) / bytes));
  if (keys >= fewestKeys || keys === most) return keys;
  const few = Math.min(fewestKeys, most);
  return byKeys.bytes(few) <= defaultBudget.ruleBytes ? few : most;
}

/** Undefined, and reported, when there is none. */
function boundOf(unit: CoreUnit, rule: LoweredRule, session: Session): BoundByKeys | undefined {
  try {
    return new BoundByKeys(unit, rule.core);
  } catch (error) {
    if (!(error instanceof Unbounded)) throw error;
    const { what, param } = error;
    const name = param.slice(param.lastIndexOf(".") + 1);
    const help = `give \`${name}\` an upper end: \`param ${name}: … = … range 1 .. 100\``;
    const params = { what, bound: `bound, because \`${name}\` has none` };
    session.report("TAP3101", rule.decl.name, params, { help });
    return undefined;
  }
}

function checkRule(bound: RuleBound, at: Node, budget: Budget, session: Session): void {
  const what = `\`${bound.rule}\``;
  if (bound.bytes > budget.ruleBytes) {
    const takes = `${formatSize(bound.bytes)} (${bound.keys} keys × ${formatSize(bound.bytesPerKey)})`;
    const help = howToShrink(bound, budget);
    const params = { what, takes, budget: formatSize(budget.ruleBytes) };
    session.report("TAP3102", at, params, {
      notes: largest(stateTerms(bound)),
      help,
    });
  }
  if (bound.cost > budget.ruleCost) {
    const help = "lower `partials`, choose a coarser `resolution`, or follow fewer relations";
    const params = {
      what,
      takes: `${bound.cost} transitions for each event`,
      budget: String(budget.ruleCost),
    };
    session.report("TAP3102", at, params, {
      notes: largest(bound.work.map((t) => ({ ...t, unit: "transitions" }))),
      help,
    });
  }
}

/** What to write so that the rule fits, with the number of keys that does it if there is one. */
function howToShrink({ bytes, keys, bytesPerKey }: RuleBound, budget: Budget): string {
  const shared = bytes - keys * bytesPerKey;
  const fitting = Math.floor((budget.ruleBytes - shared) / bytesPerKey);
  const others = "lower `partials`, shorten the window, or read fewer long texts";
  return fitting >= 1 ? `write \`keys max ${fitting}\` or less, ${others}` : others;
}

/** The sum is everybody's; it is said at the largest rule. */
function checkBundle(
  { rules: bounds, bytes }: Certificate,
  rules: readonly LoweredRule[],
  budget: Budget,
  session: Session,
): void {
  const [most] = [...bounds].sort((a, b) => b.bytes - a.bytes);
  if (!most || bytes <= budget.bundleBytes) return;
  // A rule that is too large by itself has been told so.
  if (bounds.some((b) => b.bytes > budget.ruleBytes)) return;
  const at = rules.find((r) => r.core.name === most.rule && r.core.module === most.module);
  if (!at) return;
  const notes = [...bounds]
    .sort((a, b) => b.bytes - a.bytes)
    .slice(0, shownTerms)
    .map((b) => `\`${b.rule}\` takes ${formatSize(b.bytes)}`);
  const params = {
    what: "all rules together",
    takes: formatSize(bytes),
    budget: formatSize(budget.bundleBytes),
  };
  const help = "lower `keys max` of the largest rules, or compile them into several bundles";
  session.report("TAP3102", at.decl.name, params, { notes, help });
}

interface ShownTerm extends BoundTerm {
  readonly unit: string;
}

function stateTerms({ state, findings, keys }: RuleBound): ShownTerm[] {
  return [
    ...state.map((t) => ({ what: `${keys} keys × ${t.what}`, amount: t.amount * keys, unit: "B" })),
    ...findings.map((t) => ({ ...t, unit: "B" })),
  ];
}

function largest(terms: readonly ShownTerm[]): string[] {
  return [...terms]
    .sort((a, b) => b.amount - a.amount)
    .slice(0, shownTerms)
    .map((t) => `${t.what} = ${t.unit === "B" ? formatSize(t.amount) : `${t.amount} ${t.unit}`}`);
}
