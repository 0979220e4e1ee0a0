/** Findings as they are in the end: how often one was told again depends on the arrival order. */
import type { Finding } from "#core";

export function inTheEnd(findings: readonly Finding[]): Finding[] {
  return findings.map((f) => ({
    ...f,
    revision: 0,
    state: f.state === "update" ? "open" : f.state,
  }));
}

/** Of everything that was told what stands: each finding as it was told last, if it is proven. */
export function standing(told: readonly Finding[]): Finding[] {
  const last = new Map(told.map((f) => [f.id, f]));
  return [...last.values()].filter((f) => f.state !== "retracted" && !f.isProvisional);
}

/** The same as text, in an order of their own. */
export function written(findings: readonly Finding[]): string {
  const place = (f: Finding) => `${f.module}.${f.rule} ${f.at} ${f.id}`;
  const sorted = inTheEnd(findings).sort((a, b) => (place(a) < place(b) ? -1 : 1));
  return JSON.stringify(sorted, null, 1);
}
