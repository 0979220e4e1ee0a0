// Generated from rules/std/schema.tapio by `npm run gen`. Do not edit.

/** Changes whenever a record of the standard schema would be read differently. */
export const stdLayoutHash = "0ff20268ad9ea1b9";

/** The views of a ring's memory that accessors read and write. */
export interface RecordViews {
  readonly u8: Uint8Array;
  readonly u32: Uint32Array;
  readonly f64: Float64Array;
}

/** `kernel.any`. */
export const KernelAny = {
  kind: 0,
  comm: 0,
  pid: 1,
  cgroup: 2,
} as const;

/** text handle of `comm` of the `kernel.any` at byte `at`; meaningless when missing. */
export const kernelAnyComm = (v: RecordViews, at: number): number => v.u32[(at >> 2) + 7] as number;

/** u32 of `pid` of the `kernel.any` at byte `at`; meaningless when missing. */
export const kernelAnyPid = (v: RecordViews, at: number): number => v.u32[(at >> 2) + 8] as number;

/** `kernel.oom_kill`. */
export const KernelOomKill = {
  kind: 1,
  comm: 0,
  pid: 1,
  cgroup: 2,
  scope: 3,
  memory_limit: 4,
  memory_usage: 5,
  rss: 6,
} as const;

/** text handle of `comm` of the `kernel.oom_kill` at byte `at`; meaningless when missing. */
export const kernelOomKillComm = (v: RecordViews, at: number): number => v.u32[(at >> 2) + 7] as number;

/** u32 of `pid` of the `kernel.oom_kill` at byte `at`; meaningless when missing. */
export const kernelOomKillPid = (v: RecordViews, at: number): number => v.u32[(at >> 2) + 8] as number;

/** member index of `scope` of the `kernel.oom_kill` at byte `at`; meaningless when missing. */
export const kernelOomKillScope = (v: RecordViews, at: number): number => v.u8[at + 44] as number;

/** size of `memory_limit` of the `kernel.oom_kill` at byte `at`; meaningless when missing. */
export const kernelOomKillMemoryLimit = (v: RecordViews, at: number): number => v.f64[(at >> 3) + 6] as number;

/** size of `memory_usage` of the `kernel.oom_kill` at byte `at`; meaningless when missing. */
export const kernelOomKillMemoryUsage = (v: RecordViews, at: number): number => v.f64[(at >> 3) + 7] as number;

/** `kernel.mem_alloc_fail`. */
export const KernelMemAllocFail = {
  kind: 2,
  comm: 0,
  pid: 1,
  cgroup: 2,
  order: 3,
} as const;

/** text handle of `comm` of the `kernel.mem_alloc_fail` at byte `at`; meaningless when missing. */
export const kernelMemAllocFailComm = (v: RecordViews, at: number): number => v.u32[(at >> 2) + 7] as number;

/** u32 of `pid` of the `kernel.mem_alloc_fail` at byte `at`; meaningless when missing. */
export const kernelMemAllocFailPid = (v: RecordViews, at: number): number => v.u32[(at >> 2) + 8] as number;

/** u32 of `order` of the `kernel.mem_alloc_fail` at byte `at`; meaningless when missing. */
export const kernelMemAllocFailOrder = (v: RecordViews, at: number): number => v.u32[(at >> 2) + 11] as number;

/** `kernel.process_exit`. */
export const KernelProcessExit = {
  kind: 3,
  comm: 0,
  pid: 1,
  cgroup: 2,
  exit_code: 3,
  signal: 4,
  parent_pid: 5,
} as const;

/** text handle of `comm` of the `kernel.process_exit` at byte `at`; meaningless when missing. */
export const kernelProcessExitComm = (v: RecordViews, at: number): number => v.u32[(at >> 2) + 7] as number;

/** u32 of `pid` of the `kernel.process_exit` at byte `at`; meaningless when missing. */
export const kernelProcessExitPid = (v: RecordViews, at: number): number => v.u32[(at >> 2) + 8] as number;

/** int of `exit_code` of the `kernel.process_exit` at byte `at`; meaningless when missing. */
export const kernelProcessExitExitCode = (v: RecordViews, at: number): number => v.f64[(at >> 3) + 6] as number;

