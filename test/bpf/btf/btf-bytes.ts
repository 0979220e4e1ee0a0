/** Builds small BTF blobs, so that the reader's tests need no kernel. */

interface Entry {
  readonly name: string;
  readonly kind: number;
  readonly count?: number;
  readonly flag?: boolean;
  readonly sizeOrType: number;
  /** Words after the head; strings become their offsets. */
  readonly extra?: readonly (number | string)[];
}

export function btfBytes(entries: readonly Entry[]): Uint8Array {
  const strings = ["\0"];
  let length = 1;
  const offsets = new Map<string, number>([["", 0]]);
  const offsetOf = (text: string) => {
    const known = offsets.get(text);
    if (known !== undefined) return known;
    offsets.set(text, length);
    strings.push(`${text}\0`);
    length += text.length + 1;
    return length - text.length - 1;
  };
  const words = entries.flatMap(
    ({ name, kind, count = 0, flag = false, sizeOrType, extra = [] }) => [
      offsetOf(name),
      ((flag ? 0x80000000 : 0) | (kind << 24) | count) >>> 0,
      sizeOrType,
      ...extra.map((word) => (typeof word === "string" ? offsetOf(word) : word)),
    ],
  );
  const types = Buffer.from(Uint32Array.from(words).buffer);
  const text = Buffer.from(strings.join(""), "latin1");
  const head = Buffer.alloc(24);
  head.writeUInt16LE(0xeb9f, 0);
  head.writeUInt8(1, 2);
  head.writeUInt32LE(24, 4);
  head.writeUInt32LE(0, 8);
  head.writeUInt32LE(types.length, 12);
  head.writeUInt32LE(types.length, 16);
  head.writeUInt32LE(text.length, 20);
  return new Uint8Array(Buffer.concat([head, types, text]));
}

/** 1 int, 2 long, 3 pointer to `task`, 4 `task`, 5 inner union, 6 array, 7 typedef … */
export const SAMPLE = btfBytes([
  { name: "int", kind: 1, sizeOrType: 4, extra: [0x01000020] },
  { name: "long", kind: 1, sizeOrType: 8, extra: [0x01000040] },
  { name: "", kind: 2, sizeOrType: 4 },
  {
    name: "task",
    kind: 4,
    count: 4,
    sizeOrType: 64,
    extra: ["pid", 1, 0, "parent", 3, 64, "", 5, 128, "table", 6, 256],
  },
  { name: "", kind: 5, count: 2, sizeOrType: 8, extra: ["id", 2, 0, "low", 1, 0] },
  { name: "", kind: 3, sizeOrType: 0, extra: [3, 1, 4] },
  { name: "task_t", kind: 8, sizeOrType: 8 },
  { name: "", kind: 10, sizeOrType: 4 },
  {
    name: "color",
    kind: 6,
    count: 2,
    flag: true,
    sizeOrType: 4,
    extra: ["red", 3, "blue", 0xffffffff],
  },
  { name: "", kind: 2, sizeOrType: 11 },
  { name: "", kind: 13, count: 3, sizeOrType: 0, extra: ["", 12, "", 3, "code", 1] },
  { name: "", kind: 2, sizeOrType: 0 },
  { name: "btf_trace_thing", kind: 8, sizeOrType: 10 },
  {
    name: "flags",
    kind: 4,
    count: 2,
    flag: true,
    sizeOrType: 4,
    extra: ["a", 1, (3 << 24) | 0, "b", 1, (5 << 24) | 11],
  },
  { name: "loop_a", kind: 8, sizeOrType: 16 },
  { name: "loop_b", kind: 8, sizeOrType: 15 },
]);
