/**
 * The kernel's lines about an out-of-memory kill, in the journal as entries of transport `kernel`:
 *
 *   oom-kill:constraint=CONSTRAINT_MEMCG,…,oom_memcg=/x,task_memcg=/x/y,task=tail,pid=42,uid=0
 *   Memory cgroup out of memory: Killed process 42 (tail) total-vm:…
 *   Out of memory: Killed process 42 (tail) total-vm:…
 *   oom_reaper: reaped process 42 (tail), now anon-rss:0kB, …
 *
 * Only the first names the cgroup; the others of the same report follow it and name the process. So
 * the cgroup is remembered by process id for the lines that follow. Pure.
 */

export interface OomVictim {
  readonly pid: number;
  /** Missing when the line that names it has not been seen. */
  readonly cgroupPath: string | undefined;
}

/** Reports remembered; they follow each other closely even when many processes are killed. */
const REMEMBERED_MAX = 64;
/** A process id means somebody else soon. The lines of one report are milliseconds apart. */
const REMEMBERED_US = 60_000_000;

/**
 * The command name is the victim's own choice and may contain commas, so the first `,task=` ends
 * the path and the last `,pid=` begins the number.
 */
const REPORT = /^oom-kill:constraint=.*?,task_memcg=(.*?),task=.*,pid=(\d+),uid=\d+$/s;
const KILLED =
  /^(?:Memory cgroup out|Out) of memory(?: \([a-z_ ]+\))?: Kill(?:ed)? process (\d+) \(/;
const REAPED = /^oom_reaper: reaped process (\d+) \(/;

export class OomReports {
  readonly #paths = new Map<number, { readonly path: string; readonly timeUs: number }>();

  /** Whom a kernel message is about, if it is one of the lines above. */
  victimOf(message: string, timeUs: number): OomVictim | undefined {
    const report = REPORT.exec(message);
    if (report !== null) {
      const pid = Number(report[2]);
      const path = report[1] ?? "";
      this.#remember(pid, path, timeUs);
      return { pid, cgroupPath: path };
    }
    const line = KILLED.exec(message) ?? REAPED.exec(message);
    if (line === null) return undefined;
    const pid = Number(line[1]);
    const known = this.#paths.get(pid);
    const isRecent = known !== undefined && Math.abs(timeUs - known.timeUs) <= REMEMBERED_US;
    return { pid, cgroupPath: isRecent ? known.path : undefined };
  }

  #remember(pid: number, path: string, timeUs: number): void {
    this.#paths.delete(pid);
    this.#paths.set(pid, { path, timeUs });
    if (this.#paths.size <= REMEMBERED_MAX) return;
    const oldest = this.#paths.keys().next();
    if (oldest.done !== true) this.#paths.delete(oldest.value);
  }
}
