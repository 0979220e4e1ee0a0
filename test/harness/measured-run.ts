/**
 * Runs a unit on a trace in the engine and compares what its state takes, and what an event costs,
 * with what the certificate promises. State is measured at every event; of work every call of a
 * generated function that judges, looks up or aggregates is counted, between the beginning and the
 * end of what a matcher does about one event or one deadline.
 */
import { emitMatcher } from "#compiler";
import { type CoreUnit, fullName, type Trace } from "#core";
import { Engine } from "#runtime/engine";
import { writeEvent } from "#runtime/events";
import { boundRule } from "../../compiler/passes/bounds/rule-bound.ts";
import type { MatcherCode, RuleCode } from "../../runtime/engine/code/matcher.ts";
import { Reporter } from "../../runtime/engine/findings/reporter.ts";
import { AllMatcher } from "../../runtime/engine/patterns/all.ts";
import { InventoryMatcher } from "../../runtime/engine/patterns/inventory.ts";
import { PlacedSequenceMatcher } from "../../runtime/engine/patterns/sequence/placed-sequence.ts";
import { SequenceMatcher } from "../../runtime/engine/patterns/sequence/sequence.ts";
import { WindowMatcher } from "../../runtime/engine/patterns/window/window.ts";

/** What was promised of a rule, and the most that was seen. */
export interface Account {
  readonly rule: string;
  readonly bytes: number;
  readonly cost: number;
  mostBytes: number;
  mostCost: number;
}

// ---------- counting ----------

/** By number of the rule: transitions since the matcher at work began. */
let counts: number[] = [];
let most: number[] = [];

/** Counts calls of what `f` is, or stands for when there is no function. */
function counted<A extends unknown[], R>(rule: number, f: ((...a: A) => R) | undefined, r?: R) {
  return (...args: A): R => {
    counts[rule] = (counts[rule] ?? 0) + 1;
    return f ? f(...args) : (r as R);
  };
}

function countedRule(code: RuleCode, rule: number): RuleCode {
  return {
    ...code,
    steps: code.steps.map(({ judge, key }) => ({
      judge: counted(rule, judge, 1),
      key: key && counted(rule, key),
    })),
    having: code.having && counted(rule, code.having),
    runAggregates: code.runAggregates.map((f) => counted(rule, f)),
    aggregates: code.aggregates.map((a) => ({
      ...a,
      where: a.where && counted(rule, a.where),
      arg: a.arg && counted(rule, a.arg),
    })),
  };
}

const hook = "tapioCountedMatcher";
(globalThis as Record<string, unknown>)[hook] = (code: MatcherCode): MatcherCode => ({
  ...code,
  rules: code.rules.map(countedRule),
});

/** From the beginning to the end of a call of `name` it is one event's work that is counted. */
function watch(prototype: object, name: string): void {
  const methods = prototype as Record<string, (...args: unknown[]) => unknown>;
  const method = methods[name];
  if (!method) throw new Error(`no method ${name}`);
  methods[name] = function (this: unknown, ...args: unknown[]) {
    const outer = counts;
    counts = [];
    try {
      return method.apply(this, args);
    } finally {
      for (const [rule, n] of counts.entries()) most[rule] = Math.max(most[rule] ?? 0, n ?? 0);
      counts = outer;
    }
  };
}

const matchers = [
  SequenceMatcher,
  PlacedSequenceMatcher,
  AllMatcher,
  InventoryMatcher,
  WindowMatcher,
];
for (const { prototype } of matchers) {
  watch(prototype, "onEvent");
  watch(prototype, "fireDeadline");
}
watch(Reporter.prototype, "onResolvingEvent");

// ---------- running ----------

/** Promised and seen of each rule of `unit`, on `trace`, of which all sources are punctual. */
export function measuredRun(unit: CoreUnit, trace: Trace): Account[] {
  const { schema } = unit;
  const accounts = unit.rules.map((rule): Account => {
    const { bytes, cost } = boundRule(unit, rule);
    return { rule: fullName(rule), bytes, cost, mostBytes: 0, mostCost: 0 };
  });
  most = [];
  const engine = new Engine({
    unit,
    matcher: `((rt) => globalThis.${hook}((${emitMatcher(unit)})(rt)))`,
    bundleHash: "",
    ring: { slots: 64, textBytes: 1 << 20 },
    ...(trace.start === undefined ? {} : { startUs: trace.start }),
    onFinding: () => undefined,
  });
  const look = () => {
    for (const { rule, bytes } of engine.measured) {
      const account = accounts.find((a) => a.rule === rule);
      if (account) account.mostBytes = Math.max(account.mostBytes, bytes);
    }
  };
  for (const life of trace.world?.entities ?? []) engine.entity(life);
  for (const fact of trace.world?.relations ?? []) engine.relation(fact);
  const progress = (timeUs: number) => {
    for (const { name, latenessUs } of schema.sources) engine.progress(name, timeUs + latenessUs);
  };
  for (const event of trace.events) {
    progress(event.ts);
    const source = schema.sources[schema.kinds[event.kind]?.source ?? -1]?.name ?? "";
    const writer = engine.writer(source);
    if (!writer || !writeEvent(writer, schema, event)) throw new Error("the ring took no event");
    look();
  }
  progress(trace.watermark);
  look();
  for (const [i, account] of accounts.entries()) account.mostCost = most[i] ?? 0;
  return accounts;
}

/** What a rule took or did beyond what was promised; undefined when it kept to it. */
export function brokenPromise({ rule, bytes, cost, mostBytes, mostCost }: Account) {
  if (mostBytes > bytes) return `${rule} takes ${mostBytes} B, certified are ${bytes} B`;
  if (mostCost > cost) return `${rule} does ${mostCost} transitions, certified are ${cost}`;
  return undefined;
}
