/**
 * What becomes of each rule when another bundle takes the place of the one that runs (LANGUAGE
 * C.8):
 *
 *     keep      the same matches: the state goes on as it is, findings have the new texts
 *     migrate   the state serves the new version too, and is adapted
 *     drain     the old version ends what it has begun, the new one starts empty
 *     add, remove
 */
import { type CoreRule, type CoreUnit, fullName } from "../ir/index.ts";
import type { Value } from "../schema.ts";
import { fingerprintsOf, keptIn, type ValuedUnit, valued } from "./canonical.ts";
import { type Change, changesOf } from "./changes.ts";

export type ReloadClass = "keep" | "migrate" | "drain" | "add" | "remove";

export interface RuleReload {
  /** Full name. */
  readonly rule: string;
  readonly class: ReloadClass;
  /** Numbers of the rule in both units, and its versions. */
  readonly from: number | undefined;
  readonly to: number | undefined;
  readonly versions: readonly [from: number | undefined, to: number | undefined];
  /** In words; for what is kept, whether anything changed at all. */
  readonly reasons: readonly string[];
  /** Of `migrate`: until a span has passed, the state may lack what the new version would have. */
  readonly limitsHistory: boolean;
  /** Of `migrate`: steps whose condition changed; what they have taken is asked again. */
  readonly rechecks: readonly number[];
}

/** A unit with values in place of its parameters' defaults. */
export interface Reloadable {
  readonly unit: CoreUnit;
  readonly params?: ReadonlyMap<string, Value> | undefined;
}

/** By rule of the new unit in its order, then those that are gone. */
export function reloadPlan(before: Reloadable, after: Reloadable): RuleReload[] {
  const a = valued(before.unit, before.params);
  const b = valued(after.unit, after.params);
  const place = (unit: CoreUnit, name: string) => unit.rules.findIndex((r) => fullName(r) === name);
  const now = b.unit.rules.map((rule, to): RuleReload => {
    const from = place(a.unit, fullName(rule));
    const old = a.unit.rules[from];
    if (!old) return entry("add", rule, undefined, to, [undefined, rule.version], []);
    return judged(a, old, from, b, rule, to);
  });
  const gone = a.unit.rules.flatMap((rule, from): RuleReload[] =>
    place(b.unit, fullName(rule)) >= 0
      ? []
      : [entry("remove", rule, from, undefined, [rule.version, undefined], [])],
  );
  return [...now, ...gone];
}

function judged(
  a: ValuedUnit,
  old: CoreRule,
  from: number,
  b: ValuedUnit,
  rule: CoreRule,
  to: number,
): RuleReload {
  const [before, after] = [fingerprintsOf(a, old), fingerprintsOf(b, rule)];
  const versions = [old.version, rule.version] as const;
  const isSame = before.semantic === after.semantic && before.layout === after.layout;
  const changes = [
    ...changesOf({ of: a, rule: old }, { of: b, rule }),
    ...(asksMore(a, old, b, rule) ? [moreAsked] : []),
  ];
  if (isSame && changes.length === 0) {
    const isOutput = before.output !== after.output;
    return entry("keep", rule, from, to, versions, isOutput ? [outputWords(old, rule)] : []);
  }
  const told = changes.length > 0 ? changes : [unexplained];
  const isAdaptable = told.every((c) => c.isAdaptable);
  const decisive = told.filter((c) => c.isAdaptable === isAdaptable);
  return {
    ...entry(isAdaptable ? "migrate" : "drain", rule, from, to, versions, []),
    reasons: [...new Set(decisive.map((c) => c.words))],
    limitsHistory: isAdaptable && told.some((c) => c.limitsHistory),
    rechecks: told.flatMap((c) => c.recheck ?? []),
  };
}

/** The fingerprints differ in something no comparison knows: never silently the same. */
const unexplained: Change = {
  isAdaptable: false,
  limitsHistory: false,
  words: "its meaning changed",
};

/** Windows keep what their texts ask of them, too. */
function asksMore(a: ValuedUnit, old: CoreRule, b: ValuedUnit, rule: CoreRule): boolean {
  const areWindows = old.pattern.node === "win" && rule.pattern.node === "win";
  return areWindows && keptIn(a, old).join() !== keptIn(b, rule).join();
}

const moreAsked: Change = {
  isAdaptable: false,
  limitsHistory: false,
  words: "it asks its window for something the old state has not kept",
};

function outputWords(a: CoreRule, b: CoreRule): string {
  return a.version === b.version
    ? "only what its findings say"
    : `only what its findings say, and version ${a.version} → ${b.version}`;
}

function entry(
  reload: ReloadClass,
  rule: CoreRule,
  from: number | undefined,
  to: number | undefined,
  versions: RuleReload["versions"],
  reasons: readonly string[],
): RuleReload {
  const name = fullName(rule);
  const rest = { limitsHistory: false, rechecks: [] };
  return { rule: name, class: reload, from, to, versions, reasons, ...rest };
}
