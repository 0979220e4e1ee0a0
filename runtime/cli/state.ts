/**
 * What a node keeps between runs, `--state`: the engine's snapshot and where the journal was read
 * to, in one file, because one without the other would see events twice or not at all.
 */
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { decode, encode } from "cborg";
import { fileProblem, UsageError } from "#core";

export interface NodeState {
  readonly journalCursor: string | undefined;
  readonly snapshot: Uint8Array | undefined;
}

const fileIn = (folder: string) => join(folder, "tapio.state");
/** What could not be used, until the next of that kind. */
const unusedIn = (folder: string) => join(folder, "tapio.state.unused");

/** What the last run left; undefined when there was none. `warn` hears of what cannot be read. */
export function readState(folder: string, warn: (text: string) => void): NodeState | undefined {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw new UsageError(
      `cannot use ${folder} for state: ${fileProblem(error)}`,
      "choose another folder with --state",
    );
  }
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(fileIn(folder));
  } catch (error) {
    const isFirstRun = error instanceof Error && "code" in error && error.code === "ENOENT";
    if (!isFirstRun)
      warn(`${fileIn(folder)} cannot be read: ${fileProblem(error)}; the run starts from now`);
    return undefined;
  }
  try {
    return stateOf(decode(bytes));
  } catch {
    const kept = setAside(folder);
    warn(`${fileIn(folder)} is damaged and not used; the run starts from now${kept}`);
    return undefined;
  }
}

/** When the last run saved its state, µs since the epoch; undefined when that is not known. */
export function savedUs(folder: string): number | undefined {
  const file = statSync(fileIn(folder), { throwIfNoEntry: false });
  return file && Math.floor(file.mtimeMs * 1000);
}

/**
 * Keeps a state that this run cannot use from being overwritten: another bundle may be tried by
 * mistake. Returns where it is, in words that end a message.
 */
export function setAside(folder: string): string {
  try {
    renameSync(fileIn(folder), unusedIn(folder));
    return `\n  help: it is kept as ${unusedIn(folder)}`;
  } catch (error) {
    return `\n  help: it will be overwritten, since it cannot be kept: ${fileProblem(error)}`;
  }
}

function stateOf(x: unknown): NodeState {
  const { cursor, snapshot } = x as { readonly cursor: unknown; readonly snapshot: unknown };
  return {
    journalCursor: typeof cursor === "string" ? cursor : undefined,
    snapshot: snapshot instanceof Uint8Array ? snapshot : undefined,
  };
}

/** Of the time saving takes away from judging events at most this share. */
const shareMax = 0.05;

export interface StateKeeperOptions {
  readonly folder: string;
  /** How often the state is saved, ms; less often when one saving takes too long for that. */
  readonly everyMs: number;
  readonly take: () => NodeState;
  readonly warn: (text: string) => void;
}

/** Saves a node's state while it runs, and once more at its end. */
export class StateKeeper {
  readonly #options: StateKeeperOptions;
  #timer: NodeJS.Timeout | undefined;
  /** A full disk is told of once, not every time. */
  #told = "";

  constructor(options: StateKeeperOptions) {
    this.#options = options;
  }

  start(): void {
    this.#wait(0);
  }

  /** Saves for the last time. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#save();
  }

  #wait(tookMs: number): void {
    const ms = Math.max(this.#options.everyMs, tookMs / shareMax);
    this.#timer = setTimeout(() => this.#wait(this.#save()), ms);
  }

  /** Returns how long it took, ms. */
  #save(): number {
    const { folder, take, warn } = this.#options;
    const begin = performance.now();
    const problem = writeState(folder, take());
    if (problem !== undefined && problem !== this.#told)
      warn(
        `the state could not be saved: ${problem}; a next run starts from what was saved before`,
      );
    this.#told = problem ?? "";
    return performance.now() - begin;
  }
}

/** Saved as a whole or not at all, also when the machine fails; returns why not. */
function writeState(folder: string, state: NodeState): string | undefined {
  const temporary = `${fileIn(folder)}.tmp`;
  const { journalCursor = null, snapshot = null } = state;
  try {
    const file = openSync(temporary, "w", 0o600);
    try {
      writeFileSync(file, encode({ cursor: journalCursor, snapshot }));
      fsyncSync(file);
    } catch (error) {
      // On a full disk, what was written of it would be in the way.
      rmSync(temporary, { force: true });
      throw error;
    } finally {
      closeSync(file);
    }
    renameSync(temporary, fileIn(folder));
    syncFolder(folder);
    return undefined;
  } catch (error) {
    return fileProblem(error);
  }
}

/** The new name survives a failure of the machine, too. */
function syncFolder(folder: string): void {
  const file = openSync(folder, "r");
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
