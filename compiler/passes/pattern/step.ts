/** One step: the kinds it names, its condition, and what later expressions see of it. */
import type { Step } from "#core";
import type { Step as AstStep, Name } from "#grammar";
import { elaborateWhere } from "../elaborate/capture.ts";
import { rebaseOperand } from "../elaborate/rebase.ts";
import type { Groups, Scope, StepBinding } from "../elaborate/scope.ts";
import { findingKind } from "../findings.ts";
import type { PatternKeys } from "./key.ts";

/** A step that was read, as the expressions behind it see it. */
export interface SeenStep {
  readonly binding: StepBinding;
  /** Names that its condition bound: `matches … as m`. */
  readonly groups: Groups;
}

export interface LoweredStep {
  readonly step: Step;
  /** The step as its own condition saw it. */
  readonly self: StepBinding;
  readonly groups: Groups;
  /** It has errors, so that what it lacks may only be a consequence. */
  readonly isUnsure: boolean;
}

/** What the condition of a repeated step sees of it besides the event that is judged. */
export type Run = Pick<StepBinding, "run" | "items">;

/** The kinds a step names, ascending, and the step as its own condition sees it. */
export function resolveStep(step: AstStep, scope: Scope): StepBinding {
  checkEventsOnce(step, scope);
  const ids = step.events.map((path) => {
    const { session } = scope;
    if (path.text === "") return undefined;
    if (path.parts[0]?.text === "finding") return findingKind(path, scope);
    const id = session.info.kindByName.get(path.text);
    if (id === undefined) session.unknownEvent(path, path.text);
    else
      session.checkDeprecated(path, "event", path.text, session.info.declarations[id]?.annotations);
    return id;
  });
  const kinds = [...new Set(ids.filter((id) => id !== undefined))].sort((a, b) => a - b);
  return {
    name: step.name.text,
    kinds,
    of: { step: "current" },
    isOptional: false,
    isRepeated: false,
    isBroken: ids.length === 0 || ids.includes(undefined),
  };
}

function checkEventsOnce({ events }: AstStep, { session }: Scope): void {
  for (const [i, event] of events.entries()) {
    const first = events.slice(0, i).find((e) => e.text === event.text && e.text !== "");
    if (!first) continue;
    const labels = [{ at: first.span, text: "first written here" }];
    session.report("TAP2019", event, { clause: event.text }, { labels });
  }
}

/**
 * A step of a pattern. `scope` is the rule's; `earlier` are the steps its condition may read,
 * `later` the names of those it may not read yet. The condition of a repeated step may also read
 * what its `run` has taken.
 */
export function lowerStep(
  node: AstStep,
  earlier: readonly SeenStep[],
  later: ReadonlySet<string>,
  keys: PatternKeys,
  scope: Scope,
  run?: Run,
): LoweredStep {
  const { session } = scope;
  const errors = session.sinkErrors();
  const self = resolveStep(node, scope);
  const inner = seeing(scope, [...earlier, { binding: self, groups: new Map() }], later);
  const steps = new Map(inner.steps).set(self.name, { ...self, ...run });
  const where = node.where && elaborateWhere(node.where, { ...inner, steps });
  const isUnsure = self.isBroken === true || session.sinkErrors() !== errors;
  const key = keys.of(node, self, inner);
  const step: Step = { name: self.name, kinds: self.kinds, where: where?.core, key };
  return { step, self, groups: where?.groups ?? new Map(), isUnsure };
}

/** `scope` with these steps as names, and what their conditions bound. */
export function seeing(
  scope: Scope,
  seen: readonly SeenStep[],
  later: ReadonlySet<string> = new Set(),
): Scope {
  const groups = seen.flatMap((s) => [...s.groups]);
  return {
    ...scope,
    steps: new Map(seen.map((s) => [s.binding.name, s.binding])),
    later,
    bound: groups.length === 0 ? scope.bound : new Map([...scope.bound, ...groups]),
  };
}

/** The step as a capture: step `at` of the pattern. */
export function captured(
  lowered: LoweredStep,
  at: number,
  how: Pick<StepBinding, "isOptional" | "isRepeated" | "items">,
  pick: "first" | "last" = "first",
): SeenStep {
  const binding: StepBinding = { ...lowered.self, of: { step: at, pick }, ...how };
  const groups = [...lowered.groups].map(
    ([name, x]) => [name, rebaseOperand(x, binding.of)] as const,
  );
  return { binding, groups: new Map(groups) };
}

/** The names of a pattern's steps: each once, and none that hides a value of the module. */
export function checkStepNames(names: readonly Name[], scope: Scope): void {
  const seen = new Map<string, Name>();
  for (const name of names) {
    const first = seen.get(name.text);
    if (first) scope.session.declaredTwice(name, first);
    else seen.set(name.text, name);
    scope.session.checkShadowing(name, scope.module);
  }
}
