import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { beforeAll, describe, expect, it } from "vitest";
import { loadNative, type Native, RingReader, recordViewOf } from "#native";
import { buildNative } from "../../native/build.mjs";
import { skipReason } from "../harness/skip.ts";

const built = await buildNative();
const whyNot = built.status === "unavailable" ? (built.reason ?? "it cannot be built") : undefined;

describe("building", () => {
  it("names a missing compiler", async () => {
    expect(await buildNative({ compiler: "no-such-compiler" })).toMatchObject({
      status: "unavailable",
      reason: expect.stringContaining("no-such-compiler"),
      help: expect.stringContaining("g++"),
    });
  });

  it.skipIf(whyNot !== undefined)("does nothing the second time", async () => {
    expect(await buildNative()).toEqual({ status: "upToDate" });
  });
});

describe.skipIf(skipReason("the native addon", whyNot))("the addon", () => {
  let native: Native;
  beforeAll(() => {
    const loaded = loadNative();
    if (!loaded.ok) throw new Error(loaded.reason);
    native = loaded.native;
  });

  it("refuses wrong arguments with a TypeError, never a crash", () => {
    const calls = native as unknown as Record<string, (...args: unknown[]) => unknown>;
    const bad: readonly unknown[] = [undefined, null, -1, 1.5, 2 ** 40, Number.NaN, "x", {}, []];
    const names = ["mapCreate", "mapUpdate", "mapLookup", "mapDelete", "programLoad"];
    const more = ["programTestRun", "programInfo", "rawTracepointOpen", "closeFd"];
    for (const name of [...names, ...more]) {
      expect(() => calls[name]!(), name).toThrow(TypeError);
      for (const value of bad) {
        expect(() => calls[name]!(value, value, value, value), `${name} ${value}`).toThrow(
          TypeError,
        );
      }
    }
    expect(() => native.openRing(-1)).toThrow(TypeError);
    expect(() => new native.FdPoller(0, undefined as unknown as () => void)).toThrow(TypeError);
    expect(() => native.programLoad(1, new Uint8Array(7), "x", new Uint8Array())).toThrow(
      TypeError,
    );
  });

  it("answers errno for descriptors that are no BPF objects", () => {
    const fd = openSync("/dev/null", "r");
    try {
      expect(native.mapLookup(fd, new Uint8Array(4), new Uint8Array(4))).toBeLessThan(0);
      expect(native.programInfo(fd)).toBeLessThan(0);
      expect(native.programTestRun(fd, new Uint8Array(8))).toBeLessThan(0);
      expect(() => native.openRing(fd)).toThrow(/not a ring buffer/);
    } finally {
      closeSync(fd);
    }
  });

  it("reads clocks that agree with Node's", () => {
    const { offsetUs, uncertaintyNs } = native.clockOffset();
    const nowUs = native.monotonicNs() / 1000 + offsetUs;
    expect(Math.abs(nowUs - Date.now() * 1000)).toBeLessThan(5000);
    expect(uncertaintyNs).toBeLessThan(1_000_000);
    expect(Math.abs(native.monotonicNs() - Number(process.hrtime.bigint()))).toBeLessThan(5e6);
  });

  it("polls a descriptor, stops and closes", async () => {
    const folder = mkdtempSync(join(tmpdir(), "tapio-poll-"));
    const path = join(folder, "fifo");
    execFileSync("mkfifo", [path]);
    const fd = openSync(path, "r+");
    let calls = 0;
    const poller = new native.FdPoller(fd, () => {
      calls++;
      poller.stop();
    });
    expect(poller.start()).toBe(0);
    writeSync(fd, "x");
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(calls).toBe(1);
    poller.start();
    poller.close();
    poller.close();
    expect(poller.start()).toBeLessThan(0);
    await new Promise((resolve) => setTimeout(resolve, 10));
    expect(calls).toBe(1);
    closeSync(fd);
    rmSync(folder, { recursive: true });
  });
});

describe.skipIf(built.status === "unavailable")("a worker", () => {
  it("can be ended while it polls", async () => {
    const library = new URL("../../native/build/tapio_native.node", import.meta.url).pathname;
    const script = `const { workerData, parentPort } = require("node:worker_threads");
      const { FdPoller } = require(workerData);
      // A file that poll(2) accepts: mountinfo reports changes that way.
      const fd = require("node:fs").openSync("/proc/self/mounts", "r");
      globalThis.poller = new FdPoller(fd, () => {});
      globalThis.poller.start();
      parentPort.postMessage("polling");`;
    for (let i = 0; i < 3; i++) {
      const worker = new Worker(script, { eval: true, workerData: library });
      await once(worker, "message");
      expect(await worker.terminate()).toBe(1);
    }
  });
});

