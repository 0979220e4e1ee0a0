/**
 * The patterns of the standard library on lines that real programs write, and on lines that only
 * look like them.
 */
import { describe, expect, test } from "vitest";
import { compile } from "#compiler";
import { type EventData, judge, makeEvent, withDerived } from "#core";
import { stdFiles } from "../../grammar/std.gen.ts";

const program = `module patterns_test
import tapio.schema.v1
import tapio.lib.patterns
rule oom { match e: journal.entry where e.message matches oom_line as m explain { root e summary "{m.pid} {m.process_name}" } }
rule memcg { match e: journal.entry where e.message matches memcg_oom explain { root e summary "yes" } }
rule crash { match e: log.service_crashed explain { root e summary "{e.how} {e.exit_code} {e.unit}" } }
rule limit { match e: log.restart_limit explain { root e summary "{e.unit}" } }
rule refused { match e: log.conn_refused explain { root e summary "{e.host} {e.port}" } }
rule dns { match e: log.dns_failure explain { root e summary "yes" } }
`;
const { unit, diagnostics } = compile([{ file: "patterns.tapio", text: program }], {
  std: stdFiles,
  version: "test",
});
const entry = unit.schema.kinds.findIndex((k) => k.name === "journal.entry");
const params = new Map<string, undefined>();

function line(message: string, identifier: string | undefined = "systemd"): EventData {
  const given = new Map<string, string | number | undefined>([
    ["message", message],
    ["priority", 6],
    ["unit", "app.service"],
    ["identifier", identifier],
  ]);
  const fields = unit.schema.kinds[entry]?.fields.map((f) => given.get(f.name)) ?? [];
  return makeEvent(unit.schema, { kind: entry, ts: 1e15, seq: 1, fields });
}

/** What each rule says of the line: `rule: summary`. */
function said(message: string, identifier?: string): string[] {
  const events = [line(message, identifier)];
  const { findings } = judge(unit, params, { events, watermark: 2e15 });
  return findings.map((f) => `${f.match.rule.name}: ${f.finding.summary}`);
}

const table: readonly (readonly [string, readonly string[]])[] = [
  [
    "Memory cgroup out of memory: Killed process 42 (java) total-vm:4194304kB, anon-rss:524288kB, file-rss:0kB, shmem-rss:0kB, UID:1000 pgtables:1204kB oom_score_adj:0",
    ["oom: 42 java", "memcg: yes"],
  ],
  [
    "Out of memory: Killed process 1873 (mysqld) total-vm:8388608kB, anon-rss:6291456kB, file-rss:0kB, shmem-rss:0kB, UID:27 pgtables:13000kB oom_score_adj:0",
    ["oom: 1873 mysqld"],
  ],
  ["Out of memory: Kill process 1873 (mysqld) score 912 or sacrifice child", ["oom: 1873 mysqld"]],
  [
    "Memory cgroup out of memory: Killed process 7 ((sd-pam)) total-vm:1kB",
    ["oom: 7 (sd-pam)", "memcg: yes"],
  ],
  ["oom_reaper: reaped process 42 (java), now anon-rss:0kB, file-rss:0kB", []],
  ["java invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0", []],
  [
    "app.service: Main process exited, code=exited, status=1/FAILURE",
    ["crash: exited 1 app.service"],
  ],
  [
    "app.service: Main process exited, code=exited, status=203/EXEC",
    ["crash: exited 203 app.service"],
  ],
  ["app.service: Main process exited, code=killed, status=9/KILL", ["crash: killed 9 app.service"]],
  [
    "app.service: Main process exited, code=dumped, status=11/SEGV",
    ["crash: dumped 11 app.service"],
  ],
  ["app.service: Main process exited, code=exited, status=0/SUCCESS", []],
  ["app.service: Control process exited, code=exited, status=1/FAILURE", []],
  ["app.service: Failed with result 'exit-code'.", []],
  ["app.service: Start request repeated too quickly.", ["limit: app.service"]],
  ["app.service: Scheduled restart job, restart counter is at 5.", []],
  [
    '2026/01/01 00:00:00 [error] 29#29: *1 connect() failed (111: Connection refused) while connecting to upstream, client: 10.0.0.1, server: shop.example.com, request: "GET / HTTP/1.1", upstream: "http://10.0.0.2:8080/", host: "shop.example.com"',
    ["refused: 10.0.0.2 8080"],
  ],
  [
    '2026/01/01 00:00:00 [error] 29#29: *1 connect() failed (111: Connection refused) while connecting to upstream, client: 10.0.0.1, server: shop.example.com, request: "POST /rpc HTTP/2.0", upstream: "grpc://backend.shop.svc:50051", host: "shop.example.com"',
    ["refused: backend.shop.svc 50051"],
  ],
  [
    '2026/01/01 00:00:00 [error] 29#29: *1 upstream timed out (110: Connection timed out) while connecting to upstream, client: 10.0.0.1, upstream: "http://10.0.0.2:8080/"',
    [],
  ],
  ["curl: (6) Could not resolve host: api.example.com", ["dns: yes"]],
  ["dial tcp: lookup postgres.shop.svc.cluster.local on 10.96.0.10:53: no such host", ["dns: yes"]],
  ["dial tcp: lookup postgres on 10.96.0.10:53: server misbehaving", ["dns: yes"]],
  ["Error: getaddrinfo EAI_AGAIN redis", ["dns: yes"]],
  [
    'psql: error: could not translate host name "db" to address: Name or service not known',
    ["dns: yes"],
  ],
  ["ping: db: Temporary failure in name resolution", ["dns: yes"]],
  [
    '[emerg] 1#1: host not found in upstream "api" in /etc/nginx/conf.d/default.conf:12',
    ["dns: yes"],
  ],
  ["api could not be resolved (3: Host not found)", ["dns: yes"]],
  ["dial tcp 10.0.0.2:5432: connect: connection refused", []],
];

describe("patterns of the standard library", () => {
  test("compile", () => {
    expect(diagnostics).toEqual([]);
  });

  for (const [message, expected] of table) {
    test(message.slice(0, 100), () => {
      expect(said(message)).toEqual(expected);
    });
  }

  test("systemd's lines are believed from systemd only, and from where nobody is named", () => {
    const crash = "app.service: Main process exited, code=exited, status=1/FAILURE";
    expect(said(crash, "watchdog")).toEqual([]);
    const nameless = { ...line(crash), fields: line(crash).fields.with(3, undefined) };
    const kinds = withDerived(unit, params, [nameless]).map((e) => unit.schema.kinds[e.kind]?.name);
    expect(kinds).toEqual(["journal.entry", "log.service_crashed"]);
  });
});
