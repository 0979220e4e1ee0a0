/**
 * Findings that were told and may still change: provisional ones that are confirmed or retracted,
 * losses that become known later, and findings that explain others (`subsumes`). Every change is
 * told again under the same id, one revision higher.
 */
import {
  entityKindOf,
  type Finding,
  fullName,
  isInTime,
  type KeyPart,
  keyOfEntity,
  keyText,
} from "#core";
import type { Told } from "./reporter.ts";
import { type EngineMatch, scopeOf, startOf } from "./scope.ts";

interface Entry extends Told {
  /** Number of the rule, then of the finding among all: of two parents the first one counts. */
  readonly rule: number;
  readonly number: number;
  readonly isProvisional: boolean;
}

export interface LedgerInputs {
  readonly tell: (finding: Finding) => void;
  /** `match` with what is known to have been lost around it. */
  readonly withLosses: (match: EngineMatch) => EngineMatch;
  readonly ruleIndex: (told: Told) => number;
}

/** Findings remembered; older ones change no more. */
const entriesKept = 4096;

export class Ledger {
  readonly #inputs: LedgerInputs;
  /** By id, in the order in which they were first told. */
  #entries = new Map<string, Entry>();
  #number = 0;
  /** Findings that could not change any more for lack of room. */
  forgotten = 0;
  /** Provisional findings, and how many of them did not hold. */
  provisional = 0;
  retracted = 0;

  constructor(inputs: LedgerInputs) {
    this.#inputs = inputs;
  }

  save() {
    const { forgotten, provisional, retracted } = this;
    return { entries: this.#entries, number: this.#number, forgotten, provisional, retracted };
  }

  restore(saved: ReturnType<Ledger["save"]>): void {
    this.#entries = saved.entries;
    this.#number = saved.number;
    this.forgotten = saved.forgotten;
    this.provisional = saved.provisional;
    this.retracted = saved.retracted;
  }

  /** Tells a finding, or what became of one that was told. */
  tell(told: Told): void {
    this.#tell(told, false);
  }

  /** Tells a finding before it is known to hold; nothing when it has been told before. */
  tellProvisionally(told: Told): void {
    if (this.#entries.has(told.finding.id)) return;
    this.provisional++;
    this.#tell(told, true);
  }

  /** Retracts what was told provisionally by `rule` of times before `settledUs`. */
  retract(rule: number, settledUs: number): void {
    for (const entry of [...this.#entries.values()]) {
      if (!entry.isProvisional || entry.rule !== rule || entry.finding.at >= settledUs) continue;
      this.#entries.delete(entry.finding.id);
      this.retracted++;
      const { finding } = entry;
      this.#inputs.tell({ ...finding, revision: finding.revision + 1, state: "retracted" });
      this.#reconsiderChildrenOf(entry);
    }
  }

  #tell(told: Told, isProvisional: boolean): void {
    const known = this.#entries.get(told.finding.id);
    const entry: Entry = {
      ...told,
      rule: this.#inputs.ruleIndex(told),
      number: known?.number ?? this.#number++,
      isProvisional,
    };
    this.#publish(entry, known?.finding);
    this.#reconsiderChildrenOf(entry);
  }

  /** Something between two times, µs, both included, was lost: findings around it say so. */
  reconsiderLosses(fromUs: number, toUs: number): void {
    for (const entry of [...this.#entries.values()]) {
      if (entry.match.at < fromUs || startOf(entry.match) > toUs) continue;
      const match = this.#inputs.withLosses(entry.match);
      if (match === entry.match || !isMoreIncomplete(match, entry.match)) continue;
      this.#publish({ ...entry, match, finding: entry.reporter.write(match) }, entry.finding);
    }
  }

  #publish(entry: Entry, before: Finding | undefined): void {
    const parent = this.#parentOf(entry);
    const { resolvedAt } = entry.finding;
    const state = resolvedAt !== undefined ? "resolved" : before ? "update" : "open";
    const { parent: _, isProvisional: __, ...rest } = entry.finding;
    const finding: Finding = {
      ...rest,
      ...(entry.isProvisional ? { isProvisional: true } : {}),
      // Without an entry it may have been told and forgotten: the end of one is never its first.
      revision: before ? before.revision + 1 : entry.finding.revision,
      state,
      ...(parent === undefined ? {} : { parent }),
    };
    this.#entries.set(finding.id, { ...entry, finding });
    if (this.#entries.size > entriesKept) {
      const [oldest] = this.#entries.keys();
      if (oldest !== undefined) this.#entries.delete(oldest);
      this.forgotten++;
    }
    this.#inputs.tell(finding);
  }

  #reconsiderChildrenOf(parent: Entry): void {
    const children = new Set(parent.reporter.rule.subsumes.flatMap((s) => s.rules));
    if (children.size === 0) return;
    for (const entry of [...this.#entries.values()]) {
      if (!children.has(fullName(entry.reporter.rule))) continue;
      if (this.#parentOf(entry) !== entry.finding.parent) this.#publish(entry, entry.finding);
    }
  }

  /** Id of the first finding that claims `child`. */
  #parentOf(child: Entry): string | undefined {
    let first: Entry | undefined;
    for (const parent of this.#entries.values()) {
      const isEarlier =
        !first ||
        parent.rule < first.rule ||
        (parent.rule === first.rule && parent.number < first.number);
      if (isEarlier && claims(parent, child)) first = parent;
    }
    return first?.finding.id;
  }
}

function isMoreIncomplete(now: EngineMatch, before: EngineMatch): boolean {
  const lost = (m: EngineMatch) => (m.losses ?? []).reduce((n, l) => n + l.count, 0);
  return lost(now) > lost(before);
}

function claims(parent: Entry, child: Entry): boolean {
  const { rule } = parent.reporter;
  if (rule.subsumes.length === 0 || parent.finding.id === child.finding.id) return false;
  return rule.subsumes.some(
    (s, i) =>
      s.rules.includes(fullName(child.reporter.rule)) &&
      isInTime(s, parent.finding, child.finding) &&
      isSameKey(s.key, parent, child, i),
  );
}

function isSameKey(
  key: readonly KeyPart[] | undefined,
  parent: Entry,
  child: Entry,
  clause: number,
): boolean {
  if (!key) return parent.match.key === child.match.key;
  const parts = parent.reporter.code.subsumes[clause] ?? [];
  return key.every((part, i) => {
    const mine = parts[i]?.(undefined, scopeOf(parent.match));
    const kind = entityKindOf(part.expr);
    const its =
      kind === undefined
        ? parts[i]?.(undefined, scopeOf(child.match))
        : keyOfEntity(child.finding, kind);
    return mine !== undefined && keyText(mine) === keyText(its);
  });
}
