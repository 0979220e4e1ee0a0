import { expect, test } from "vitest";
import { type ExportEntry, ExportParser } from "#runtime/sources/journald";

const wanted = new Set(["__CURSOR", "__REALTIME_TIMESTAMP", "MESSAGE", "PRIORITY", "_PID"]);
const limits = { fieldBytes: 64, entryBytes: 256 };

function binary(name: string, value: Buffer | string): Buffer {
  const bytes = Buffer.from(value);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(bytes.length));
  return Buffer.concat([Buffer.from(`${name}\n`), length, bytes, Buffer.from("\n")]);
}

function head(n: number): Buffer {
  return Buffer.from(`__CURSOR=s=a;i=${n}\n__REALTIME_TIMESTAMP=${n}\n`);
}

const EMPTY_LINE = Buffer.from("\n");

/** Entries as plain data, and how many were malformed. */
function parse(chunks: readonly Buffer[]) {
  const parser = new ExportParser(wanted, limits);
  const entries: ExportEntry[] = [];
  for (const chunk of chunks) entries.push(...parser.push(chunk));
  return {
    entries: entries.map(({ cursor, fields, cut }) => ({
      cursor,
      message: fields.get("MESSAGE"),
      priority: fields.get("PRIORITY"),
      names: [...fields.keys()].join(" "),
      cut: [...cut],
    })),
    malformed: parser.malformed,
  };
}

const recorded = Buffer.concat([
  head(1),
  Buffer.from("PRIORITY=3\nMESSAGE=plain = text\n_COMM=x\n"),
  EMPTY_LINE,
  head(2),
  binary("MESSAGE", "two\nlines\n\n__CURSOR=no"),
  Buffer.from("PRIORITY=4\n"),
  EMPTY_LINE,
  EMPTY_LINE,
  head(3),
  Buffer.from("MESSAGE=one\n"),
  binary("MESSAGE", "two"),
  Buffer.from("MESSAGE=\n"),
  EMPTY_LINE,
  head(4),
  binary("MESSAGE", Buffer.from([0x61, 0xff, 0x00, 0x0a, 0xc3, 0xbc])),
  binary("COREDUMP", Buffer.alloc(5000, 0x0a)),
  binary("_PID", ""),
  EMPTY_LINE,
  head(5),
  Buffer.from(`MESSAGE=${"é".repeat(40)}\n`),
  EMPTY_LINE,
]);

test("text, binary, repeated, not UTF-8, unwanted, cut", () => {
  const { entries, malformed } = parse([recorded]);
  expect(malformed).toBe(0);
  expect(entries).toEqual([
    {
      cursor: "s=a;i=1",
      message: "plain = text",
      priority: "3",
      names: "__CURSOR __REALTIME_TIMESTAMP PRIORITY MESSAGE",
      cut: [],
    },
    expect.objectContaining({ message: "two\nlines\n\n__CURSOR=no", priority: "4" }),
    expect.objectContaining({ cursor: "s=a;i=3", message: "one\ntwo\n" }),
    expect.objectContaining({
      message: "a\uFFFD\0\nü",
      names: "__CURSOR __REALTIME_TIMESTAMP MESSAGE _PID",
    }),
    expect.objectContaining({ message: "é".repeat(32), cut: ["MESSAGE"] }),
  ]);
});

test("a stream split at any byte gives the same entries", () => {
  const whole = parse([recorded]);
  for (let at = 0; at <= recorded.length; at++) {
    expect(parse([recorded.subarray(0, at), recorded.subarray(at)])).toEqual(whole);
  }
  const single = Array.from(recorded, (_, at) => recorded.subarray(at, at + 1));
  expect(parse(single)).toEqual(whole);
});

test("an entry that does not end is not there", () => {
  for (let at = 0; at < recorded.length; at++) {
    const { entries, malformed } = parse([recorded.subarray(0, at)]);
    expect(malformed).toBe(0);
    expect(entries.length).toBeLessThan(5);
  }
});

test("a huge message is cut and costs no memory; a huge unwanted field neither", () => {
  const parser = new ExportParser(wanted, limits);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(400_000_000n);
  const chunk = Buffer.alloc(1_000_000, 0x78);
  const entries: ExportEntry[] = [];
  const before = process.memoryUsage().rss;
  for (const name of ["COREDUMP", "MESSAGE"]) {
    entries.push(
      ...parser.push(
        Buffer.concat([
          name === "COREDUMP" ? head(1) : EMPTY_LINE.subarray(1),
          Buffer.from(`${name}\n`),
          length,
        ]),
      ),
    );
    for (let i = 0; i < 400; i++) entries.push(...parser.push(chunk));
    entries.push(...parser.push(EMPTY_LINE));
  }
  entries.push(...parser.push(EMPTY_LINE));
  expect(process.memoryUsage().rss - before).toBeLessThan(50_000_000);
  expect(entries).toHaveLength(1);
  expect(entries[0]?.fields.get("MESSAGE")).toBe("x".repeat(64));
  expect(parser.malformed).toBe(0);
});

test("all fields of an entry together are bounded", () => {
  const field = Buffer.from(`MESSAGE=${"y".repeat(60)}\n`);
  const chunks = [head(1), ...Array.from({ length: 100 }, () => field), EMPTY_LINE];
  const { entries } = parse(chunks);
  expect(entries[0]?.message?.replaceAll("\n", "").length).toBeLessThan(256);
  expect(entries[0]?.cut).toEqual(["MESSAGE"]);
});

test.each([
  ["a name that is none", Buffer.from("lower case\nx\n")],
  ["a name without end", Buffer.alloc(100, 0x41)],
  ["a length beyond sense", Buffer.concat([Buffer.from("MESSAGE\n"), Buffer.alloc(8, 0xff)])],
  [
    "a binary field that goes on",
    Buffer.concat([binary("MESSAGE", "ab").subarray(0, -1), Buffer.from("c")]),
  ],
  ["zero bytes", Buffer.alloc(50)],
])("%s is one malformed entry; reading goes on behind the next empty line", (_, garbage) => {
  const bytes = Buffer.concat([head(1), garbage, Buffer.from("\n\n"), recorded]);
  for (let at = 0; at < 200; at++) {
    const { entries, malformed } = parse([bytes.subarray(0, at), bytes.subarray(at)]);
    expect(malformed).toBe(1);
    expect(entries.map(({ cursor }) => cursor.slice(-1)).join("")).toBe("12345");
  }
});

test("an entry without a cursor is malformed", () => {
  const { entries, malformed } = parse([Buffer.from("MESSAGE=x\n\n"), recorded]);
  expect(malformed).toBe(1);
  expect(entries).toHaveLength(5);
});
