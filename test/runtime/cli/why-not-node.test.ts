/** `tapio why-not` without a recording: what a running node remembers, and how it is asked. */
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createConnection, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { bundleBody, compile, encodeBundle } from "#compiler";
import { decodeBundle, type EventData, keyText, makeEvent, type Progress, type Value } from "#core";
import { askNode, listen, type Recent, socketPath } from "../../../runtime/cli/node-socket.ts";
import { RecentEvents } from "../../../runtime/cli/recent.ts";
import { ensureBuilt, Running } from "../../harness/programs.ts";

const second = 1_000_000;
const start = Date.UTC(2026, 0, 1, 12) * 1000;
const rules = `module n.rules
source left { lateness 100ms granularity 1us idle 10s rank 0 }
entity box key string(16) max 64
event n.a from left { pid: int note: string(200)? }
event n.b from left { pid: int code: int }
rule pair { keys max 64
  match sequence by same box within 30s { a: n.a then b: n.b where b.code == 0 }
}
`;
const file = { file: "n.tapio", text: rules };
const result = compile([file], { std: [], version: "test" });
const { schema } = result.unit;
const bytes = encodeBundle(bundleBody(result, [file], "test"));
const bundle = decodeBundle(bytes);
if (!bundle.ok) throw new Error(bundle.problem);
const { hash } = bundle.bundle;

const folder = mkdtempSync(join(tmpdir(), "tapio-node-"));
const path = join(folder, "rules.tapiob");
const socket = join(folder, "state/tapio.sock");
const closers: (() => Promise<void>)[] = [];

beforeAll(() => {
  ensureBuilt();
  writeFileSync(path, bytes);
  mkdirSync(join(folder, "state"));
});
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let seq = 0;
function event(kind: string, at: number, box: string, fields: readonly Value[]): EventData {
  const number = schema.kinds.findIndex((k) => k.name === kind);
  const ts = start + at * second;
  return makeEvent(schema, { kind: number, ts, seq: ++seq, entity: { box } as never, fields });
}

const progress = (at: number): Progress => ({
  timeUs: start + at * second,
  seen: 0,
  passed: 0,
  lost: 0,
  malformed: 0,
});

function remembering(eventsMax = 100, bytesMax = 1 << 20): RecentEvents {
  return new RecentEvents({ schema, eventsMax, bytesMax, startUs: start });
}

async function node(recent: RecentEvents, head: Partial<Recent["head"]> = {}): Promise<void> {
  const close = await listen(socket, () => ({
    head: {
      bundle: hash,
      path,
      params: [],
      pid: 4711,
      sinceUs: recent.sinceUs,
      givenUp: [],
      ...head,
    },
    ...recent.lines(),
  }));
  closers.push(close);
}

/** What the node says of its answer, without taking that. */
async function asked() {
  const { head, stream } = await askNode(socket);
  stream.destroy();
  return head;
}

async function whyNot(...args: string[]) {
  const running = new Running("tapio", [
    "why-not",
    "pair",
    "--state",
    join(folder, "state"),
    ...args,
  ]);
  const code = await running.ended;
  return { code, out: running.out, err: running.err };
}

describe("what a node remembers", () => {
  const kinds = (recent: RecentEvents) =>
    [...recent.lines().lines].slice(1).map((line) => {
      const { kind, progress: of, ts } = JSON.parse(line) as Record<string, string>;
      return `${kind ?? of} ${(Date.parse(ts ?? "") * 1000 - start) / second}`;
    });

  test("is what a recording would have, with the last progress before each event", () => {
    const recent = remembering();
    recent.event(event("n.a", 1, "x", [1]));
    for (const at of [2, 3, 4]) recent.progress("left", progress(at));
    recent.event(event("n.a", 5, "x", [1]));
    recent.progress("left", progress(6));
    expect(kinds(recent)).toEqual(["n.a 1", "left 4", "n.a 5", "left 6"]);
    expect(recent.lines().count).toBe(5);
    expect(recent.sinceUs).toBe(start);
  });

  test("is bounded in events; progress before the oldest is kept, and since when is known", () => {
    const recent = remembering(2);
    for (const at of [1, 3, 5, 7]) {
      recent.event(event("n.a", at, "x", [1]));
      recent.progress("left", progress(at + 1));
    }
    expect(kinds(recent)).toEqual(["left 4", "n.a 5", "left 6", "n.a 7", "left 8"]);
    expect(recent.sinceUs).toBe(start + 3 * second);
  });

  test("is bounded in bytes", () => {
    const recent = remembering(1000, 5000);
    for (let at = 0; at < 100; at++) recent.event(event("n.a", at, "x", [1, "x".repeat(200)]));
    const { count } = recent.lines();
    expect(count).toBeGreaterThan(5);
    expect(count).toBeLessThan(20);
  });
});

