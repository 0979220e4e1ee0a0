/** What this machine offers: the addon, the kernel's types, a session with the kernel. */
import { readFileSync } from "node:fs";
import { Btf, BtfError } from "#bpf/btf";
import type { Kernel } from "#bpf/programs";
import type { Unavailable } from "#core";
import { loadNative, type Native } from "#native";
import { findMemoryHierarchy } from "#runtime/entity";
import { checkRingBytes } from "./config.ts";
import { KernelRefusal, KernelSession } from "./kernel-session.ts";
import { explainRefusal, readProcessRights } from "./refusal.ts";

const BTF_FILE = "/sys/kernel/btf/vmlinux";
const DEFECT_HELP = "This kernel differs from those tapio knows; please report it with `uname -r`.";

export interface Host {
  readonly native: Native;
  readonly kernel: Kernel;
  /** Open, with nothing attached. */
  readonly session: KernelSession;
  /** Reading the kernel's types, ms. */
  readonly btfMs: number;
}

/** Opens a session, or says what is missing. Throws `RangeError` for an unusable ring size. */
export function openHost(ringBytes: number): Host | Unavailable {
  const loaded = loadNative();
  if (!loaded.ok) return { reason: loaded.reason, help: loaded.help };
  const { native } = loaded;
  const problem = checkRingBytes(ringBytes, native.pageBytes);
  if (problem !== undefined) throw new RangeError(problem);
  const startedMs = performance.now();
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(BTF_FILE);
  } catch {
    return {
      reason: `this kernel does not describe its types: ${BTF_FILE} is missing`,
      help: "A kernel built with CONFIG_DEBUG_INFO_BTF=y is needed (5.8 or later).",
    };
  }
  try {
    const btf = new Btf(bytes);
    const btfMs = performance.now() - startedMs;
    const memoryHierarchy = findMemoryHierarchy()?.version ?? "v2";
    const kernel = { btf, pageBytes: native.pageBytes, memoryHierarchy };
    return { native, kernel, session: new KernelSession(native, kernel, ringBytes), btfMs };
  } catch (error) {
    return explainError(error);
  }
}

/** Only refusals and missing types are answers; anything else is a defect and thrown again. */
export function explainError(error: unknown): Unavailable {
  if (error instanceof KernelRefusal) {
    // The verifier also says EACCES, which then has nothing to do with rights.
    if (error.verdict !== "") return { reason: error.message, help: DEFECT_HELP };
    return explainRefusal(error.operation, error.errno, readProcessRights());
  }
  if (error instanceof BtfError) return { reason: error.message, help: DEFECT_HELP };
  throw error;
}
