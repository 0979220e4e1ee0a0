/** The recording of a `replay` test, in the format of `tapio run --record`. */
import type { TestCase, TestEvent } from "#compiler";
import { makeEvent, type Schema } from "#core";
import type { Span } from "#grammar";
import { decodeLine } from "#runtime/sources/replay";

/** Text of `file`, named relative to the rule file `from`; undefined when it cannot be read. */
export type ReadRecording = (file: string, from: string) => string | undefined;

export type Recorded =
  | { readonly ok: true; readonly events: readonly TestEvent[] }
  | { readonly ok: false; readonly at: Span; readonly message: string };

/** The events of the recording of `test`, arriving when the recording had got as far as they. */
export function readRecording(
  schema: Schema,
  { recording }: TestCase,
  read: ReadRecording | undefined,
): Recorded | undefined {
  if (!recording) return undefined;
  const { at, file } = recording;
  const text = read?.(file, at.file);
  if (text === undefined) return { ok: false, at, message: `cannot read the recording ${file}` };
  const events: TestEvent[] = [];
  const seqs = new Map<number, number>();
  let clock = Number.NEGATIVE_INFINITY;
  for (const [i, line] of text.split("\n").entries()) {
    if (line.trim() === "") continue;
    const reading = decodeLine(schema, line, i + 1);
    if (!reading.ok) {
      const message = `${file}:${reading.line}: ${reading.message}; ${reading.help}`;
      return { ok: false, at, message };
    }
    if (reading.what === "progress") clock = Math.max(clock, reading.progress.ts);
    if (reading.what !== "event") continue;
    const { kind, ts, entity, fields } = reading.event;
    clock = Math.max(clock, ts);
    const source = schema.kinds[kind]?.source ?? 0;
    const seq = reading.event.seq ?? (seqs.get(source) ?? 0) + 1;
    seqs.set(source, seq);
    events.push({ event: makeEvent(schema, { kind, ts, seq, entity, fields }), arrivesAt: clock });
  }
  if (events.length === 0) return { ok: false, at, message: `${file} holds no events` };
  return { ok: true, events };
}
