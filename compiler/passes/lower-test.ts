/** `test` blocks to events with times and to checks on findings. */
import type { EntityRef, EventData, Expr, Value as FieldValue } from "#core";
import { makeEvent } from "#core";
import type { Expr as Ast, ExpectLine, GivenLine, Node, Span, TestDecl } from "#grammar";
import type { Module } from "./collect.ts";
import { elaborateCondition, elaborateValue } from "./elaborate/elaborate.ts";
import { emptyScope } from "./elaborate/reuse.ts";
import { type Operand, type Scope, type Session, value } from "./elaborate/scope.ts";
import { rootBinding } from "./lower-explain.ts";
import type { LoweredRule } from "./lower-rule.ts";
import { suggestion } from "./similar.ts";
import { isComparable, type Type, typeName, typeOfField } from "./types.ts";

/** Where the clock of every test starts: 2026-01-01T00:00:00Z, µs. */
export const testEpochUs = Date.UTC(2026, 0, 1) * 1000;

export interface TestEvent {
  readonly event: EventData;
  /** When it reaches the engine, µs since the epoch. */
  readonly arrivesAt: number;
}

export interface FindingCheck {
  readonly at: Span;
  readonly rule: string;
  /** `none`: no finding of the rule may appear. */
  readonly wants: "some" | "none";
  /** Time of completion since the start of the test, µs. */
  readonly completeAt: number | undefined;
  readonly times: number | undefined;
  readonly conditions: readonly { readonly expr: Expr; readonly text: string; readonly at: Span }[];
}

export interface TestCase {
  readonly title: string;
  readonly at: Span;
  readonly rule: string;
  readonly events: readonly TestEvent[];
  /** Every source has made progress up to here, µs since the epoch. */
  readonly advanceTo: number;
  readonly checks: readonly FindingCheck[];
}

/** The test as data, or undefined when it has errors. */
export function lowerTest(
  decl: TestDecl,
  module: Module,
  rules: readonly LoweredRule[],
  session: Session,
): TestCase | undefined {
  const before = session.sinkErrors();
  const target = findRule(decl.rule.text, module, rules);
  if (!target) {
    reportTarget(decl, module, session);
    return undefined;
  }
  const givens = new GivenLowering(module, session);
  const checks: FindingCheck[] = [];
  for (const item of decl.items) {
    if (item.kind === "replayItem") session.notSupported(item, "`replay` in a test");
    if (item.kind === "givenItem") for (const line of item.lines) givens.line(line);
    if (item.kind === "expectItem") {
      for (const line of item.lines) {
        const check = lowerExpect(line, module, rules, session);
        if (check) checks.push(check);
      }
    }
  }
  if (session.sinkErrors() !== before) return undefined;
  const last =
    Math.max(testEpochUs, ...givens.events.map((e) => Math.max(e.event.ts, e.arrivesAt))) + 1;
  return {
    title: decl.title.value,
    at: decl.title.span,
    rule: target.core.name,
    events: givens.events,
    advanceTo: givens.advanceTo ?? last,
    checks,
  };
}

function findRule(
  name: string,
  module: Module,
  rules: readonly LoweredRule[],
): LoweredRule | undefined {
  const found = module.names.get(name);
  return rules.find((r) =>
    found ? r.decl === found.decl : `${r.core.module}.${r.core.name}` === name,
  );
}

/** A target with errors of its own has been reported already; only an unknown one is news. */
function reportTarget(decl: TestDecl, module: Module, session: Session): void {
  if (module.names.get(decl.rule.text)?.decl.kind === "ruleDecl" || decl.rule.text === "") return;
  const names = [...module.names].flatMap(([n, { decl: d }]) => (d.kind === "ruleDecl" ? [n] : []));
  const { similar, fixes } = suggestion(decl.rule.text, names, decl.rule.span);
  session.report("TAP5001", decl.rule, { rule: decl.rule.text, similar }, { fixes });
}

class GivenLowering {
  readonly events: TestEvent[] = [];
  advanceTo: number | undefined;
  #session: Session;
  #scope: Scope;
  #entities = new Map<string, EntityRef>();
  #seq = new Map<number, number>();

