/**
 * The frame of a snapshot: what it is of, and whether it is whole.
 *
 *     "TAPIOS01" │ sha-256 of the rest │ CBOR: bundle, layout, parameters, state
 */
import { createHash } from "node:crypto";
import { decode, encode } from "cborg";

/** One more with every change of what parts of the engine save: other state is not taken back. */
const stateVersion = 4;
const magic = new TextEncoder().encode("TAPIOS01");
const hashBytes = 32;

/** What a snapshot must agree in with the engine that takes it back. */
export interface SnapshotIdentity {
  readonly bundle: string;
  /** Hash of the record layouts of the bundle's schema. */
  readonly layout: string;
  /** The values of the parameters, written out. */
  readonly params: string;
}

export interface SnapshotRefusal {
  readonly ok: false;
  /** What is wrong with it, for people. */
  readonly reason: string;
  readonly help: string;
}

export function writeSnapshot(identity: SnapshotIdentity, state: Uint8Array): Uint8Array {
  const body = encode({ ...identity, stateVersion, state });
  return new Uint8Array(Buffer.concat([magic, hashOf(body), body]));
}

export function readSnapshot(
  identity: SnapshotIdentity,
  bytes: Uint8Array,
): { readonly ok: true; readonly state: Uint8Array } | SnapshotRefusal {
  const head = magic.length + hashBytes;
  if (bytes.length < head || !isEqual(bytes.subarray(0, magic.length), magic))
    return refusal("it is not a snapshot of this version of tapio", "start without it");
  const body = bytes.subarray(head);
  if (!isEqual(bytes.subarray(magic.length, head), hashOf(body)))
    return refusal(
      "it is damaged: its hash does not fit",
      "take an older one, or start without it",
    );
  const saved = decode(body) as SnapshotIdentity & {
    readonly stateVersion: number;
    readonly state: Uint8Array;
  };
  if (saved.stateVersion !== stateVersion)
    return refusal("another version of tapio wrote it", "start without it");
  for (const [what, name] of identityNames) {
    if (saved[what] !== identity[what])
      return refusal(
        `it is of another ${name} (${saved[what].slice(0, 12)}, not ${identity[what].slice(0, 12)})`,
        `run it with that ${name}, or start without it`,
      );
  }
  return { ok: true, state: saved.state };
}

const identityNames: readonly (readonly [keyof SnapshotIdentity, string])[] = [
  ["bundle", "bundle"],
  ["layout", "layout of records"],
  ["params", "set of parameters"],
];

function refusal(reason: string, help: string): SnapshotRefusal {
  return { ok: false, reason, help };
}

function hashOf(bytes: Uint8Array): Uint8Array {
  return createHash("sha256").update(bytes).digest();
}

function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}