describe("the socket", () => {
  test("is its user's alone, and answers with a recording", async () => {
    const recent = remembering();
    recent.event(event("n.a", 1, "x", [1]));
    await node(recent);
    expect(statSync(socket).mode & 0o777).toBe(0o600);
    const { head, stream } = await askNode(socket);
    expect(head).toMatchObject({ bundle: hash, lines: 2, pid: 4711 });
    let text = "";
    for await (const chunk of stream) text += chunk;
    expect(text.trim().split("\n")).toEqual([...recent.lines().lines]);
  });

  test("is not taken from a node that answers, but from one that is gone", async () => {
    await node(remembering());
    await expect(listen(socket, () => Object.assign({} as never))).rejects.toThrow(/another tapio/);
    await closers.pop()?.();
    // A killed node leaves its socket behind.
    writeFileSync(socket, "");
    await node(remembering());
    expect((await asked()).pid).toBe(4711);
  });

  test.each([
    ["a request without an end", "x".repeat(10_000)],
    ["something else", "GET / HTTP/1.1\n"],
    ["another question", '{"ask":"everything"}\n'],
  ])("%s gets no answer, and the next one does", async (_, request) => {
    await node(remembering());
    const client = createConnection(socket);
    client.write(request);
    let said = "";
    client.on("data", (chunk) => {
      said += chunk;
    });
    client.on("error", () => undefined);
    await new Promise((resolve) => client.once("close", resolve));
    expect(said).toBe("");
    expect((await asked()).lines).toBe(1);
  });

  test("a path that is too long is refused with the reason", async () => {
    const long = join(folder, "x".repeat(100), "tapio.sock");
    await expect(listen(long, () => Object.assign({} as never))).rejects.toThrow(/longer than/);
  });

  test("lies in the state folder, or where the user's runtime files are", () => {
    const { XDG_RUNTIME_DIR: before } = process.env;
    expect(socketPath("/s")).toBe("/s/tapio.sock");
    process.env.XDG_RUNTIME_DIR = "/run/user/7";
    expect(socketPath(undefined)).toBe("/run/user/7/tapio/tapio.sock");
    if (before === undefined) delete process.env.XDG_RUNTIME_DIR;
    else process.env.XDG_RUNTIME_DIR = before;
  });
});

describe("why-not without a recording", () => {
  function told(): RecentEvents {
    const recent = remembering();
    recent.event(event("n.a", 1, "x", [1]));
    recent.event(event("n.b", 2, "x", [1, 137]));
    recent.event(event("n.a", 3, "y", [2]));
    recent.event(event("n.b", 4, "y", [2, 0]));
    recent.progress("left", progress(60));
    return recent;
  }

  test("asks the node: the near miss, test by test, and how far back it remembers", async () => {
    await node(told());
    const { code, out, err } = await whyNot("--key", "box=x", "--at", "12:00:02");
    expect(code).toBe(0);
    expect(out).toMatch(/pair did not fire/);
    expect(out).toMatch(/reached 1 of 2 steps \(box=x\)/);
    expect(out).toMatch(/b\.code == 0: false, it was 137/);
    expect(out).toMatch(/the node remembers nothing before 2026-01-01T12:00:00/);
    expect(err).toMatch(/the node with pid 4711 remembers everything since/);
  });

  test("says that it fired, as the node did", async () => {
    await node(told());
    const { code, out } = await whyNot("--key", "box=y");
    expect(code).toBe(1);
    expect(out).toMatch(/pair fired/);
  });

  test("says what the node gave up for room", async () => {
    const key = JSON.stringify([keyText("x")]);
    const at = start + 5 * second;
    await node(told(), {
      givenUp: [
        { rule: "n.rules.pair", key, reached: 1, at },
        { rule: "n.rules.other", key, reached: 1, at },
      ],
    });
    const { out } = await whyNot("--key", "box=x");
    expect(out).toMatch(
      /given up \(box=x\)\n +why +its partial match, 1 of 2 steps far, was given up/,
    );
    expect(out.match(/given up \(/g)).toHaveLength(1);
    expect(JSON.parse((await whyNot("--format", "json")).out).givenUp).toHaveLength(1);
  });

  test("refuses a bundle that is not the node's", async () => {
    await node(told(), { bundle: "f".repeat(64) });
    const { code, err } = await whyNot();
    expect(code).toBe(3);
    expect(err).toMatch(/is not the bundle that the node with pid 4711 runs/);
  });

  test("says when the node ends in the middle of its answer", async () => {
    const head = { tapio: "recent", bundle: hash, path, params: [], pid: 1, sinceUs: start };
    const text = `${JSON.stringify({ ...head, lines: 9, givenUp: [] })}\n${[...told().lines().lines][0]}\n`;
    rmSync(socket, { force: true });
    const server = createServer((s) => s.resume().end(text)).listen(socket);
    closers.push(() => new Promise((resolve) => server.close(() => resolve())));
    const { code, err } = await whyNot();
    expect(code).toBe(3);
    expect(err).toMatch(/ended before it had told everything/);
  });

  test("says when no node answers, and when a recording is without its bundle", async () => {
    const nobody = await whyNot();
    expect(nobody.code).toBe(3);
    expect(nobody.err).toMatch(/no running tapio answers at .*tapio\.sock/);
    const { code, err } = await whyNot("some.ndjson");
    expect(code).toBe(3);
    expect(err).toMatch(/--bundle/);
  });
});
