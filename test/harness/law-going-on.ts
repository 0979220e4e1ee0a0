/** What must hold of what `emit close` tells while a match goes on. */
import type { Finding } from "#core";
import { byId } from "./law-eager.ts";

export interface GoingOn {
  /** Findings that were told before they were over. */
  provisional: number;
  confirmed: number;
  retracted: number;
  /** Those that were told again while they went on. */
  again: number;
}

/** How long a finding says that it has become, which was first told as `first`. */
type LengthOf = (finding: Finding, first: Finding) => number;

/** What is wrong with the tellings of a finding. */
export function wrongInTellings(told: readonly Finding[], lengthOf: LengthOf): string | undefined {
  for (const [id, revisions] of byId(told)) {
    const wrong = wrongInRevisions(revisions, lengthOf);
    if (wrong) return `${id}: ${wrong}`;
  }
  return undefined;
}

function wrongInRevisions(revisions: readonly Finding[], lengthOf: LengthOf): string | undefined {
  const [first] = revisions;
  const last = revisions.at(-1);
  if (!first || !last) return "nothing was told";
  if (revisions.some((f, i) => f.revision !== i)) return "a revision is missing, or told twice";
  if (revisions.slice(0, -1).some((f) => f.state === "retracted")) return "told after its end";
  const proven = revisions.findIndex((f) => !f.isProvisional);
  if (proven >= 0 && revisions.slice(proven).some((f) => f.isProvisional))
    return "what is proven is in doubt again";
  const lengths = revisions
    .filter((f) => f.isProvisional && f.state !== "retracted")
    .map((f) => lengthOf(f, first));
  if (lengths.some((n, i) => n < (lengths[i - 1] ?? 0)))
    return `became shorter: ${lengths.join(" ")}`;
  // Losses are told of as well, at the same length.
  const most = Math.log2(Math.max(1, lengthOf(last, first))) + 2;
  return new Set(lengths).size > most ? `told too often: ${lengths.join(" ")}` : undefined;
}

export function count(told: readonly Finding[], into: GoingOn): void {
  for (const revisions of byId(told).values()) {
    const open = revisions.filter((f) => f.isProvisional && f.state !== "retracted");
    if (open.length === 0) continue;
    into.provisional++;
    if (open.length > 1) into.again++;
    if (revisions.some((f) => !f.isProvisional)) into.confirmed++;
    if (revisions.at(-1)?.state === "retracted") into.retracted++;
  }
}
