/** Captures of the shipped patterns, and the conversion of their texts. */

import { describe, expect, it } from "vitest";
import { captures, matchText } from "../../../../runtime/core/text/index.ts";
import { regex } from "./harness.ts";

// The patterns and the wording are those of rules/std/patterns.tapio.
describe("the pattern library", () => {
  const KILLED =
    "Out of memory: Killed process 1234 (java) total-vm:8123456kB, anon-rss:4012345kB, file-rss:0kB, shmem-rss:0kB, UID:1000 pgtables:9000kB oom_score_adj:0";
  const library = {
    oom_line: "Out of memory: Kill(ed)? process (?<pid:int>\\d+) \\((?<process_name>[^)]+)\\)",
    memcg_oom: "Memory cgroup out of memory: Kill(ed)? process",
    conn_refused: "connect\\(\\) to (?<host>[^:]+):(?<port:int>\\d+) failed: Connection refused",
    dns_failure: "Name or service not known|NXDOMAIN",
    svc_exit: "Main process exited, code=exited, status=(?<exit_code:int>\\d+)",
    restart_limit: "Start request repeated too quickly",
  } as const;
  const lines: readonly (readonly [keyof typeof library, string, object | undefined])[] = [
    ["oom_line", KILLED, { pid: 1234, process_name: "java" }],
    ["oom_line", KILLED.replace("Killed", "Kill"), { pid: 1234, process_name: "java" }],
    ["oom_line", `Memory cgroup ${KILLED.replace("Out", "out")}`, undefined],
    ["memcg_oom", `Memory cgroup ${KILLED.replace("Out", "out")}`, {}],
    ["memcg_oom", KILLED, undefined],
    [
      "conn_refused",
      "[error] connect() to db-0.db.svc:5432 failed: Connection refused",
      { host: "db-0.db.svc", port: 5432 },
    ],
    ["dns_failure", "getaddrinfo: Name or service not known", {}],
    ["dns_failure", "lookup x on 10.0.0.10:53: NXDOMAIN", {}],
    [
      "svc_exit",
      "nginx.service: Main process exited, code=exited, status=203/EXEC",
      { exit_code: 203 },
    ],
    ["svc_exit", "nginx.service: Main process exited, code=killed, status=9/KILL", undefined],
    ["restart_limit", "nginx.service: Start request repeated too quickly.", {}],
  ];
  it.each(lines)("%s on %s", (name, line, expected) => {
    const program = regex(library[name]);
    expect(matchText(program, line)).toBe(expected !== undefined);
    expect(captures(program, line)).toEqual(expected);
  });
});

describe("typed captures", () => {
  const V4 = 0xffffn << 32n;
  const cases: readonly (readonly [string, string, unknown])[] = [
    ["int", "0042", 42],
    ["int", "-7", -7],
    ["int", "-0", 0],
    ["int", "9007199254740991", 9007199254740991],
    ["int", "9007199254740992", undefined],
    ["int", "-9007199254740992", undefined],
    ["int", "1.5", undefined],
    ["int", "0x10", undefined],
    ["int", "", undefined],
    ["float", "1.5e3", 1500],
    ["float", "-.5", -0.5],
    ["float", "1e999", undefined],
    ["float", "NaN", undefined],
    ["float", "1 ", undefined],
    ["ip", "10.0.0.1", V4 | 0x0a000001n],
    ["ip", "10.0.0.01", undefined],
    ["ip", "10.0.0.256", undefined],
    ["ip", "10.0.1", undefined],
    ["ip", "::1", 1n],
    ["ip", "::", 0n],
    ["ip", "2001:db8::ff00:42:8329", 0x20010db8000000000000ff0000428329n],
    ["ip", "2001:0db8:0:0:0:ff00:42:8329", 0x20010db8000000000000ff0000428329n],
    ["ip", "::ffff:10.0.0.1", V4 | 0x0a000001n],
    ["ip", "64:ff9b::10.0.0.1", (0x0064ff9bn << 96n) | 0x0a000001n],
    ["ip", "1:2:3:4:5:6:7:8:9", undefined],
    ["ip", "1:2:3:4:5:6:7", undefined],
    ["ip", "1:2:3:4:5:6:7::8", undefined],
    ["ip", "1::2::3", undefined],
    ["ip", "10.0.0.1::", undefined],
    ["ip", "12345::", undefined],
    ["ip", ":", undefined],
    ["ip", "fe80::1%eth0", undefined],
    ["string", "", ""],
  ];
  it.each(cases)("%s of %j", (type, text, expected) => {
    const program = regex(`^<(?<x:${type}>[^>]*)>$`);
    expect(captures(program, `<${text}>`)).toEqual({ x: expected });
  });

  it("are missing when the group took no part", () => {
    expect(captures(regex("(?<a:int>\\d)|(?<b>x)"), "x")).toEqual({ a: undefined, b: "x" });
  });

  it("may have any name", () => {
    const found = captures(regex("(?<__proto__>a)(?<constructor>b)"), "ab") ?? {};
    expect(Object.entries(found)).toEqual([
      ["__proto__", "a"],
      ["constructor", "b"],
    ]);
  });

  it("survive surrogate pairs and their halves", () => {
    expect(captures(regex("é(?<x>.)(?<y>.)b"), "aé😀\ud800b")).toEqual({ x: "😀", y: "\ud800" });
  });
});
