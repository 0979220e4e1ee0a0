/**
 * Stands for vitest in the bundle: collects the tests, so that each can be run again and again in
 * one process. A test runs alone, except where its `describe` already runs what is mutated: then
 * all of them run, `describe` included.
 */
import { JestAsymmetricMatchers, JestChaiExpect, JestExtend } from "@vitest/expect";
import * as chai from "chai";

for (const plugin of [JestExtend, JestChaiExpect, JestAsymmetricMatchers]) chai.use(plugin);

export const expect = Object.assign(
  (value: unknown, message?: string) => chai.expect(value, message),
  chai.expect,
  (globalThis as Record<symbol, object>)[Symbol.for("asymmetric-matchers-object")],
);

type Body = (...args: never[]) => unknown;

export interface CollectedTest {
  readonly title: string;
  readonly run: () => unknown;
}

/** Where tests go that are met now. */
let met: CollectedTest[] = [];
/** Runs a `describe`; true when it did something that a mutant could change. */
let isWork: (body: () => unknown) => boolean = (body) => {
  body();
  return false;
};

/** The tests that `load` registers. `watch` runs a body and says whether it reaches a mutant. */
export async function collected(
  load: () => unknown,
  watch: (body: () => unknown) => boolean,
): Promise<readonly CollectedTest[]> {
  isWork = watch;
  met = [];
  await load();
  return met;
}

function within(body: () => unknown): CollectedTest[] {
  const outer = met;
  met = [];
  try {
    body();
    return met;
  } finally {
    met = outer;
  }
}

function group(title: string, body: () => unknown): void {
  let tests: CollectedTest[] = [];
  const hasWork = isWork(() => {
    tests = within(body);
  });
  const again = async () => {
    for (const t of within(body)) await t.run();
  };
  met.push(...(hasWork ? [{ title, run: again }] : tests.map((t) => under(title, t))));
}

const under = (title: string, t: CollectedTest) => ({ ...t, title: `${title} > ${t.title}` });

/** The body is the second argument or, behind options, the third. */
const bodyOf = (args: readonly unknown[]) =>
  args.find((a) => typeof a === "function") as Body | undefined;

type Register = (title: string, body: () => unknown) => void;

function registering(register: Register) {
  const one = (title: string, ...args: readonly unknown[]) => {
    const body = bodyOf(args);
    if (body) register(title, () => body());
  };
  const each =
    (rows: readonly unknown[]) =>
    (title: string, ...args: readonly unknown[]) => {
      const body = bodyOf(args);
      for (const [i, row] of rows.entries()) {
        const values = (Array.isArray(row) ? row : [row]) as never[];
        if (body) register(`${title} (${i + 1})`, () => body(...values));
      }
    };
  const none = Object.assign(() => {}, { each: () => () => {} });
  const only = Object.assign(one, { each });
  return Object.assign(only, { skipIf: (isSkipped: unknown) => (isSkipped ? none : only) });
}

export const test = registering((title, run) => met.push({ title, run }));
export const it = test;
export const describe = registering(group);