/** int of `signal` of the `kernel.process_exit` at byte `at`; meaningless when missing. */
export const kernelProcessExitSignal = (v: RecordViews, at: number): number => v.f64[(at >> 3) + 7] as number;

/** u32 of `parent_pid` of the `kernel.process_exit` at byte `at`; meaningless when missing. */
export const kernelProcessExitParentPid = (v: RecordViews, at: number): number => v.u32[(at >> 2) + 11] as number;

/** `kernel.process_exec`. */
export const KernelProcessExec = {
  kind: 4,
  comm: 0,
  pid: 1,
  cgroup: 2,
  parent_pid: 3,
  filename: 4,
} as const;

/** text handle of `comm` of the `kernel.process_exec` at byte `at`; meaningless when missing. */
export const kernelProcessExecComm = (v: RecordViews, at: number): number => v.u32[(at >> 2) + 7] as number;

/** u32 of `pid` of the `kernel.process_exec` at byte `at`; meaningless when missing. */
export const kernelProcessExecPid = (v: RecordViews, at: number): number => v.u32[(at >> 2) + 8] as number;

/** u32 of `parent_pid` of the `kernel.process_exec` at byte `at`; meaningless when missing. */
export const kernelProcessExecParentPid = (v: RecordViews, at: number): number => v.u32[(at >> 2) + 11] as number;

/** text handle of `filename` of the `kernel.process_exec` at byte `at`; meaningless when missing. */
export const kernelProcessExecFilename = (v: RecordViews, at: number): number => v.u32[(at >> 2) + 12] as number;

/** `kernel.process_fork`. */
export const KernelProcessFork = {
  kind: 5,
  comm: 0,
  pid: 1,
  cgroup: 2,
  child_pid: 3,
} as const;

/** text handle of `comm` of the `kernel.process_fork` at byte `at`; meaningless when missing. */
export const kernelProcessForkComm = (v: RecordViews, at: number): number => v.u32[(at >> 2) + 7] as number;

/** u32 of `pid` of the `kernel.process_fork` at byte `at`; meaningless when missing. */
export const kernelProcessForkPid = (v: RecordViews, at: number): number => v.u32[(at >> 2) + 8] as number;

/** u32 of `child_pid` of the `kernel.process_fork` at byte `at`; meaningless when missing. */
export const kernelProcessForkChildPid = (v: RecordViews, at: number): number => v.u32[(at >> 2) + 11] as number;

/** `kernel.file_open_fail`. */
export const KernelFileOpenFail = {
  kind: 6,
  comm: 0,
  pid: 1,
  cgroup: 2,
  path: 3,
  errno: 4,
} as const;

/** text handle of `comm` of the `kernel.file_open_fail` at byte `at`; meaningless when missing. */
export const kernelFileOpenFailComm = (v: RecordViews, at: number): number => v.u32[(at >> 2) + 7] as number;

/** u32 of `pid` of the `kernel.file_open_fail` at byte `at`; meaningless when missing. */
export const kernelFileOpenFailPid = (v: RecordViews, at: number): number => v.u32[(at >> 2) + 8] as number;

/** text handle of `path` of the `kernel.file_open_fail` at byte `at`; meaningless when missing. */
export const kernelFileOpenFailPath = (v: RecordViews, at: number): number => v.u32[(at >> 2) + 11] as number;

/** member index of `errno` of the `kernel.file_open_fail` at byte `at`; meaningless when missing. */
export const kernelFileOpenFailErrno = (v: RecordViews, at: number): number => v.u8[at + 48] as number;

/** `kernel.cpu_throttle`. */
export const KernelCpuThrottle = {
  kind: 7,
  throttled: 0,
  runtime: 1,
  ratio: 2,
} as const;

/** duration of `throttled` of the `kernel.cpu_throttle` at byte `at`; meaningless when missing. */
export const kernelCpuThrottleThrottled = (v: RecordViews, at: number): number => v.f64[(at >> 3) + 4] as number;

/** duration of `runtime` of the `kernel.cpu_throttle` at byte `at`; meaningless when missing. */
export const kernelCpuThrottleRuntime = (v: RecordViews, at: number): number => v.f64[(at >> 3) + 5] as number;

