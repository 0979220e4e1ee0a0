/** Writing files so that a reader never sees half of one. */
import {
  closeSync,
  fchmodSync,
  mkdirSync,
  openSync,
  realpathSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname } from "node:path";
import { fileProblem, UsageError } from "#core";

/**
 * Writes all of `bytes` or nothing. A link stays one and a file keeps its rights; what is neither
 * file nor folder, such as `/dev/null`, is written to and not replaced.
 */
export function writeWhole(path: string, bytes: Uint8Array | string): void {
  try {
    mkdirSync(dirname(path), { recursive: true });
    const there = statSync(path, { throwIfNoEntry: false });
    if (there && !there.isFile()) writeFileSync(path, bytes);
    else replaceFile(there ? realpathSync(path) : path, bytes, there);
  } catch (error) {
    throw new UsageError(
      `cannot write ${path}: ${fileProblem(error)}`,
      "choose another place, or make room there",
    );
  }
}

function replaceFile(path: string, bytes: Uint8Array | string, old: Stats | undefined): void {
  const temporary = `${path}.${process.pid}.tmp`;
  const file = openSync(temporary, "w");
  try {
    try {
      writeFileSync(file, bytes);
      if (old) fchmodSync(file, old.mode);
    } finally {
      closeSync(file);
    }
    renameSync(temporary, path);
  } catch (error) {
    // On a full disk, what was written of it would be in the way.
    rmSync(temporary, { force: true });
    throw error;
  }
}
