/**
 * The certificate of a bundle: what state every rule can keep at most and how much work one event
 * can cause at most, proven by the compiler (LANGUAGE B.9, C.6). Plain data; it travels in the
 * bundle so that a node can hold its own counters against it.
 */

/** A part of a bound and why it is there. */
export interface BoundTerm {
  /** In words: ``32 partial matches × (16 + 24 of `a.pid`)``. */
  readonly what: string;
  /** Bytes for each key, bytes in all, or transitions for each event. */
  readonly amount: number;
}

export interface RuleBound {
  readonly rule: string;
  readonly module: string;
  readonly version: number;
  /** Bytes for each key. */
  readonly state: readonly BoundTerm[];
  readonly bytesPerKey: number;
  readonly keys: number;
  /** Bytes that do not depend on the pattern's keys: what is remembered of findings. */
  readonly findings: readonly BoundTerm[];
  /** `bytesPerKey` times `keys`, and what is remembered of findings. */
  readonly bytes: number;
  /** Transitions that one event can cause. */
  readonly work: readonly BoundTerm[];
  readonly cost: number;
}

export interface Certificate {
  readonly rules: readonly RuleBound[];
  /** Of all rules together. */
  readonly bytes: number;
  readonly cost: number;
}

/** What is wrong with the shape of a certificate that came from outside; undefined: nothing. */
export function certificateProblem(x: unknown): string | undefined {
  if (!isRecord(x) || !Array.isArray(x.rules)) return "`certificate` is missing or of another kind";
  const isSound = areCounts(x, ["bytes", "cost"]) && x.rules.every(isRuleBound);
  return isSound ? undefined : "`certificate` holds something that is no bound";
}

function isRuleBound(x: unknown): boolean {
  if (!isRecord(x) || typeof x.rule !== "string" || typeof x.module !== "string") return false;
  if (!areCounts(x, ["version", "bytesPerKey", "keys", "bytes", "cost"])) return false;
  return [x.state, x.findings, x.work].every(
    (terms) =>
      Array.isArray(terms) &&
      terms.every((t) => isRecord(t) && typeof t.what === "string" && areCounts(t, ["amount"])),
  );
}

function areCounts(x: Record<string, unknown>, names: readonly string[]): boolean {
  return names.every((n) => typeof x[n] === "number" && Number.isFinite(x[n]) && x[n] >= 0);
}

function isRecord(x: unknown): x is Record<string, unknown> {
  return typeof x === "object" && x !== null && !Array.isArray(x);
}
