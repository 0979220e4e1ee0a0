/**
 * Patterns to core: steps, keys, gaps, negatives. Whatever the grammar allows and this version does
 * not lower gets its own diagnostic.
 */

import {
  type CmpOp,
  type Count,
  type Duration,
  type Expr,
  formatDuration,
  type Gap,
  type KeyPart,
  type Param,
  type Seq,
  type SeqStep,
  type Step,
  type Win,
  walkExpr,
} from "#core";
import type {
  AllOf,
  Expr as Ast,
  SeqStep as AstSeqStep,
  Step as AstStep,
  DurArg,
  GroupHead,
  Key,
  MatchItem,
  NameRef,
  Node,
  NumArg,
  Repeat,
  SeqItem,
  Sequence,
  Window,
} from "#grammar";
import { condition, elaborateCondition, elaborateValue } from "./elaborate/elaborate.ts";
import { declareParam, emptyScope } from "./elaborate/reuse.ts";
import type { Scope, Session, StepBinding } from "./elaborate/scope.ts";
import { isComparable, type Type, typeName } from "./types.ts";

export interface LoweredPattern {
  readonly pattern: Seq | Win;
  /** The steps as explanations name them. */
  readonly bindings: readonly StepBinding[];
}

const defaultPartials = 32;
/** A repeated first step keeps one partial for every start within the span. */
const defaultPartialsForRuns = 256;
const defaultKeep = 16;
const defaultWindowEvents = 10_000;

/**
 * The core form of a `match`, or undefined when there is none. After an error it is good only for
 * reading the rest of the rule.
 */
export function lowerPattern({ pattern }: MatchItem, rule: Scope): LoweredPattern | undefined {
  switch (pattern.kind) {
    case "step":
      return lowerSingle(pattern, rule);
    case "sequence":
      return new SequenceLowering(pattern, rule).lower();
    case "window":
      return lowerWindow(pattern, rule);
    case "allOf":
      rule.session.notSupported(pattern, `\`${quantity(pattern)} of\``);
      return undefined;
    case "absence":
      rule.session.notSupported(pattern, "`absent`");
      return undefined;
    case "errorPattern":
      return undefined;
  }
}

function quantity(pattern: AllOf): string {
  return String(pattern.quantity);
}

/** The kinds a step names, ascending, and the step as its own condition sees it. */
function resolveStep(step: AstStep, session: Session): StepBinding {
  const kinds = resolveKinds(step, session);
  const isBroken = step.events.some((path) => !session.info.kindByName.has(path.text));
  return {
    name: step.name.text,
    kinds,
    of: { step: "current" },
    isOptional: false,
    isRepeated: false,
    isBroken,
  };
}

function resolveKinds(step: AstStep, session: Session): number[] {
  const ids = step.events.flatMap((path) => {
    const id = session.info.kindByName.get(path.text);
    if (id !== undefined) return [id];
    if (path.text.startsWith("finding.")) session.notSupported(path, "a rule over findings");
    else if (path.text !== "") session.unknownEvent(path, path.text);
    return [];
  });
  return [...new Set(ids)].sort((a, b) => a - b);
}

function lowerSingle(node: AstStep, rule: Scope): LoweredPattern {
  const self = resolveStep(node, rule.session);
  rule.session.checkShadowing(node.name, rule.module);
  const scope: Scope = { ...rule, steps: new Map([[self.name, self]]) };
  const where = node.where && elaborateCondition(node.where, scope);
  const key = node.by ? node.by.map((k) => lowerKey(k, self, scope)).map((k) => k.part) : [];
  const step: Step = { name: self.name, kinds: self.kinds, where, key };
  const seqStep: SeqStep = {
    step,
    gap: undefined,
    isOptional: false,
    repeat: undefined,
    without: [],
  };
  const pattern: Seq = {
    node: "seq",
    steps: [seqStep],
    deadline: undefined,
    until: undefined,
    within: 0,
    isStrict: false,
    slack: 0,
    partials: 1,
  };
  return { pattern, bindings: [{ ...self, of: { step: 0, pick: "first" } }] };
}

// ---------- keys ----------

interface LoweredKey {
  readonly part: KeyPart;
  readonly type: Type;
}

