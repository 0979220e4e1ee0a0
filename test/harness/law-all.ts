/**
 * Random `all of`, `any of` and `n of` patterns, on exact and on coarse clocks, with every choice,
 * skip and bound. The traces are those of the law on sequences: few times, few values and two keys.
 */
import fc from "fast-check";
import {
  type Clock,
  clocks,
  eachStep,
  type SequenceCase,
  traceOf,
  withKeys,
} from "./law-sequences.ts";

export interface AllBounds {
  readonly partials: number;
  readonly keys: number;
  /** Whether there is anything after the match that depends on other matches. */
  readonly hasPolicies: boolean;
}

/** Rules whose state fits, so that engine and interpreter agree on everything. */
export const roomyAll: AllBounds = { partials: 64, keys: 64, hasPolicies: true };

const names = ["p", "q", "r", "w"];

const small = fc.integer({ min: 0, max: 2 });
const operator = fc.constantFrom("==", "!=", ">=", "<");

/** Half of the steps have a condition; `earlier` are those that it may read. */
function step(clock: Clock, name: string, earlier: readonly string[]): fc.Arbitrary<string> {
  const kinds = fc
    .uniqueArray(fc.constantFrom(...clocks[clock]), { minLength: 1, maxLength: 2 })
    .map((all) => all.map((kind) => `t.${kind}`).join(" | "));
  const own = fc.tuple(operator, small).map(([o, v]) => `${name}.x ${o} ${v}`);
  const reading = fc
    .tuple(operator, fc.constantFrom(name, ...earlier))
    .map(([o, e]) => (e === name ? `has ${name}.x` : `${name}.x ${o} ${e}.x`));
  const where = fc.option(fc.oneof(own, reading), { nil: undefined, freq: 2 });
  return fc.tuple(kinds, where).map(([k, w]) => `${name}: ${k}${w ? ` where ${w}` : ""}`);
}

/** A condition that no other step has a part in lets the matcher keep fewer choices. */
const stepsOf = (clock: Clock, used: readonly string[]) =>
  fc.tuple(
    ...used.map((name, i) => fc.oneof(step(clock, name, []), step(clock, name, used.slice(0, i)))),
  );

/** An `until` that depends on what was chosen before it. */
function reading(clock: Clock, used: readonly string[]): fc.Arbitrary<string> {
  const condition = fc
    .constantFrom(...used)
    .chain((name) =>
      fc.constantFrom(
        `u.x == ${name}.x`,
        `u.x >= ${name}.x`,
        `has ${name}`,
        `not (has ${name})`,
        `count(${name}) == 1`,
      ),
    );
  const kind = fc.constantFrom(...clocks[clock]);
  return fc.tuple(kind, condition).map(([k, where]) => `u: t.${k} where ${where}`);
}

const clauses = (clock: Clock, used: readonly string[]) =>
  fc.record({
    by: fc.constantFrom("by k", "by k", "by k", "by k?", ...eachStep),
    within: fc.constantFrom("within 2us", "within 4us", "within 8us", "within 15us"),
    slack: fc.constantFrom("", "", "", "slack 1us", "slack 2us"),
    until: fc.option(fc.oneof(step(clock, "u", []), reading(clock, used)), {
      nil: undefined,
      freq: 2,
    }),
    select: fc.constantFrom("", "", "select widest", "select each"),
    skip: fc.constantFrom("", "", "skip none", ...used.map((name) => `skip to ${name}`)),
    evict: fc.constantFrom("", " evict oldest"),
    suppress: fc.constantFrom("", "", "", "suppress 6us", "rate 1 per 6us by true"),
  });

export function allRule(clock: Clock, bounds: AllBounds): fc.Arbitrary<string> {
  return fc.constantFrom(1, 2, 2, 2, 3, 3, 4).chain((n) => {
    const used = names.slice(0, n);
    const need = fc.constantFrom("all", "all", "any", ...(n > 2 ? ["2", "2"] : []));
    return fc.tuple(need, stepsOf(clock, used), clauses(clock, used)).map(([head, steps, said]) => {
      const { keys, partials } = bounds;
      const by = said.by.startsWith("by") ? said.by : "";
      const match = `match ${head} of ${by} ${said.within} ${said.slack} partials ${partials} {
    ${steps.join("\n    ")}
  }${said.until ? ` until ${said.until}` : ""}`;
      return `module law.rules
import law.schema
rule r {
  ${withKeys(match, said.by)}
  ${[said.select, said.skip, `keys max ${keys}${said.evict}`].filter((line) => line).join("\n  ")}
  ${bounds.hasPolicies ? said.suppress : ""}
  explain {
    root p
    confidence 0.1 ${used.map((name, i) => `plus 0.0${1 << i} when ${name} is uncertain`).join(" ")}
    summary "${used.map((name) => `{count(${name})} {first(${name}).x ?? 9}`).join(" ")} {duration()}"
  }
}
`;
    });
  });
}

export function allCase(traces: number, bounds: AllBounds = roomyAll): fc.Arbitrary<SequenceCase> {
  return fc.constantFrom(...(Object.keys(clocks) as Clock[])).chain((clock) =>
    fc.record({
      text: allRule(clock, bounds),
      traces: fc.array(traceOf(clock), { minLength: traces, maxLength: traces }),
    }),
  );
}
