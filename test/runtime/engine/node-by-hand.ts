/**
 * One engine as a node runs it, fed by hand: events in one line each, progress by source, reloads,
 * restarts, and what was told in a form that is read at a glance.
 *
 *     const node = new Node("rule r { match sequence by k within 5s { p: t.a then q: t.b } }");
 *     node.feed("a 1", "b 2").upTo(5).said ⇒ ["r@2"]
 *
 * Behind the rule's name `/2` is its version, `~` says that a finding is provisional, `!` that it
 * may lack something; what follows says that it is not the first word on it.
 */
import { expect } from "vitest";
import { emitMatcher } from "#compiler";
import { type CoreUnit, type Finding, makeEvent, type Value } from "#core";
import {
  Engine,
  type EngineOptions,
  type NextBundle,
  type ReloadedRule,
  type Trouble,
} from "#runtime/engine";
import { writeEvent } from "#runtime/events";
import { compiledUnit } from "../../harness/compiled-unit.ts";

export const second = 1_000_000;

/** Kinds `a` to `d` are of `fast`, `o` and `u` of `other`, `far` and `away` of `coarse`. */
export const schemaText = `module s
source fast { lateness 0ms granularity 1us idle 2s rank 0 }
source other { lateness 0ms granularity 1us idle 2s rank 1 }
source coarse { lateness 0ms granularity 1s idle 60s rank 2 }
entity pod key string(8) max 8
relation calls pod -> pod fanout 2
event t.a from fast { k: int? x: int? }
event t.b from fast { k: int? x: int? }
event t.c from fast { k: int? x: int? }
event t.d from fast { k: int? x: int? }
event t.o from other { k: int? x: int? }
event t.u from other { k: int? x: int? }
event t.far from coarse { k: int? x: int? }
event t.away from coarse { k: int? x: int? }
`;

export interface NodeOptions extends Partial<EngineOptions> {
  readonly schema?: string | undefined;
  /** Nobody hears of troubles. */
  readonly isAlone?: boolean;
  /** Changes the generated code. */
  readonly edit?: (matcher: string) => string;
}

export class Node {
  readonly told: Finding[] = [];
  readonly late: string[] = [];
  readonly troubles: Trouble[] = [];
  engine: Engine;
  #bundle: NextBundle;
  readonly #options: NodeOptions;
  readonly #seq = new Map<string, number>();

  constructor(rules: string, options: NodeOptions = {}) {
    this.#options = options;
    this.#bundle = bundle(rules, options.schema, options.edit);
    this.engine = this.#started();
  }

  #started(): Engine {
    const { schema: _, edit: __, isAlone = false, ...rest } = this.#options;
    return new Engine({
      ...this.#bundle,
      onFinding: (f) => this.told.push(f),
      onLate: (e) => this.late.push(e.id),
      ...(isAlone ? {} : { onTrouble: (t: Trouble) => this.troubles.push(t) }),
      ...rest,
    });
  }

  get unit(): CoreUnit {
    return this.#bundle.unit;
  }

  reload(rules: string, schema?: string): ReloadedRule[] {
    this.#bundle = bundle(rules, schema ?? this.#options.schema, this.#options.edit);
    return this.engine.reload(this.#bundle);
  }

  /** Another engine goes on from a snapshot. */
  restart(): this {
    const bytes = this.engine.snapshot();
    this.engine = this.#started();
    expect(this.engine.restore(bytes)).toBeUndefined();
    return this;
  }

  /** Writes `<kind> <seconds> [name=value …]`; `k` is 1 unless said. */
  feed(...lines: readonly string[]): this {
    for (const line of lines) this.#write(line);
    return this;
  }

  /** Writes, and has it read: it has arrived, and nothing more is known. */
  arrive(...lines: readonly string[]): this {
    for (const line of lines) this.feed(line).engine.read();
    return this;
  }

  #write(line: string): void {
    const { schema } = this.unit;
    const [name, seconds, ...rest] = line.split(" ");
    const given = new Map(rest.map((pair) => pair.split("=") as [string, string]));
    const kind = schema.kinds.findIndex((k) => k.name === `t.${name}`);
    const info = schema.kinds[kind];
    const source = schema.sources[info?.source ?? -1]?.name ?? "";
    const fields = (info?.fields ?? []).map((f): Value => {
      const value = given.get(f.name) ?? (f.name === "k" ? "1" : undefined);
      return value === undefined ? undefined : Number(value);
    });
    const pod = given.get("pod");
    const seq = (this.#seq.get(source) ?? 0) + 1;
    this.#seq.set(source, seq);
    const ts = Math.round(Number(seconds) * second);
    const entity = pod === undefined ? undefined : { pod };
    const event = makeEvent(schema, { kind, ts, seq, entity, fields });
    const writer = this.engine.writer(source);
    if (!writer || !writeEvent(writer, schema, event)) throw new Error(`not written: ${line}`);
  }

  /** A pod that is there from `up` until `down`. */
  pod(key: string, up: number, down?: number): this {
    const end = down === undefined ? undefined : down * second;
    this.engine.entity({ kind: "pod", key, chain: { pod: key }, up: up * second, down: end });
    return this;
  }

  /** Everything before `at` is known, of all sources unless some are named. */
  upTo(at: number, ...sources: readonly string[]): this {
    const all = this.unit.schema.sources.map((s) => s.name);
    for (const source of sources.length > 0 ? sources : all)
      this.engine.progress(source, at * second);
    return this;
  }

  get said(): string[] {
    return this.told.map(shown);
  }

  /** What was told since this was asked last. */
  get news(): string[] {
    return this.told.splice(0).map(shown);
  }
}

function bundle(rules: string, schema = schemaText, edit = (matcher: string) => matcher) {
  const unit = compiledUnit(schema, `module r\nimport s\n${rules}`);
  return { unit, matcher: edit(emitMatcher(unit)), bundleHash: rules };
}

export function shown(f: Finding): string {
  const version = f.version > 1 ? `/${f.version}` : "";
  const marks = `${f.isProvisional ? "~" : ""}${f.degraded.length > 0 ? "!" : ""}`;
  const state = f.state === "open" ? "" : ` ${f.state}`;
  return `${f.rule}${version}@${f.at / second}${marks}${state}`;
}