describe("ring reader", () => {
  const DATA = 4096;

  /** A ring in ordinary memory, written as the kernel does; data appears twice, as mapped. */
  function fakeRing(startPosition = 0) {
    const page = 64;
    const consumer = new ArrayBuffer(page);
    const records = new ArrayBuffer(page + 2 * DATA);
    const positions = {
      consumer: new BigUint64Array(consumer),
      producer: new BigUint64Array(records),
    };
    positions.consumer[0] = BigInt(startPosition);
    positions.producer[0] = BigInt(startPosition);
    let closed = 0;
    const mapping = {
      consumer,
      records,
      dataBytes: DATA,
      dataOffset: page,
      close: () => void closed++,
    };
    const reader = new RingReader(mapping);
    const bytes = new Uint8Array(records, page);
    const put = (payload: readonly number[], flags = 0) => {
      const at = Number(positions.producer[0]!);
      const record = new Uint8Array(8 + payload.length);
      new DataView(record.buffer).setUint32(0, (payload.length | flags) >>> 0, true);
      record.set(payload, 8);
      record.forEach((byte, i) => {
        const place = (at + i) % DATA;
        bytes[place] = byte;
        bytes[place + DATA] = byte;
      });
      positions.producer[0] = BigInt(at + ((record.length + 7) & ~7));
      return at % DATA;
    };
    return { reader, positions, bytes, put, closed: () => closed };
  }

  const drain = (reader: RingReader, limit = 100) => {
    const seen: number[][] = [];
    reader.drain(limit, (record) => {
      seen.push(Array.from({ length: record.byteLength }, (_, i) => record.u8(i)));
    });
    return seen;
  };

  it("hands out records in order and frees their space", () => {
    const { reader, put, positions } = fakeRing();
    put([1]);
    put([2, 2, 2, 2, 2, 2, 2, 2, 2]);
    expect(drain(reader)).toEqual([[1], Array(9).fill(2)]);
    expect(positions.consumer[0]).toBe(40n);
    expect(drain(reader)).toEqual([]);
  });

  it("stops at a record being written, skips a discarded one", () => {
    const { reader, put, bytes } = fakeRing();
    put([9], 0x4000_0000);
    put([1]);
    const busy = put([2], 0x8000_0000);
    put([3]);
    expect(drain(reader)).toEqual([[1]]);
    bytes[busy + 3] = 0;
    expect(drain(reader)).toEqual([[2], [3]]);
  });

  it("keeps to its limit and goes on from there", () => {
    const { reader, put } = fakeRing();
    for (let i = 0; i < 5; i++) put([i]);
    expect(drain(reader, 2)).toEqual([[0], [1]]);
    expect(drain(reader, 10)).toEqual([[2], [3], [4]]);
  });

  it("goes round, also past 4 GiB", () => {
    const { reader, put, positions } = fakeRing(2 ** 32 - 64);
    for (let i = 0; i < 3000; i++) {
      put([i & 255, 1, 2, 3, 4, 5, 6]);
      expect(drain(reader)).toEqual([[i & 255, 1, 2, 3, 4, 5, 6]]);
    }
    expect(positions.consumer[0]).toBe(BigInt(2 ** 32 - 64 + 3000 * 16));
  });

  it("frees what it has read when the callback throws, and is empty once closed", () => {
    const { reader, put, positions, closed } = fakeRing();
    put([1]);
    put([2]);
    expect(() =>
      reader.drain(9, () => {
        throw new Error("stop");
      }),
    ).toThrow("stop");
    expect(positions.consumer[0]).toBe(16n);
    reader.close();
    reader.close();
    expect(closed()).toBe(1);
    expect(drain(reader)).toEqual([]);
  });

  it("does not let a view reach beyond its record", () => {
    const view = recordViewOf(Uint8Array.of(1, 2, 3, 4, 104, 105, 0, 120));
    expect(view.u32(0)).toBe(0x04030201);
    expect(view.text(4, 16)).toBe("hi");
    expect(() => view.u32(5)).toThrow(RangeError);
    expect(() => view.u8(8)).toThrow(RangeError);
    expect(() => view.u8(-1)).toThrow(RangeError);
    expect(view.text(7, 16)).toBe("x");
  });
});
