/** Processes that judge mutants. One that hangs or dies is replaced, and its mutant is noticed. */
import { fork } from "node:child_process";
import { setPriority } from "node:os";
import type { Verdict } from "./battery.ts";
import type { FromWorker } from "./worker.ts";

export interface Work {
  readonly script: string;
  readonly env: Readonly<Record<string, string>>;
  /** Rules or units of each law. */
  readonly rules: number;
  /** Time for a mutant that nothing notices. */
  readonly patienceMs: number;
  readonly workers: number;
  readonly ids: readonly number[];
  readonly onJudged: (id: number, verdict: Verdict) => void;
}

/** Loops have an end of their own; this is for what has none, such as a regular expression. */
const hangMs = 60_000;

export async function judgeAll(work: Work): Promise<void> {
  const waiting = [...work.ids];
  const total = waiting.length;
  if (total === 0) return;
  const tell = setInterval(
    () => process.stderr.write(`${total - waiting.length} of ${total}\n`),
    30_000,
  );
  const count = Math.min(work.workers, total);
  await Promise.all(
    Array.from({ length: count }, async (_, i) => {
      while (waiting.length > 0) await oneProcess(work, waiting, i === 0);
    }),
  );
  clearInterval(tell);
}

/** Judges until nothing waits or the process is gone. */
function oneProcess(work: Work, waiting: number[], isTold: boolean): Promise<void> {
  const child = fork(work.script, [String(work.rules), String(work.patienceMs)], {
    env: { ...process.env, ...work.env },
    execArgv: ["--stack-size=2000", "--max-old-space-size=3000"],
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
  if (child.pid !== undefined) setPriority(child.pid, 10);
  return new Promise((resolve, reject) => {
    let current: number | undefined;
    let hang: NodeJS.Timeout | undefined;
    let isReady = false;
    const watch = () => {
      clearTimeout(hang);
      hang = setTimeout(() => child.kill("SIGKILL"), hangMs);
    };
    const next = () => {
      current = waiting.shift();
      if (current === undefined) child.kill();
      else child.send(current);
      watch();
    };
    child.on("message", (message: FromWorker) => {
      if (message.is === "alive") {
        watch();
        return;
      }
      if (message.is === "ready") {
        isReady = true;
        if (isTold) tellReady(message);
      } else work.onJudged(message.id, message.verdict);
      next();
    });
    child.on("exit", () => {
      clearTimeout(hang);
      if (!isReady) reject(new Error("a worker ended before it was ready"));
      if (current !== undefined)
        work.onJudged(current, { verdict: "killed", by: "the process ended", isEndless: true });
      resolve();
    });
  });
}

function tellReady({ checks, unused, times }: Extract<FromWorker, { is: "ready" }>): void {
  const longest = [...times].sort((a, b) => b[1] - a[1]).slice(0, 12);
  const shown = longest.map(([family, ms]) => `${family} ${Math.round(ms)} ms`);
  process.stderr.write(`${checks} checks, the longest: ${shown.join(", ")}\n`);
  for (const name of unused) process.stderr.write(`not used: ${name}\n`);
}
