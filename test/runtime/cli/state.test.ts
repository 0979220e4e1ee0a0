/** State that is saved while a node runs, and what a killed node finds again. */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { listen } from "../../../runtime/cli/node-socket.ts";
import { type NodeState, readState, StateKeeper } from "../../../runtime/cli/state.ts";
import { ensureBuilt, Running, run } from "../../harness/programs.ts";
import { skipReason } from "../../harness/skip.ts";
import {
  type SystemdMachine,
  startSystemdMachine,
  systemdMachineProblem,
} from "../../harness/systemd-machine.ts";

const folder = mkdtempSync(join(tmpdir(), "tapio-state-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const stateOf = (n: number): NodeState => ({
  journalCursor: `c${n}`,
  snapshot: new Uint8Array([n]),
});

describe("state that is saved while a node runs", () => {
  let keeper: StateKeeper | undefined;
  const warnings: string[] = [];
  const warn = (text: string) => warnings.push(text);
  afterEach(() => {
    keeper?.stop();
    warnings.length = 0;
  });

  test("is there again and again, whole, with the journal's place in it", async () => {
    const own = join(folder, "again");
    expect(readState(own, warn)).toBeUndefined();
    let n = 0;
    keeper = new StateKeeper({ folder: own, everyMs: 5, take: () => stateOf(++n), warn });
    keeper.start();
    while (n < 3) await delay(5);
    expect(readState(own, warn)).toEqual(stateOf(n));
    keeper.stop();
    expect(readState(own, warn)).toEqual(stateOf(n));
    expect(existsSync(join(own, "tapio.state.tmp"))).toBe(false);
    expect(warnings).toEqual([]);
  });

  test("takes little of the time: the longer it takes the less often it is saved", async () => {
    const own = join(folder, "slow");
    mkdirSync(own);
    let n = 0;
    const take = () => {
      const end = performance.now() + 30;
      while (performance.now() < end);
      return stateOf(++n);
    };
    keeper = new StateKeeper({ folder: own, everyMs: 1, take, warn });
    keeper.start();
    await delay(500);
    expect(n).toBe(1);
  });

  test("that cannot be saved is told once, and what was saved before stays", async () => {
    const own = join(folder, "broken");
    mkdirSync(own);
    let n = 0;
    keeper = new StateKeeper({ folder: own, everyMs: 2, take: () => stateOf(++n), warn });
    keeper.start();
    while (n < 1) await delay(1);
    const saved = readFileSync(join(own, "tapio.state"));
    mkdirSync(join(own, "tapio.state.tmp"));
    const before = n;
    while (n < before + 4) await delay(2);
    expect(warnings).toEqual([expect.stringMatching(/could not be saved: it is a folder; a next/)]);
    expect(readFileSync(join(own, "tapio.state")).length).toBe(saved.length);
    rmSync(join(own, "tapio.state.tmp"), { recursive: true });
  });
});

describe("state that cannot be used", () => {
  const warnings: string[] = [];
  const warn = (text: string) => warnings.push(text);

  test("is kept where nothing overwrites it", () => {
    const own = join(folder, "damaged");
    mkdirSync(own);
    writeFileSync(join(own, "tapio.state"), "no state");
    expect(readState(own, warn)).toBeUndefined();
    expect(warnings).toEqual([
      expect.stringMatching(/damaged and not used; .*\n {2}help: it is kept/),
    ]);
    expect(readdirSync(own)).toEqual(["tapio.state.unused"]);
    expect(readFileSync(join(own, "tapio.state.unused"), "utf8")).toBe("no state");
  });

  test("a file in the place of the folder", () => {
    const own = join(folder, "file");
    writeFileSync(own, "");
    expect(() => readState(own, warn)).toThrow(/for state: something else has that name/);
  });
});

