/** Node's own SHA-256: ten times as fast as the portable one, which a run of a second can feel. */
import { createHash } from "node:crypto";

export function sha256(bytes: Uint8Array): Uint8Array {
  return createHash("sha256").update(bytes).digest();
}
