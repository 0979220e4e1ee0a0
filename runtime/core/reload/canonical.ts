/**
 * Rules in a form in which equal meaning is equal text: it does not depend on how other rules are
 * numbered, on the order of text programs and parameters, or on where something was written.
 *
 *     rule ─► semantic   which matches there are, and what is reported of them
 *          └► layout     what its state holds
 *          └► output     what its findings say
 */
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";
import { encodeBody } from "../bundle/index.ts";
import {
  allStepsOf,
  type CoreRule,
  type CoreUnit,
  type Expr,
  gaugesOf,
  heardSteps,
  historiesOf,
  isCountExact,
  neededFor,
  type Step,
} from "../ir/index.ts";
import type { EventKind, Value } from "../schema.ts";

/** A unit as it runs: with the values of its parameters. */
export interface ValuedUnit {
  readonly unit: CoreUnit;
  readonly params: ReadonlyMap<string, Value>;
}

export interface Fingerprints {
  readonly semantic: string;
  readonly layout: string;
  readonly output: string;
}

/** `unit` with the values of its parameters, defaults where `params` has none. */
export function valued(unit: CoreUnit, params?: ReadonlyMap<string, Value>): ValuedUnit {
  return {
    unit,
    params: new Map(unit.params.map((p) => [p.name, params?.get(p.name) ?? p.value])),
  };
}

/** Hashes by which versions of a rule are told apart. */
export function fingerprintsOf(of: ValuedUnit, rule: CoreRule): Fingerprints {
  const { pattern, policy, keysMax, exceptions, suppress, rate, resolve, subsumes } = rule;
  const { kinds, derives } = heardOf(of.unit, rule);
  const meaning = { pattern, policy, keysMax, exceptions, suppress, rate, resolve, subsumes };
  return {
    semantic: hashOf(of, { meaning: unnamed(meaning), kinds: [...kinds].sort(), derives }),
    layout: hashOf(of, layoutParts(of, rule)),
    output: hashOf(of, outputOf(rule)),
  };
}

/** What a rule's findings say, and nothing else. */
function outputOf(rule: CoreRule) {
  const { version, isExperimental, doc, runbook, owner, mitre, labels, severity, explain } = rule;
  const said = { version, isExperimental, doc, runbook, owner, mitre, labels, severity, explain };
  return { ...said, rollout: rule.rollout, steps: allStepsOf(rule.pattern).map((s) => s.name) };
}

/**
 * Windows keep what is asked of them anywhere, texts of the finding included, by number: what it is
 * asked for decides how much of it, so the order and the comparisons count.
 */
function layoutParts(of: ValuedUnit, rule: CoreRule): unknown {
  return rule.pattern.node === "win" ? [keptIn(of, rule), limitsIn(of, rule)] : rule.pattern.node;
}

/** What a window keeps, by the number under which it is kept. */
export function keptIn(of: ValuedUnit, rule: CoreRule): string[] {
  const gauges = gaugesOf(rule).map((g) =>
    canonicalText(of, [g.agg, g.isPast, g.isShown, g.thresholds?.map((t) => t.cmp) ?? "value"]),
  );
  const histories = historiesOf(rule).map((h) => canonicalText(of, h));
  return [...gauges, "histories", ...histories, String(isCountExact(rule))];
}

/** By gauge of a window how many values comparisons tell apart; undefined: all. */
export function limitsIn({ params }: ValuedUnit, rule: CoreRule): (number | undefined)[] {
  return gaugesOf(rule).map((g) =>
    neededFor(g, (e) => {
      const value = e.op === "param" ? params.get(e.name) : e.op === "const" ? e.value : undefined;
      return typeof value === "number" ? value : undefined;
    }),
  );
}

/** What a rule hears: its kinds with their clocks, and how the derived ones are made. */
export function heardOf(unit: CoreUnit, rule: CoreRule) {
  const kinds = new Map<string, string>();
  const derives = new Set<number>();
  const hear = (heard: readonly number[]) => {
    for (const kind of heard) {
      const name = unit.schema.kinds[kind]?.name ?? "?";
      if (kinds.has(name)) continue;
      kinds.set(name, clockOf(unit, kind));
      for (const [i, d] of unit.derives.entries()) {
        if (d.kind !== kind) continue;
        derives.add(i);
        hear(d.step.kinds);
      }
    }
  };
  for (const { kinds: heard } of heardSteps(rule)) hear(heard);
  return { kinds, derives: unit.derives.filter((_, i) => derives.has(i)) };
}

