import { describe, expect, it } from "vitest";
import {
  type CgroupOwner,
  parseCgroupPath,
  parseMountinfo,
  parseProcCgroup,
} from "#runtime/entity";

const ID = "3f0a5d6c7b8e9f00112233445566778899aabbccddeeff00112233445566abcd";
const UID = "8d0f3a4e-1c2b-4d5e-9f60-718293a4b5c6";
const UID_ = UID.replaceAll("-", "_");
const BURSTABLE = "/kubepods.slice/kubepods-burstable.slice";
const BEST_EFFORT = "/kubepods.slice/kubepods-besteffort.slice";
const NESTED = "/kubelet.slice/kubelet-kubepods.slice";
const STATIC = "1234567890abcdef1234567890abcdef";

const CASES: readonly (readonly [string, CgroupOwner])[] = [
  ["/", {}],
  ["", {}],
  ["/tapio-demo", {}],
  ["/init.scope", { unit: "init.scope" }],
  ["/system.slice/nginx.service", { unit: "nginx.service" }],
  ["/system.slice/system-getty.slice/getty@tty1.service", { unit: "getty@tty1.service" }],
  ["/system.slice/app\\x2done.service", { unit: "app\\x2done.service" }],
  ["/user.slice/user-1000.slice/session-3.scope", { unit: "session-3.scope" }],
  [
    "/user.slice/user-1000.slice/user@1000.service/app.slice/foot.service",
    { unit: "foot.service" },
  ],
  [
    "/system.slice/system-postgresql.slice/postgresql@15-main.service",
    { unit: "postgresql@15-main.service" },
  ],
  // Docker: systemd driver, cgroupfs driver, systemd inside the container.
  [`/system.slice/docker-${ID}.scope`, { container: ID }],
  [`/docker/${ID}`, { container: ID }],
  [`/docker/${ID}/system.slice/cron.service`, { container: ID }],
  [`/system.slice/docker-${ID}.scope/init.scope`, { container: ID }],
  // Podman.
  [`/machine.slice/libpod-${ID}.scope/container`, { container: ID }],
  [`/machine.slice/libpod-conmon-${ID}.scope`, {}],
  [`/libpod_parent/libpod-${ID}`, { container: ID }],
  // Kubernetes, systemd driver.
  [
    `${BURSTABLE}/kubepods-burstable-pod${UID_}.slice/cri-containerd-${ID}.scope`,
    { pod: UID, container: ID },
  ],
  [
    `${BEST_EFFORT}/kubepods-besteffort-pod${UID_}.slice/crio-${ID}.scope`,
    { pod: UID, container: ID },
  ],
  [`/kubepods.slice/kubepods-pod${UID_}.slice/docker-${ID}.scope`, { pod: UID, container: ID }],
  [`/kubepods.slice/kubepods-pod${UID_}.slice`, { pod: UID }],
  [
    `${BURSTABLE}/kubepods-burstable-pod${STATIC}.slice/cri-containerd-${ID}.scope`,
    { pod: STATIC, container: ID },
  ],
  [`${BURSTABLE}/kubepods-burstable-pod${UID_}.slice/crio-conmon-${ID}.scope`, { pod: UID }],
  // Kubernetes, cgroupfs driver.
  [`/kubepods/burstable/pod${UID}/${ID}`, { pod: UID, container: ID }],
  [`/kubepods/besteffort/pod${UID}/crio-${ID}`, { pod: UID, container: ID }],
  [`/kubepods/pod${UID}/${ID}`, { pod: UID, container: ID }],
  [`/kubepods/burstable/pod${STATIC}/${ID}`, { pod: STATIC, container: ID }],
  [`/kubepods/burstable/pod${UID}`, { pod: UID }],
  // kind and other nodes inside a container: the pod is found below the prefix.
  [
    `${NESTED}/kubelet-kubepods-pod${UID_}.slice/cri-containerd-${ID}.scope`,
    { pod: UID, container: ID },
  ],
  [`/kubelet/kubepods/burstable/pod${UID}/${ID}`, { pod: UID, container: ID }],
  // containerd's colon form.
  [
    `/system.slice/containerd.service/kubepods-burstable-pod${UID_}.slice:cri-containerd:${ID}`,
    { pod: UID, container: ID },
  ],
  // Looks like a pod or container, and is not.
  ["/podman-stuff/podxyz", {}],
  [`/system.slice/backup-${ID}.service`, { unit: `backup-${ID}.service` }],
  [`/pod${UID}`, {}],
  ["/a.service/b/c", { unit: "a.service" }],
];

describe("cgroup paths", () => {
  it.each(CASES)("%s", (path, owner) => {
    expect(parseCgroupPath(path)).toEqual(owner);
  });
});

describe("mountinfo", () => {
  it("finds the memory controller on v1 and hybrid hosts", () => {
    const text = [
      "30 23 0:26 / /sys/fs/cgroup rw - tmpfs tmpfs rw,mode=755",
      "31 30 0:27 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct",
      "32 30 0:28 / /sys/fs/cgroup/memory rw,relatime shared:9 - cgroup cgroup rw,memory",
      "33 30 0:29 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw,nsdelegate",
    ].join("\n");
    expect(parseMountinfo(text)).toEqual({
      v1: { version: "v1", mountPoint: "/sys/fs/cgroup/memory", root: "/" },
      v2: [{ version: "v2", mountPoint: "/sys/fs/cgroup/unified", root: "/" }],
    });
  });

  it("finds v2, also with spaces and a root of its own", () => {
    const text = "30 23 0:26 /docker/abc /sys/fs/c\\040group ro,nosuid - cgroup2 cgroup rw";
    expect(parseMountinfo(text)).toEqual({
      v1: undefined,
      v2: [{ version: "v2", mountPoint: "/sys/fs/c group", root: "/docker/abc" }],
    });
  });

  it("takes nonsense for nothing", () => {
    expect(parseMountinfo("")).toEqual({ v1: undefined, v2: [] });
    expect(parseMountinfo("a - b\n - \nx")).toEqual({ v1: undefined, v2: [] });
  });
});

describe("/proc/<pid>/cgroup", () => {
  const text =
    "12:memory:/app\n11:cpu,cpuacct:/cpu\n1:name=systemd:/init\n0::/unified/x:y (deleted)\n";
  it("has a line per hierarchy", () => {
    expect(parseProcCgroup(text, "v1")).toBe("/app");
    expect(parseProcCgroup(text, "v2")).toBe("/unified/x:y");
    expect(parseProcCgroup("", "v2")).toBeUndefined();
  });
});
