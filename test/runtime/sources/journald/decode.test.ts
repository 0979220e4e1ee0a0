import { expect, test } from "vitest";
import { decodeEntry, type ExportEntry, OomReports } from "#runtime/sources/journald";
import { checkOptions, journalctlArguments } from "../../../../runtime/sources/journald/config.ts";
import { describeGap } from "../../../../runtime/sources/journald/cursor.ts";
import { lostEntries, namedEntities } from "../../../../runtime/sources/journald/decode.ts";
import { explainEnding } from "../../../../runtime/sources/journald/journalctl.ts";
import { type Collected, CollectingWriter, kind } from "./collecting-writer.ts";

const AT = 1_795_255_200_000_000;

function entry(
  fields: Record<string, string>,
  atUs = AT,
  cut: readonly string[] = [],
): ExportEntry {
  const all = { __CURSOR: "c", __REALTIME_TIMESTAMP: String(atUs), ...fields };
  return { cursor: "c", fields: new Map(Object.entries(all)), cut: new Set(cut) };
}

/** The events of some entries; cgroup `/x` has id 7. */
function decode(...entries: readonly ExportEntry[]): readonly Collected[] {
  const writer = new CollectingWriter();
  const oomReports = new OomReports();
  const cgroupIdOf = (path: string) => (path === "/x" ? 7n : undefined);
  for (const e of entries) {
    decodeEntry(e, { kind, writer, oomReports, cgroupIdOf, entityOf: namedEntities });
  }
  return writer.events;
}

const kernel = (message: string) => ({
  _TRANSPORT: "kernel",
  SYSLOG_FACILITY: "0",
  SYSLOG_IDENTIFIER: "kernel",
  MESSAGE: message,
});

test("every field", () => {
  const [event] = decode(
    entry({
      MESSAGE: "two\nlines",
      PRIORITY: "3",
      _SYSTEMD_UNIT: "nginx.service",
      SYSLOG_IDENTIFIER: "nginx",
      _TRANSPORT: "stdout",
      _PID: "42",
      _SYSTEMD_CGROUP: "/x",
    }),
  );
  expect(event).toEqual({
    tsUs: AT,
    entity: { process: "42", unit: "nginx.service", cgroup: "/x" },
    message: "two\nlines",
    priority: 3,
    unit: "nginx.service",
    identifier: "nginx",
    transport: "stdout",
    pid: 42,
    cgroup: 7n,
  });
});

test("what is not there is missing; the priority is 6", () => {
  expect(decode(entry({}))).toEqual([{ tsUs: AT, entity: {}, message: "", priority: 6 }]);
  expect(decode(entry({ PRIORITY: "nine" }), entry({ PRIORITY: "9" }))).toMatchObject([
    { priority: 6 },
    { priority: 6 },
  ]);
  expect(decode(entry({ PRIORITY: "2\n5", _PID: "x" }))).toEqual([
    { tsUs: AT, entity: {}, message: "", priority: 2 },
  ]);
});

test("a cut message is marked", () => {
  expect(decode(entry({ MESSAGE: "begin" }, AT, ["MESSAGE"]))).toMatchObject([{ isCut: true }]);
});

test("systemd's word about a unit counts, anybody else's does not", () => {
  const about = { UNIT: "app.service", _SYSTEMD_UNIT: "init.scope" };
  const [systemd, liar] = decode(
    entry({ ...about, _PID: "1" }),
    entry({ ...about, _PID: "77", _SYSTEMD_UNIT: "liar.service" }),
  );
  expect(systemd?.unit).toBe("app.service");
  expect(liar?.unit).toBe("liar.service");
});

test("an entry without a time is malformed", () => {
  expect(decode(entry({ __REALTIME_TIMESTAMP: "soon" }))).toEqual([]);
});

const report =
  "oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,mems_allowed=0,oom_memcg=/x," +
  "task_memcg=/x,task=tail,pid=123,uid=0";
const killed =
  "Memory cgroup out of memory: Killed process 123 (tail) total-vm:2097152kB, anon-rss:9kB";

test("the lines of an OOM report are about the victim and its cgroup", () => {
  const events = decode(
    entry(kernel(report)),
    entry(kernel(killed)),
    entry(kernel("oom_reaper: reaped process 123 (tail), now anon-rss:0kB, file-rss:0kB")),
    entry(kernel("Out of memory: Killed process 5 (x) total-vm:1kB")),
    entry(kernel("Out of memory (oom_kill_allocating_task): Killed process 6 (x)")),
    entry(kernel("Memory cgroup out of memory: Kill process 7 (x) score 9 or sacrifice child")),
    entry(kernel("eth0: link up")),
  );
  const victim = { pid: 123, cgroup: 7n, entity: { process: "123", cgroup: "/x" } };
  expect(events.slice(0, 3)).toMatchObject([victim, victim, victim]);
  expect(events.slice(3).map(({ pid, cgroup }) => [pid, cgroup])).toEqual([
    [5, undefined],
    [6, undefined],
    [7, undefined],
    [undefined, undefined],
  ]);
});

