/** Tries everything the kernel source needs and lets go of it again: what `tapio doctor` shows. */
import { HOOK_NAMES, type HookName } from "#bpf/programs";
import type { Unavailable } from "#core";
import { explainError, openHost } from "./host.ts";
import type { KernelSession } from "./kernel-session.ts";

const PROBE_RING_BYTES = 64 * 1024;

export interface HookProbe {
  readonly hook: HookName;
  readonly tracepoint: string | undefined;
  /** Undefined when the hook can be attached. */
  readonly unavailable: Unavailable | undefined;
  /** Size of its program; 0 when unavailable. */
  readonly instructions: number;
  readonly loadMs: number;
}

export type EbpfProbe =
  | { readonly ok: false; readonly unavailable: Unavailable }
  | {
      readonly ok: true;
      readonly btfTypes: number;
      readonly btfMs: number;
      readonly memoryHierarchy: "v1" | "v2";
      readonly hooks: readonly HookProbe[];
    };

/** Attaches every hook for a moment; leaves nothing behind. */
export function probeEbpf(): EbpfProbe {
  const host = openHost(PROBE_RING_BYTES);
  if ("reason" in host) return { ok: false, unavailable: host };
  const { kernel, session, btfMs } = host;
  try {
    const hooks = HOOK_NAMES.map((hook) => probeHook(session, hook));
    const { memoryHierarchy } = kernel;
    return { ok: true, btfTypes: kernel.btf.typeCount, btfMs, memoryHierarchy, hooks };
  } finally {
    session.close();
  }
}

function probeHook(session: KernelSession, hook: HookName): HookProbe {
  try {
    session.attach(hook, undefined);
    const attached = session.attached.find((known) => known.hook === hook);
    return {
      hook,
      tracepoint: attached?.tracepoint,
      unavailable: undefined,
      instructions: attached?.instructions ?? 0,
      loadMs: attached?.loadMs ?? 0,
    };
  } catch (error) {
    const unavailable = explainError(error);
    return { hook, tracepoint: undefined, unavailable, instructions: 0, loadMs: 0 };
  }
}