/** percent of `ratio` of the `kernel.cpu_throttle` at byte `at`; meaningless when missing. */
export const kernelCpuThrottleRatio = (v: RecordViews, at: number): number => v.f64[(at >> 3) + 6] as number;

/** `kernel.connect_fail`. */
export const KernelConnectFail = {
  kind: 8,
  comm: 0,
  pid: 1,
  cgroup: 2,
  src_ip: 3,
  dst_ip: 4,
  dst_port: 5,
  errno: 6,
} as const;

/** text handle of `comm` of the `kernel.connect_fail` at byte `at`; meaningless when missing. */
export const kernelConnectFailComm = (v: RecordViews, at: number): number => v.u32[(at >> 2) + 7] as number;

/** u32 of `pid` of the `kernel.connect_fail` at byte `at`; meaningless when missing. */
export const kernelConnectFailPid = (v: RecordViews, at: number): number => v.u32[(at >> 2) + 8] as number;

/** port of `dst_port` of the `kernel.connect_fail` at byte `at`; meaningless when missing. */
export const kernelConnectFailDstPort = (v: RecordViews, at: number): number => v.u32[(at >> 2) + 15] as number;

/** `kernel.packet_drop`. */
export const KernelPacketDrop = {
  kind: 9,
  protocol: 0,
  src_ip: 1,
  dst_ip: 2,
  reason: 3,
} as const;

/** member index of `protocol` of the `kernel.packet_drop` at byte `at`; meaningless when missing. */
export const kernelPacketDropProtocol = (v: RecordViews, at: number): number => v.u8[at + 28] as number;

/** `kernel.dns_response`. */
export const KernelDnsResponse = {
  kind: 10,
  qname: 0,
  rcode: 1,
  latency: 2,
  server: 3,
} as const;

/** text handle of `qname` of the `kernel.dns_response` at byte `at`; meaningless when missing. */
export const kernelDnsResponseQname = (v: RecordViews, at: number): number => v.u32[(at >> 2) + 7] as number;

/** member index of `rcode` of the `kernel.dns_response` at byte `at`; meaningless when missing. */
export const kernelDnsResponseRcode = (v: RecordViews, at: number): number => v.u8[at + 32] as number;

/** duration of `latency` of the `kernel.dns_response` at byte `at`; meaningless when missing. */
export const kernelDnsResponseLatency = (v: RecordViews, at: number): number => v.f64[(at >> 3) + 5] as number;

/** `systemd.unit_state`. */
export const SystemdUnitState = {
  kind: 11,
  unit: 0,
  previous: 1,
  active: 2,
  sub: 3,
  result: 4,
} as const;

/** text handle of `unit` of the `systemd.unit_state` at byte `at`; meaningless when missing. */
export const systemdUnitStateUnit = (v: RecordViews, at: number): number => v.u32[(at >> 2) + 7] as number;

/** member index of `previous` of the `systemd.unit_state` at byte `at`; meaningless when missing. */
export const systemdUnitStatePrevious = (v: RecordViews, at: number): number => v.u8[at + 32] as number;

/** member index of `active` of the `systemd.unit_state` at byte `at`; meaningless when missing. */
export const systemdUnitStateActive = (v: RecordViews, at: number): number => v.u8[at + 33] as number;

/** text handle of `sub` of the `systemd.unit_state` at byte `at`; meaningless when missing. */
export const systemdUnitStateSub = (v: RecordViews, at: number): number => v.u32[(at >> 2) + 9] as number;

/** text handle of `result` of the `systemd.unit_state` at byte `at`; meaningless when missing. */
export const systemdUnitStateResult = (v: RecordViews, at: number): number => v.u32[(at >> 2) + 10] as number;

/** `journal.entry`. */
export const JournalEntry = {
  kind: 12,
  message: 0,
  priority: 1,
  unit: 2,
  identifier: 3,
  transport: 4,
  pid: 5,
  cgroup: 6,
} as const;

/** text handle of `message` of the `journal.entry` at byte `at`; meaningless when missing. */
export const journalEntryMessage = (v: RecordViews, at: number): number => v.u32[(at >> 2) + 7] as number;

