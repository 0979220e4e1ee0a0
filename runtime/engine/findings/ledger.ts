/**
 * Findings that were told and may still change: provisional ones that are confirmed or retracted,
 * losses that become known later, and findings that explain others (`subsumes`). Every change is
 * told again under the same id, one revision higher.
 */
import {
  type CoreRule,
  entityKindOf,
  type Finding,
  findingsKept,
  fullName,
  isInTime,
  type KeyPart,
  keyOfEntity,
  keyText,
  startOf,
} from "#core";
import { type EngineMatch, scopeOf } from "../code/scope.ts";
import type { Reporter, Told } from "./reporter.ts";

/** What is remembered of a finding; the rest is written again when it is told again. */
type Remembered = Pick<
  Finding,
  "id" | "at" | "revision" | "state" | "entity" | "parent" | "resolvedAt"
>;

interface Entry extends Omit<Told, "finding"> {
  readonly finding: Remembered;
  /** Number of the rule, then of the finding among all: of two parents the first one counts. */
  readonly rule: number;
  readonly number: number;
  /** Of a provisional one: up to when it is confirmed, or not at all; µs. */
  readonly untilUs: number | undefined;
}

export interface LedgerInputs {
  readonly rules: readonly CoreRule[];
  readonly tell: (finding: Finding) => void;
  /** A match of the rule of that number with what is known to have been lost around it. */
  readonly withLosses: (rule: number, match: EngineMatch) => EngineMatch;
}

/** Findings remembered; of more the oldest changes no more, of those that are settled if any is. */
const entriesKept = 4096;

export class Ledger {
  readonly #inputs: LedgerInputs;
  /** By number of the rule: the rules that may explain its findings, and those it may explain. */
  readonly #parents: readonly (readonly number[])[];
  readonly #children: readonly (readonly number[])[];
  /** By id, each in the order in which they came there: provisional findings and all others. */
  readonly #provisional = new Map<string, Entry>();
  readonly #settled = new Map<string, Entry>();
  /** By number of the rule: the same, in the order in which they were first told. */
  readonly #ofRule = new Map<number, Map<string, Entry>>();
  #number = 0;
  /** Findings that could not change any more for lack of room. */
  forgotten = 0;
  /** Provisional findings, and how many of them did not hold. */
  provisional = 0;
  retracted = 0;

