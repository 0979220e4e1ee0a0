/**
 * Which events a hook keeps, as simple conditions on its integer fields.
 *
 * The law: the filter may keep too much and never drops an event for which the condition is not
 * definitely false. So a condition holds in the kernel when its field is missing in this event,
 * when the hook has no such field, and when its constant cannot be compared exactly.
 */
import {
  alu,
  branch,
  type Code,
  type Comparison,
  jump,
  label,
  load,
  loadImmediate,
} from "#bpf/asm";
import { HEAD, type NumberField } from "./record.ts";

export type IntegerOperator = "==" | "!=" | "<" | "<=" | ">" | ">=";

/** `field op value`. Sizes are in bytes. */
export interface IntegerCondition {
  /** Name in the schema, such as `exit_code`. */
  readonly field: string;
  readonly op: IntegerOperator;
  readonly value: number;
}

/** Disjunctive form: kept when all conditions of any group hold. No group: nothing is kept. */
export interface IntegerFilter {
  readonly anyOf: readonly { readonly allOf: readonly IntegerCondition[] }[];
}

/** More conditions than this are not compiled: the program would outgrow a jump. */
export const MAX_FILTER_CONDITIONS = 1000;

/** A condition as the kernel can test it, or its answer where that is known beforehand. */
export type KernelCondition =
  | { readonly test: "always" }
  | { readonly test: "never" }
  | {
      readonly test: "compare";
      readonly field: NumberField;
      readonly op: IntegerOperator;
      readonly value: bigint;
    };

/** Fields the filter reads, so that they are filled before it runs. */
export function fieldsOf(filter: IntegerFilter): ReadonlySet<string> {
  return new Set(filter.anyOf.flatMap(({ allOf }) => allOf.map(({ field }) => field)));
}

/** True when the filter is small enough to compile; a larger one has to keep everything. */
export function fits(filter: IntegerFilter): boolean {
  return filter.anyOf.reduce((sum, { allOf }) => sum + allOf.length, 0) <= MAX_FILTER_CONDITIONS;
}

/** Jumps to `drop` when the record in r7 is definitely unwanted, and falls through otherwise. */
export function compileFilter(
  filter: IntegerFilter,
  fields: Readonly<Record<string, NumberField>>,
  drop: string,
): Code {
  const groups = filter.anyOf.map(({ allOf }, group): Code => {
    const next = `filter_group_${group + 1}`;
    return [
      label(`filter_group_${group}`),
      allOf.map((condition, i) => {
        const holds = `filter_${group}_${i}_holds`;
        return [compileCondition(planCondition(condition, fields), holds, next), label(holds)];
      }),
      jump("filter_keeps"),
    ];
  });
  return [groups, label(`filter_group_${filter.anyOf.length}`), jump(drop), label("filter_keeps")];
}

/** Brings the constant to an integer and answers what needs no test. */
export function planCondition(
  { field, op, value }: IntegerCondition,
  fields: Readonly<Record<string, NumberField>>,
): KernelCondition {
  const place = Object.hasOwn(fields, field) ? fields[field] : undefined;
  if (place === undefined || Number.isNaN(value)) return { test: "always" };
  const isWhole = Number.isInteger(value);
  if (!isWhole && Number.isFinite(value)) {
    if (op === "==") return { test: known(false, place) };
    if (op === "!=") return { test: "always" };
    const isBelow = op === "<" || op === "<=";
    const whole = isBelow ? Math.floor(value) : Math.ceil(value);
    return planCondition({ field, op: isBelow ? "<=" : ">=", value: whole }, fields);
  }
  // Beyond 2^53 the decoder's doubles and the kernel's integers may disagree; nobody needs that.
  if (!Number.isSafeInteger(value)) return { test: "always" };
  if (value < 0 && !place.isSigned) {
    return { test: known(op === "!=" || op === ">" || op === ">=", place) };
  }
  return { test: "compare", field: place, op, value: BigInt(value) };
}

/** "Definitely false" needs a value: an optional field may be missing. */
function known(holds: boolean, field: NumberField): "always" | "never" {
  return holds || field.optional !== undefined ? "always" : "never";
}

function compileCondition(condition: KernelCondition, holds: string, fails: string): Code {
  switch (condition.test) {
    case "always":
      return [];
    case "never":
      return jump(fails);
    case "compare": {
      const { field, op, value } = condition;
      return [
        missingHolds(field, holds),
        load(field.size, "r1", "r7", field.offset),
        field.isSigned && field.size === 4 ? [alu("lsh", "r1", 32), alu("arsh", "r1", 32)] : [],
        loadImmediate("r2", value),
        branch("r1", COMPARISONS[negate(op)][field.isSigned ? 1 : 0], "r2", fails),
      ];
    }
  }
}

function missingHolds(field: NumberField, holds: string): Code {
  if (field.optional === undefined) return [];
  return [
    load(2, "r1", "r7", HEAD.present.offset),
    alu("and", "r1", field.optional),
    branch("r1", "==", 0, holds),
  ];
}

/** Unsigned and signed form. */
const COMPARISONS: Readonly<Record<IntegerOperator, readonly [Comparison, Comparison]>> = {
  "==": ["==", "=="],
  "!=": ["!=", "!="],
  "<": ["<", "s<"],
  "<=": ["<=", "s<="],
  ">": [">", "s>"],
  ">=": [">=", "s>="],
};

function negate(op: IntegerOperator): IntegerOperator {
  const opposite = { "==": "!=", "!=": "==", "<": ">=", "<=": ">", ">": "<=", ">=": "<" } as const;
  return opposite[op];
}
