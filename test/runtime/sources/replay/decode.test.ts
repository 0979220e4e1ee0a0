import { describe, expect, test } from "vitest";
import { CutText, RecordValue, type Schema } from "#core";
import { decodeLine, LINE_BYTES_MAX } from "#runtime/sources/replay";
import { stdSchema } from "./std-schema.ts";

const schema = stdSchema();
const ts = `"ts":"2026-11-21T10:00:00.123456Z"`;
const at = Date.UTC(2026, 10, 21, 10) * 1000 + 123_456;

function event(text: string) {
  const reading = decodeLine(schema, text, 1);
  if (!reading.ok || reading.what !== "event") throw new Error(JSON.stringify(reading));
  return reading.event;
}

/** Field values by name. */
function fields(text: string): Record<string, unknown> {
  const { kind, fields } = event(text);
  const names = schema.kinds[kind]!.fields.map((field) => field.name);
  return Object.fromEntries(names.map((name, i) => [name, fields[i]]));
}

/** `line:column message; help` */
function problem(text: string): string {
  const reading = decodeLine(schema, text, 7);
  if (reading.ok) return "ok";
  const column = reading.column === undefined ? "" : `:${reading.column}`;
  return `${reading.line}${column} ${reading.message}; ${reading.help}`;
}

describe("events", () => {
  test("every part of a line", () => {
    const line = `{"kind":"kernel.oom_kill",${ts},"seq":12,"entity":{"cgroup":"/x"},"comm":"tail","pid":42,
      "cgroup":"18446744073709551615","scope":"memcg","memory_limit":"512MiB"}`;
    const { kind, ...rest } = event(line.replace("\n", ""));
    expect(schema.kinds[kind]?.name).toBe("kernel.oom_kill");
    expect(rest).toMatchObject({ ts: at, seq: 12, entity: { cgroup: "/x" } });
    expect(fields(line.replace("\n", ""))).toEqual({
      comm: "tail",
      pid: 42,
      cgroup: 2n ** 64n - 1n,
      scope: "memcg",
      memory_limit: 512 * 1024 * 1024,
      memory_usage: undefined,
      rss: undefined,
    });
  });

  test.each([
    ['"2026-11-21T10:00:00Z"', Date.UTC(2026, 10, 21, 10) * 1000],
    ['"2026-11-21T10:00:00.5Z"', Date.UTC(2026, 10, 21, 10) * 1000 + 500_000],
    ['"2026-11-21T12:00:00.123456789+02:00"', at],
    ["1795255200123456", 1795255200123456],
    ["-1", -1],
    ['"1969-12-31T23:59:59.999999Z"', -1],
  ])("ts %s", (text, us) => {
    expect(event(`{"kind":"k8s.rollout","ts":${text},"revision":1,"phase":"started"}`).ts).toBe(us);
  });

  test("values in their written forms", () => {
    const throttle = (throttled: string, ratio: string) =>
      fields(
        `{"kind":"kernel.cpu_throttle",${ts},"throttled":${throttled},"runtime":5,"ratio":${ratio}}`,
      );
    expect(throttle('"1h30m"', '"97.5%"')).toMatchObject({ throttled: 5.4e9, ratio: 975_000 });
    expect(throttle("250000", "1000000")).toMatchObject({ throttled: 250_000, ratio: 1_000_000 });
    const drop = fields(
      `{"kind":"kernel.packet_drop",${ts},"protocol":"tcp","src_ip":"10.0.0.1","dst_ip":"fe80::1","reason":{"cut":"NO_S"}}`,
    );
    expect(drop).toEqual({
      protocol: "tcp",
      src_ip: 0xffff_0a00_0001n,
      dst_ip: (0xfe80n << 112n) | 1n,
      reason: new CutText("NO_S"),
    });
    const lease = `{"kind":"k8s.lease",${ts},"holder":"a","renew":"2026-11-21T10:00:00.123456Z"}`;
    expect(fields(lease)).toEqual({ holder: "a", renew: at });
  });

  test("a field whose name lines reserve gets an underscore", () => {
    const line = `{"kind":"k8s.config_change",${ts},"kind_":"Secret","name":"x","op":"delete"}`;
    expect(fields(line)).toEqual({ kind: "Secret", name: "x", op: "delete" });
  });

  test("text longer than its field is cut at a whole character, as in a ring", () => {
    const comm = `${"a".repeat(15)}ü`;
    const line = `{"kind":"kernel.process_fork",${ts},"comm":"${comm}","pid":1,"cgroup":"1","child_pid":2}`;
    expect(fields(line).comm).toEqual(new CutText("a".repeat(15)));
  });

  test("null is a missing optional field; lone surrogates become U+FFFD", () => {
    const line = `{"kind":"journal.entry",${ts},"message":"\\ud800x","priority":6,"pid":null}`;
    expect(fields(line)).toMatchObject({ message: "\uFFFDx", pid: undefined });
  });
});

