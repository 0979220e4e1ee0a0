/** What an engine goes on without, for people to know. */
import { type CoreRule, formatDuration, fullName } from "#core";

export type Trouble =
  | { readonly what: "rule stopped"; readonly rule: CoreRule; readonly error: unknown }
  /** A time beyond what the node's clock makes believable, by so much, µs. */
  | { readonly what: "implausible time"; readonly source: string; readonly aheadUs: number }
  | { readonly what: "clock set back"; readonly source: string; readonly byUs: number }
  | { readonly what: "unreadable record"; readonly kind: string; readonly error: unknown };

export function troubleText(trouble: Trouble): string {
  switch (trouble.what) {
    case "rule stopped":
      return `rule ${fullName(trouble.rule)} is stopped and its state dropped; the others go on. This is a bug, please report it: ${reasonOf(trouble.error)}`;
    case "implausible time":
      return `${trouble.source}: a time ${formatDuration(trouble.aheadUs)} ahead of this machine's clock is not believed; such events are counted and not judged`;
    case "clock set back":
      return `${trouble.source}: its clock was set back by ${formatDuration(trouble.byUs)}; rules over it begin anew, and findings over this time say so`;
    case "unreadable record":
      return `an event ${trouble.kind} cannot be read and counts as dropped. This is a bug, please report it: ${reasonOf(trouble.error)}`;
  }
}

/** An error of whoever the engine tells: no fault of the rule whose turn it is. */
export class HostFailure extends Error {
  constructor(cause: unknown) {
    super(reasonOf(cause), { cause });
    this.name = "HostFailure";
  }
}

export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
