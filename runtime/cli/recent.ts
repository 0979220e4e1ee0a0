/**
 * What a recording would hold of the last while, in bounded memory: a running node answers
 * `tapio why-not` from it.
 */
import { CutText, type EventData, type Progress, type Schema, type Value } from "#core";
import { Queue } from "#runtime/engine";
import { encodeHeader, encodeLine, encodeProgress } from "#runtime/sources/replay";

export interface RecentOptions {
  readonly schema: Schema;
  /** Events that are kept. */
  readonly eventsMax: number;
  readonly bytesMax: number;
  /** When the observation began, µs. */
  readonly startUs: number;
}

type Entry =
  | { readonly event: EventData; readonly bytes: number }
  | { readonly source: string; readonly progress: Progress };

/** An event's own parts, roughly. */
const eventBytes = 200;
const fieldBytes = 16;

export class RecentEvents {
  readonly #options: RecentOptions;
  readonly #entries = new Queue<Entry>();
  /** Only the last progress before an event matters. */
  readonly #pending = new Map<string, Progress>();
  /** The last progress of each source before the oldest entry. */
  readonly #before = new Map<string, Progress>();
  #sinceUs: number;
  #events = 0;
  #bytes = 0;

  constructor(options: RecentOptions) {
    this.#options = options;
    this.#sinceUs = options.startUs;
  }

  /** Everything of after this time is there, µs. */
  get sinceUs(): number {
    return this.#sinceUs;
  }

  event(event: EventData): void {
    for (const [source, progress] of this.#pending) this.#entries.push({ source, progress });
    this.#pending.clear();
    const bytes = sizeOf(event);
    this.#entries.push({ event, bytes });
    this.#events++;
    this.#bytes += bytes;
    const { eventsMax, bytesMax } = this.#options;
    while (this.#events > eventsMax || this.#bytes > bytesMax) this.#forgetOldest();
  }

  progress(source: string, progress: Progress): void {
    this.#pending.set(source, progress);
  }

  /** Lines of a recording of what is there now; later entries do not come into it. */
  lines(): { readonly count: number; readonly lines: Iterable<string> } {
    const before = [...this.#before];
    const entries = this.#entries.items;
    const after = [...this.#pending];
    const { schema } = this.#options;
    function* written() {
      yield encodeHeader();
      for (const [source, p] of before) yield encodeProgress(source, p.timeUs, p);
      for (const e of entries) {
        if ("event" in e) yield encodeLine(schema, e.event);
        else yield encodeProgress(e.source, e.progress.timeUs, e.progress);
      }
      for (const [source, p] of after) yield encodeProgress(source, p.timeUs, p);
    }
    return { count: 1 + before.length + entries.length + after.length, lines: written() };
  }

  /** Forgets the oldest event, and the progress that then is before the oldest. */
  #forgetOldest(): void {
    this.#skipProgress();
    const oldest = this.#entries.shift();
    if (!oldest || !("event" in oldest)) return;
    this.#events--;
    this.#bytes -= oldest.bytes;
    this.#sinceUs = Math.max(this.#sinceUs, oldest.event.ts);
    this.#skipProgress();
  }

  #skipProgress(): void {
    for (let e = this.#entries.peek(); e && !("event" in e); e = this.#entries.peek()) {
      this.#before.set(e.source, e.progress);
      this.#entries.shift();
    }
  }
}

function sizeOf({ fields }: EventData): number {
  return fields.reduce<number>((n, value) => n + fieldBytes + bytesOf(value), eventBytes);
}

/** Of what lies outside the event's own object. */
function bytesOf(value: Value): number {
  if (typeof value === "string") return value.length;
  if (value instanceof CutText) return value.visible.length;
  if (Array.isArray(value)) return value.reduce<number>((n, v) => n + fieldBytes + bytesOf(v), 0);
  if (value instanceof Map)
    return [...value].reduce((n, [k, v]) => n + 2 * fieldBytes + bytesOf(k) + bytesOf(v), 0);
  return 0;
}
