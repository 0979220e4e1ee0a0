/** What the runtime asks of the kernel: which hooks, and what each may drop. */
import type { Hook } from "./hook.ts";
import type { IntegerFilter } from "./integer-filter.ts";
import { oomKill } from "./oom-kill.ts";
import { processExec } from "./process-exec.ts";
import { processExit } from "./process-exit.ts";
import { processFork } from "./process-fork.ts";
import type { HookName } from "./record.ts";

export interface HookPlan {
  readonly hook: HookName;
  /** Undefined: every event of the hook is wanted. */
  readonly filter?: IntegerFilter | undefined;
}

/** Hooks not listed are not attached. */
export interface KernelPlan {
  readonly hooks: readonly HookPlan[];
}

/** Every hook there is, by the name of its event kind after `kernel.`. */
export const HOOKS: Readonly<Record<HookName, Hook>> = {
  process_exec: processExec,
  process_exit: processExit,
  process_fork: processFork,
  oom_kill: oomKill,
};