/** One key of `step`: an entity, one of its fields, or a field path through any step's name. */
function lowerKey(key: Key, step: StepBinding, scope: Scope, node?: AstStep): LoweredKey {
  if (key.kind === "sameKey") {
    const kind = key.entity.text;
    scope.session.isEntityKind(kind, key.entity);
    const expr: Expr = { op: "entity", of: step.of, kind };
    return { part: { expr, allowsMissing: false }, type: { t: "string" } };
  }
  const path = fieldPath(key.expr, scope);
  const missing = path && missingIn(path[0] ?? "", step, scope);
  if (missing) {
    const params = { step: step.name, key: path?.[0] ?? "", event: missing };
    const labels = node && !node.by ? [{ at: node.span, text: "this step" }] : [];
    scope.session.report("TAP3202", key, params, { labels });
    return {
      part: { expr: { op: "const", value: false }, allowsMissing: false },
      type: { t: "error" },
    };
  }
  const ast = path ? pathAst(key.expr, step.name, path) : key.expr;
  const x = elaborateValue(ast, {
    ...scope,
    steps: new Map([[step.name, step]]),
    later: new Set(),
  });
  return { part: { expr: x.core, allowsMissing: key.allowsMissing }, type: x.type };
}

/** `cgroup` or `step.cgroup` as the path below the event; undefined for other expressions. */
function fieldPath(e: Ast, scope: Scope): string[] | undefined {
  const parts: string[] = [];
  let at = e;
  while (at.kind === "member") {
    parts.unshift(at.member.text);
    at = at.object;
  }
  if (at.kind !== "nameRef") return undefined;
  if (parts.length === 0) return scope.module.names.has(at.name) ? undefined : [at.name];
  return parts;
}

function missingIn(field: string, step: StepBinding, scope: Scope): string | undefined {
  if (["time", "ts", "id", "kind", "entity"].includes(field)) return undefined;
  const { kinds } = scope.session.info.schema;
  const lacking = step.kinds.find((k) => !kinds[k]?.fields.some((f) => f.name === field));
  return lacking === undefined ? undefined : kinds[lacking]?.name;
}

function pathAst(at: Node, stepName: string, path: readonly string[]): Ast {
  const base = { id: at.id, span: at.span };
  return path.reduce<Ast>(
    (object, text) => ({
      ...base,
      kind: "member",
      object,
      member: { ...base, kind: "name", text },
    }),
    { ...base, kind: "nameRef", name: stepName },
  );
}

// ---------- numbers ----------

export function lowerDuration(arg: DurArg, scope: Scope): Duration {
  if (arg.kind === "duration") return arg.us;
  if (arg.kind === "nameRef") {
    const param = paramOf(arg, "duration", scope);
    if (param?.type.t === "duration") {
      checkWorstEnd(arg, param.param, 0, "not negative", scope);
      return { param: param.param.name };
    }
    if (param)
      scope.session.report("TAP2010", arg, { expected: "a duration", found: typeName(param.type) });
  }
  return 0;
}

function lowerCount(arg: NumArg, scope: Scope): Count {
  if (arg.kind === "number") {
    if (arg.isInt && arg.value >= 1) return arg.value;
    scope.session.report("TAP2018", arg, {
      what: "a number of events",
      bounds: "a whole number of at least 1",
    });
  } else if (arg.kind === "nameRef") {
    const param = paramOf(arg, "int", scope);
    if (param && ["int", "u32"].includes(param.type.t)) {
      checkWorstEnd(arg, param.param, 1, "at least 1", scope);
      return { param: param.param.name };
    }
    if (param)
      scope.session.report("TAP2010", arg, { expected: "a number", found: typeName(param.type) });
  }
  return 1;
}

/** A bound given by a parameter must make sense for every value the parameter may take. */
function checkWorstEnd(arg: Node, param: Param, least: number, bounds: string, scope: Scope) {
  const low = Math.min(Number(param.value), param.min ?? Number.POSITIVE_INFINITY);
  if (low >= least) return;
  const what = `\`${scope.session.text(arg)}\` with its whole range`;
  const help = `let the range of \`param ${scope.session.text(arg)}\` start higher`;
  scope.session.report("TAP2018", arg, { what, bounds }, { help });
}

/** The parameter `arg` names; undefined after an error. */
function paramOf(arg: NameRef, type: "duration" | "int", scope: Scope) {
  const found = scope.module.names.get(arg.name);
  if (found?.decl.kind === "paramDecl") {
    const known = declareParam(found.decl, found.module, scope.session);
    if (!known) scope.session.isLost(arg, arg.name, true);
    return known;
  }
  const names = [...scope.module.names].flatMap(([name, { decl }]) =>
    decl.kind === "paramDecl" ? [name] : [],
  );
  const [what, value] = type === "int" ? ["number", "3"] : ["duration", "30s"];
  const help = `write a ${what}, or declare \`param ${arg.name}: ${type} = ${value}\``;
  scope.session.unknownName(arg, arg.name, names, help);
  return undefined;
}

