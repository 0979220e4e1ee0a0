/**
 * Types keep their promise: a well-typed expression compiles, and on any event - fields missing,
 * texts cut, integers at the edges - it never throws and gives a value of its type or nothing.
 * `TAPIO_LAW_TYPES` sets how many expressions are tried (each on 8 events).
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type CoreUnit,
  CutText,
  type EntityRef,
  type EventData,
  evaluate,
  type FieldType,
  type ItemType,
  RecordValue,
  type Value,
  type WindowView,
  type World,
} from "#core";
import { CollectingSink, type Expr, parse } from "#grammar";
import { collectModules } from "../../compiler/passes/collect.ts";
import { elaborate } from "../../compiler/passes/elaborate/elaborate.ts";
import { emptyScope } from "../../compiler/passes/elaborate/reuse.ts";
import { type Scope, Session, type StepBinding } from "../../compiler/passes/elaborate/scope.ts";
import type { Type } from "../../compiler/passes/types.ts";
import { buildSchema } from "../../compiler/schema/build-schema.ts";
import {
  aggregate,
  type Datum,
  datum,
  expressionOf,
  type T,
  typedSchema,
  types,
} from "../harness/typed-expr.ts";

const expressions = Number(process.env.TAPIO_LAW_TYPES ?? 1500);
const eventsPerExpression = 8;
const seed = process.env.TAPIO_LAW_SEED;

const sink = new CollectingSink();
const file = parse(typedSchema, "t.tapio", sink).ast;
const modules = collectModules([file], sink);
const info = buildSchema([file], sink);
const kind = info.schema.kinds[0];

/** The expression's core and type, and what was said about it. */
function compileExpression(text: string, isWindow = false) {
  const said = new CollectingSink();
  const source = `module x\nlet f() = ${text}\n`;
  const { ast } = parse(source, "x.tapio", said);
  const decl = ast.decls[0];
  const session = new Session(info, modules, said, () => source);
  const step: StepBinding = {
    name: "e",
    kinds: [0],
    of: { step: "current" },
    isOptional: false,
    isRepeated: false,
  };
  const scope: Scope = isWindow
    ? { ...emptyScope("t", session), place: "having", window: step, windowPane: 1e6 }
    : { ...emptyScope("t", session), steps: new Map([["e", step]]) };
  const body: Expr | undefined = decl?.kind === "letDecl" ? decl.body : undefined;
  const x = body && elaborate(body, scope);
  const errors = said.diagnostics.filter((d) => d.severity === "error");
  return { x: x?.is === "value" ? x : undefined, errors, session };
}

function toValue(x: Datum): Value {
  return typeof x === "object" ? new CutText(x.cut) : x;
}

function anyValue(type: FieldType): fc.Arbitrary<Value> {
  switch (type.t) {
    case "list":
      return fc.array(anyItem(type.item), { maxLength: type.max });
    case "map":
      return fc
        .array(fc.tuple(anyValue(type.key), anyItem(type.value)), { maxLength: type.max })
        .map((entries) => new Map(entries));
    case "record":
      return fc
        .tuple(...type.members.map((m) => anyItem(m).map((v) => [m.name, v] as const)))
        .map((members) => new RecordValue(members));
    default:
      return datum(type.t).map(toValue);
  }
}

function anyItem({ type, isOptional }: ItemType): fc.Arbitrary<Value> {
  return isOptional ? fc.option(anyValue(type), { nil: undefined, freq: 2 }) : anyValue(type);
}

const entity: fc.Arbitrary<EntityRef | undefined> = fc.constantFrom<(EntityRef | undefined)[]>(
  undefined,
  {},
  { node: "n1" },
  { pod: "p1", node: "n1" },
  { pod: "p3", config: "c1" },
);

const anyEvent: fc.Arbitrary<EventData> = fc
  .tuple(
    entity,
    ...(kind?.fields ?? []).map((f) =>
      fc.option(anyValue(f.type), { nil: undefined, freq: f.isOptional ? 2 : 12 }),
    ),
  )
  .map(([ref, ...fields]) => ({
    id: "s-1-0",
    kind: 0,
    ts: 1_000_000,
    seq: 1,
    entity: ref as EntityRef | undefined,
    fields: fields as Value[],
  }));

const world: World = {
  entities: [],
  relations: [{ relation: "mounts", from: "p1", to: "c1", since: 0, until: undefined }],
};

