/**
 * What the compiled addon exports, as TypeScript sees it. Kernel calls return a value, or a negated
 * errno; wrong arguments throw a `TypeError`.
 */

/** A file descriptor, always >= 0. */
export type Fd = number;

export interface ClockOffset {
  /** CLOCK_REALTIME minus CLOCK_MONOTONIC, µs. */
  readonly offsetUs: number;
  /** Width of the tightest bracket around the two readings, ns. */
  readonly uncertaintyNs: number;
}

export interface ProgramInfo {
  readonly translatedBytes: number;
  readonly jitedBytes: number;
  readonly verifiedInstructions: number;
  /** Events not seen because the program was already running on that CPU. */
  readonly recursionMisses: number;
}

export interface FdPoller {
  /** 0, or a negated errno. */
  start(): number;
  stop(): void;
  close(): void;
}

/** See `src/ring_mapping.cc`; used only by `ring-reader.ts`. */
export interface RingMapping {
  readonly consumer: ArrayBuffer;
  readonly records: ArrayBuffer;
  readonly dataBytes: number;
  readonly dataOffset: number;
  close(): void;
}

export interface Addon {
  mapCreate(
    type: number,
    keySize: number,
    valueSize: number,
    maxEntries: number,
    flags: number,
    name: string,
  ): number;
  mapUpdate(fd: Fd, key: Uint8Array, value: Uint8Array): number;
  /** Per-CPU maps fill one value, rounded up to 8 bytes, per possible CPU. */
  mapLookup(fd: Fd, key: Uint8Array, out: Uint8Array): number;
  mapDelete(fd: Fd, key: Uint8Array): number;
  /** A non-empty `log` receives the verifier's NUL-terminated story. */
  programLoad(type: number, instructions: Uint8Array, name: string, log: Uint8Array): number;
  /** The program's return value, or a negated errno. */
  programTestRun(fd: Fd, context: Uint8Array): number;
  programInfo(fd: Fd): ProgramInfo | number;
  rawTracepointOpen(name: string, program: Fd): number;
  closeFd(fd: Fd): number;
  clockOffset(): ClockOffset;
  /** CLOCK_MONOTONIC, the clock of `bpf_ktime_get_ns`. */
  monotonicNs(): number;
  readonly pageBytes: number;
  readonly possibleCpus: number;
  readonly RingMapping: new (ringMap: Fd) => RingMapping;
  readonly FdPoller: new (fd: Fd, onReadable: () => void) => FdPoller;
}