/** u32 of `priority` of the `journal.entry` at byte `at`; meaningless when missing. */
export const journalEntryPriority = (v: RecordViews, at: number): number => v.u32[(at >> 2) + 8] as number;

/** text handle of `unit` of the `journal.entry` at byte `at`; meaningless when missing. */
export const journalEntryUnit = (v: RecordViews, at: number): number => v.u32[(at >> 2) + 9] as number;

/** text handle of `identifier` of the `journal.entry` at byte `at`; meaningless when missing. */
export const journalEntryIdentifier = (v: RecordViews, at: number): number => v.u32[(at >> 2) + 10] as number;

/** text handle of `transport` of the `journal.entry` at byte `at`; meaningless when missing. */
export const journalEntryTransport = (v: RecordViews, at: number): number => v.u32[(at >> 2) + 11] as number;

/** u32 of `pid` of the `journal.entry` at byte `at`; meaningless when missing. */
export const journalEntryPid = (v: RecordViews, at: number): number => v.u32[(at >> 2) + 12] as number;

/** `k8s.container_state`. */
export const K8sContainerState = {
  kind: 13,
  state: 0,
  reason: 1,
  exit_code: 2,
  restart_count: 3,
} as const;

/** member index of `state` of the `k8s.container_state` at byte `at`; meaningless when missing. */
export const k8sContainerStateState = (v: RecordViews, at: number): number => v.u8[at + 28] as number;

/** text handle of `reason` of the `k8s.container_state` at byte `at`; meaningless when missing. */
export const k8sContainerStateReason = (v: RecordViews, at: number): number => v.u32[(at >> 2) + 8] as number;

/** int of `exit_code` of the `k8s.container_state` at byte `at`; meaningless when missing. */
export const k8sContainerStateExitCode = (v: RecordViews, at: number): number => v.f64[(at >> 3) + 5] as number;

/** u32 of `restart_count` of the `k8s.container_state` at byte `at`; meaningless when missing. */
export const k8sContainerStateRestartCount = (v: RecordViews, at: number): number => v.u32[(at >> 2) + 9] as number;

/** `k8s.event`. */
export const K8sEvent = {
  kind: 14,
  reason: 0,
  message: 1,
  count: 2,
} as const;

/** text handle of `reason` of the `k8s.event` at byte `at`; meaningless when missing. */
export const k8sEventReason = (v: RecordViews, at: number): number => v.u32[(at >> 2) + 7] as number;

/** text handle of `message` of the `k8s.event` at byte `at`; meaningless when missing. */
export const k8sEventMessage = (v: RecordViews, at: number): number => v.u32[(at >> 2) + 8] as number;

/** u32 of `count` of the `k8s.event` at byte `at`; meaningless when missing. */
export const k8sEventCount = (v: RecordViews, at: number): number => v.u32[(at >> 2) + 9] as number;

/** `k8s.node_condition`. */
export const K8sNodeCondition = {
  kind: 15,
  condition: 0,
  status: 1,
} as const;

/** member index of `condition` of the `k8s.node_condition` at byte `at`; meaningless when missing. */
export const k8sNodeConditionCondition = (v: RecordViews, at: number): number => v.u8[at + 28] as number;

/** member index of `status` of the `k8s.node_condition` at byte `at`; meaningless when missing. */
export const k8sNodeConditionStatus = (v: RecordViews, at: number): number => v.u8[at + 29] as number;

/** `k8s.config_change`. */
export const K8sConfigChange = {
  kind: 16,
  kind_: 0,
  name: 1,
  op: 2,
} as const;

/** member index of `kind` of the `k8s.config_change` at byte `at`; meaningless when missing. */
export const k8sConfigChangeKind = (v: RecordViews, at: number): number => v.u8[at + 28] as number;

/** text handle of `name` of the `k8s.config_change` at byte `at`; meaningless when missing. */
export const k8sConfigChangeName = (v: RecordViews, at: number): number => v.u32[(at >> 2) + 8] as number;

/** member index of `op` of the `k8s.config_change` at byte `at`; meaningless when missing. */
export const k8sConfigChangeOp = (v: RecordViews, at: number): number => v.u8[at + 29] as number;

