/** An engine over rules given as text, fed by hand. */
import { compile, emitMatcher } from "#compiler";
import { type EntityRef, type Finding, makeEvent, type Value } from "#core";
import { Engine, type EngineOptions } from "#runtime/engine";
import { writeEvent } from "#runtime/events";
import { stdFiles } from "../../grammar/std.gen.ts";

export const second = 1_000_000;

export class Rig {
  readonly findings: Finding[] = [];
  readonly late: string[] = [];
  readonly engine: Engine;
  readonly #unit;
  readonly #seq = new Map<string, number>();

  /** `edit` changes the generated code. */
  constructor(
    rules: string,
    options: Partial<EngineOptions> = {},
    edit: (matcher: string) => string = (matcher) => matcher,
  ) {
    const text = `module rig.rules\nimport tapio.schema.v1\n${rules}`;
    const result = compile([{ file: "rules.tapio", text }], { std: stdFiles, version: "test" });
    const [error] = result.diagnostics.filter((d) => d.severity === "error");
    if (error) throw new Error(`${error.code}: ${error.message}`);
    this.#unit = result.unit;
    this.engine = new Engine({
      unit: result.unit,
      matcher: edit(emitMatcher(result.unit)),
      bundleHash: "rig",
      onFinding: (f) => this.findings.push(f),
      onLate: (e) => this.late.push(e.id),
      ...options,
    });
  }

  /** Writes one event at `at` µs; false when it was dropped. */
  event(kind: string, at: number, fields: Record<string, Value>, entity?: EntityRef): boolean {
    const { schema } = this.#unit;
    const id = schema.kinds.findIndex((k) => k.name === kind);
    const info = schema.kinds[id];
    if (!info) throw new Error(`no kind ${kind}`);
    const source = schema.sources[info.source]?.name ?? "";
    const seq = (this.#seq.get(source) ?? 0) + 1;
    this.#seq.set(source, seq);
    const values = info.fields.map((f) => fields[f.name] ?? this.#zero(f.isOptional, f.type.t));
    const writer = this.engine.writer(source);
    const event = makeEvent(schema, { kind: id, ts: at, seq, entity, fields: values });
    return writer !== undefined && writeEvent(writer, schema, event);
  }

  #zero(isOptional: boolean, type: string): Value {
    if (isOptional) return undefined;
    if (type === "string") return "";
    if (type === "id64" || type === "ip") return 0n;
    return type === "enum" ? undefined : 0;
  }
}
