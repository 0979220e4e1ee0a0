/** Runs journalctl, and turns its refusals into a reason and a way out. */
import { type ChildProcessByStdio, spawn } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { Readable } from "node:stream";
import type { Unavailable } from "#core";
import {
  ENTRY_BYTES_MAX,
  FIELD_BYTES_MAX,
  type JournaldOptions,
  journalctlArguments,
  PROBE_TIMEOUT_MS,
  STDERR_BYTES_MAX,
  STOP_TIMEOUT_MS,
  WANTED_FIELDS,
} from "./config.ts";
import { type ExportEntry, ExportParser } from "./export-format.ts";

/** How journalctl ended. */
export interface Ending {
  /** `code 1`, `SIGKILL`, or why it could not be started. */
  readonly how: string;
  readonly isSuccess: boolean;
  /** There is no such program. */
  readonly isMissing: boolean;
  /** The end of what it wrote to its standard error. */
  readonly stderr: string;
}

/** One running journalctl. */
export class Journalctl {
  readonly stdout: Readable;
  readonly ended: Promise<Ending>;
  readonly #child: ChildProcessByStdio<null, Readable, Readable>;
  #stderr = "";

  /**
   * It gets a session of its own, so that Ctrl-C reaches tapio only and the source is stopped in
   * order. When tapio is killed, journalctl notices that nobody reads and ends as well.
   */
  constructor(program: string, args: readonly string[]) {
    this.#child = spawn(program, args, {
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
      env: { ...process.env, LC_ALL: "C.UTF-8", SYSTEMD_COLORS: "0" },
    });
    this.stdout = this.#child.stdout;
    this.#child.stderr.setEncoding("utf8").on("data", (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-STDERR_BYTES_MAX);
    });
    this.ended = new Promise((resolve) => {
      this.#child.once("error", (error) => {
        const code = "code" in error ? String(error.code) : error.message;
        const isMissing = code === "ENOENT";
        resolve({ how: code, isSuccess: false, isMissing, stderr: this.#stderr.trim() });
      });
      this.#child.once("close", (code, signal) => {
        const how = signal ?? `code ${code}`;
        resolve({ how, isSuccess: code === 0, isMissing: false, stderr: this.#stderr.trim() });
      });
    });
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Asks it to end, and makes it when it does not; resolves when it has. */
  async stop(): Promise<void> {
    this.#child.kill("SIGTERM");
    // Nobody reads any more: without this it could not close its output.
    this.stdout.destroy();
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), STOP_TIMEOUT_MS);
    await this.ended;
    clearTimeout(timer);
  }
}

export interface Newest {
  readonly entry: ExportEntry | undefined;
  /** Something a person should know although it works. */
  readonly warning: string | undefined;
}

export interface Question {
  readonly units: readonly string[] | undefined;
  /** Ask for the entry there, or the next one when it is gone. Default: the newest entry. */
  readonly cursor?: string;
  /** Ends the question early. */
  readonly signal: AbortSignal;
}

/** Asks for one entry, and so whether the journal can be read at all. */
export async function askEntry(
  options: JournaldOptions,
  { units, cursor, signal }: Question,
): Promise<Newest | Unavailable> {
  const which = cursor === undefined ? ["--lines=1"] : [`--cursor=${cursor}`, "--lines=1"];
  const args = journalctlArguments(options, units, which);
  const child = new Journalctl(options.journalctl ?? "journalctl", args);
  const stop = () => void child.stop();
  const timer = setTimeout(stop, PROBE_TIMEOUT_MS);
  signal.addEventListener("abort", stop, { once: true });
  const parser = newParser();
  let entry: ExportEntry | undefined;
  try {
    for await (const chunk of child.stdout) {
      for (const found of parser.push(chunk as Buffer)) entry = found;
    }
  } catch {
    // Stopped after the time limit; the ending says so.
  }
  const ending = await child.ended;
  clearTimeout(timer);
  signal.removeEventListener("abort", stop);
  if (!ending.isSuccess) return explainEnding(ending, options);
  if (entry === undefined && !hasJournalFiles(options)) return explainNoFiles(options);
  const isPartial = ending.stderr.includes("not seeing messages from other users");
  const warning = `only this user's entries of the journal are visible. ${GROUP_HELP}`;
  return { entry, warning: isPartial ? warning : undefined };
}

export function newParser(): ExportParser {
  const limits = { fieldBytes: FIELD_BYTES_MAX, entryBytes: ENTRY_BYTES_MAX };
  return new ExportParser(WANTED_FIELDS, limits);
}

const GROUP_HELP =
  "Add the user to the group systemd-journal (`usermod -aG systemd-journal <user>`), or be root.";

/** Why journalctl gave nothing. Pure. */
export function explainEnding(ending: Ending, options: JournaldOptions): Unavailable {
  if (ending.isMissing) {
    return {
      reason: `there is no \`${options.journalctl ?? "journalctl"}\``,
      help: "Install systemd, or leave the source `journal` out.",
    };
  }
  if (/permission|not permitted|EACCES/i.test(ending.stderr)) {
    return { reason: "no permission to read the journal", help: GROUP_HELP };
  }
  const place = options.directory ?? options.root;
  if (/No such file or directory/.test(ending.stderr) && place !== undefined) {
    return { reason: `there is no \`${place}\``, help: "Name the folder that holds the journal." };
  }
  const said = ending.stderr === "" ? "" : `: ${lastLine(ending.stderr)}`;
  return {
    reason: `journalctl ended with ${ending.how}${said}`,
    help: "Run `journalctl -n 1 -o export` by hand to see what is wrong.",
  };
}

export function lastLine(text: string): string {
  return text.split("\n").at(-1) ?? "";
}

function explainNoFiles(options: JournaldOptions): Unavailable {
  const place = options.directory ?? join(options.root ?? "/", "var/log/journal");
  return {
    reason: `there are no journal files in \`${place}\``,
    help: "Start systemd-journald, or name a folder with journal files: `tapio run --journal`.",
  };
}

/** journalctl itself is content with a folder without files. */
function hasJournalFiles({ directory, root }: JournaldOptions): boolean {
  const base = root ?? "/";
  const folders =
    directory === undefined
      ? [join(base, "var/log/journal"), join(base, "run/log/journal")]
      : [directory];
  return folders.some((folder) => {
    if (holdsJournal(folder)) return true;
    return namesIn(folder).some((name) => holdsJournal(join(folder, name)));
  });
}

function holdsJournal(folder: string): boolean {
  return namesIn(folder).some((name) => name.endsWith(".journal"));
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** Whether a journald writes into what is read; unknown, hence true, for a folder of files. */
export function isJournaldThere({ directory, root }: JournaldOptions): boolean {
  return directory !== undefined || existsSync(join(root ?? "/", "run/systemd/journal/socket"));
}
