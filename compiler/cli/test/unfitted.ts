/**
 * Why a step took none of a test's events, in words: there was none of its kind, none had the key,
 * or none met the condition.
 *
 *     match absent h: k8s.lease for 40s for each node
 *     given { entity node "n1" at 0s every 10s times 3 k8s.lease { holder: "n1" … } }
 *     ⇒ the 3 `k8s.lease` have no node, so step `h` takes none of them; …
 */
import {
  type CoreRule,
  type CoreUnit,
  type Env,
  type EventData,
  type Expr,
  evaluate,
  findingEvent,
  format,
  type Judgement,
  keyOf,
  readsMatch,
  type Step,
  scoreOf,
  truth,
  unitOf,
  type Value,
  walkExpr,
  withDerived,
  writeDuration,
  writerFor,
} from "#core";
import type { Story } from "./story.ts";

/** What a rule was judged on. */
export interface Stage {
  readonly unit: CoreUnit;
  readonly rule: CoreRule;
  readonly params: ReadonlyMap<string, Value>;
  readonly story: Story;
  readonly judged: Judgement;
}

interface Scene extends Stage {
  readonly events: readonly EventData[];
  readonly base: Env;
}

/**
 * One sentence for each step that no event can be. `hasFound`: the rule reported all the same, so
 * that only a step whose events have no key is worth a word: that is hardly ever meant.
 */
export function unfittedSteps(stage: Stage, hasFound: boolean): string[] {
  const { unit, params, story, judged } = stage;
  const { world } = story;
  const given = story.events.map((e) => e.event);
  const made = judged.findings.flatMap(
    (f, i) => findingEvent(unit, f, i, () => scoreOf(unit, params, f.match, world)) ?? [],
  );
  const events = [...withDerived(unit, params, given, { world }), ...made];
  const base: Env = { unit, params, current: undefined, captures: [], world };
  const scene: Scene = { ...stage, events, base };
  return stepsAwaited(stage.rule).flatMap(({ step, isNeeded }) => {
    const own = events.filter((e) => step.kinds.includes(e.kind));
    const why = withoutKey(scene, step, own);
    if (why || hasFound || !isNeeded) return why ?? [];
    return own.length === 0 ? missingKind(scene, step) : (unmet(scene, step, own) ?? []);
  });
}

/** The steps, and whether the rule must wait for them: optional and absent ones may stay away. */
function stepsAwaited({ pattern }: CoreRule): { step: Step; isNeeded: boolean }[] {
  switch (pattern.node) {
    case "seq":
      return pattern.steps.map((s) => ({ step: s.step, isNeeded: !s.isOptional }));
    case "all": {
      const isNeeded = pattern.need === pattern.steps.length;
      return pattern.steps.map((step) => ({ step, isNeeded }));
    }
    case "win":
      return [{ step: pattern.step, isNeeded: true }];
    case "inv":
      return [{ step: pattern.step, isNeeded: false }];
  }
}

function missingKind(scene: Scene, step: Step): string {
  return `step \`${step.name}\` waits for ${kindsOf(scene, step.kinds)}, and the test has none`;
}

/** Undefined when some event has every part of the key, or there is none to have one. */
function withoutKey(scene: Scene, step: Step, own: readonly EventData[]): string | undefined {
  const parts = keyParts(scene, step).filter(({ isIn }) => own.every((e) => !isIn(e, scene.base)));
  const [first] = parts;
  if (!first || own.length === 0) return undefined;
  const kinds = kindsOf(scene, [...new Set(own.map((e) => e.kind))]);
  const [has, them] = own.length === 1 ? ["has", "it"] : ["have", "them"];
  const names = parts.map((p) => p.name).join(", no ");
  const isFound = own.every((e) => scene.unit.schema.kinds[e.kind]?.made === "finding");
  const help = !first.entity
    ? ""
    : isFound
      ? "; a finding is about what its root is about"
      : `; say whom an event is about with \`entity: ${first.entity}("…")\``;
  const count = own.length === 1 ? "the only" : `the ${own.length}`;
  return `${count} ${kinds} ${has} no ${names}, so step \`${step.name}\` cannot take ${them}${help}`;
}

interface NamedPart {
  readonly name: string;
  /** The kind, when the part is an entity. */
  readonly entity: string | undefined;
  readonly isIn: (event: EventData, base: Env) => boolean;
}

function keyParts({ rule, unit }: Scene, step: Step): NamedPart[] {
  const { pattern } = rule;
  // The clocks of `for each node` are told apart by the entity; there is no key beside it.
  if (pattern.node === "inv" && pattern.entity !== undefined) {
    const kind = pattern.entity;
    return [{ name: kind, entity: kind, isIn: (e) => e.entity?.[kind] !== undefined }];
  }
  const write = writerFor(rule, step.name, unit.schema);
  return step.key.map((part) => ({
    name: part.expr.op === "entity" ? part.expr.kind : `\`${write(part.expr)}\``,
    entity: part.expr.op === "entity" ? part.expr.kind : undefined,
    isIn: (e, base) => keyOf([part], e, base) !== undefined,
  }));
}

/** Undefined when an event fits as far as can be said of it alone. */
function unmet(scene: Scene, step: Step, own: readonly EventData[]): string | undefined {
  const { where, name } = step;
  if (!where) return undefined;
  const parts = (where.op === "and" ? where.args : [where]).filter((e) => !readsMatch(e));
  const tries = own.map((event) => {
    const env = { ...scene.base, current: event };
    return { event, failing: parts.filter((p) => truth(p, env) !== true) };
  });
  const fewest = Math.min(...tries.map((t) => t.failing.length));
  const closest = tries.find((t) => t.failing.length === fewest);
  if (!closest || fewest === 0) return undefined;
  const { event, failing } = closest;
  const write = writerFor(scene.rule, name, scene.unit.schema);
  const reasons = failing.map((p) => verdict(scene, step, p, event, write));
  const at = writeDuration(event.ts - scene.story.start);
  const who = own.length === 1 ? "the only" : `none of the ${own.length}`;
  const fits = own.length === 1 ? "does not fit" : "fits";
  const nearest = own.length === 1 ? `at ${at}` : `the nearest, at ${at}`;
  return `${who} ${kindsOf(scene, step.kinds)} ${fits} step \`${name}\`; ${nearest}: ${reasons.join("; ")}`;
}

/** "`f.code != 0` is false (code is 0)". */
function verdict(
  { base, unit }: Scene,
  step: Step,
  part: Expr,
  event: EventData,
  write: (e: Expr) => string,
): string {
  const env = { ...base, current: event };
  const fields = new Set<string>();
  walkExpr(part, (e) => e.op === "field" && fields.add(e.name));
  const declared = unit.schema.kinds[event.kind]?.fields ?? [];
  const values = [...fields].map((name) => {
    const type = declared.find((f) => f.name === name)?.type;
    const value = evaluate({ op: "field", of: { step: "current" }, name }, env);
    if (value === undefined) return `${step.name}.${name} is missing`;
    return `${step.name}.${name} is ${type ? format(value, unitOf(type)) : String(value)}`;
  });
  const shown = values.length === 0 ? "" : ` (${values.join(", ")})`;
  return `\`${write(part)}\` is ${truth(part, env) === false ? "false" : "unknown"}${shown}`;
}

function kindsOf({ unit }: Scene, kinds: readonly number[]): string {
  return kinds.map((k) => `\`${unit.schema.kinds[k]?.name ?? "?"}\``).join(" or ");
}