  constructor(module: Module, session: Session) {
    this.#session = session;
    this.#scope = { ...emptyScope(module.name, session), module, place: "given" };
  }

  line(line: GivenLine): void {
    switch (line.kind) {
      case "entityLine":
        this.#declare(line);
        return;
      case "eventLine":
        this.#event(line);
        return;
      case "advanceLine":
        this.advanceTo = Math.max(this.advanceTo ?? 0, testEpochUs + line.to.us);
        return;
      case "relateLine":
        this.#session.notSupported(line, "`relate`");
        return;
      case "idleLine":
      case "lostLine":
        this.#session.notSupported(line, "`source` in a test");
    }
  }

  #declare(line: Extract<GivenLine, { kind: "entityLine" }>): void {
    this.#checkKind(line.entity.text, line.entity);
    const parent = line.parent;
    const chain = parent
      ? (this.#entities.get(entityKey(parent.entity.text, parent.key.value)) ?? {
          [parent.entity.text]: parent.key.value,
        })
      : {};
    this.#entities.set(entityKey(line.entity.text, line.key.value), {
      [line.entity.text]: line.key.value,
      ...chain,
    });
  }

  #checkKind(name: string, node: Node): void {
    this.#session.isEntityKind(name, node);
  }

  #event(line: Extract<GivenLine, { kind: "eventLine" }>): void {
    const { session } = { session: this.#session };
    const kind = session.info.kindByName.get(line.event.text);
    if (kind === undefined) {
      session.unknownEvent(line.event, line.event.text);
      return;
    }
    const times = line.every?.times ?? 1;
    if (times > 100_000) {
      session.report("TAP2018", line, { what: "`times`", bounds: "at most 100000" });
      return;
    }
    for (let n = 0; n < times; n++) {
      const ts = testEpochUs + line.at.us + n * (line.every?.step.us ?? 0);
      const read = this.#fields(line, kind, ts, n + 1);
      if (!read) return;
      const source = session.info.schema.kinds[kind]?.source ?? 0;
      const seq = (this.#seq.get(source) ?? 0) + 1;
      this.#seq.set(source, seq);
      const event = makeEvent(session.info.schema, { kind, ts, seq, ...read });
      this.events.push({ event, arrivesAt: line.arriving ? testEpochUs + line.arriving.us : ts });
    }
  }

  #fields(line: Extract<GivenLine, { kind: "eventLine" }>, kind: number, ts: number, n: number) {
    const { session } = { session: this.#session };
    const info = session.info.schema.kinds[kind];
    const bound = new Map<string, Operand>();
    const scope: Scope = { ...this.#scope, bound };
    const fields: FieldValue[] = (info?.fields ?? []).map(() => undefined);
    let entity: EntityRef | undefined;
    let isFine = true;
    const seen = new Map<string, Node>();
    for (const init of line.fields) {
      const first = seen.get(init.name.text);
      if (first) session.writtenTwice(init.name.text, first, init);
      seen.set(init.name.text, init);
      if (init.name.text === "entity") {
        entity = this.#entity(init.value);
        isFine &&= entity !== undefined;
        continue;
      }
      const index = info?.fields.findIndex((f) => f.name === init.name.text) ?? -1;
      const field = info?.fields[index];
      if (!field) {
        const names = info?.fields.map((f) => f.name) ?? [];
        session.unknownField(init.name, line.event.text, names);
        isFine = false;
        continue;
      }
      const read = this.#constant(init.value, typeOfField(field.type), ts, n, scope);
      if (read === undefined) isFine = false;
      fields[index] = read;
    }
    const names = (info?.fields ?? []).flatMap((field, i) =>
      fields[i] === undefined && !field.isOptional ? [field.name] : [],
    );
    if (isFine && names.length > 0)
      session.report("TAP2016", line.event, { fields: names, event: line.event.text });
    isFine &&= names.length === 0;
    return isFine ? { entity, fields } : undefined;
  }

  #entity(node: Ast): EntityRef | undefined {
    const arg = node.kind === "call" ? node.args[0]?.value : undefined;
    if (node.kind === "call" && arg?.kind === "string") {
      this.#checkKind(node.callee.text, node.callee);
      const known = this.#entities.get(entityKey(node.callee.text, arg.value));
      return known ?? { [node.callee.text]: arg.value };
    }
    this.#session.report("TAP2010", node, {
      expected: 'an entity such as `pod("p1")`',
      found: `\`${this.#session.text(node)}\``,
    });
    return undefined;
  }

  #constant(node: Ast, type: Type, ts: number, n: number, scope: Scope): FieldValue {
    const x = elaborateValue(substitute(node, ts, n), scope);
    if (x.type.t === "error") return undefined;
    if (x.core.op !== "const") {
      this.#session.report("TAP2010", node, { expected: "a constant", found: "a computed value" });
      return undefined;
    }
    const isMember =
      type.t !== "enum" ||
      (typeof x.core.value === "string" && type.members.includes(x.core.value));
    if (type.t === "enum" && !isMember) {
      const members = type.members;
      const name = String(x.core.value);
      const { similar, fixes } = suggestion(name, members, node.span, (m) => `"${m}"`);
      const params = { value: name, members: members.join(", "), similar };
      this.#session.report("TAP2011", node, params, { fixes });
      return undefined;
    }
    if (isComparable(type, x.type)) return x.core.value;
    this.#session.report("TAP2010", node, { expected: typeName(type), found: typeName(x.type) });
    return undefined;
  }
}

