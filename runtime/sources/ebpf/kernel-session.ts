/**
 * Everything this process has in the kernel: maps, programs, attachments. Closing a session closes
 * every descriptor, and with the last one the kernel detaches and frees the programs; so does the
 * end of the process, however it ends.
 */
import { BtfError } from "#bpf/btf";
import {
  assembleDispatcher,
  assembleFused,
  COUNTERS_BYTES,
  type CounterName,
  counterOffset,
  HOOKS,
  type HookName,
  hookIndex,
  type IntegerFilter,
  instructionCount,
  type Kernel,
  type MapFds,
  type MapName,
  type MapSpec,
  mapSpecs,
  PROGRAM_TYPE_RAW_TRACEPOINT,
} from "#bpf/programs";
import type { Native, RingReader } from "#native";
import { errnoName } from "./refusal.ts";

const LOG_BYTES = 1 << 20;
const NO_LOG = new Uint8Array(0);
const LOG_LINES_SHOWN = 2;

/** The kernel refused an operation. */
export class KernelRefusal extends Error {
  override readonly name = "KernelRefusal";
  readonly operation: string;
  /** Positive. */
  readonly errno: number;
  /** The last lines of the verifier's story; empty when it was not the verifier that refused. */
  readonly verdict: string;

  constructor(operation: string, errno: number, verdict = "") {
    super(`${operation} was refused (${errnoName(errno)})${verdict === "" ? "" : `: ${verdict}`}`);
    this.operation = operation;
    this.errno = errno;
    this.verdict = verdict;
  }
}

export interface HookCounters {
  readonly seen: number;
  readonly passed: number;
  readonly lost: number;
}

/** What was loaded for a hook. */
export interface AttachedHook {
  readonly hook: HookName;
  readonly tracepoint: string;
  /** Instructions of the fused program. */
  readonly instructions: number;
  /** Assembling, loading and attaching, ms. */
  readonly loadMs: number;
}

interface HookState extends AttachedHook {
  readonly dispatcher: number;
  /** Undefined once detached. */
  readonly link: number | undefined;
}

export class KernelSession {
  readonly #native: Native;
  readonly #kernel: Kernel;
  readonly #maps: MapFds;
  readonly #hooks = new Map<HookName, HookState>();
  readonly ring: RingReader;
  #isClosed = false;

