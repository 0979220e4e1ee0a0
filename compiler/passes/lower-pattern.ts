/**
 * Patterns to core: steps, keys, gaps, negatives. Whatever the grammar allows and this version does
 * not lower gets its own diagnostic.
 */

import {
  type CmpOp,
  type Count,
  type Duration,
  type Expr,
  type Gap,
  type KeyPart,
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
  Node,
  NumArg,
  Pattern,
  Repeat,
  SeqItem,
  Sequence,
  Window,
} from "#grammar";
import { elaborateCondition, elaborateValue } from "./elaborate/elaborate.ts";
import { declareParam, emptyScope } from "./elaborate/reuse.ts";
import type { Scope, Session, StepBinding } from "./elaborate/scope.ts";
import { similar } from "./similar.ts";
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

/** The core form of a `match`, or undefined after an error. */
export function lowerPattern(item: MatchItem, rule: Scope): LoweredPattern | undefined {
  const errors = rule.session.sinkErrors();
  const lowered = lowerKind(item.pattern, rule);
  return rule.session.sinkErrors() === errors ? lowered : undefined;
}

function lowerKind(pattern: Pattern, rule: Scope): LoweredPattern | undefined {
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

/** The kinds a step names, ascending. */
export function resolveKinds(step: AstStep, session: Session): number[] {
  const ids = step.events.flatMap((path) => {
    const id = session.info.kindByName.get(path.text);
    if (id !== undefined) return [id];
    if (path.text.startsWith("finding.")) session.notSupported(path, "a rule over findings");
    else if (path.text !== "") {
      const close = similar(path.text, session.info.kindByName.keys());
      const fixes = close
        ? [
            {
              title: `replace with \`${close}\``,
              kind: "safe" as const,
              edits: [{ at: path.span, newText: close }],
            },
          ]
        : [];
      session.report("TAP2002", path, { event: path.text, similar: close }, { fixes });
    }
    return [];
  });
  return [...new Set(ids)].sort((a, b) => a - b);
}

function currentBinding(step: AstStep, kinds: readonly number[]): StepBinding {
  return {
    name: step.name.text,
    kinds,
    of: { step: "current" },
    isOptional: false,
    isRepeated: false,
  };
}

function lowerSingle(node: AstStep, rule: Scope): LoweredPattern {
  const kinds = resolveKinds(node, rule.session);
  const self = currentBinding(node, kinds);
  const scope: Scope = { ...rule, steps: new Map([[self.name, self]]) };
  const where = node.where && elaborateCondition(node.where, scope);
  const key = node.by ? node.by.map((k) => lowerKey(k, self, scope)).map((k) => k.part) : [];
  const step: Step = { name: self.name, kinds, where, key };
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
function lowerKey(key: Key, step: StepBinding, scope: Scope): LoweredKey {
  if (key.kind === "sameKey") {
    const kinds = scope.session.info.schema.entities.map((e) => e.name);
    const kind = key.entity.text;
    if (!kinds.includes(kind)) {
      scope.session.report("TAP2007", key.entity, {
        what: "entity kind",
        name: kind,
        similar: similar(kind, kinds),
      });
    }
    const expr: Expr = { op: "entity", of: step.of, kind };
    return { part: { expr, allowsMissing: false }, type: { t: "string" } };
  }
  const path = fieldPath(key.expr, scope);
  const missing = path && missingIn(path[0] ?? "", step, scope);
  if (missing) {
    scope.session.report("TAP3202", key, { step: step.name, key: path?.[0] ?? "", event: missing });
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
    const param = paramOf(arg.name, scope);
    if (param?.type.t === "duration") return { param: param.param.name };
    if (param)
      scope.session.report("TAP2010", arg, { expected: "a duration", found: typeName(param.type) });
    else
      scope.session.report("TAP2001", arg, {
        name: arg.name,
        similar: similar(arg.name, scope.module.names.keys()),
      });
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
    const param = paramOf(arg.name, scope);
    if (param && ["int", "u32"].includes(param.type.t)) return { param: param.param.name };
    if (param)
      scope.session.report("TAP2010", arg, { expected: "a number", found: typeName(param.type) });
    else
      scope.session.report("TAP2001", arg, {
        name: arg.name,
        similar: similar(arg.name, scope.module.names.keys()),
      });
  }
  return 1;
}

function paramOf(name: string, scope: Scope) {
  const found = scope.module.names.get(name);
  return found?.decl.kind === "paramDecl"
    ? declareParam(found.decl, found.module, scope.session)
    : undefined;
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
        { what: "`without`", where: "last" },
        { help: "say `then no … for …`, or put a step after it" },
      );
    if (last?.isOptional)
      this.#session.report(
        "TAP3002",
        last,
        { what: "`optional`", where: "last" },
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
      if (first) {
        const labels = [{ at: first.name.span, text: "first used here" }];
        this.#session.report("TAP2005", step.name, { name: step.name.text }, { labels });
      } else seen.set(step.name.text, step);
    }
  }

  #item(item: SeqItem, index: number): void {
    const isLast = index === this.#node.items.length - 1;
    if (item.kind === "seqWithout") {
      if (this.#steps.length === 0)
        this.#session.report(
          "TAP3002",
          item,
          { what: "`without`", where: "first" },
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
          { what: "`then no … for …`", where: "middle" },
          { help: "use `without` between steps" },
        );
      if (this.#steps.length === 0)
        this.#session.report(
          "TAP3002",
          item,
          { what: "`then no … for …`", where: "first" },
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
    if (gap && at === 0)
      this.#session.report(
        "TAP3002",
        item.gap ?? item,
        { what: "a gap", where: "first" },
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
      name: step.name,
      kinds: step.kinds,
      of: { step: at, pick: "first" },
      isOptional: item.isOptional,
      isRepeated: repeat !== undefined,
    });
  }

  #step(node: AstStep, earlier: readonly StepBinding[]): Step {
    const kinds = resolveKinds(node, this.#session);
    const self = currentBinding(node, kinds);
    const steps = new Map([...earlier, self].map((b) => [b.name, b]));
    const all = this.#node.items.map((i) => i.step.name.text);
    const scope: Scope = { ...this.#rule, steps, later: new Set(all.filter((n) => !steps.has(n))) };
    const where = node.where && elaborateCondition(node.where, scope);
    return { name: self.name, kinds, where, key: this.#key(node, self, scope) };
  }

  #key(node: AstStep, self: StepBinding, scope: Scope): KeyPart[] {
    if (self.kinds.length === 0) return [];
    const keys = (node.by ?? this.#heads.keys).map((k) => lowerKey(k, self, scope));
    const types = keys.map((k) => k.type);
    const expected = this.#keyTypes;
    if (!expected) this.#keyTypes = types;
    else {
      const fits =
        expected.length === types.length &&
        expected.every((t, i) => isComparable(t, types[i] ?? t));
      const nameAll = (ts: readonly Type[]) => ts.map(typeName).join(", ") || "none";
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

  /** Without `within`, every later step needs a gap with an upper bound; the span is their sum. */
  #spanOfGaps(): Duration {
    let span = 0;
    for (const [i, { gap, repeat }] of this.#steps.entries()) {
      if (i === 0 && !repeat) continue;
      const max = gap?.gap === "within" || gap?.gap === "after" ? gap.max : undefined;
      if (typeof max !== "number" || repeat) {
        this.#session.report("TAP3101", this.#node, { what: "this sequence" });
        return 0;
      }
      span += max;
    }
    return span;
  }

  #checkConnected(): void {
    if ((this.#keyTypes?.length ?? 0) > 0) return;
    for (const [i, { step }] of this.#steps.entries()) {
      const node = this.#nodes[i];
      if (i > 0 && node && !joinsEarlier(step.where))
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
  const kinds = resolveKinds(node.step, session);
  const self = currentBinding(node.step, kinds);
  const scope: Scope = { ...rule, steps: new Map([[self.name, self]]) };
  const where = node.step.where && elaborateCondition(node.step.where, scope);
  const keys =
    kinds.length === 0
      ? []
      : (node.by ?? node.step.by ?? []).map((k) => lowerKey(k, self, scope).part);
  const inner: Scope = {
    ...emptyScope(rule.module.name, session),
    place: "having",
    locals: rule.locals,
    window: self,
  };
  const having = elaborateCondition(node.having, inner);
  checkLowerBounds(having, node.having, session);
  const size = lowerDuration(node.shape.size, rule);
  const step: Step = { name: self.name, kinds, where, key: keys };
  const pattern: Win = { node: "win", step, size, having, maxEvents: defaultWindowEvents };
  return { pattern, bindings: [{ ...self, of: { step: 0, pick: "last" } }] };
}

const lowerBound: ReadonlySet<CmpOp> = new Set([">", ">="]);
const upperBound: ReadonlySet<CmpOp> = new Set(["<", "<="]);

/** In a sliding window a condition may only grow true: aggregates stand on the large side. */
function checkLowerBounds(e: Expr, node: Node, session: Session): void {
  if (e.op === "and" || e.op === "or") {
    for (const arg of e.args) checkLowerBounds(arg, node, session);
    return;
  }
  const isFine =
    e.op === "cmp" &&
    ((e.left.op === "agg" && lowerBound.has(e.cmp) && !hasAggregate(e.right)) ||
      (e.right.op === "agg" && upperBound.has(e.cmp) && !hasAggregate(e.left)));
  if (!isFine) session.report("TAP3103", node, { what: "this condition" });
}

function hasAggregate(e: Expr): boolean {
  let found = false;
  walkExpr(e, (x) => {
    if (x.op === "agg") found = true;
  });
  return found;
}
