/** Runs the built programs as a person would. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("../..", import.meta.url));

/** Builds what is missing; quick when nothing is. */
export function ensureBuilt(): void {
  const done = spawnSync(process.execPath, ["setup.mjs", "--quiet"], {
    cwd: root,
    encoding: "utf8",
  });
  if (done.status !== 0) throw new Error(`setup failed: ${done.stdout}${done.stderr}`);
}

export interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

export interface RunHow {
  readonly cwd?: string;
  readonly input?: string | Uint8Array;
  /** Run as this user id, without any capability. */
  readonly uid?: number;
  readonly env?: Record<string, string>;
}

function commandLine(
  program: "tapio" | "tapioc",
  args: readonly string[],
  how: RunHow,
): [string, string[]] {
  const node = [process.execPath, `${root}dist/${program}.js`, ...args];
  if (how.uid === undefined) return [node[0] ?? "", node.slice(1)];
  const id = String(how.uid);
  return [
    "setpriv",
    [`--reuid=${id}`, `--regid=${id}`, "--clear-groups", "--inh-caps=-all", ...node],
  ];
}

export function run(program: "tapio" | "tapioc", args: readonly string[], how: RunHow = {}): Ran {
  const [command, rest] = commandLine(program, args, how);
  const done = spawnSync(command, rest, {
    cwd: how.cwd ?? root,
    input: how.input ?? "",
    encoding: "utf8",
    timeout: 60_000,
    maxBuffer: 64 << 20,
    env: { ...process.env, NO_COLOR: "1", ...how.env },
  });
  return { code: done.status, out: done.stdout, err: done.stderr };
}

/** A program that goes on until it is told to stop. */
export class Running {
  readonly child: ChildProcess;
  out = "";
  err = "";
  readonly ended: Promise<number | null>;

  constructor(program: "tapio" | "tapioc", args: readonly string[], how: RunHow = {}) {
    const [command, rest] = commandLine(program, args, how);
    this.child = spawn(command, rest, {
      cwd: how.cwd ?? root,
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, NO_COLOR: "1" },
    });
    this.child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      this.out += text;
    });
    this.child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.err += text;
    });
    this.ended = new Promise((resolve) => this.child.on("close", (code) => resolve(code)));
  }

  /** Waits until `test` holds; rejects after `ms` with what the program said. */
  async until(test: (r: Running) => boolean, ms: number): Promise<void> {
    const end = performance.now() + ms;
    while (!test(this)) {
      if (performance.now() > end)
        throw new Error(`waited ${ms} ms; stdout: ${this.out}\nstderr: ${this.err}`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
}
