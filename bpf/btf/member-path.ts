/**
 * Turns a C expression such as `cgroups->subsys[4]->cgroup->kn->id` into the numbers a program
 * needs on this kernel.
 *
 * A path is written with dots for both `.` and `->`; whether a step follows a pointer is what BTF
 * says. Members of anonymous structs and unions are found as in C.
 *
 *   memberPath(btf, "task_struct", "real_parent.tgid")
 *     → { offsets: [1552, 1484], size: 4, … }   read 8 bytes at 1552, then 4 bytes at 1484 of that
 */
import { type Btf, BtfError, type BtfMember, type BtfType, MAX_DEPTH } from "./btf.ts";

export interface MemberPath {
  /** Every offset but the last leads to a pointer that has to be followed. Bytes. */
  readonly offsets: readonly number[];
  /** Size of the value at the end, bytes. */
  readonly size: number;
  readonly isSigned: boolean;
  /** Set when the value is a bit-field: position and width within the value's bytes. */
  readonly bits: { readonly shift: number; readonly width: number } | undefined;
  readonly type: BtfType;
}

interface Step {
  readonly name: string;
  readonly index: number | undefined;
}

/** Throws `BtfError` when the struct or a member does not exist on this kernel. */
export function memberPath(btf: Btf, structName: string, path: string): MemberPath {
  const offsets: number[] = [];
  let container = btf.require("struct", structName);
  let offset = 0;
  let found: { member: BtfMember; type: BtfType } | undefined;

  for (const [position, step] of parsePath(path).entries()) {
    if (position > 0 && found !== undefined) {
      container = found.type;
      if (container.kind === "pointer") {
        offsets.push(offset);
        offset = 0;
        container = pointee(btf, container, path);
      }
    }
    const member = findMember(btf, container, step.name, 0);
    if (member === undefined) {
      throw new BtfError(
        `this kernel's \`${structName}\` has no \`${path}\` (at \`${step.name}\`)`,
      );
    }
    offset += Math.floor(member.bitOffset / 8);
    let type = known(btf.resolve(member.type), path);
    if (step.index !== undefined) {
      const { element, length } = btf.array(type);
      if (step.index >= length) throw new BtfError(`\`${path}\`: the array has ${length} elements`);
      offset += step.index * btf.sizeOf(element);
      type = known(btf.resolve(element), path);
    }
    found = { member, type };
  }
  if (found === undefined) throw new BtfError(`\`${path}\` names no member`);
  offsets.push(offset);
  return describe(btf, found.member, found.type, offsets);
}

/** True when the struct exists and the path resolves in it. */
export function hasMember(btf: Btf, structName: string, path: string): boolean {
  try {
    memberPath(btf, structName, path);
    return true;
  } catch (error) {
    if (error instanceof BtfError) return false;
    throw error;
  }
}

function describe(
  btf: Btf,
  member: BtfMember,
  type: BtfType,
  offsets: readonly number[],
): MemberPath {
  const size = btf.sizeOf(type.id);
  const isSigned = btf.isSigned(type);
  if (member.bitSize === 0) return { offsets, size, isSigned, bits: undefined, type };
  // Read the smallest power of two of bytes, from the byte the field starts in.
  const shift = member.bitOffset % 8;
  const bytes = [1, 2, 4, 8].find((n) => n * 8 >= shift + member.bitSize);
  if (bytes === undefined) throw new BtfError(`bit-field \`${member.name}\` spans over 8 bytes`);
  return { offsets, size: bytes, isSigned, bits: { shift, width: member.bitSize }, type };
}

function parsePath(path: string): readonly Step[] {
  return path.split(".").map((text) => {
    const match = /^([A-Za-z_]\w*)(?:\[(\d+)\])?$/.exec(text);
    if (match === null) throw new BtfError(`\`${path}\` is not a member path`);
    return { name: match[1]!, index: match[2] === undefined ? undefined : Number(match[2]) };
  });
}

function pointee(btf: Btf, pointer: BtfType, path: string): BtfType {
  const target = known(btf.resolve(pointer.sizeOrType), path);
  if (target.kind !== "forward") return target;
  // Some files only forward-declare the struct; the definition has the same name.
  return btf.require("struct", target.name);
}

function known(type: BtfType | undefined, path: string): BtfType {
  if (type === undefined) throw new BtfError(`\`${path}\` goes through \`void\``);
  return type;
}

/** Depth-first through anonymous members; the result's offset counts from `container`. */
function findMember(
  btf: Btf,
  container: BtfType,
  name: string,
  depth: number,
): BtfMember | undefined {
  if (container.kind !== "struct" && container.kind !== "union") return undefined;
  if (depth > MAX_DEPTH) throw new BtfError(`\`${container.name}\` is nested too deeply`);
  for (const member of btf.members(container)) {
    if (member.name === name) return member;
    if (member.name !== "") continue;
    const inner = btf.resolve(member.type);
    const found = inner === undefined ? undefined : findMember(btf, inner, name, depth + 1);
    if (found !== undefined) return { ...found, bitOffset: found.bitOffset + member.bitOffset };
  }
  return undefined;
}
