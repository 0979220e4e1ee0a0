/**
 * Reading kernel memory from a raw tracepoint program: a chain of `bpf_probe_read_kernel` calls.
 *
 * The helper fills its target with zeroes when it fails, and reading through a null pointer fails,
 * so a broken chain ends in zero without a test at every hop. Callers for whom zero is not an
 * answer look at r0 afterwards: negative when the last read failed.
 *
 * Every chain clobbers r0–r5 and the eight bytes of stack at `HOP`.
 */
import { alu, type Code, call, load, mov, type Register } from "#bpf/asm";
import type { MemberPath } from "#bpf/btf";

/** Stack slot for the pointers in the middle of a chain. */
const HOP = -8;

/** First stack byte below those that `kernel-read` and `fuse` use; hooks count down from here. */
export const FREE_STACK = -32;

/** Where a value goes: `base + offset`. */
export interface Place {
  readonly base: Register;
  readonly offset: number;
}

/** Reads the value at the end of `path`, which starts at the struct `base` points to. */
export function readMember(path: MemberPath, base: Register, target: Place): Code {
  return [followPointers(path.offsets, base), readInto(target, path.size)];
}

/** As `readMember`, for a pointer or number of 8 bytes; leaves it in `dst`. */
export function readWord(offsets: readonly number[], base: Register, dst: Register): Code {
  const hop = { base: "r10", offset: HOP } as const;
  return [followPointers(offsets, base), readInto(hop, 8), load(8, dst, "r10", HOP)];
}

/** Leaves the address of the chain's last member in r3, ready for another read. */
export function followPointers(offsets: readonly number[], base: Register): Code {
  return [
    mov("r3", base),
    offsets.map((offset, i) => [
      i === 0 ? [] : [readInto({ base: "r10", offset: HOP }, 8), load(8, "r3", "r10", HOP)],
      offset === 0 ? [] : alu("add", "r3", offset),
    ]),
  ];
}

/** Copies `bytes` from the kernel address in r3. */
function readInto(target: Place, bytes: number): Code {
  return [
    mov("r1", target.base),
    alu("add", "r1", target.offset),
    mov("r2", bytes),
    call("probeReadKernel"),
  ];
}
