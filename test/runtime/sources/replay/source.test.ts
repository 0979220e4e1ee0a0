import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { afterAll, expect, test } from "vitest";
import { type EventData, layoutOf, type Progress, type SourceContext } from "#core";
import { Interner, RecordReader, RecordWriter } from "#runtime/events";
import { Ring } from "#runtime/ring";
import { createReplaySource, encodeLine, encodeProgress } from "#runtime/sources/replay";
import { stdSchema } from "./std-schema.ts";

const schema = stdSchema();
const folder = mkdtempSync(join(tmpdir(), "tapio-replay-"));
afterAll(() => rmSync(folder, { recursive: true }));
const fork = schema.kinds.findIndex((kind) => kind.name === "kernel.process_fork");

function eventLine(ts: number, pid = 1): string {
  return encodeLine(schema, { kind: fork, ts, entity: undefined, fields: ["sh", pid, 5n, 2] });
}

/** A ring, and a reader that empties it whenever progress is told. */
function consumer(slots = 1024) {
  const ring = new Ring({ slots, textBytes: 65_536 });
  const layouts = schema.kinds.map(layoutOf);
  const interner = new Interner(64);
  const writer = new RecordWriter(ring, schema, layouts, interner);
  const reader = new RecordReader(ring, schema, layouts, interner);
  const events: EventData[] = [];
  const progress: Progress[] = [];
  const warnings: string[] = [];
  let finish: (reason: string | undefined) => void = () => {};
  const ended = new Promise<string | undefined>((done) => {
    finish = done;
  });
  const drain = () => {
    for (let i = 0; i < ring.readable; i++) {
      events.push(reader.materialise(ring.slotAt(i), writer.entities[ring.indexAt(i)]));
    }
    ring.release(ring.readable);
  };
  const context: SourceContext = {
    writer,
    progress: (p) => {
      drain();
      progress.push(p);
    },
    warn: (message) => warnings.push(message),
    ended: finish,
  };
  return { context, events, progress, warnings, ended, drain, ring };
}

function file(name: string, lines: readonly string[]): string {
  const path = join(folder, name);
  writeFileSync(path, lines.join("\n"));
  return path;
}

const numbered = (count: number) => Array.from({ length: count }, (_, i) => eventLine(i, i));

test("delivers a whole file through a small ring and ends", async () => {
  const path = file("whole.ndjson", ["{bad", ...numbered(5000)]);
  const to = consumer(512);
  expect(await createReplaySource({ path, schema }).start(to.context)).toBeUndefined();
  expect(await to.ended).toBeUndefined();
  expect(to.events.map(({ ts }) => ts)).toEqual(Array.from({ length: 5000 }, (_, i) => i));
  expect(to.events.map(({ seq }) => seq)).toEqual(Array.from({ length: 5000 }, (_, i) => i + 1));
  expect(to.progress.at(-1)).toEqual({
    timeUs: 4999,
    seen: 5000,
    passed: 5000,
    lost: 0,
    malformed: 1,
  });
  expect(to.warnings[0]).toMatch(/^line 1:2: not JSON/);
});

test("a reader that pauses loses nothing", async () => {
  const path = file("pause.ndjson", numbered(700));
  const to = consumer(256);
  let isPaused = true;
  setTimeout(() => {
    isPaused = false;
  }, 100);
  const progress = (p: Progress) => {
    if (!isPaused) to.context.progress(p);
  };
  await createReplaySource({ path, schema }).start({ ...to.context, progress });
  expect(await to.ended).toBeUndefined();
  expect(to.events.map(({ fields }) => fields[1])).toEqual(
    Array.from({ length: 700 }, (_, i) => i),
  );
});

test("progress is the least of what the recording tells of its sources", async () => {
  const path = file("progress.ndjson", [
    encodeProgress("kernel", 100, { lost: 2 }),
    eventLine(120),
    encodeProgress("journal", 50),
    encodeProgress("kernel", 130, { lost: 3 }),
  ]);
  const to = consumer();
  const told: string[] = [];
  const onProgress = (source: string, p: Progress) => told.push(`${source} ${p.timeUs} ${p.lost}`);
  await createReplaySource({ path, schema, onProgress }).start(to.context);
  await to.ended;
  expect(told).toEqual(["kernel 100 2", "journal 50 0", "kernel 130 3"]);
  expect(to.progress.at(-1)).toMatchObject({ timeUs: 50, lost: 3 });
});

test("at a speed the recorded pauses are kept", async () => {
  const path = file("paced.ndjson", [eventLine(0), eventLine(1_000_000), eventLine(2_000_000)]);
  const to = consumer();
  const startMs = performance.now();
  await createReplaySource({ path, schema, speed: 10 }).start(to.context);
  await to.ended;
  const tookMs = performance.now() - startMs;
  expect(tookMs).toBeGreaterThan(195);
  expect(tookMs).toBeLessThan(1000);
  expect(to.events).toHaveLength(3);
  // Told while waiting, too.
  expect(to.progress.length).toBeGreaterThanOrEqual(4);
});

test("stop in the middle, then the rest from the cursor: nothing lost, nothing twice", async () => {
  const path = file("resume.ndjson", ["", ...numbered(3000).map((l) => `${l}\r`)]);
  const first = consumer();
  const source = createReplaySource({ path, schema });
  const isEnough = new Promise<void>((done) => {
    const { progress } = first.context;
    void source.start({
      ...first.context,
      progress: (p) => {
        progress(p);
        if (p.seen >= 512) done();
      },
    });
  });
  await isEnough;
  await source.stop();
  await source.stop();
  first.drain();
  const before = first.events.length;
  expect(before).toBeLessThan(3000);
  const second = consumer();
  await createReplaySource({ path, schema, cursor: source.cursor()! }).start(second.context);
  await second.ended;
  expect(first.events).toHaveLength(before);
  const all = [...first.events, ...second.events];
  expect(all.map(({ ts, seq }) => [ts, seq])).toEqual(
    Array.from({ length: 3000 }, (_, i) => [i, i + 1]),
  );
});

test("stop ends a wait at once", async () => {
  const path = file("long.ndjson", [eventLine(0), eventLine(3_600_000_000)]);
  const to = consumer();
  const source = createReplaySource({ path, schema, speed: 1 });
  await source.start(to.context);
  await new Promise((done) => setTimeout(done, 80));
  const startMs = performance.now();
  await source.stop();
  expect(performance.now() - startMs).toBeLessThan(100);
  expect(to.events).toHaveLength(1);
  expect(source.cursor()).toMatch(/^\d+,1,1,/);
});

test("stop ends the wait for a silent stream", async () => {
  const stream = new PassThrough();
  stream.write(`${eventLine(1)}\n`);
  const to = consumer();
  const source = createReplaySource({ stream, schema });
  await source.start(to.context);
  await new Promise((done) => setTimeout(done, 80));
  await source.stop();
  to.drain();
  expect(to.events).toHaveLength(1);
  expect(source.cursor()).toBeUndefined();
});

test("what cannot be replayed says so", async () => {
  const { context } = consumer();
  const missing = createReplaySource({ path: join(folder, "none"), schema });
  expect(await missing.start(context)).toMatchObject({ help: expect.stringContaining("path") });
  expect(() => createReplaySource({ path: "-", schema, speed: 0 })).toThrow("speed is 0");
  expect(() => createReplaySource({ path: "-", schema, cursor: "x" })).toThrow("no replay cursor");
});
