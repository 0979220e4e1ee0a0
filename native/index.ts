/**
 * The way to the compiled addon: finds it, loads it, and says what is missing when it cannot.
 *
 * Nothing else in the product may `require` the `.node` file. Everything works without the addon
 * except what needs bpf(2), so absence is a value here and never an exception.
 */
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Addon, Fd } from "./addon.ts";
import { RingReader } from "./ring-reader.ts";

export type { Addon, ClockOffset, Fd, FdPoller, ProgramInfo } from "./addon.ts";
export { type RecordView, RingReader, recordViewOf } from "./ring-reader.ts";

/** The addon's calls; the ring's raw pages are reachable only through `RingReader`. */
export interface Native extends Omit<Addon, "RingMapping"> {
  /** Maps a ring buffer. Throws an `Error` with the property `errno` when the kernel refuses. */
  openRing(ringMap: Fd): RingReader;
}

export type NativeResult =
  | { readonly ok: true; readonly native: Native }
  | { readonly ok: false; readonly reason: string; readonly help: string };

const LIBRARY = "tapio_native.node";
const BUILD_HELP = "Run `node native/build.mjs` (it needs g++ and Node's headers, no network).";

let loaded: NativeResult | undefined;

/** Loads the addon once per process; the outcome is remembered. */
export function loadNative(): NativeResult {
  loaded ??= load();
  return loaded;
}

function load(): NativeResult {
  if (process.platform !== "linux") {
    return {
      ok: false,
      reason: `kernel events need Linux, this is ${process.platform}`,
      help: "Run tapio on a Linux host; rules can be compiled and tested anywhere.",
    };
  }
  const path = candidates().find((candidate) => existsSync(candidate));
  if (path === undefined) {
    return { ok: false, reason: "the native addon is not built", help: BUILD_HELP };
  }
  try {
    const addon = createRequire(import.meta.url)(path) as Addon;
    return { ok: true, native: wrap(addon) };
  } catch (error) {
    const message = error instanceof Error ? error.message.split("\n", 1)[0] : String(error);
    return { ok: false, reason: `the native addon does not load: ${message}`, help: BUILD_HELP };
  }
}

/** Run from source this file is native/index.ts; bundled it is part of dist/<command>.js. */
function candidates(): readonly string[] {
  const here = dirname(fileURLToPath(import.meta.url));
  return [join(here, "build", LIBRARY), join(here, "..", "native", "build", LIBRARY)];
}

function wrap(addon: Addon): Native {
  const { RingMapping, ...calls } = addon;
  return { ...calls, openRing: (ringMap) => new RingReader(new RingMapping(ringMap)) };
}