/** The kinds a rule hears, directly or through derived events. */
export function kindsHeard(unit: CoreUnit, rule: CoreRule): EventKind[] {
  const { kinds } = heardOf(unit, rule);
  return unit.schema.kinds.filter((k) => kinds.has(k.name));
}

function clockOf({ schema }: CoreUnit, kind: number): string {
  const info = schema.kinds[kind];
  const source = schema.sources[info?.source ?? -1];
  if (info?.made === "finding") return "finding";
  return JSON.stringify([source?.name, source?.rank, source?.granularityUs]);
}

/** Hash of anything made of parts of rules. */
export function hashOf(of: ValuedUnit, part: unknown): string {
  return bytesToHex(sha256(utf8ToBytes(canonicalText(of, part)))).slice(0, 32);
}

/** Equal texts for parts of rules that mean the same in their units. */
export function canonicalText(of: ValuedUnit, part: unknown): string {
  return JSON.stringify(canonical(of, part));
}

/** Whether two parts of two rules mean the same. */
export function isSame(a: ValuedUnit, x: unknown, b: ValuedUnit, y: unknown): boolean {
  return canonicalText(a, x) === canonicalText(b, y);
}

function canonical(of: ValuedUnit, x: unknown): unknown {
  if (typeof x === "bigint") return { big: x.toString() };
  if (typeof x !== "object" || x === null) return x;
  if (Array.isArray(x)) return x.map((item) => canonical(of, item) ?? null);
  const record = x as Record<string, unknown>;
  if (record.op === "param") return canonical(of, constantOf(of, record.name));
  if (isParamOnly(record)) return canonical(of, of.params.get(record.param as string));
  if (isStep(record)) return canonicalStep(of, record);
  if (isDerive(record)) return canonicalDerive(of, record);
  const entries = Object.entries(record)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => [key, key === "program" ? program(of, value) : canonical(of, value)]);
  return Object.fromEntries(entries.sort(([a], [b]) => ((a as string) < (b as string) ? -1 : 1)));
}

/** A constant of the same value means the same as a parameter. */
function constantOf(of: ValuedUnit, name: unknown): unknown {
  return { op: "const", value: of.params.get(name as string) };
}

/** A `Duration` or `Count` that is a parameter. */
function isParamOnly(record: Record<string, unknown>): boolean {
  return typeof record.param === "string" && Object.keys(record).length === 1;
}

function isStep(record: Record<string, unknown>): boolean {
  return Array.isArray(record.kinds) && Array.isArray(record.key) && "name" in record;
}

function canonicalStep(of: ValuedUnit, step: Record<string, unknown>): unknown {
  const { kinds, key, where } = step as unknown as Step;
  const names = kinds.map((k) => of.unit.schema.kinds[k]?.name ?? "?").sort();
  return { kinds: names, key: canonical(of, key), where: canonical(of, where) ?? null };
}

function isDerive(record: Record<string, unknown>): boolean {
  return Array.isArray(record.set) && typeof record.kind === "number" && "step" in record;
}

function canonicalDerive(of: ValuedUnit, derive: Record<string, unknown>): unknown {
  const kind = of.unit.schema.kinds[derive.kind as number];
  const fields = (derive.set as unknown[]).map((e, i) => [kind?.fields[i]?.name, e]);
  return { derive: kind?.name, step: canonical(of, derive.step), set: canonical(of, fields) };
}

const programHashes = new WeakMap<object, string>();

/** By content: a program's number depends on the other rules. */
function program({ unit }: ValuedUnit, number: unknown): string {
  const own = unit.programs[number as number];
  if (!own) return "none";
  const known = programHashes.get(own) ?? bytesToHex(sha256(encodeBody(own)));
  programHashes.set(own, known);
  return known;
}

/** Meaning without what only names it. */
function unnamed(meaning: object): unknown {
  const exceptions = (meaning as { exceptions: readonly { when: Expr; expires?: unknown }[] })
    .exceptions;
  return { ...meaning, exceptions: exceptions.map(({ when, expires }) => ({ when, expires })) };
}