// ---------- sequences ----------

interface Heads {
  keys: readonly Key[];
  within: Duration | undefined;
  isStrict: boolean;
  partials: number | undefined;
}

class SequenceLowering {
  #node: Sequence;
  #rule: Scope;
  #session: Session;
  #heads: Heads;
  /** Positive steps so far, as later conditions see them. */
  #bound: StepBinding[] = [];
  #steps: SeqStep[] = [];
  #nodes: AstSeqStep[] = [];
  #negatives: { step: Step; node: AstStep }[] = [];
  #keyTypes: readonly Type[] | undefined;
  #deadline: Seq["deadline"];
  /** The step read last, as its own condition saw it. */
  #latest: StepBinding | undefined;
  /** Steps with errors: what they lack may only be a consequence. */
  #unsure = new Set<string>();

  constructor(node: Sequence, rule: Scope) {
    this.#node = node;
    this.#rule = rule;
    this.#session = rule.session;
    this.#heads = lowerHeads(node.heads, rule);
  }

  lower(): LoweredPattern | undefined {
    const { items } = this.#node;
    this.#checkNames();
    for (const [i, item] of items.entries()) this.#item(item, i);
    const last = this.#nodes.at(-1);
    const dangling = this.#negatives[0];
    if (dangling)
      this.#session.report(
        "TAP3002",
        dangling.node,
        { what: "`without`", where: "last", reason: "it forbids something between two steps" },
        { help: "say `then no … for …`, or put a step after it" },
      );
    if (last?.isOptional)
      this.#session.report(
        "TAP3002",
        last,
        {
          what: "`optional`",
          where: "last",
          reason: "only a later step tells that it was left out",
        },
        { help: "make the last step mandatory" },
      );
    if (this.#steps.length === 0) return undefined;
    const until =
      this.#node.until &&
      this.#step(
        this.#node.until,
        this.#bound.map((b, i) => (i === 0 ? b : { ...b, isOptional: true })),
      );
    this.#checkConnected();
    const pattern: Seq = {
      node: "seq",
      steps: this.#steps,
      deadline: this.#deadline,
      until,
      within: this.#heads.within ?? this.#spanOfGaps(),
      isStrict: this.#heads.isStrict,
      slack: 0,
      partials:
        this.#heads.partials ?? (this.#steps[0]?.repeat ? defaultPartialsForRuns : defaultPartials),
    };
    return { pattern, bindings: this.#bound };
  }

  #checkNames(): void {
    const seen = new Map<string, AstStep>();
    const steps = [
      ...this.#node.items.map((i) => i.step),
      ...(this.#node.until ? [this.#node.until] : []),
    ];
    for (const step of steps) {
      const first = seen.get(step.name.text);
      if (first) this.#session.declaredTwice(step.name, first.name);
      else seen.set(step.name.text, step);
      this.#session.checkShadowing(step.name, this.#rule.module);
    }
  }

  #item(item: SeqItem, index: number): void {
    const isLast = index === this.#node.items.length - 1;
    if (item.kind === "seqWithout") {
      if (this.#steps.length === 0)
        this.#session.report(
          "TAP3002",
          item,
          { what: "`without`", where: "first", reason: "it forbids something between two steps" },
          { help: "put a step before it" },
        );
      else this.#negatives.push({ step: this.#step(item.step, this.#bound), node: item.step });
      return;
    }
    if (item.kind === "seqDeadline") {
      if (!isLast)
        this.#session.report(
          "TAP3002",
          item,
          {
            what: "`then no … for …`",
            where: "in the middle",
            reason: "a sequence ends with it",
          },
          { help: "use `without` between steps" },
        );
      if (this.#steps.length === 0)
        this.#session.report(
          "TAP3002",
          item,
          { what: "`then no … for …`", where: "first", reason: "its time counts from a step" },
          { help: "put a step before it, or use `absent`" },
        );
      this.#deadline = {
        step: this.#step(item.step, this.#bound),
        wait: lowerDuration(item.wait, this.#rule),
      };
      return;
    }
    this.#positive(item);
  }

  #positive(item: AstSeqStep): void {
    const at = this.#steps.length;
    const step = this.#step(item.step, this.#bound);
    const repeat = item.repeat && this.#repeat(item.repeat);
    const gap = item.gap && this.#gap(item.gap);
    if (gap?.gap === "after") this.#checkGap(gap, item);
    if (gap && at === 0)
      this.#session.report(
        "TAP3002",
        item.gap ?? item,
        { what: "a gap", where: "first", reason: "it counts from the step before" },
        { help: "a gap stands between two steps" },
      );
    this.#steps.push({
      step,
      gap,
      isOptional: item.isOptional,
      repeat,
      without: this.#negatives.map((n) => n.step),
    });
    this.#nodes.push(item);
    this.#negatives = [];
    this.#bound.push({
      ...(this.#latest ?? { name: step.name, kinds: step.kinds }),
      of: { step: at, pick: "first" },
      isOptional: item.isOptional,
      isRepeated: repeat !== undefined,
    });
  }

  #step(node: AstStep, earlier: readonly StepBinding[]): Step {
    const self = resolveStep(node, this.#session);
    const steps = new Map([...earlier, self].map((b) => [b.name, b]));
    const all = this.#node.items.map((i) => i.step.name.text);
    const scope: Scope = { ...this.#rule, steps, later: new Set(all.filter((n) => !steps.has(n))) };
    const errors = this.#session.sinkErrors();
    const where = node.where && elaborateCondition(node.where, scope);
    if (self.isBroken || this.#session.sinkErrors() !== errors) this.#unsure.add(self.name);
    this.#latest = self;
    return { name: self.name, kinds: self.kinds, where, key: this.#key(node, self, scope) };
  }

  #key(node: AstStep, self: StepBinding, scope: Scope): KeyPart[] {
    if (self.isBroken) return [];
    const keys = (node.by ?? this.#heads.keys).map((k) => lowerKey(k, self, scope, node));
    const types = keys.map((k) => k.type);
    const expected = this.#keyTypes;
    if (!expected) this.#keyTypes = types;
    else {
      const fits =
        expected.length === types.length &&
        expected.every((t, i) => isComparable(t, types[i] ?? t));
      const nameAll = (ts: readonly Type[]) => ts.map(typeName).join(" and ") || "empty";
      if (!fits)
        this.#session.report("TAP3203", node, {
          step: self.name,
          left: nameAll(expected),
          right: nameAll(types),
        });
    }
    return keys.map((k) => k.part);
  }

  #repeat(repeat: Repeat): SeqStep["repeat"] {
    const min = lowerCount(repeat.min, this.#rule);
    const max =
      repeat.max === "open"
        ? undefined
        : repeat.max === "exact"
          ? min
          : lowerCount(repeat.max, this.#rule);
    if (typeof min === "number" && typeof max === "number" && max < min) {
      this.#session.report("TAP2018", repeat, {
        what: "the upper bound of `repeat`",
        bounds: `at least ${min}`,
      });
    }
    const keep = repeat.keep ?? defaultKeep;
    if (keep < 1 || keep > 1024)
      this.#session.report("TAP2018", repeat, { what: "`keep`", bounds: "from 1 to 1024" });
    return { min, max, keep };
  }

  #gap(gap: NonNullable<AstSeqStep["gap"]>): Gap {
    if (gap.kind === "nextGap") return { gap: "next" };
    if (gap.kind === "withinGap") return { gap: "within", max: lowerDuration(gap.max, this.#rule) };
    const max = gap.max && lowerDuration(gap.max, this.#rule);
    return { gap: "after", min: lowerDuration(gap.min, this.#rule), max };
  }

  #checkGap(gap: Extract<Gap, { gap: "after" }>, item: AstSeqStep): void {
    if (typeof gap.min !== "number" || typeof gap.max !== "number" || gap.min <= gap.max) return;
    const bounds = `at least ${formatDuration(gap.min)}`;
    this.#session.report("TAP2018", item.gap ?? item, { what: "the end of this gap", bounds });
  }

  /** Without `within`, every later step needs a gap with an upper bound; the span is their sum. */
  #spanOfGaps(): Duration {
    let span = 0;
    for (const [i, { gap, repeat }] of this.#steps.entries()) {
      if (i === 0 && !repeat) continue;
      const max = gap?.gap === "within" || gap?.gap === "after" ? gap.max : undefined;
      if (typeof max !== "number" || repeat) {
        const at = this.#nodes[i]?.step ?? this.#node;
        const text = repeat ? "this step may go on for ever" : "this step may come at any time";
        const labels = [{ at: at.span, text }];
        this.#session.report("TAP3101", this.#node, { what: "this sequence" }, { labels });
        return 0;
      }
      span += max;
    }
    return span;
  }

  #checkConnected(): void {
    if ((this.#keyTypes?.length ?? 0) > 0 || this.#heads.keys.length > 0) return;
    for (const [i, { step }] of this.#steps.entries()) {
      const node = this.#nodes[i];
      if (i > 0 && node && !this.#unsure.has(step.name) && !joinsEarlier(step.where))
        this.#session.report("TAP3201", node.step, { step: step.name });
    }
  }
}

/** Whether a conjunct equates something of this event with something of an earlier one. */
function joinsEarlier(where: Expr | undefined): boolean {
  if (!where) return false;
  if (where.op === "and") return where.args.some(joinsEarlier);
  if (where.op === "or") return where.args.every(joinsEarlier);
  if (where.op !== "cmp" || where.cmp !== "==") return false;
  const speaksOf = (e: Expr, isCurrent: boolean) => {
    let found = false;
    walkExpr(e, (x) => {
      if ("of" in x && (x.of.step === "current") === isCurrent) found = true;
    });
    return found;
  };
  return (
    (speaksOf(where.left, true) && speaksOf(where.right, false)) ||
    (speaksOf(where.left, false) && speaksOf(where.right, true))
  );
}

function lowerHeads(heads: readonly GroupHead[], rule: Scope): Heads {
  const out: Heads = { keys: [], within: undefined, isStrict: false, partials: undefined };
  const seen = new Set<string>();
  for (const head of heads) {
    if (seen.has(head.kind))
      rule.session.report("TAP2019", head, { clause: rule.session.text(head).split(" ")[0] ?? "" });
    seen.add(head.kind);
    switch (head.kind) {
      case "byHead":
        out.keys = head.keys;
        break;
      case "withinHead":
        out.within = lowerDuration(head.span_, rule);
        break;
      case "strictHead":
        out.isStrict = true;
        break;
      case "partialsHead": {
        const max = lowerCount(head.max, rule);
        if (typeof max !== "number") rule.session.notSupported(head, "a parameter as `partials`");
        else if (max > 4096)
          rule.session.report("TAP2018", head, { what: "`partials`", bounds: "from 1 to 4096" });
        else out.partials = max;
        break;
      }
      case "slackHead":
        rule.session.notSupported(head, "`slack`");
    }
  }
  return out;
}

// ---------- windows ----------

function lowerWindow(node: Window, rule: Scope): LoweredPattern | undefined {
  const { session } = rule;
  if (node.shape.kind !== "sliding") {
    session.notSupported(node.shape, `a ${node.shape.kind} window`);
    return undefined;
  }
  if (node.resolution) session.notSupported(node.resolution, "`resolution`");
  const self = resolveStep(node.step, session);
  session.checkShadowing(node.step.name, rule.module);
  const scope: Scope = { ...rule, steps: new Map([[self.name, self]]) };
  const where = node.step.where && elaborateCondition(node.step.where, scope);
  const keys = self.isBroken
    ? []
    : (node.by ?? node.step.by ?? []).map((k) => lowerKey(k, self, scope).part);
  const inner: Scope = {
    ...emptyScope(rule.module.name, session),
    place: "having",
    locals: rule.locals,
    window: self,
  };
  const having = lowerHaving(node.having, inner);
  const size = lowerDuration(node.shape.size, rule);
  if (size === 0 && node.shape.size.kind === "duration")
    session.report("TAP2018", node.shape.size, { what: "a window", bounds: "longer than 0s" });
  const step: Step = { name: self.name, kinds: self.kinds, where, key: keys };
  const pattern: Win = {
    node: "win",
    step,
    shape: { shape: "sliding", size },
    resolution: undefined,
    having,
    maxEvents: defaultWindowEvents,
  };
  return { pattern, bindings: [{ ...self, of: { step: 0, pick: "last" } }] };
}

const lowerBound: ReadonlySet<CmpOp> = new Set([">", ">="]);
const upperBound: ReadonlySet<CmpOp> = new Set(["<", "<="]);

/** In a sliding window a condition may only grow true: aggregates stand on the large side. */
function lowerHaving(node: Ast, scope: Scope): Expr {
  if (node.kind === "binary" && (node.op === "and" || node.op === "or")) {
    const sides = [lowerHaving(node.left, scope), lowerHaving(node.right, scope)];
    return { op: node.op, args: sides.flatMap((s) => (s.op === node.op ? s.args : [s])) };
  }
  const { core, type } = condition(node, scope, false);
  const isFine =
    core.op === "cmp" &&
    ((core.left.op === "agg" && lowerBound.has(core.cmp) && !hasAggregate(core.right)) ||
      (core.right.op === "agg" && upperBound.has(core.cmp) && !hasAggregate(core.left)));
  if (!isFine && type.t !== "error")
    scope.session.report("TAP3103", node, { what: scope.session.text(node) });
  return core;
}

function hasAggregate(e: Expr): boolean {
  let found = false;
  walkExpr(e, (x) => {
    if (x.op === "agg") found = true;
  });
  return found;
}
