/** What live tests need, and why it may be missing. */
import { loadNative } from "#native";
import { probeEbpf } from "#runtime/sources/ebpf";

/** Why live kernel tests cannot run here, or undefined when they can. */
export function whyNoKernel(): string | undefined {
  const native = loadNative();
  if (!native.ok) return native.reason;
  const probe = probeEbpf();
  return probe.ok ? undefined : probe.unavailable.reason;
}

/** Why tests that change their user cannot run here. */
export function whyNotRoot(): string | undefined {
  return process.getuid?.() === 0 ? undefined : "not root";
}
