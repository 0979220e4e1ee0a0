import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { afterAll, describe, expect, test } from "vitest";
import type { EventData } from "#core";
import {
  encodeHeader,
  encodeLine,
  encodeProgress,
  LINE_BYTES_MAX,
  type LineProblem,
  RecordingUnreadable,
  replayFile,
  replayStream,
} from "#runtime/sources/replay";
import { LineSplitter } from "../../../../runtime/sources/replay/line-splitter.ts";
import { stdSchema } from "./std-schema.ts";

const schema = stdSchema();
const folder = mkdtempSync(join(tmpdir(), "tapio-replay-"));
afterAll(() => rmSync(folder, { recursive: true }));

const kindOf = (name: string) => schema.kinds.findIndex((kind) => kind.name === name);
const rollout = kindOf("k8s.rollout");
const fork = kindOf("kernel.process_fork");

function line(ts: number, seq?: number): string {
  const fields = ["sh", 1, 5n, 2];
  return encodeLine(schema, { kind: fork, ts, seq, entity: { cgroup: "/x" }, fields });
}

/** Everything the handlers hear, in order. */
function listen() {
  const heard: string[] = [];
  const events: EventData[] = [];
  const problems: LineProblem[] = [];
  return {
    heard,
    events,
    problems,
    event: (event: EventData) => {
      heard.push(`event ${event.ts}/${event.seq}`);
      events.push(event);
    },
    progress: (source: string, tsUs: number, { lost }: { lost: number }) => {
      heard.push(`progress ${source} ${tsUs} lost ${lost}`);
    },
    malformed: (problem: LineProblem) => {
      heard.push(`line ${problem.line}: ${problem.message}`);
      problems.push(problem);
    },
  };
}

function file(name: string, content: string | Buffer): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

