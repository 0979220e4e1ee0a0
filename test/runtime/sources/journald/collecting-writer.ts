/** An `EventWriter` that keeps what it is given, by field name. */
import type { EntityRef, EventWriter } from "#core";
import type { JournalKind } from "#runtime/sources/journald";
import { JournalEntry } from "../../../../runtime/events/event.gen.ts";

export const kind: JournalKind = JournalEntry;

export interface Collected {
  readonly tsUs: number;
  readonly entity: EntityRef | undefined;
  readonly message?: string;
  readonly isCut?: boolean;
  readonly priority?: number;
  readonly unit?: string;
  readonly identifier?: string;
  readonly transport?: string;
  readonly pid?: number;
  readonly cgroup?: bigint;
}

const names = Object.entries(JournalEntry).filter(([name]) => name !== "kind");
const nameOf = new Map(names.map(([name, index]) => [index as number, name]));

export class CollectingWriter implements EventWriter {
  readonly events: Collected[] = [];
  #event: Record<string, unknown> = {};

  begin(kindId: number, tsUs: number, entity: EntityRef | undefined): void {
    if (kindId !== JournalEntry.kind) throw new Error(`unexpected kind ${kindId}`);
    this.#event = { tsUs, entity };
  }
  setNumber(field: number, value: number): void {
    this.#event[nameOf.get(field)!] = value;
  }
  setId64(field: number, value: bigint): void {
    this.#event[nameOf.get(field)!] = value;
  }
  setIp(): void {
    throw new Error("a journal entry has no address");
  }
  setText(field: number, text: string, isCut = false): void {
    this.#event[nameOf.get(field)!] = text;
    if (isCut) this.#event.isCut = true;
  }
  setCollection(): void {
    throw new Error("a journal entry has no list");
  }
  commit(): boolean {
    this.events.push(this.#event as unknown as Collected);
    return true;
  }
}
