/**
 * An engine over a rule about windows that is fed by hand, in the order of time, in the language of
 * `by-hand.ts`.
 *
 *     const fed = new Fed(over("tumbling 10s", "count() >= 2"));
 *     fed.tell("a 1", "a 2").upTo(11);
 *     fed.told                            ⇒ ["10: 2"]
 */
import { emitMatcher } from "#compiler";
import type { CoreUnit, EventData, Finding, Value } from "#core";
import { Engine, type ReloadedRule } from "#runtime/engine";
import { writeEvent } from "#runtime/events";
import { at, compiled, eventsOf } from "../../core/ir/by-hand.ts";

/** A rule over `t.a`; a finding says `text`. */
export function over(
  shape: string,
  having: string,
  policies = "",
  text = "{count()}",
  step = "t.a",
): string {
  return `rule r { match over e: ${step} ${shape} by k having ${having}\n${policies}
  explain { root e summary "${text}" } }`;
}

/** Compiled once. */
const units = new Map<string, CoreUnit>();

export interface Room {
  /** Values of a key. */
  readonly values?: number;
  readonly keys?: number;
}

export interface Start {
  readonly room?: Room;
  readonly params?: ReadonlyMap<string, Value>;
}

export class Fed {
  readonly findings: Finding[] = [];
  engine: Engine;
  #unit: CoreUnit;
  readonly #start: Start;
  /** As written so far; numbers of events follow from it. */
  readonly #lines: string[] = [];

  constructor(rules: string, start: Start = {}) {
    this.#start = start;
    this.#unit = this.#unitOf(rules);
    this.engine = this.#started();
  }

  #unitOf(rules: string): CoreUnit {
    const unit = units.get(rules) ?? compiled(rules).unit;
    units.set(rules, unit);
    const { keys, values } = this.#start.room ?? {};
    return {
      ...unit,
      rules: unit.rules.map((r) => ({
        ...r,
        keysMax: keys ?? r.keysMax,
        pattern:
          r.pattern.node === "win" && values ? { ...r.pattern, maxEvents: values } : r.pattern,
      })),
    };
  }

  get #bundle() {
    return { unit: this.#unit, matcher: emitMatcher(this.#unit), bundleHash: "" };
  }

  #started(): Engine {
    const { params } = this.#start;
    const given = params ? { params } : {};
    return new Engine({ ...this.#bundle, ...given, onFinding: (f) => this.findings.push(f) });
  }

  /** Events, each of a time not before the one ahead of it. */
  tell(...lines: readonly string[]): this {
    const from = this.#lines.length;
    this.#lines.push(...lines);
    const writer = this.engine.writer("fast");
    for (const event of eventsOf(this.#unit.schema, this.#lines).events.slice(from))
      this.#write(writer, event);
    this.engine.read();
    return this;
  }

  #write(writer: ReturnType<Engine["writer"]>, event: EventData): void {
    if (!writer || !writeEvent(writer, this.#unit.schema, event)) throw new Error("not written");
    if (this.#lines.length > 100) this.engine.read();
  }

  /** Everything before `seconds` is known. */
  upTo(seconds: number): this {
    this.engine.progress("fast", at(seconds) + 100_000);
    return this;
  }

  /** A pod that is there from `up` until `down`. */
  pod(key: string, up: number, down?: number): this {
    const end = down === undefined ? undefined : at(down);
    this.engine.entity({ kind: "pod", key, chain: { pod: key }, up: at(up), down: end });
    return this;
  }

  /** Another engine goes on from a snapshot. */
  restart(): this {
    const bytes = this.engine.snapshot();
    this.engine = this.#started();
    const refusal = this.engine.restore(bytes);
    if (refusal) throw new Error(refusal.reason);
    return this;
  }

  reload(rules: string): ReloadedRule[] {
    this.#unit = this.#unitOf(rules);
    return this.engine.reload(this.#bundle);
  }

  /** `<second>: <summary>`, with a mark of doubt behind it, of each finding as it was told last. */
  get told(): string[] {
    const last = new Map(this.findings.map((f) => [f.id, f]));
    return [...last.values()].map((f) => {
      const doubt = f.degraded.length > 0 ? " in doubt" : "";
      return `${(f.at - at(0)) / 1e6}: ${f.summary}${doubt}`;
    });
  }

  get evicted() {
    return this.engine.counters.evicted;
  }

  /** What the state of the rule takes. */
  get bytes(): number {
    return this.engine.measured[0]?.bytes ?? 0;
  }

  /** What all of the state takes in a snapshot. */
  get snapshotBytes(): number {
    return this.engine.snapshot().length;
  }
}
