/** Kernel events: processes that start, fork and end, and the kernel's out-of-memory kills. */
export type { EbpfOptions } from "./config.ts";
export { type DecodeContext, decodeRecord, type KernelKinds } from "./decode.ts";
export { type EbpfProbe, type HookProbe, probeEbpf } from "./probe.ts";
export { RecentExits } from "./recent-exits.ts";
export { createEbpfSource, type EbpfSource, type EbpfStats, type HookStats } from "./source.ts";