function hasType(x: Value, type: Type): boolean {
  if (x === undefined) return true;
  switch (type.t) {
    case "bool":
      return typeof x === "boolean";
    case "string":
      return typeof x === "string" || x instanceof CutText;
    case "enum":
      return typeof x === "string" && type.members.includes(x);
    case "ip":
    case "cidr":
    case "id64":
      return typeof x === "bigint";
    case "float":
      return typeof x === "number" && Number.isFinite(x);
    case "u32":
    case "port":
      return Number.isSafeInteger(x) && Number(x) >= 0;
    case "list":
      return Array.isArray(x) && x.every((item: Value) => hasType(item, type.item.type));
    case "map":
      return (
        x instanceof Map &&
        [...x].every(([k, v]) => hasType(k, type.key) && hasType(v, type.value.type))
      );
    case "record":
      return (
        x instanceof RecordValue &&
        type.members.every((m) => hasType(x.members.get(m.name), m.type)) &&
        [...x.members.keys()].every((name) => type.members.some((m) => m.name === name))
      );
    case "error":
      return false;
    default:
      return Number.isSafeInteger(x);
  }
}

/** What the generator means by a type may be called by several names. */
const names: Partial<Record<T, readonly Type["t"][]>> = {
  int: ["int", "u32", "port"],
  string: ["string", "enum"],
  ints: ["list"],
  strings: ["list"],
};

function unitOf(session: Session) {
  const params = [...session.params.values()].map((p) => p.param);
  const unit: CoreUnit = {
    schema: info.schema,
    params,
    programs: session.programs,
    derives: [],
    rules: [],
  };
  const values = new Map(params.map((p): [string, Value] => [p.name, p.value]));
  return { unit, params: values };
}

/**
 * Said of constants only: they may meet in a sum beyond all integers, name a place that a list does
 * not have, or be compared with a choice they are not in.
 */
const refused = ["TAP2040", "TAP2011"];

/** A window over `events`, which came one second after another, with a past of its own. */
function checkAggregate(text: string, events: readonly EventData[]): boolean {
  const { x, errors, session } = compileExpression(text, true);
  if (errors.length > 0 && errors.every((d) => refused.includes(d.code))) return false;
  expect(errors.map((d) => `${d.code} ${d.message}`)).toEqual([]);
  if (!x) throw new Error("not a value");
  const { unit, params } = unitOf(session);
  const timed = events.map((e, i) => ({ ...e, ts: (i + 1) * 1e6 }));
  const view = (n: number): WindowView => ({
    events: timed.slice(0, n),
    panes: timed.slice(0, n).map((e) => [e]),
    more: [],
    sizeUs: 60e6,
    past: [],
    knownUs: n * 1e6,
  });
  for (const n of [0, 1, timed.length]) {
    const past = timed.slice(0, n).map((_, i) => view(i));
    const window = { ...view(n), past };
    const found = evaluate(x.core, {
      unit,
      params,
      current: undefined,
      captures: [],
      world,
      window,
    });
    if (!hasType(found, x.type))
      throw new Error(`${JSON.stringify(x.type)} expected, found ${String(found)}`);
  }
  return true;
}

function check(wanted: T, text: string, events: readonly EventData[]): boolean {
  const { x, errors, session } = compileExpression(text);
  if (errors.length > 0 && errors.every((d) => refused.includes(d.code))) return false;
  expect(errors.map((d) => `${d.code} ${d.message}`)).toEqual([]);
  if (!x) throw new Error("not a value");
  expect(names[wanted] ?? [wanted]).toContain(x.type.t);
  const { unit, params } = unitOf(session);
  for (const current of events) {
    const found = evaluate(x.core, { unit, params, current, captures: [], world });
    if (!hasType(found, x.type))
      throw new Error(`${JSON.stringify(x.type)} expected, found ${String(found)}`);
  }
  return true;
}

describe("a well-typed expression has a value of its type", () => {
  test("the schema of the law has no mistakes", () => {
    expect(sink.diagnostics.map((d) => d.message)).toEqual([]);
  });

  test(`${expressions} expressions on ${eventsPerExpression} events each`, {
    timeout: 120_000,
  }, () => {
    let tried = 0;
    const typed = fc
      .constantFrom(...types)
      .chain((t) => expressionOf(t, 3).map((text) => ({ t, text })));
    const events = fc.array(anyEvent, {
      minLength: eventsPerExpression,
      maxLength: eventsPerExpression,
    });
    fc.assert(
      fc.property(typed, events, ({ t, text }, trace) => {
        if (check(t, text, trace)) tried++;
      }),
      { numRuns: expressions, ...(seed ? { seed: Number(seed) } : {}) },
    );
    expect(tried).toBeGreaterThan(expressions / 2);
  });

  test("and so has an aggregate over a window", { timeout: 120_000 }, () => {
    let tried = 0;
    const events = fc.array(anyEvent, { maxLength: eventsPerExpression });
    fc.assert(
      fc.property(aggregate, events, (text, trace) => {
        if (checkAggregate(text, trace)) tried++;
      }),
      { numRuns: expressions, ...(seed ? { seed: Number(seed) } : {}) },
    );
    expect(tried).toBeGreaterThan(expressions / 2);
  });
});