  /** Creates the maps. Throws `KernelRefusal`; nothing is left open then. */
  constructor(native: Native, kernel: Kernel, ringBytes: number) {
    this.#native = native;
    this.#kernel = kernel;
    this.#maps = createMaps(native, ringBytes);
    try {
      this.ring = native.openRing(this.#maps.ring);
    } catch (error) {
      closeAll(native, Object.values(this.#maps));
      const errno = error instanceof Error && "errno" in error ? Number(error.errno) : 0;
      throw new KernelRefusal("mapping the ring", errno);
    }
  }

  /** Descriptor to wait on for records. */
  get ringFd(): number {
    return this.#maps.ring;
  }

  get attached(): readonly AttachedHook[] {
    return [...this.#hooks.values()].map(({ hook, tracepoint, instructions, loadMs }) => ({
      hook,
      tracepoint,
      instructions,
      loadMs,
    }));
  }

  /**
   * Loads and attaches one hook. Throws `KernelRefusal`, or `BtfError` when this kernel lacks what
   * the hook needs; the other hooks are not affected.
   */
  attach(hook: HookName, filter: IntegerFilter | undefined): void {
    if (this.#hooks.has(hook)) throw new RangeError(`the hook \`${hook}\` is attached already`);
    const startedMs = performance.now();
    const { tracepoint } = HOOKS[hook];
    const instructions = this.#install(hook, filter);
    const dispatcher = this.#load(`tapio_${hook}_d`, assembleDispatcher(hook, this.#maps));
    const link = this.#native.rawTracepointOpen(tracepoint, dispatcher);
    if (link < 0) {
      this.#native.closeFd(dispatcher);
      throw new KernelRefusal(`attaching to the tracepoint \`${tracepoint}\``, -link);
    }
    const loadMs = performance.now() - startedMs;
    this.#hooks.set(hook, { hook, tracepoint, instructions, loadMs, dispatcher, link });
  }

  /**
   * Replaces what an attached hook drops, by one map update: no event is lost or doubled. The old
   * filter stays when this throws `KernelRefusal`.
   */
  swapFilter(hook: HookName, filter: IntegerFilter | undefined): void {
    const state = this.#hooks.get(hook);
    if (state === undefined) throw new BtfError(`the hook \`${hook}\` is not attached`);
    this.#hooks.set(hook, { ...state, instructions: this.#install(hook, filter) });
  }

  /**
   * Counters of every hook since the session began, summed over all CPUs; `lost` includes firings
   * the kernel did not run the program for. Throws `KernelRefusal`, which would be a defect.
   */
  counters(): ReadonlyMap<HookName, HookCounters> {
    const { possibleCpus } = this.#native;
    const values = new BigUint64Array((COUNTERS_BYTES / 8) * possibleCpus);
    const bytes = new Uint8Array(values.buffer);
    const result = this.#native.mapLookup(this.#maps.counters, u32Bytes(0), bytes);
    if (result < 0) throw new KernelRefusal("reading the counters", -result);
    const sum = (hook: HookName, counter: CounterName) => {
      let total = 0;
      for (let cpu = 0; cpu < possibleCpus; cpu++) {
        total += Number(values[(cpu * COUNTERS_BYTES + counterOffset(hook, counter)) / 8]);
      }
      return total;
    };
    const all = new Map<HookName, HookCounters>();
    for (const { hook, dispatcher } of this.#hooks.values()) {
      const missed = this.#recursionMisses(dispatcher);
      const [seen, passed, lost] = [sum(hook, "seen"), sum(hook, "passed"), sum(hook, "lost")];
      all.set(hook, { seen: seen + missed, passed: passed + missed, lost: lost + missed });
    }
    return all;
  }

  /** Detaches every hook; records in the ring, and counters, can still be read. Idempotent. */
  detach(): void {
    for (const [hook, state] of this.#hooks) {
      if (state.link === undefined) continue;
      this.#native.closeFd(state.link);
      this.#hooks.set(hook, { ...state, link: undefined });
    }
  }

  /** Detaches and gives everything back. Idempotent. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.detach();
    this.ring.close();
    const dispatchers = [...this.#hooks.values()].map(({ dispatcher }) => dispatcher);
    closeAll(this.#native, [...dispatchers, ...Object.values(this.#maps)]);
  }

  /** Loads the fused program and puts it into the hook's slot; returns its size. */
  #install(hook: HookName, filter: IntegerFilter | undefined): number {
    const code = assembleFused(HOOKS[hook], this.#kernel, this.#maps, filter);
    const program = this.#load(`tapio_${hook}`, code);
    const value = u32Bytes(program);
    const result = this.#native.mapUpdate(this.#maps.programs, indexKey(hook), value);
    // The map holds the program now; the descriptor is not needed any more.
    this.#native.closeFd(program);
    if (result < 0) throw new KernelRefusal(`installing the program of \`${hook}\``, -result);
    return instructionCount(code);
  }

  #load(name: string, code: Uint8Array): number {
    const fd = this.#native.programLoad(PROGRAM_TYPE_RAW_TRACEPOINT, code, name, NO_LOG);
    if (fd >= 0) return fd;
    const log = new Uint8Array(LOG_BYTES);
    const again = this.#native.programLoad(PROGRAM_TYPE_RAW_TRACEPOINT, code, name, log);
    if (again >= 0) return again;
    // The first errno counts: the second is ENOSPC when the story was longer than the buffer.
    throw new KernelRefusal(`loading the program ${name}`, -fd, lastLines(log));
  }

  /** The program was already running on that CPU: the event was seen by nobody. */
  #recursionMisses(dispatcher: number): number {
    const info = this.#native.programInfo(dispatcher);
    return typeof info === "number" ? 0 : info.recursionMisses;
  }
}

function createMaps(native: Native, ringBytes: number): MapFds {
  const fds: Partial<Record<MapName, number>> = {};
  const specs = Object.entries(mapSpecs(ringBytes)) as [MapName, MapSpec][];
  for (const [name, spec] of specs) {
    const { type, keyBytes, valueBytes, maxEntries } = spec;
    const fd = native.mapCreate(type, keyBytes, valueBytes, maxEntries, 0, spec.name);
    if (fd < 0) {
      closeAll(native, Object.values(fds));
      throw new KernelRefusal(`creating the map ${spec.name}`, -fd);
    }
    fds[name] = fd;
  }
  return fds as MapFds;
}

function closeAll(native: Native, fds: readonly number[]): void {
  for (const fd of fds) native.closeFd(fd);
}

/** The verifier's verdict is at the end of its story. */
function lastLines(log: Uint8Array): string {
  const end = log.indexOf(0);
  const text = new TextDecoder().decode(log.subarray(0, end < 0 ? log.length : end));
  return text.trimEnd().split("\n").slice(-LOG_LINES_SHOWN).join(" / ");
}

const indexKey = (hook: HookName): Uint8Array => u32Bytes(hookIndex(hook));

function u32Bytes(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, true);
  return bytes;
}