test("progress and header", () => {
  const progress = decodeLine(schema, `{"progress":"kernel",${ts},"lost":3}`, 1);
  const counters = { seen: 0, passed: 0, lost: 3, malformed: 0 };
  expect(progress).toEqual({
    ok: true,
    what: "progress",
    progress: { source: "kernel", ts: at, counters },
  });
  const header = decodeLine(schema, '{"tapio":"recording","version":1,"node":"n1"}', 1);
  expect(header).toEqual({ ok: true, what: "header" });
});

const fork = `"comm":"sh","pid":1,"cgroup":"1"`;
test.each([
  // JSON
  ['{"kind":}', "7:9 not JSON: found `}` where a value is expected"],
  ['{"kind":"a"', "7:12 not JSON: the line ends where `,` or `}` is expected"],
  ['{"a":1,}', '7:8 not JSON: found `}` where a name in "quotes" is expected'],
  ["{'a':1}", '7:2 not JSON: found `\'` where a name in "quotes" is expected'],
  ['{"a":nul}', "7:6 not JSON: found `n` where a value is expected"],
  ['{"a":"b\tc"}', "7:8 not JSON: found `\\t` where no control character in a string is expected"],
  ['{"a":"\\x"}', "7:7 not JSON: found `\\\\` where an escape such as `\\n`"],
  ['{"a":"b', '7:8 not JSON: the line ends where a closing `"` is expected'],
  ["{} x", "7:4 not JSON: found `x` where end of line is expected"],
  ['{"a":01}', "7:7 not JSON: found `1` where `,` or `}` is expected"],
  ["[1]", "7 a line must be a JSON object, not a list"],
  ["null", "7 a line must be a JSON object, not `null`"],
  ["\0{}", "7:1 a NUL byte"],
  [`${"[".repeat(100_000)}`, "7:66 not JSON"],
  ["x".repeat(LINE_BYTES_MAX + 1), "7 line longer than 1048576 bytes"],
  // what the line is
  ["{}", "7 the line has no `kind`"],
  [`{"kind":"kernel.oom_kil",${ts}}`, "did you mean `kernel.oom_kill`?"],
  [
    `{"kind":"oom_kill",${ts}}`,
    "7:2 no event kind is named `oom_kill`; did you mean `kernel.oom_kill`?",
  ],
  [`{"kind":"zzzzzzzzzzzz",${ts}}`, "declare the event kind"],
  [`{"kind":5,${ts}}`, "7:2 `kind` must be a text, not `5`"],
  ['{"tapio":"recording","version":2}', "7:22 recording version `2` is not known"],
  ['{"tapio":"bundle"}', "7:2 not a recording"],
  [`{"progress":"kernle",${ts}}`, "did you mean `kernel`?"],
  [`{"progress":"kernel",${ts},"drops":1}`, "a progress line has no `drops`"],
  [`{"progress":"kernel",${ts},"lost":-1}`, "`lost` must be a whole number"],
  // time and order
  [`{"kind":"kernel.process_fork",${fork},"child_pid":2}`, "7 the line has no `ts`"],
  [
    `{"kind":"kernel.process_fork","ts":"yesterday",${fork},"child_pid":2}`,
    "7:31 `ts` is `yesterday`, which is not a time",
  ],
  [
    `{"kind":"kernel.process_fork","ts":"2026-02-31T00:00:00Z",${fork},"child_pid":2}`,
    "is not a time",
  ],
  [
    `{"kind":"kernel.process_fork","ts":"2026-02-01T00:00:00",${fork},"child_pid":2}`,
    "is not a time",
  ],
  [
    `{"kind":"kernel.process_fork","ts":1.5,${fork},"child_pid":2}`,
    "no whole number of microseconds",
  ],
  [`{"kind":"kernel.process_fork","ts":9007199254740993,${fork},"child_pid":2}`, "no whole number"],
  [`{"kind":"kernel.process_fork",${ts},"seq":1.5,${fork},"child_pid":2}`, "`seq` must be a whole"],
  // fields
  [
    `{"kind":"kernel.process_fork",${ts},${fork}}`,
    "7:2 `kernel.process_fork` needs the field `child_pid`",
  ],
  [
    `{"kind":"kernel.process_fork",${ts},${fork},"childpid":2}`,
    "has no field `childpid`; did you mean `child_pid`?",
  ],
  [
    `{"kind":"kernel.process_fork",${ts},${fork},"__proto__":2}`,
    "has no field `__proto__`; its fields are",
  ],
  [
    `{"kind":"kernel.process_fork",${ts},${fork},"child_pid":"2"}`,
    "field `child_pid` must be a whole number, not the text `2`",
  ],
  [
    `{"kind":"kernel.process_fork",${ts},${fork},"child_pid":null}`,
    "field `child_pid` must be a whole number, not `null`",
  ],
  [
    `{"kind":"kernel.process_fork",${ts},${fork},"child_pid":4294967296}`,
    "is 4294967296, outside 0 to 4294967295",
  ],
  [`{"kind":"kernel.process_fork",${ts},${fork},"child_pid":-1}`, "is -1, outside 0"],
  [
    `{"kind":"kernel.mem_alloc_fail",${ts},"comm":["a"],"pid":1,"cgroup":"1","order":1}`,
    "field `comm` must be a text, not a list",
  ],
  [
    `{"kind":"kernel.mem_alloc_fail",${ts},"comm":{"cut":1},"pid":1,"cgroup":"1","order":1}`,
    "must be a text, not an object",
  ],
  [
    `{"kind":"kernel.mem_alloc_fail",${ts},"comm":"a","pid":1,"cgroup":"18446744073709551616","order":1}`,
    "no 64-bit id",
  ],
  [
    `{"kind":"kernel.mem_alloc_fail",${ts},"comm":"a","pid":1,"cgroup":9007199254740993,"order":1}`,
    "no exact 64-bit id",
  ],
  [
    `{"kind":"kernel.oom_kill",${ts},${fork},"scope":"memgc"}`,
    "field `scope` has no member `memgc`; did you mean `memcg`?",
  ],
  [
    `{"kind":"kernel.oom_kill",${ts},${fork},"scope":"memcg","rss":"5s"}`,
    "field `rss` is `5s`, which is not a size",
  ],
  [`{"kind":"kernel.oom_kill",${ts},${fork},"scope":"memcg","rss":1e16}`, "outside ±(2^53−1)"],
  [
    `{"kind":"kernel.oom_kill",${ts},${fork},"scope":"memcg","rss":1.5}`,
    "is 1.5, not a whole number",
  ],
  [
    `{"kind":"kernel.packet_drop",${ts},"protocol":"tcp","src_ip":"10.0.0.256","dst_ip":"::1","reason":""}`,
    "no IP address",
  ],
  // entities
  [
    `{"kind":"kernel.process_fork",${ts},"entity":"x",${fork},"child_pid":2}`,
    "`entity` must be an object",
  ],
  [
    `{"kind":"kernel.process_fork",${ts},"entity":{"cgruop":"x"},${fork},"child_pid":2}`,
    "did you mean `cgroup`?",
  ],
  [
    `{"kind":"kernel.process_fork",${ts},"entity":{"cgroup":1},${fork},"child_pid":2}`,
    "entity `cgroup` must be a text, not `1`",
  ],
])("%s", (text, expected) => {
  expect(problem(text)).toContain(expected);
});