describe("a node and the state of others", () => {
  const bundle = join(folder, "journal.tapiob");
  const own = join(folder, "other");
  const start = () =>
    run("tapio", ["run", bundle, "--state", own, "--journal", join(folder, "none"), "--for", "1s"]);

  beforeAll(() => {
    ensureBuilt();
    const file = join(folder, "journal.tapio");
    writeFileSync(file, "module j\nrule r { match e: journal.entry }\n");
    expect(run("tapioc", ["compile", file, "-o", bundle]).code).toBe(0);
    const keeper = new StateKeeper({
      folder: own,
      everyMs: 1e6,
      take: () => stateOf(1),
      warn: fail,
    });
    mkdirSync(own);
    keeper.stop();
  });
  const fail = (text: string) => {
    throw new Error(text);
  };

  test("does not start beside one that keeps it", async () => {
    const saved = readFileSync(join(own, "tapio.state"));
    const close = await listen(join(own, "tapio.sock"), () => Object.assign({} as never));
    const second = new Running("tapio", ["run", bundle, "--state", own, "--recent", "0"]);
    expect(await second.ended).toBe(3);
    expect(second.err).toContain(`another tapio keeps its state in ${own}\n  help: end that one`);
    expect(readFileSync(join(own, "tapio.state"))).toEqual(saved);
    await close();
  });

  test("keeps what it cannot use", () => {
    const saved = readFileSync(join(own, "tapio.state"));
    const { err } = start();
    expect(err).toMatch(/the state of the last run is not used: .*\n {2}help: it is kept as/);
    expect(readFileSync(join(own, "tapio.state.unused"))).toEqual(saved);
    expect(start().err).toMatch(/^going on from the state of 20\d\d-/m);
  });
});

const rules = `module crash
import tapio.schema.v1
rule each { match e: journal.entry where e.message startswith "number " }
rule pairs {
  match sequence within 10m {
    a: journal.entry where a.message startswith "begin"
    then b: journal.entry where b.priority == a.priority and b.message startswith "end"
  }
}
`;

describe.skipIf(skipReason("a killed node with a real journal", systemdMachineProblem()))(
  "a node that is killed",
  () => {
    let machine: SystemdMachine;
    const bundle = join(folder, "crash.tapiob");

    beforeAll(async () => {
      ensureBuilt();
      writeFileSync(join(folder, "crash.tapio"), rules);
      expect(run("tapioc", ["compile", join(folder, "crash.tapio"), "-o", bundle]).code).toBe(0);
      machine = await startSystemdMachine();
    });
    afterAll(() => machine?.stop());

    const write = (lines: readonly string[]) =>
      machine.exec("systemd-cat", ["-t", "tapio-test", "-p", "warning"], `${lines.join("\n")}\n`);

    async function node(): Promise<Running> {
      const journal = join(machine.folder, "var/log/journal");
      const args = [
        "--journal",
        journal,
        "--state",
        join(folder, "node"),
        "--state-every",
        "100ms",
      ];
      const running = new Running("tapio", ["run", bundle, ...args, "--format", "ndjson"]);
      await running.until((r) => r.err.includes("rule pairs:"), 20_000);
      return running;
    }

    const findings = ({ out }: Running) =>
      out
        .split("\n")
        .filter((line) => line.endsWith("}"))
        .map((line) => JSON.parse(line) as { id: string; rule: string; summary: string });

    test("goes on from what was saved: nothing is lost, and nothing told again has a new id", async () => {
      const first = await node();
      await write(["begin", ...Array.from({ length: 20 }, (_, i) => `number ${i}`)]);
      await first.until((r) => findings(r).length >= 20, 20_000);
      await delay(400);
      // What comes now may or may not be saved before the end.
      await write(Array.from({ length: 20 }, (_, i) => `number ${20 + i}`));
      await first.until((r) => findings(r).length >= 25, 20_000);
      first.child.kill("SIGKILL");
      await first.ended;
      await write(["number 40", "end"]);

      const second = await node();
      await second.until((r) => findings(r).some((f) => f.rule === "pairs"), 20_000);
      second.child.kill("SIGTERM");
      await second.ended;
      const told = [...findings(first), ...findings(second)];
      const each = told.filter((f) => f.rule === "each");
      expect(new Set(each.map((f) => f.id)).size).toBe(41);
      expect(told.filter((f) => f.rule === "pairs")).toHaveLength(1);
      expect(second.err).toMatch(/ 0 lost, 0 malformed/);
    }, 90_000);

    test("a reader that goes away ends it with its state saved", async () => {
      const running = await node();
      running.child.stdout?.destroy();
      await write(["number 100"]);
      await running.until((r) => r.err.includes("engine:"), 20_000);
      expect(await running.ended).toBe(1);
      expect(readState(join(folder, "node"), () => undefined)?.snapshot?.length).toBeGreaterThan(
        100,
      );
    }, 60_000);
  },
);