test("a victim's name cannot forge its report", () => {
  const forged = report.replace("task=tail", "task=,pid=1,uid=0,task=b");
  expect(decode(entry(kernel(forged)))).toMatchObject([{ pid: 123, cgroup: 7n }]);
  const path = report.replace("task=tail", "task=,task_memcg=/y");
  expect(decode(entry(kernel(path)))).toMatchObject([{ pid: 123, cgroup: 7n }]);
});

test("only the kernel itself reports: not a process, not a writer to /dev/kmsg", () => {
  const events = decode(
    entry({ ...kernel(report), _TRANSPORT: "stdout", _PID: "9" }),
    entry({ ...kernel(report), SYSLOG_FACILITY: "1" }),
    entry(kernel(killed)),
  );
  expect(events.map(({ pid, cgroup }) => [pid, cgroup])).toEqual([
    [9, undefined],
    [undefined, undefined],
    [123, undefined],
  ]);
});

test("reports are remembered for a minute and not more than 64 of them", () => {
  const late = entry(kernel(killed), AT + 61_000_000);
  expect(decode(entry(kernel(report)), late)[1]).not.toHaveProperty("cgroup");
  const others = Array.from({ length: 64 }, (_, i) =>
    entry(kernel(report.replace("pid=123", `pid=${1000 + i}`))),
  );
  expect(decode(entry(kernel(report)), ...others, entry(kernel(killed))).at(-1)).not.toHaveProperty(
    "cgroup",
  );
});

test("journald's own words about what it lost are counted", () => {
  const suppressed = { MESSAGE_ID: "a596d6fe7bfa4994828e72309e95d61e", N_DROPPED: "17" };
  expect(lostEntries(entry({ ...suppressed, _TRANSPORT: "driver" }))).toBe(17);
  expect(lostEntries(entry({ ...suppressed, _TRANSPORT: "journal" }))).toBe(0);
  const missed = {
    MESSAGE_ID: "e9bf28e6e834481bb6f48f548ad13606",
    MESSAGE: "Missed 4 kernel messages",
  };
  expect(lostEntries(entry({ ...missed, _TRANSPORT: "driver" }))).toBe(4);
});

test("gaps name their ends and count what is known", () => {
  expect(describeGap("s=a;i=a;t=1;x=1", "s=a;i=f;t=f4240;x=2")).toEqual({
    message:
      "the journal has a gap: 4 entries between 1970-01-01T00:00:00.000001Z and 1970-01-01T00:00:01.000000Z are gone",
    lost: 4,
  });
  expect(describeGap("s=a;i=a", "s=b;i=f")).toMatchObject({ lost: 1 });
  expect(describeGap("garbage", "s=b;i=f;t=1").message).toContain("between ? and 1970");
});

test("units are asked for with the kernel and systemd's word about them", () => {
  const args = journalctlArguments({ directory: "/d" }, ["a.service", "b.scope"], ["--lines=1"]);
  expect(args.slice(args.indexOf("--directory=/d"))).toEqual([
    "--directory=/d",
    "--lines=1",
    "_SYSTEMD_UNIT=a.service",
    "_SYSTEMD_UNIT=b.scope",
    "+",
    "UNIT=a.service",
    "UNIT=b.scope",
    "_PID=1",
    "+",
    "_TRANSPORT=kernel",
  ]);
  expect(checkOptions({ kind, from: "now", units: ["--root=/x"] })).toContain("is no unit");
  expect(checkOptions({ kind, from: "now", directory: "a", root: "b" })).toContain("not both");
});

test.each([
  [
    "No journal files were opened due to insufficient permissions.",
    "no permission",
    "systemd-journal",
  ],
  ["Failed to open /x: No such file or directory", "there is no `/x`", "Name the folder"],
  ["Something else", "journalctl ended with code 1: Something else", "by hand"],
])("%s", (stderr, reason, help) => {
  const ending = { how: "code 1", isSuccess: false, isMissing: false, stderr };
  const explained = explainEnding(ending, { kind, from: "now", directory: "/x" });
  expect(explained.reason).toContain(reason);
  expect(explained.help).toContain(help);
});
