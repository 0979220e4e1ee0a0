/** `select`, `skip`, `emit`, `keys` and `on` to core, and whether they say anything here. */
import { type CoreRule, defaultPolicy, type Expr, type Pattern, type Policy, stepsOf } from "#core";
import type { PolicyItem } from "#grammar";
import type { Scope } from "../elaborate/scope.ts";
import { keysMaxOf } from "../pattern/key.ts";
import type { LoweredPattern } from "../pattern/lowered.ts";
import { suggestion } from "../similar.ts";
import { type Clause, clauseOf, clausesOf } from "./clause.ts";

const keysMost = 1_048_576;

type ItemOf<K extends PolicyItem["kind"]> = Extract<PolicyItem, { readonly kind: K }>;

export function lowerPolicy(
  clauses: readonly Clause[],
  { pattern }: LoweredPattern,
  scope: Scope,
): Policy {
  const find = <K extends PolicyItem["kind"]>(kind: K) =>
    clauseOf(clauses, kind)?.item as ItemOf<K> | undefined;
  const emit = find("emitItem");
  if (emit?.mode === "close") checkClose(emit, pattern, scope);
  if (emit?.mode === "eager") checkEager(emit, pattern, scope);
  const skip = find("skipItem");
  const select = find("selectItem");
  if (pattern.node === "win" || pattern.node === "inv") {
    if (select && select.mode !== "tightest") sayNoChoice(select, "select tightest", scope);
    if (skip && skip.mode !== "past") sayNoChoice(skip, "skip past", scope);
  }
  const on = { loss: defaultPolicy.onLoss, idle: defaultPolicy.onIdle };
  for (const { item } of clausesOf(clauses, "onItem")) {
    checkSilence(item, pattern, scope);
    on[item.event] = item.action;
  }
  return {
    select: select?.mode ?? defaultPolicy.select,
    skip: skip ? lowerSkip(skip, pattern, scope) : defaultPolicy.skip,
    emit: emit?.mode ?? defaultPolicy.emit,
    evict: find("keysItem")?.evict ?? defaultPolicy.evict,
    onLoss: on.loss,
    onIdle: on.idle,
  };
}

/** The bound on keys: as written, else what the entity kinds of the key allow. */
export function lowerKeysMax(
  clauses: readonly Clause[],
  { keys }: LoweredPattern,
  scope: Scope,
): CoreRule["keysMax"] {
  const item = clauseOf(clauses, "keysItem")?.item;
  if (!item) return keysMaxOf(keys.shared, scope);
  if (item.max < 1 || item.max > keysMost)
    scope.session.report("TAP2018", item, {
      what: "`keys max`",
      bounds: `from 1 to ${keysMost}`,
    });
  return item.max;
}

/** Windows and absences have one match at a time, so there is nothing to choose among. */
function sayNoChoice(item: PolicyItem, same: string, { session }: Scope): void {
  const clause = session.text(item);
  session.report("TAP3105", item, { clause, same }, { help: `take \`${clause}\` away` });
}

function lowerSkip(item: ItemOf<"skipItem">, pattern: Pattern, { session }: Scope): Policy["skip"] {
  const { to, mode } = item;
  if (mode !== "to" || !to) return mode === "none" ? "none" : "past";
  const names = stepsOf(pattern).map((s) => s.name);
  const at = names.indexOf(to.text);
  if (at >= 0) return at;
  const { similar, fixes } = suggestion(to.text, names, to.span);
  const help = `name one of the pattern's steps: ${names.map((n) => `\`${n}\``).join(", ")}`;
  if (to.text !== "") session.report("TAP4102", to, { name: to.text, similar }, { fixes, help });
  return "past";
}

/** Something must go on after the match is complete, or its close is its completion. */
function checkClose(item: ItemOf<"emitItem">, pattern: Pattern, { session }: Scope): void {
  if (pattern.node === "win") return;
  const endsInRun = pattern.node === "seq" && pattern.steps.at(-1)?.repeat !== undefined;
  const hasDeadline = pattern.node === "seq" && pattern.deadline !== undefined;
  if (endsInRun && !hasDeadline) return;
  // The time of `then no` counts from the event that reaches the run's minimum.
  const help =
    "take `emit close` away; a run that is over after silence is `match over … session gap …`";
  const params = { clause: "emit close", same: "emit final" };
  session.report("TAP3105", item, params, endsInRun ? { help } : undefined);
}

/** What arrives later may complete a match, but never take one away. */
function checkEager(item: ItemOf<"emitItem">, pattern: Pattern, { session }: Scope): void {
  const reason = notMonotone(pattern);
  if (reason) session.report("TAP3401", item, { reason });
}

function notMonotone(pattern: Pattern): string | undefined {
  switch (pattern.node) {
    case "inv":
      return "an absence is only known afterwards";
    case "all":
      return pattern.until && "`until` may still cancel it";
    case "win":
      if (pattern.shape.shape !== "sliding")
        return `a ${pattern.shape.shape} window is judged at its end`;
      return isGrowing(pattern.having) ? undefined : "`having` may become false by a later event";
    case "seq":
      if (pattern.deadline) return "`then no … for …` is only known afterwards";
      if (pattern.until) return "`until` may still cancel it";
      if (pattern.steps.some((s) => s.without.length > 0)) return "`without` may still forbid it";
      if (pattern.isStrict || pattern.steps.some((s) => s.gap?.gap === "next"))
        return "an event may still come in between";
      return undefined;
  }
}

/** Whether more events can only make the condition true: lower bounds on counts. */
function isGrowing(e: Expr): boolean {
  if (e.op === "and" || e.op === "or") return e.args.every(isGrowing);
  if (e.op !== "cmp") return false;
  const [large, small] = [">", ">="].includes(e.cmp) ? [e.left, e.right] : [e.right, e.left];
  const isOrdered = e.cmp !== "==" && e.cmp !== "!=";
  return isOrdered && isCount(large) && ["const", "param"].includes(small.op);
}

function isCount(e: Expr): boolean {
  return e.op === "agg" && ["count", "distinct", "rate"].includes(e.fn);
}

/** Only what is concluded from silence can be held, marked or dropped because of it. */
function checkSilence(item: ItemOf<"onItem">, pattern: Pattern, { session }: Scope): void {
  const concludes =
    pattern.node === "inv" ||
    (pattern.node === "seq" && pattern.deadline !== undefined) ||
    (pattern.node === "win" && pattern.shape.shape !== "sliding");
  if (!concludes) session.report("TAP3107", item, { clause: `on ${item.event} ${item.action}` });
}