describe("replayFile", () => {
  test("hands over events and progress in order, and goes on after bad lines", async () => {
    const content = [
      encodeHeader(),
      line(100),
      "{bad",
      "",
      encodeProgress("kernel", 150, { lost: 3 }),
      line(200, 41),
      `{"kind":"k8s.rollout","ts":300,"revision":1,"phase":"started"}`,
      "a\0b",
      line(400),
    ].join("\n");
    const handlers = listen();
    const result = await replayFile(file("a.ndjson", content), schema, handlers);
    expect(handlers.heard).toEqual([
      "event 100/1",
      'line 3: not JSON: found `b` where a name in "quotes" is expected',
      "progress kernel 150 lost 3",
      "event 200/41",
      "event 300/1",
      "line 8: a NUL byte",
      "event 400/42",
    ]);
    expect(handlers.events[2]?.kind).toBe(rollout);
    expect(handlers.events[0]?.id).toMatch(/^kernel-1-/);
    expect(result).toMatchObject({ lines: 9, events: 4, malformed: 2 });
    expect(result.problems).toEqual(handlers.problems);
  });

  test("CRLF, a byte order mark and invalid UTF-8 do no harm", async () => {
    const bytes = Buffer.concat([
      Buffer.from(`\uFEFF${encodeHeader()}\r\n${line(1)}\r\n\r\n`),
      Buffer.from(line(2).replace('"sh"', '"\x01"'), "latin1").map((x) => (x === 1 ? 0xff : x)),
      Buffer.from("\r\n"),
    ]);
    const handlers = listen();
    const result = await replayFile(file("crlf.ndjson", bytes), schema, handlers);
    expect(result).toMatchObject({ lines: 4, events: 2, malformed: 0 });
    expect(handlers.events[1]?.fields[0]).toBe("\uFFFD");
  });

  test("a line over the limit is one problem, and the next line is read", async () => {
    const long = `{"x":"${"y".repeat(3 * LINE_BYTES_MAX)}"}`;
    const handlers = listen();
    const content = `${line(1)}\n${long}\n${line(2)}`;
    const result = await replayFile(file("long.ndjson", content), schema, handlers);
    expect(handlers.heard).toEqual([
      "event 1/1",
      `line 2: line longer than ${LINE_BYTES_MAX} bytes`,
      "event 2/2",
    ]);
    expect(result).toMatchObject({ lines: 3, events: 2, malformed: 1 });
  });

  test("keeps the first twenty problems and counts the rest", async () => {
    const path = file("bad.ndjson", "x\n".repeat(50));
    const handlers = listen();
    const result = await replayFile(path, schema, handlers);
    expect(result).toMatchObject({ lines: 50, events: 0, malformed: 50 });
    expect(result.problems.map((p) => p.line)).toEqual(Array.from({ length: 20 }, (_, i) => i + 1));
    expect(handlers.problems).toHaveLength(50);
  });

  test("an empty file has no lines", async () => {
    const result = await replayFile(file("empty.ndjson", ""), schema, listen());
    expect(result).toEqual({ lines: 0, events: 0, malformed: 0, problems: [] });
  });

  test("says why a recording cannot be read", async () => {
    const missing = replayFile(join(folder, "none"), schema, listen());
    await expect(missing).rejects.toThrow(RecordingUnreadable);
    await expect(missing).rejects.toMatchObject({
      help: "Check the path; `-` reads standard input.",
    });
    await expect(replayFile(folder, schema, listen())).rejects.toThrow("is a directory");
  });

  test("waits for a handler that returns a promise", async () => {
    let running = 0;
    const order: number[] = [];
    const path = file("slow.ndjson", [1, 2, 3].map((ts) => line(ts)).join("\n"));
    await replayFile(path, schema, {
      ...listen(),
      event: async ({ ts }) => {
        expect(++running).toBe(1);
        await new Promise((done) => setTimeout(done, 5 - ts));
        running--;
        order.push(ts);
      },
    });
    expect(order).toEqual([1, 2, 3]);
  });

  test("a thrown error of a handler ends the replay", async () => {
    const path = file("throw.ndjson", line(1));
    const event = () => {
      throw new Error("mine");
    };
    await expect(replayFile(path, schema, { ...listen(), event })).rejects.toThrow("mine");
  });

  test("reads standard input for `-`", async () => {
    const script = `
      import { replayFile } from "#runtime/sources/replay";
      import { stdSchema } from "./test/runtime/sources/replay/std-schema.ts";
      const none = () => {};
      const result = await replayFile("-", stdSchema(), { event: none, progress: none, malformed: none });
      console.log(JSON.stringify(result));`;
    const program = file("program.mjs", await bundled(script));
    const child = spawn(process.execPath, [program], { stdio: ["pipe", "pipe", "inherit"] });
    child.stdin.end(`${line(1)}\n${line(2)}`);
    let out = "";
    for await (const chunk of child.stdout) out += chunk;
    expect(JSON.parse(out)).toMatchObject({ lines: 2, events: 2, malformed: 0 });
  });
});

/** Node alone does not run TypeScript. */
async function bundled(script: string): Promise<string> {
  const { build } = await import("esbuild");
  const stdin = { contents: script, loader: "ts" as const, resolveDir: process.cwd() };
  const result = await build({
    stdin,
    bundle: true,
    format: "esm",
    platform: "node",
    write: false,
  });
  return result.outputFiles[0]?.text ?? "";
}

test("any cut of the bytes gives the same lines", async () => {
  const content = Buffer.from(`${line(1)}\r\n\n${line(2).replace("sh", "ü")}\n{bad\n${line(3)}`);
  const whole = listen();
  await replayStream(Readable.from([content]), schema, whole);
  for (let at = 0; at <= content.length; at++) {
    const handlers = listen();
    const chunks = [content.subarray(0, at), content.subarray(at)];
    await replayStream(Readable.from(chunks), schema, handlers);
    expect(handlers.heard).toEqual(whole.heard);
    expect(handlers.events).toEqual(whole.events);
  }
});

test("of a line without end only the limit is kept", () => {
  const splitter = new LineSplitter(1000);
  const lines = [];
  for (let i = 0; i < 100; i++) lines.push(...splitter.push(Buffer.alloc(900, 0x61)));
  lines.push(...splitter.push(Buffer.from("\nx")), ...splitter.end());
  expect(lines).toEqual([
    { number: 1, text: undefined, endOffset: 90_001 },
    { number: 2, text: "x", endOffset: 90_002 },
  ]);
});
