/**
 * What a node keeps between runs, `--state`: the engine's snapshot and where the journal was read
 * to, in one file, because one without the other would see events twice or not at all.
 */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { decode, encode } from "cborg";
import { fileProblem, UsageError } from "#core";

export interface NodeState {
  readonly journalCursor: string | undefined;
  readonly snapshot: Uint8Array | undefined;
}

const fileIn = (folder: string) => join(folder, "tapio.state");

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
    warn(`${fileIn(folder)} is damaged and not used; the run starts from now`);
    return undefined;
  }
}

function stateOf(x: unknown): NodeState {
  const { cursor, snapshot } = x as { readonly cursor: unknown; readonly snapshot: unknown };
  return {
    journalCursor: typeof cursor === "string" ? cursor : undefined,
    snapshot: snapshot instanceof Uint8Array ? snapshot : undefined,
  };
}

/** Saved as a whole or not at all; `warn` hears why when it cannot be. */
export function saveState(folder: string, state: NodeState, warn: (text: string) => void): void {
  const temporary = `${fileIn(folder)}.tmp`;
  const { journalCursor = null, snapshot = null } = state;
  try {
    writeFileSync(temporary, encode({ cursor: journalCursor, snapshot }), { mode: 0o600 });
    renameSync(temporary, fileIn(folder));
  } catch (error) {
    warn(`the state could not be saved: ${fileProblem(error)}; the next run starts from now`);
  }
}
