/** What the tests of the kernel source share: a writer that collects, and a running source. */

import type { KernelPlan } from "#bpf/programs";
import type { EntityRef, EventWriter, Progress, SourceContext, Unavailable } from "#core";
import { createEntityResolver } from "#runtime/entity";
import { createEbpfSource, type EbpfSource, type KernelKinds } from "#runtime/sources/ebpf";
import { DEFAULT_KINDS } from "../../../../runtime/sources/ebpf/config.ts";

export const KINDS: KernelKinds = DEFAULT_KINDS;

const NAMED_KINDS = [
  ["exec", KINDS.KernelProcessExec],
  ["exit", KINDS.KernelProcessExit],
  ["fork", KINDS.KernelProcessFork],
  ["oom", KINDS.KernelOomKill],
] as const;

/** An event by name; only fields that were set are there. */
export interface Seen {
  readonly kind: string;
  readonly tsUs: number;
  readonly entity: EntityRef | undefined;
  readonly fields: Readonly<Record<string, number | bigint | string>>;
  readonly cut: readonly string[];
}

export class CollectingWriter implements EventWriter {
  readonly events: Seen[] = [];
  #open: { seen: Seen; indexes: Readonly<Record<string, number>> } | undefined;

  begin(kind: number, tsUs: number, entity: EntityRef | undefined): void {
    const [name, indexes] = NAMED_KINDS.find(([, numbers]) => numbers.kind === kind)!;
    this.#open = { seen: { kind: name, tsUs, entity, fields: {}, cut: [] }, indexes };
  }
  setNumber(field: number, value: number): void {
    this.#set(field, value);
  }
  setId64(field: number, value: bigint): void {
    this.#set(field, value);
  }
  setIp(field: number, value: bigint): void {
    this.#set(field, value);
  }
  setText(field: number, text: string, isCut = false): void {
    const name = this.#set(field, text);
    if (isCut) (this.#open!.seen.cut as string[]).push(name);
  }
  setCollection(): void {
    throw new Error("kernel events have no lists");
  }
  commit(): boolean {
    this.events.push(this.#open!.seen);
    this.#open = undefined;
    return true;
  }

  #set(field: number, value: number | bigint | string): string {
    const { seen, indexes } = this.#open!;
    const isField = ([key, index]: [string, number]) => key !== "kind" && index === field;
    const name = Object.entries(indexes).find(isField)?.[0] ?? "?";
    (seen.fields as Record<string, number | bigint | string>)[name] = value;
    return name;
  }
}

export interface Running {
  readonly source: EbpfSource;
  readonly events: readonly Seen[];
  readonly progress: readonly Progress[];
  readonly warnings: readonly string[];
  readonly unavailable: Unavailable | undefined;
}

export async function startSource(plan: KernelPlan, ringBytes?: number): Promise<Running> {
  const writer = new CollectingWriter();
  const progress: Progress[] = [];
  const warnings: string[] = [];
  const context: SourceContext = {
    writer,
    progress: (told) => progress.push(told),
    warn: (message) => warnings.push(message),
    ended: () => {},
  };
  const entities = createEntityResolver("test-node");
  const size = ringBytes === undefined ? {} : { ringBytes };
  const source = createEbpfSource({ plan, entities, ...size });
  const unavailable = await source.start(context);
  return { source, events: writer.events, progress, warnings, unavailable };
}

/** Why kernel tests cannot run here; undefined when they can. Prints the reason once. */
export async function kernelRefusal(): Promise<string | undefined> {
  const { source, unavailable } = await startSource({ hooks: [{ hook: "process_exec" }] });
  await source.stop();
  if (unavailable === undefined) return undefined;
  return unavailable.reason;
}

/** Waits until the condition holds; throws after 5 s. */
export async function until(condition: () => boolean, what: string): Promise<void> {
  const deadline = performance.now() + 5000;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`waited 5 s for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