  constructor(inputs: LedgerInputs) {
    this.#inputs = inputs;
    const { rules } = inputs;
    this.#children = rules.map((parent) => {
      const names = new Set(parent.subsumes.flatMap((s) => s.rules));
      return [...rules.keys()].filter((i) => names.has(fullName(rules[i] as CoreRule)));
    });
    this.#parents = rules.map((_, child) =>
      [...rules.keys()].filter((parent) => this.#children[parent]?.includes(child)),
    );
  }

  save() {
    const { forgotten, provisional, retracted } = this;
    return { entries: this.#all(), number: this.#number, forgotten, provisional, retracted };
  }

  restore(saved: ReturnType<Ledger["save"]>): void {
    this.#provisional.clear();
    this.#settled.clear();
    this.#ofRule.clear();
    for (const entry of saved.entries) this.#placeOf(entry).set(entry.finding.id, entry);
    for (const entry of [...saved.entries].sort((a, b) => a.number - b.number))
      this.#entriesOf(entry.rule).set(entry.finding.id, entry);
    this.#number = saved.number;
    this.forgotten = saved.forgotten;
    this.provisional = saved.provisional;
    this.retracted = saved.retracted;
  }

  /** What is remembered of the findings of `rule`, as state. */
  savedOf(rule: number): readonly unknown[] {
    return [...(this.#ofRule.get(rule)?.values() ?? [])];
  }

  /** Tells a finding, or what became of one that was told. */
  tell(told: Told): void {
    this.#tell(told, undefined);
  }

  /** Tells a finding before it is known to hold; nothing when it has been told before. */
  tellProvisionally(told: Told): void {
    if (this.#find(told.finding.id)) return;
    this.provisional++;
    this.#tell(told, told.finding.at);
  }

  /**
   * Tells what a match that goes on says so far; it is confirmed up to `untilUs` (µs), or told of
   * again, or retracted. One that is withheld as it is now stays as it was told, if it was.
   */
  tellGoingOn(told: Told, untilUs: number, isWithheld: boolean): void {
    const { id } = told.finding;
    const known = this.#provisional.get(id);
    if (known && isWithheld) this.#keep({ ...known, untilUs }, known);
    if (isWithheld || this.#settled.has(id)) return;
    if (!known && !this.#hasRoom(told.reporter)) return;
    if (!known) this.provisional++;
    this.#tell(told, untilUs);
  }

  /** Retracts what was told provisionally by `rule` and would be confirmed before `settledUs`. */
  retract(rule: number, settledUs: number): void {
    for (const entry of [...(this.#ofRule.get(rule)?.values() ?? [])])
      if (entry.untilUs !== undefined && entry.untilUs < settledUs) this.#retract(entry);
  }

  /** A finding that is not told in the end is retracted if it was told provisionally. */
  withhold(id: string): void {
    const entry = this.#provisional.get(id);
    if (entry) this.#retract(entry);
  }

  #retract(entry: Entry): void {
    this.#remove(entry);
    this.retracted++;
    const { revision, parent } = entry.finding;
    this.#inputs.tell({
      ...entry.reporter.write(entry.match),
      isProvisional: true,
      revision: revision + 1,
      state: "retracted",
      ...(parent === undefined ? {} : { parent }),
    });
    for (const child of this.#all())
      if (child.finding.parent === entry.finding.id) this.#reconsider(child, entry.finding.id);
  }

  #all(): Entry[] {
    return [...this.#provisional.values(), ...this.#settled.values()];
  }

  /** Whether one more can be told without another being forgotten before it is confirmed. */
  #hasRoom({ index, rule }: Reporter): boolean {
    const own = [...(this.#ofRule.get(index)?.values() ?? [])];
    const open = own.filter((e) => e.untilUs !== undefined);
    return open.length < findingsKept(rule) && this.#provisional.size < entriesKept;
  }

  /** Findings of `rule` at times after `timeUs` change no more. */
  forgetAfter(rule: number, timeUs: number): void {
    for (const entry of [...(this.#ofRule.get(rule)?.values() ?? [])]) {
      if (entry.finding.at <= timeUs) continue;
      this.#remove(entry);
      this.forgotten++;
    }
  }

  #tell(told: Told, untilUs: number | undefined): void {
    const known = this.#find(told.finding.id);
    const entry: Entry = {
      ...told,
      rule: told.reporter.index,
      number: known?.number ?? this.#number++,
      untilUs,
    };
    this.#publish(entry, told.finding, known);
    this.#reconsiderChildrenOf(entry);
  }

  /** Something between two times, µs, both included, was lost: findings around it say so. */
  reconsiderLosses(fromUs: number, toUs: number): void {
    for (const place of [this.#provisional, this.#settled]) {
      for (const entry of place.values()) {
        if (entry.match.at < fromUs || startOf(entry.match) > toUs) continue;
        const match = this.#inputs.withLosses(entry.rule, entry.match);
        if (!isMoreIncomplete(match, entry.match)) continue;
        this.#publish({ ...entry, match }, entry.reporter.write(match), entry);
      }
    }
  }

  /** Tells `written`, the finding of `entry` as it is known now. */
  #publish(entry: Entry, written: Finding, known: Entry | undefined, retracted?: string): void {
    const before = known?.finding;
    const parent = this.#parentOf({ ...entry, finding: written }, before?.parent, retracted);
    const { parent: _, isProvisional: __, ...rest } = written;
    const finding: Finding = {
      ...rest,
      ...(entry.untilUs === undefined ? {} : { isProvisional: true }),
      // Without an entry it may have been told and forgotten: the end of one is never its first.
      revision: before ? before.revision + 1 : written.revision,
      state: written.resolvedAt !== undefined ? "resolved" : before ? "update" : "open",
      ...(parent === undefined ? {} : { parent }),
    };
    this.#keep({ ...entry, finding: rememberedOf(finding) }, known);
    this.#inputs.tell(finding);
  }

  #keep(entry: Entry, known: Entry | undefined): void {
    const { id } = entry.finding;
    if (known && this.#placeOf(known) !== this.#placeOf(entry)) this.#placeOf(known).delete(id);
    this.#placeOf(entry).set(id, entry);
    this.#entriesOf(entry.rule).set(id, entry);
    const own = this.#entriesOf(entry.rule);
    if (own.size > findingsKept(entry.reporter.rule)) {
      const [first] = own.values();
      const oldest = [...own.values()].find((e) => e.untilUs === undefined) ?? first;
      if (oldest) this.#remove(oldest);
      this.forgotten++;
    }
    if (this.#provisional.size + this.#settled.size <= entriesKept) return;
    const [oldest] = (this.#settled.size > 0 ? this.#settled : this.#provisional).values();
    if (oldest) this.#remove(oldest);
    this.forgotten++;
  }

  #remove(entry: Entry): void {
    const { id } = entry.finding;
    this.#placeOf(entry).delete(id);
    this.#ofRule.get(entry.rule)?.delete(id);
  }

  #find(id: string): Entry | undefined {
    return this.#settled.get(id) ?? this.#provisional.get(id);
  }

  #placeOf(entry: Entry): Map<string, Entry> {
    return entry.untilUs === undefined ? this.#settled : this.#provisional;
  }

  #entriesOf(rule: number): Map<string, Entry> {
    const own = this.#ofRule.get(rule) ?? new Map<string, Entry>();
    this.#ofRule.set(rule, own);
    return own;
  }

  #reconsiderChildrenOf(parent: Entry): void {
    for (const rule of this.#children[parent.rule] ?? [])
      for (const entry of [...this.#entriesOf(rule).values()]) this.#reconsider(entry);
  }

  /** Tells a finding again when its parent is another one now. */
  #reconsider(entry: Entry, retracted?: string): void {
    const { parent: before } = entry.finding;
    if (this.#parentOf(entry, before, retracted) === before) return;
    this.#publish(entry, entry.reporter.write(entry.match), entry, retracted);
  }

  /**
   * Id of the first finding that claims `child`: of the first rule the one told first. A parent
   * that is remembered no more has not let go of its children; one that was `retracted` has.
   */
  #parentOf(
    child: Entry,
    before: string | undefined,
    retracted: string | undefined,
  ): string | undefined {
    if (before !== undefined && before !== retracted && !this.#find(before)) return before;
    for (const rule of this.#parents[child.rule] ?? []) {
      for (const parent of this.#entriesOf(rule).values())
        if (claims(parent, child)) return parent.finding.id;
    }
    return undefined;
  }
}

function rememberedOf(finding: Finding): Remembered {
  const { id, at, revision, state, entity, parent, resolvedAt } = finding;
  return {
    id,
    at,
    revision,
    state,
    entity,
    ...(parent === undefined ? {} : { parent }),
    ...(resolvedAt === undefined ? {} : { resolvedAt }),
  };
}

function isMoreIncomplete(now: EngineMatch, before: EngineMatch): boolean {
  const lost = (m: EngineMatch) => (m.losses ?? []).reduce((n, l) => n + l.count, 0);
  return lost(now) > lost(before);
}

function claims(parent: Entry, child: Entry): boolean {
  const { rule } = parent.reporter;
  if (parent.finding.id === child.finding.id) return false;
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
