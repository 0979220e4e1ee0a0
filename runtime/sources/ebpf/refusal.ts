/** Turns the kernel's refusals into a reason and a way out. */
import { readFileSync } from "node:fs";
import { constants } from "node:os";
import type { Unavailable } from "#core";

/** What the process may do, from `/proc/self`. */
export interface ProcessRights {
  /** Bit set of effective capabilities. */
  readonly capabilities: bigint;
  readonly hasSeccompFilter: boolean;
  /** Capabilities hold only inside a user namespace. */
  readonly isInUserNamespace: boolean;
  /** `kernel.unprivileged_bpf_disabled`: 0 allows some bpf(2) to everybody; 1 and 2 do not. */
  readonly unprivilegedBpfDisabled: string | undefined;
}

const CAPABILITIES = { CAP_BPF: 39n, CAP_PERFMON: 38n } as const;
const CAP_SYS_ADMIN = 21n;

const GRANT_HELP =
  "Run as root; or under systemd with `AmbientCapabilities=CAP_BPF CAP_PERFMON`; " +
  "or give them to a copy of node: `setcap cap_bpf,cap_perfmon+ep <path of node>`.";

/** Reads the rights of this process; anything unreadable counts as not restricted. */
export function readProcessRights(): ProcessRights {
  const status = readText("/proc/self/status") ?? "";
  const value = (key: string) => new RegExp(`^${key}:\\s*(\\S+)`, "m").exec(status)?.[1];
  const uidMap = readText("/proc/self/uid_map") ?? "";
  return {
    capabilities: BigInt(`0x${value("CapEff") ?? "0"}`),
    hasSeccompFilter: value("Seccomp") === "2",
    isInUserNamespace: uidMap !== "" && !/^\s*0\s+0\s+4294967295\s*$/.test(uidMap),
    unprivilegedBpfDisabled: readText("/proc/sys/kernel/unprivileged_bpf_disabled")?.trim(),
  };
}

/** `operation`: what was tried, such as `creating a map`; `errno`: positive. Pure. */
export function explainRefusal(
  operation: string,
  errno: number,
  rights: ProcessRights,
): Unavailable {
  const failed = `${operation} was refused (${errnoName(errno)})`;
  const { EPERM, EACCES, ENOSYS, ENOMEM } = constants.errno;
  if (errno === ENOSYS) {
    return {
      reason: `${failed}: bpf(2) does not exist here`,
      help: rights.hasSeccompFilter
        ? "A seccomp filter answers for the kernel; allow `bpf` in the container's profile."
        : "The kernel needs CONFIG_BPF_SYSCALL=y.",
    };
  }
  if (errno === ENOMEM) {
    return {
      reason: `${failed}: not enough memory`,
      help: "Choose a smaller ring; before kernel 5.11 also raise RLIMIT_MEMLOCK.",
    };
  }
  if (errno !== EPERM && errno !== EACCES) {
    return { reason: failed, help: "Kernel 5.8 or later with CONFIG_BPF_SYSCALL is needed." };
  }
  return explainPermission(failed, rights);
}

function explainPermission(failed: string, rights: ProcessRights): Unavailable {
  const has = (bit: bigint) => ((rights.capabilities >> bit) & 1n) === 1n;
  const missing = Object.entries(CAPABILITIES)
    .filter(([, bit]) => !has(bit) && !has(CAP_SYS_ADMIN))
    .map(([name]) => name);
  if (missing.length > 0) {
    const setting = rights.unprivilegedBpfDisabled;
    const note =
      setting === undefined || setting === "0"
        ? ""
        : ` (kernel.unprivileged_bpf_disabled=${setting})`;
    return {
      reason: `${failed}: this process lacks ${missing.join(" and ")}${note}`,
      help: GRANT_HELP,
    };
  }
  if (rights.isInUserNamespace) {
    return {
      reason: `${failed}: root of a user namespace is not root of the machine`,
      help: "Run outside the user namespace, or use a BPF token.",
    };
  }
  if (rights.hasSeccompFilter) {
    return {
      reason: `${failed}: a seccomp filter forbids bpf(2)`,
      help: "Allow the system call `bpf` in the container's seccomp profile.",
    };
  }
  return {
    reason: `${failed} although the capabilities are there`,
    help:
      "A security module or lockdown=confidentiality forbids it " +
      "(see /sys/kernel/security/lockdown); before kernel 5.11, RLIMIT_MEMLOCK may be too small.",
  };
}

/** `EPERM` for 1. */
export function errnoName(errno: number): string {
  const found = Object.entries(constants.errno).find(([, value]) => value === errno);
  return found?.[0] ?? `errno ${errno}`;
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
