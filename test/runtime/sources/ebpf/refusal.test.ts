import { constants } from "node:os";
import { describe, expect, it } from "vitest";
import { explainRefusal, type ProcessRights } from "../../../../runtime/sources/ebpf/refusal.ts";

const ALL = (1n << 41n) - 1n;
const rights = (some: Partial<ProcessRights>): ProcessRights => ({
  capabilities: ALL,
  hasSeccompFilter: false,
  isInUserNamespace: false,
  unprivilegedBpfDisabled: "2",
  ...some,
});
const { EPERM, EACCES, ENOSYS, ENOMEM, E2BIG } = constants.errno;

describe("refusals", () => {
  const cases: readonly (readonly [string, number, Partial<ProcessRights>, RegExp, RegExp])[] = [
    [
      "no capabilities",
      EPERM,
      { capabilities: 0n },
      /lacks CAP_BPF and CAP_PERFMON .*disabled=2/,
      /setcap/,
    ],
    [
      "only CAP_BPF",
      EPERM,
      { capabilities: 1n << 39n },
      /lacks CAP_PERFMON/,
      /AmbientCapabilities/,
    ],
    ["CAP_SYS_ADMIN is enough", EACCES, { capabilities: 1n << 21n }, /although/, /lockdown/],
    ["user namespace", EPERM, { isInUserNamespace: true }, /user namespace/, /outside/],
    ["seccomp", EPERM, { hasSeccompFilter: true }, /seccomp/, /profile/],
    ["no bpf(2)", ENOSYS, {}, /does not exist/, /CONFIG_BPF_SYSCALL/],
    ["seccomp hides bpf(2)", ENOSYS, { hasSeccompFilter: true }, /does not exist/, /seccomp/],
    ["memory", ENOMEM, {}, /not enough memory/, /RLIMIT_MEMLOCK/],
    ["anything else", E2BIG, {}, /refused \(E2BIG\)/, /5\.8/],
  ];
  it.each(cases)("%s", (_, errno, some, reason, help) => {
    const told = explainRefusal("creating a map", errno, rights(some));
    expect(told.reason).toMatch(reason);
    expect(told.reason).toMatch(/^creating a map/);
    expect(told.help).toMatch(help);
  });
});