/** `k8s.rollout`. */
export const K8sRollout = {
  kind: 17,
  revision: 0,
  phase: 1,
} as const;

/** u32 of `revision` of the `k8s.rollout` at byte `at`; meaningless when missing. */
export const k8sRolloutRevision = (v: RecordViews, at: number): number => v.u32[(at >> 2) + 7] as number;

/** member index of `phase` of the `k8s.rollout` at byte `at`; meaningless when missing. */
export const k8sRolloutPhase = (v: RecordViews, at: number): number => v.u8[at + 32] as number;

/** `k8s.lease`. */
export const K8sLease = {
  kind: 18,
  holder: 0,
  renew: 1,
} as const;

/** text handle of `holder` of the `k8s.lease` at byte `at`; meaningless when missing. */
export const k8sLeaseHolder = (v: RecordViews, at: number): number => v.u32[(at >> 2) + 7] as number;

/** time of `renew` of the `k8s.lease` at byte `at`; meaningless when missing. */
export const k8sLeaseRenew = (v: RecordViews, at: number): number => v.f64[(at >> 3) + 4] as number;

/** `otel.span`. */
export const OtelSpan = {
  kind: 19,
  service: 0,
  peer: 1,
  name: 2,
  status: 3,
  http_status: 4,
  db_system: 5,
  duration: 6,
  trace_id: 7,
} as const;

/** text handle of `service` of the `otel.span` at byte `at`; meaningless when missing. */
export const otelSpanService = (v: RecordViews, at: number): number => v.u32[(at >> 2) + 7] as number;

/** text handle of `peer` of the `otel.span` at byte `at`; meaningless when missing. */
export const otelSpanPeer = (v: RecordViews, at: number): number => v.u32[(at >> 2) + 8] as number;

/** text handle of `name` of the `otel.span` at byte `at`; meaningless when missing. */
export const otelSpanName = (v: RecordViews, at: number): number => v.u32[(at >> 2) + 9] as number;

/** member index of `status` of the `otel.span` at byte `at`; meaningless when missing. */
export const otelSpanStatus = (v: RecordViews, at: number): number => v.u8[at + 40] as number;

/** int of `http_status` of the `otel.span` at byte `at`; meaningless when missing. */
export const otelSpanHttpStatus = (v: RecordViews, at: number): number => v.f64[(at >> 3) + 6] as number;

/** text handle of `db_system` of the `otel.span` at byte `at`; meaningless when missing. */
export const otelSpanDbSystem = (v: RecordViews, at: number): number => v.u32[(at >> 2) + 11] as number;

/** duration of `duration` of the `otel.span` at byte `at`; meaningless when missing. */
export const otelSpanDuration = (v: RecordViews, at: number): number => v.f64[(at >> 3) + 7] as number;

/** `node.fs_usage`. */
export const NodeFsUsage = {
  kind: 20,
  mount: 0,
  used: 1,
  inodes: 2,
} as const;

/** text handle of `mount` of the `node.fs_usage` at byte `at`; meaningless when missing. */
export const nodeFsUsageMount = (v: RecordViews, at: number): number => v.u32[(at >> 2) + 7] as number;

/** percent of `used` of the `node.fs_usage` at byte `at`; meaningless when missing. */
export const nodeFsUsageUsed = (v: RecordViews, at: number): number => v.f64[(at >> 3) + 4] as number;

/** percent of `inodes` of the `node.fs_usage` at byte `at`; meaningless when missing. */
export const nodeFsUsageInodes = (v: RecordViews, at: number): number => v.f64[(at >> 3) + 5] as number;

/** `node.memory`. */
export const NodeMemory = {
  kind: 21,
  usage: 0,
  limit: 1,
} as const;

/** size of `usage` of the `node.memory` at byte `at`; meaningless when missing. */
export const nodeMemoryUsage = (v: RecordViews, at: number): number => v.f64[(at >> 3) + 4] as number;

/** size of `limit` of the `node.memory` at byte `at`; meaningless when missing. */
export const nodeMemoryLimit = (v: RecordViews, at: number): number => v.f64[(at >> 3) + 5] as number;
