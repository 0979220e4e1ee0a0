import { describe, expect, it } from "vitest";
import { EXEC, EXIT, HEAD, type HookName, hookIndex, OOM } from "#bpf/programs";
import { recordViewOf } from "#native";
import { decodeRecord, RecentExits } from "#runtime/sources/ebpf";
import { CollectingWriter, KINDS } from "./harness.ts";

function bytesOf(hook: HookName | number, length: number) {
  const bytes = new Uint8Array(length);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(HEAD.timeNs.offset, 5_000_000n, true);
  view.setUint16(HEAD.hook.offset, typeof hook === "number" ? hook : hookIndex(hook), true);
  view.setUint32(HEAD.pid.offset, 42, true);
  view.setBigUint64(HEAD.cgroup.offset, 99n, true);
  bytes.set(new TextEncoder().encode("worker"), HEAD.comm.offset);
  return { bytes, view };
}

function decode(bytes: Uint8Array) {
  const writer = new CollectingWriter();
  const isRecord = decodeRecord(recordViewOf(bytes), {
    kinds: KINDS,
    writer,
    toEpochUs: (ns) => ns / 1000,
    entityOf: (pid, cgroup) => ({ process: String(pid), cgroup: `/${cgroup}` }),
    exits: new RecentExits(),
  });
  return { isRecord, event: writer.events[0], count: writer.events.length };
}

describe("decoding", () => {
  it("reads the head", () => {
    const { event } = decode(bytesOf("process_fork", 48).bytes);
    expect(event).toMatchObject({
      kind: "fork",
      tsUs: 5000,
      entity: { process: "42", cgroup: "/99" },
      fields: { comm: "worker", pid: 42, cgroup: 99n, child_pid: 0 },
    });
  });

  it("leaves what is not present missing", () => {
    const { bytes, view } = bytesOf("process_exit", 56);
    view.setInt32(EXIT.signal.offset, 9, true);
    expect(decode(bytes).event?.fields).not.toHaveProperty("signal");
    view.setUint16(HEAD.present.offset, EXIT.signal.optional!, true);
    expect(decode(bytes).event?.fields).toMatchObject({ signal: 9, exit_code: 0 });
    const oom = bytesOf("oom_kill", 72);
    oom.view.setUint16(HEAD.present.offset, OOM.rss.optional!, true);
    oom.view.setBigUint64(OOM.rss.offset, 4096n, true);
    const fields = decode(oom.bytes).event?.fields;
    expect(fields).toMatchObject({ scope: 0, rss: 4096 });
    expect(fields).not.toHaveProperty("memory_limit");
  });

  const exec = (name: Uint8Array) => {
    const { bytes, view } = bytesOf("process_exec", EXEC.filename.offset + name.length);
    bytes.set(name, EXEC.filename.offset);
    view.setUint32(EXEC.filenameBytes.offset, name.length, true);
    return decode(bytes);
  };
  const named = (text: string) => new Uint8Array([...new TextEncoder().encode(text), 0]);

  it("marks a file name as cut only when it was", () => {
    expect(exec(named("/bin/true")).event).toMatchObject({
      fields: { filename: "/bin/true" },
      cut: [],
    });
    expect(exec(named("x".repeat(256))).event).toMatchObject({
      fields: { filename: "x".repeat(256) },
      cut: [],
    });
    expect(exec(named("x".repeat(257))).event).toMatchObject({
      fields: { filename: "x".repeat(256) },
      cut: ["filename"],
    });
  });

  it("does not invent a character where the cut is inside one", () => {
    const { event } = exec(named(`${"x".repeat(255)}ä!`));
    expect(event).toMatchObject({ fields: { filename: "x".repeat(255) }, cut: ["filename"] });
  });

  it("takes a second exit of one pid for the first one told twice, until pids come round", () => {
    const exits = new RecentExits();
    expect([0, 9e6, 10e6, 19e6].map((ns) => exits.isRepeat(42, ns))).toEqual([
      false,
      true,
      false,
      true,
    ]);
    expect(exits.isRepeat(43, 9e6)).toBe(false);
  });

  it("tells bytes that are no record, and writes nothing", () => {
    expect(decode(new Uint8Array(0))).toMatchObject({ isRecord: false, count: 0 });
    expect(decode(bytesOf(77, 100).bytes)).toMatchObject({ isRecord: false, count: 0 });
    expect(decode(bytesOf("oom_kill", 71).bytes)).toMatchObject({ isRecord: false, count: 0 });
    const { bytes, view } = bytesOf("process_exec", 60);
    view.setUint32(EXEC.filenameBytes.offset, 13, true);
    expect(decode(bytes)).toMatchObject({ isRecord: false, count: 0 });
  });
});
