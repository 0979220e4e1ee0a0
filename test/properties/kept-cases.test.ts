/** Cases on which interpreter and engine once disagreed, as the law shrank them. */
import { expect, test } from "vitest";
import { compileLaw, disagreement, runInterpreter } from "../harness/agreement.ts";
import type { LawOp } from "../harness/law-rules.ts";

const event = (kind: number, at: number): LawOp => ({
  op: "event",
  kind,
  at,
  entity: "u",
  k: 0,
  x: undefined,
  y: undefined,
  s: undefined,
  isCut: false,
  e: 0,
  i: 0n,
  b: true,
});

interface KeptCase {
  readonly rule: string;
  readonly ops: readonly LawOp[];
  /** Findings, so that agreeing on nothing is no proof. */
  readonly findings: number;
}

const cases: Record<string, KeptCase> = {
  "a run dominates another only when the runs before both are the same, length included": {
    rule: `match sequence by same pod within 20s partials 4000 {
    p: t.b repeat 2..3
    then q: t.c repeat 1..
    then r: t.b | t.c repeat 1..
    then no d: t.c for 3s
  }`,
    ops: [event(1, 0), event(1, 0), event(2, 1), event(1, 1), event(2, 2), event(2, 2)],
    findings: 1,
  },
};

test.each(Object.entries(cases))("%s", (_, { rule, ops, findings }) => {
  const compiled = compileLaw(`module law.rules\nimport law.schema\nrule r {\n  ${rule}\n}\n`);
  expect(disagreement(compiled, ops)).toBeUndefined();
  expect(runInterpreter(compiled, ops)).toHaveLength(findings);
});