describe("records, lists and maps", () => {
  const text = (maxBytes: number) => ({ t: "string", maxBytes }) as const;
  const container = [
    { name: "name", type: text(8), isOptional: false },
    { name: "restarts", type: { t: "int" }, isOptional: false },
    { name: "reason", type: text(64), isOptional: true },
  ] as const;
  const fieldsOfPod: Schema["kinds"][number]["fields"] = [
    {
      name: "containers",
      type: {
        t: "list",
        item: { type: { t: "record", members: container }, isOptional: false },
        max: 2,
      },
      isOptional: false,
    },
    {
      name: "labels",
      type: { t: "map", key: text(8), value: { type: text(8), isOptional: true }, max: 2 },
      isOptional: true,
    },
    {
      name: "ports",
      type: {
        t: "map",
        key: { t: "port" },
        value: { type: { t: "duration" }, isOptional: false },
        max: 2,
      },
      isOptional: true,
    },
    {
      name: "peers",
      type: {
        t: "map",
        key: { t: "ip" },
        value: { type: { t: "bool" }, isOptional: false },
        max: 2,
      },
      isOptional: true,
    },
    { name: "owner.name", type: text(8), isOptional: false },
    { name: "owner.of.uid", type: { t: "id64" }, isOptional: true },
    { name: "kind.a", type: { t: "int" }, isOptional: true },
  ];
  const own = { ...schema, kinds: [{ name: "k.pod", source: 0, fields: fieldsOfPod }] };
  const start = `{"kind":"k.pod",${ts},`;
  const least = `"containers":[],"owner.name":"o"`;

  function pod(members: string): readonly unknown[] {
    const reading = decodeLine(own, `${start}${members}}`, 1);
    if (!reading.ok || reading.what !== "event") throw new Error(JSON.stringify(reading));
    return reading.event.fields;
  }

  test("in both spellings", () => {
    const web = `{"restarts":4,"name":"web","reason":null}`;
    const [containers, labels, ports, peers, ...owner] = pod(
      `"containers":[${web}],"labels":{"app":"shop","tier":null},"ports":{"80":"5s","443":7},
       "peers":{"10.0.0.1":true},"owner":{"name":"o","of":{"uid":"7"}},"kind_":{"a":1}`.replace(
        /\n */,
        "",
      ),
    );
    const record = new RecordValue([
      ["name", "web"],
      ["restarts", 4],
    ]);
    expect(containers).toStrictEqual([record]);
    expect(labels).toStrictEqual(
      new Map([
        ["app", "shop"],
        ["tier", undefined],
      ]),
    );
    expect(ports).toStrictEqual(
      new Map([
        [80, 5e6],
        [443, 7],
      ]),
    );
    expect(peers).toStrictEqual(new Map([[0xffff_0a00_0001n, true]]));
    expect(owner).toEqual(["o", 7n, 1]);
    const dotted = `"containers":[],"owner.name":"o","owner.of":{"uid":"7"},"kind.a":1`;
    expect(pod(dotted).slice(4)).toEqual(owner);
  });

  test("null is a record of which nothing has to be there, and a missing list", () => {
    const fields = pod(`${least},"labels":null,"owner.of":null,"kind_":null`);
    expect(fields).toEqual([[], undefined, undefined, undefined, "o", undefined, undefined]);
  });

  const two = `{"name":"a","restarts":1}`;
  test.each([
    [`"containers":{},"owner":{"name":"o"}`, `"containers`, "`containers` must be a list `[…]`"],
    [
      `"containers":[${two},${two},${two}]`,
      `"containers`,
      "`containers` has 3 items, more than 2; write at most 2",
    ],
    [`"containers":[${two},null]`, "null", "`containers[1]` must be an object `{…}`, not `null`"],
    [
      `"containers":[{"name":"a"}]`,
      `{"name":"a"}`,
      '`containers[0]` needs the member `restarts`; add "restarts":…',
    ],
    [
      `"containers":[{"name":"a","restarts":"x"}]`,
      `"restarts`,
      "field `containers[0].restarts` must be a whole number, not the text `x`",
    ],
    [
      `"containers":[{"name":"a","restart":1}]`,
      `"restart"`,
      "field `containers[0]` has no member `restart`; did you mean `restarts`?",
    ],
    [`${least},"labels":["a"]`, `"labels`, "field `labels` must be an object `{…}`, not a list"],
    [
      `${least},"labels":{"a":"1","b":"2","c":"3"}`,
      `"labels`,
      "field `labels` has 3 items, more than 2",
    ],
    [`${least},"labels":{"b":5}`, `"b"`, 'field `labels["b"]` must be a text, not `5`'],
    [
      `${least},"labels":{"123456789":"x"}`,
      `"1234`,
      'field `labels["123456789"]` has a key of more than 8 bytes; write a key of at most 8 bytes',
    ],
    [
      `${least},"ports":{"http":1}`,
      `"http`,
      'field `ports["http"]` has a key that must be a whole number, not the text `http`',
    ],
    [
      `${least},"ports":{"65536":1}`,
      `"65536`,
      'field `ports["65536"]` has a key that is 65536, outside 0 to 65535',
    ],
    [
      `${least},"ports":{"80":null}`,
      `"80`,
      'field `ports["80"]` must be "5s", "1h30m", "250ms", or whole microseconds, not `null`',
    ],
    [
      `${least},"peers":{"10.0.0.1":true,"::ffff:10.0.0.1":true}`,
      `"::ffff`,
      'field `peers["::ffff:10.0.0.1"]` is the same key as one before it; write each key once',
    ],
    [`"containers":[],"owner":{"nam":"o"}`, `"nam`, "field `owner` has no member `nam`; did you"],
    [
      `"containers":[],"owner":{"name":"o","of":{"x":1}}`,
      `"x"`,
      "field `owner.of` has no member `x`; its members are `uid`",
    ],
    [`"containers":[],"owner":{"name":5}`, `"name`, "field `owner.name` must be a text, not `5`"],
    [`"containers":[],"owner":null`, `"owner`, "field `owner` must be an object `{…}`, not `null`"],
    [`"containers":[],"owner":{}`, `"kind`, "`k.pod` needs the field `owner.name`"],
    [`${least},"owner":{"name":"p"}`, `"name`, "field `owner.name` is given twice; write it once"],
    [`${least},"ownre":{"name":"p"}`, `"ownre`, "no field `ownre`; did you mean `owner`?"],
  ])("%s", (members, at, expected) => {
    const line = `${start}${members}}`;
    const reading = decodeLine(own, line, 1);
    if (reading.ok) throw new Error("read");
    expect(`${reading.message}; ${reading.help}`).toContain(expected);
    expect(line.slice((reading.column ?? 0) - 1)).toMatch(new RegExp(`^${at}`));
  });
});

