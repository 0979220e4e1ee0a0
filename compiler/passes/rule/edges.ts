/**
 * Causal edges: `a -> b` claims that one event led to another. The pattern must carry the claim: it
 * lets `a` come before `b`, and it connects them.
 */
import type { Pattern } from "#core";
import type { Path } from "#grammar";
import type { Session } from "../elaborate/scope.ts";
import type { Connections } from "../pattern/connected.ts";

/** A step that an explanation names. */
export interface End {
  readonly path: Path;
  readonly step: number;
}

export function checkEdge(
  from: End,
  to: End,
  pattern: Pattern,
  connections: Connections,
  session: Session,
): void {
  const params = { from: from.path.text, to: to.path.text };
  if (from.step === to.step) {
    session.report("TAP4101", to.path, { ...params, reason: "a step cannot lead to itself" });
    return;
  }
  // In a sequence the steps come in the order they are written; elsewhere in any.
  if (pattern.node === "seq" && from.step > to.step) {
    const reason = `\`${params.to}\` happens before \`${params.from}\``;
    session.report("TAP4101", to.path, { ...params, reason });
    return;
  }
  if (connections.areConnected(from.step, to.step)) return;
  const help = `let \`${params.to}\` share a key, a value or a relation with \`${params.from}\``;
  const reason = "no key, equality or relation connects them";
  session.report("TAP4101", to.path, { ...params, reason }, { help });
}
