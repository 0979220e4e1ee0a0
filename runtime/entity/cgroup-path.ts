/**
 * What a cgroup's path says about who owns it: systemd unit, pod, container. Pure.
 *
 *   /system.slice/nginx.service                                      unit
 *   /kubepods.slice/kubepods-burstable.slice/
 *      kubepods-burstable-pod<uid with _>.slice/cri-containerd-<id>.scope      pod, container
 *   /kubepods/burstable/pod<uid>/<id>         pod, container (cgroupfs driver)
 *   /docker/<id>, /system.slice/docker-<id>.scope                    container
 *
 * A path says only what it says: a unit inside a container (systemd as pid 1) is the container's
 * own affair and is not reported as a unit of the node.
 */

export interface CgroupOwner {
  /** systemd unit, such as `nginx.service` or `session-3.scope`. */
  readonly unit?: string;
  /** Pod uid; a static pod's is 32 hex digits, others are dashed. */
  readonly pod?: string;
  /** Container id: 64 hex digits with every runtime so far. */
  readonly container?: string;
}

/** `docker-<id>.scope`, `crio-<id>.scope`, `cri-containerd-<id>.scope`, `libpod-<id>.scope`. */
const RUNTIME_SCOPE =
  /^(?:docker|crio|cri-containerd|libpod|containerd|nerdctl|cri-o)-([0-9a-f]{64})\.scope$/;
/** A container as a directory of its own: below `docker`, `libpod_parent`, or a pod. */
const BARE_CONTAINER = /^(?:crio-|libpod-|cri-containerd-)?([0-9a-f]{64})$/;
/** `<pod slice>:cri-containerd:<id>`: containerd with a systemd path on the cgroupfs driver. */
const COLON_CONTAINER = /:(?:cri-containerd|docker|crio):([0-9a-f]{64})$/;
/** Companions of a container that are not the container itself. */
const CONMON_SCOPE = /^(?:crio-conmon|libpod-conmon)-[0-9a-f]{64}\.scope$/;
/** With a prefix when the kubelet itself runs in a container. */
const POD_SLICE =
  /(?:^|-)kubepods(?:-(?:besteffort|burstable|guaranteed))?-pod([0-9a-f_]{32,36})\.slice(?::|$)/;
const POD_FOLDER = /^pod([0-9a-f-]{32,36})$/;
const UNIT = /^[^/]+\.(?:service|scope|socket|mount|swap)$/;

/** Reads a path within its hierarchy, such as `/system.slice/nginx.service`. */
export function parseCgroupPath(path: string): CgroupOwner {
  const parts = path.split("/").filter((part) => part !== "");
  let unit: string | undefined;
  let pod: string | undefined;
  let container: string | undefined;
  let isKubernetes = false;
  for (const part of parts) {
    if (container !== undefined) break;
    if (/^kubepods(?:\.slice|-[a-z]+\.slice)?$/.test(part)) isKubernetes = true;
    pod ??= podOf(part, isKubernetes);
    container = containerOf(part);
    if (container !== undefined || CONMON_SCOPE.test(part)) continue;
    if (UNIT.test(part)) unit = part;
  }
  return {
    ...(unit === undefined || pod !== undefined ? {} : { unit }),
    ...(pod === undefined ? {} : { pod }),
    ...(container === undefined ? {} : { container }),
  };
}

function podOf(part: string, isKubernetes: boolean): string | undefined {
  const slice = POD_SLICE.exec(part)?.[1];
  if (slice !== undefined) return slice.replaceAll("_", "-");
  return isKubernetes ? POD_FOLDER.exec(part)?.[1] : undefined;
}

function containerOf(part: string): string | undefined {
  const match = RUNTIME_SCOPE.exec(part) ?? BARE_CONTAINER.exec(part) ?? COLON_CONTAINER.exec(part);
  return match?.[1];
}