describe("a line without `ts`", () => {
  test.each([
    ["time", `{"kind":"kernel.process_fork","time":"2026-11-21T10:00:00Z",${fork},"child_pid":2}`],
    ["timestamp", `{"kind":"kernel.process_fork","timestamp":1,${fork},"child_pid":2}`],
    ["Time", `{"progress":"kernel","Time":"2026-11-21T10:00:00Z"}`],
  ])("with `%s`", (name, line) => {
    expect(problem(line)).toBe(
      `7:${line.indexOf(`"${name}"`) + 1} the line has no \`ts\`; ` +
        `write \`ts\` instead of \`${name}\`, such as "ts":"2026-11-21T10:00:00.123456Z"`,
    );
  });

  test("is told so before anything else that is wrong with it", () => {
    expect(problem('{"kind":"kernel.process_fork","zzz":1}')).toBe(
      '7 the line has no `ts`; say when it happened, such as "ts":"2026-11-21T10:00:00.123456Z"',
    );
  });

  test("a field of the kind called `time` is that field", () => {
    const time = { name: "time", type: { t: "int" }, isOptional: false } as const;
    const own = { ...schema, kinds: [{ name: "k", source: 0, fields: [time] }] };
    const reading = decodeLine(own, '{"kind":"k","time":1}', 1);
    expect(reading).toMatchObject({ message: "the line has no `ts`" });
    expect(reading).not.toHaveProperty("column");
  });
});