function entityKey(kind: string, key: string): string {
  return JSON.stringify([kind, key]);
}

/** `now()` is the event's time, `seq()` counts the repetitions from 1. */
function substitute(node: Ast, ts: number, n: number): Ast {
  if (node.kind !== "call") return node;
  const base = { id: node.id, span: node.span };
  if (node.callee.text === "seq" && node.args.length === 0)
    return { ...base, kind: "number", value: n, isInt: true };
  if (node.callee.text === "now" && node.args.length === 0) {
    return {
      ...base,
      kind: "string",
      prefix: "t",
      value: new Date(ts / 1000).toISOString(),
      template: undefined,
    };
  }
  return { ...node, args: node.args.map((a) => ({ ...a, value: substitute(a.value, ts, n) })) };
}

function lowerExpect(
  line: ExpectLine,
  module: Module,
  rules: readonly LoweredRule[],
  session: Session,
): FindingCheck | undefined {
  if (line.kind === "nearMissLine" || line.kind === "resolvedLine") {
    session.notSupported(line, line.kind === "nearMissLine" ? "`near_miss`" : "`resolved`");
    return undefined;
  }
  const rule = findRule(line.rule.text, module, rules);
  const known = module.names.get(line.rule.text)?.decl.kind === "ruleDecl";
  if (!rule && !known) {
    const names = rules.map((r) => r.core.name);
    session.unknownName(line.rule, line.rule.text, names, "name a rule of this compilation");
    return undefined;
  }
  if (line.kind === "noFindingLine") {
    return {
      at: line.span,
      rule: line.rule.text,
      wants: "none",
      completeAt: undefined,
      times: undefined,
      conditions: [],
    };
  }
  if (!rule) return undefined;
  const scope = checkScope(rule, module, session);
  return {
    at: line.span,
    rule: rule.core.name,
    wants: "some",
    completeAt: line.at?.us,
    times: line.times,
    conditions: line.checks.map((c) => ({
      expr: elaborateCondition(c, scope),
      text: session.text(c),
      at: c.span,
    })),
  };
}

/** Checks see the steps, the root, and the facts of the finding. */
function checkScope(rule: LoweredRule, module: Module, session: Session): Scope {
  const root = rootBinding(rule.core.explain, rule.bindings);
  const bound = new Map<string, Operand>([
    ["confidence", value({ t: "float" }, { op: "finding", what: "confidence" })],
    ["severity", value({ t: "string" }, { op: "finding", what: "severity" })],
    ["summary", value({ t: "string" }, { op: "finding", what: "summary" })],
  ]);
  if (root) bound.set("root", { is: "event", step: root });
  return {
    ...emptyScope(module.name, session),
    place: "check",
    bound,
    steps: new Map(rule.bindings.map((b) => [b.name, b])),
    window: rule.core.pattern.node === "win" ? rule.bindings[0] : undefined,
  };
}
