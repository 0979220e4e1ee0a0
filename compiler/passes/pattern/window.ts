/** `over … having` to core. */
import { type Duration, formatDuration, type Win, type WindowShape } from "#core";
import type { DurArg, DurationLiteral, Window } from "#grammar";
import { elaborateHaving } from "../elaborate/having.ts";
import type { Scope } from "../elaborate/scope.ts";
import { Connections } from "./connected.ts";
import { PatternKeys } from "./key.ts";
import type { LoweredPattern } from "./lowered.ts";
import { lowerDuration, reach } from "./numbers.ts";
import { captured, checkStepNames, lowerStep } from "./step.ts";

/** Values kept per key, where they are not long. */
const maxEvents = 10_000;
const panesMost = 10_000;
/** Windows that hold one event at a time, as hops overlap. */
const overlapMost = 1000;
/** Panes of a window that does not say how wide they are. */
const defaultPanes = 60;

export function lowerWindow(node: Window, rule: Scope): LoweredPattern {
  checkStepNames([node.step.name], rule);
  const keys = new PatternKeys(node.by ?? node.step.by ?? []);
  const lowered = lowerStep(node.step, [], new Set(), keys, rule);
  const shape = lowerShape(node, rule);
  const span = spanOf(shape);
  const resolution = node.resolution && lowerResolution(node.resolution, span, rule);
  const paneUs = resolution ?? paneOf(span, rule);
  const inner: Scope = {
    ...rule,
    place: "having",
    steps: new Map(),
    window: lowered.self,
    windowGroups: lowered.groups,
    windowPane: paneUs,
  };
  const having = elaborateHaving(node.having, inner, shape.shape);
  const pattern: Win = { node: "win", step: lowered.step, shape, resolution, having, maxEvents };
  const isOptional = hasEmptyPanes(shape);
  const seen = [captured(lowered, 0, { isOptional, isRepeated: false }, "last")];
  const connections = new Connections([], true);
  return { pattern, seen, keys, connections, windowGroups: lowered.groups, paneUs };
}

/** Whether a window can be judged without any event in it. */
export function hasEmptyPanes({ shape }: WindowShape): boolean {
  return shape === "tumbling" || shape === "hop";
}

function lowerShape(node: Window, rule: Scope): WindowShape {
  const { shape } = node;
  switch (shape.kind) {
    case "sliding":
    case "tumbling":
      return { shape: shape.kind, size: positive(shape.size, "a window", rule) };
    case "hop": {
      const size = positive(shape.size, "a window", rule);
      const every = positive(shape.every, "the time between windows", rule);
      checkHop(shape.every, size, every, rule);
      return { shape: "hop", size, every };
    }
    case "session": {
      const gap = positive(shape.gap, "the gap of a session", rule);
      const max = positive(shape.max, "a session", rule);
      if (reach(gap, rule).most > reach(max, rule).least) {
        const bounds = `at most as long as the session, ${shownDuration(max, rule)}`;
        report(shape.gap, "the gap of a session", bounds, rule);
      }
      return { shape: "session", gap, max };
    }
  }
}

function checkHop(node: DurArg, size: Duration, every: Duration, rule: Scope): void {
  const [whole, step] = [reach(size, rule), reach(every, rule)];
  const what = "the time between windows";
  if (step.most > whole.least)
    report(node, what, `at most the window's length, ${shownDuration(size, rule)}`, rule);
  else if (step.least > 0 && whole.most > step.least * overlapMost)
    report(node, what, `at least a ${overlapMost}th of the window's length`, rule);
}

/** A duration of which no value may be 0. */
function positive(arg: DurArg, what: string, rule: Scope): Duration {
  const duration = lowerDuration(arg, rule);
  const isRead = arg.kind === "duration" || typeof duration === "object";
  if (isRead && reach(duration, rule).least <= 0) report(arg, what, "longer than 0s", rule);
  return duration;
}

function report(node: DurArg | DurationLiteral, what: string, bounds: string, rule: Scope): void {
  const help =
    node.kind === "nameRef" ? { help: `let the range of \`param ${node.name}\` keep to that` } : {};
  rule.session.report("TAP2018", node, { what, bounds }, help);
}

function shownDuration(d: Duration, rule: Scope): string {
  return formatDuration(reach(d, rule).least);
}

function spanOf(shape: WindowShape): Duration {
  return shape.shape === "session" ? shape.max : shape.size;
}

function lowerResolution(node: DurationLiteral, span: Duration, rule: Scope): number {
  const { least, most } = reach(span, rule);
  const what = "the resolution";
  if (node.us <= 0) report(node, what, "longer than 0s", rule);
  else if (node.us > least)
    report(node, what, `at most the window's length, ${formatDuration(least)}`, rule);
  else if (most / node.us > panesMost)
    report(node, what, `at least a ${panesMost}th of the window's length`, rule);
  return Math.max(1, node.us);
}

/** What a half-life is counted in must not change at run time: a parameter's default decides. */
function paneOf(span: Duration, rule: Scope): number {
  const param = typeof span === "number" ? undefined : rule.session.params.get(span.param)?.param;
  const us = typeof span === "number" ? span : Number(param?.value ?? 0);
  return Math.max(1, Math.floor(us / defaultPanes));
}
