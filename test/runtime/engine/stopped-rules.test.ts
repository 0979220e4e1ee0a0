/** A rule whose code fails is stopped; the others go on. */
import { describe, expect, test } from "vitest";
import type { Trouble } from "#runtime/engine";
import { Rig, second } from "../../harness/rig.ts";

const throwing = "(() => { throw new Error('broken') })()";
const broken = (matcher: string) => matcher.replaceAll("4242", throwing);

const rules = `
rule bad {
  match sequence by pid within 10s {
    a: kernel.process_exec
    then b: kernel.process_exit where b.exit_code + 4242 > a.pid
  }
  emit FINAL
}
rule good { match e: kernel.process_exit where e.exit_code == 7 }`;

function nodeOf(text: string, edit = broken) {
  const troubles: Trouble[] = [];
  const rig = new Rig(text, { onTrouble: (t) => troubles.push(t) }, edit);
  return { rig, troubles };
}

const final = rules.replace("FINAL", "final");

function told(rig: Rig, from = 0): string[] {
  rig.event("kernel.process_exec", (from + 1) * second, { pid: 1 });
  rig.event("kernel.process_exit", (from + 2) * second, { pid: 1, exit_code: 7 });
  rig.engine.progress("kernel", (from + 5) * second);
  rig.event("kernel.process_exit", (from + 6) * second, { pid: 1, exit_code: 7 });
  rig.engine.progress("kernel", (from + 9) * second);
  return rig.findings.map((f) => `${f.rule} ${f.at / second}`);
}

describe("a rule whose code fails", () => {
  test.each(["final", "eager"])("is stopped, told once and counted (emit %s)", (emit) => {
    const { rig, troubles } = nodeOf(rules.replace("FINAL", emit));
    expect(told(rig)).toEqual(["good 2", "good 6"]);
    expect(troubles.map((t) => t.what === "rule stopped" && t.rule.name)).toEqual(["bad"]);
    expect(rig.engine.counters.stopped).toBe(1);
    expect([...rig.engine.stopped].map(([r, why]) => `${r.name}: ${why}`)).toEqual(["bad: broken"]);
  });

  test("finds both when it does not fail", () => {
    expect(told(nodeOf(final, (m) => m).rig)).toEqual(["bad 2", "good 2", "good 6"]);
  });

  test("is stopped after a restart, too", () => {
    const { rig } = nodeOf(final);
    told(rig);
    const again = nodeOf(final);
    expect(again.rig.engine.restore(rig.engine.snapshot())).toBeUndefined();
    expect(told(again.rig, 10)).toEqual(["good 12", "good 16"]);
    expect(again.troubles).toEqual([]);
    expect(again.rig.engine.counters.stopped).toBe(1);
  });

  test("throws where nobody is told of it", () => {
    expect(() => told(new Rig(final, {}, broken))).toThrow("broken");
  });
});

test("what cannot be derived stops the rules over it and no other", () => {
  const { rig, troubles } = nodeOf(`
derive my.exit from e: kernel.process_exit set { code: e.exit_code + 4242 }
rule made { match e: my.exit }
rule good { match e: kernel.process_exit where e.exit_code == 7 }`);
  expect(told(rig)).toEqual(["good 2", "good 6"]);
  expect(troubles.map((t) => t.what === "rule stopped" && t.rule.name)).toEqual(["made"]);
});

test("a record that cannot be read is dropped, once, and the next ones are read", () => {
  const { rig, troubles } = nodeOf(
    "rule r { match e: kernel.process_exit where e.exit_code == 4242 or e.exit_code == 7 }",
    (m) => m.replace("4242", `(() => { if (f64[d + 1] === 3e6) ${throwing}; return 0 })()`),
  );
  for (const at of [2, 3, 4])
    rig.event("kernel.process_exit", at * second, { exit_code: 7, pid: 1 });
  rig.engine.progress("kernel", 9 * second);
  expect(rig.findings.map((f) => f.at / second)).toEqual([2, 4]);
  expect(rig.engine.counters).toMatchObject({ dropped: 1, delivered: 2, inFlight: 0 });
  expect(troubles.map((t) => t.what)).toEqual(["unreadable record"]);
});

test("an error of who is told is not a rule's failure, and no record is read twice", () => {
  let calls = 0;
  const rig = new Rig(final.replace("4242", "1"), {
    onRelevant: () => {
      calls++;
      if (calls === 1) throw new Error("disk full");
    },
    onTrouble: () => undefined,
  });
  rig.event("kernel.process_exit", 1 * second, { exit_code: 7, pid: 1 });
  rig.event("kernel.process_exit", 2 * second, { exit_code: 7, pid: 1 });
  expect(() => rig.engine.read()).toThrow("disk full");
  rig.engine.progress("kernel", 9 * second);
  expect(calls).toBe(2);
  expect(rig.findings.map((f) => f.at / second)).toEqual([2]);
  expect(rig.engine.counters.stopped).toBe(0);
});
