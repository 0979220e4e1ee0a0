/**
 * State under another bundle: the same graph, shared parts shared, in which what belongs to the old
 * bundle is replaced by what takes its place, and numbers of kinds and sources are the new ones.
 */
import { CutText, type EventData, RecordValue, type SourceLoss } from "#core";

/** By old number the new one of each kind and source; undefined where all stay as they are. */
export interface Renumbering {
  readonly kinds: readonly number[] | undefined;
  readonly sources: readonly number[] | undefined;
}

export class Transplant {
  readonly #replaced: ReadonlyMap<object, object>;
  readonly #numbers: Renumbering;
  readonly #made = new Map<object, object>();

  /** `replaced`: what the bundle brings, such as rules, and what it is now. */
  constructor(replaced: ReadonlyMap<object, object>, numbers: Renumbering) {
    this.#replaced = replaced;
    this.#numbers = numbers;
  }

  /** What `root` is under the other bundle; what was copied before is the same object again. */
  copy<T>(root: T): T {
    const toFill: [from: object, into: object][] = [];
    const copied = this.#value(root, toFill);
    for (let next = toFill.pop(); next; next = toFill.pop()) this.#fill(next[0], next[1], toFill);
    return copied as T;
  }

  #value(x: unknown, toFill: [object, object][]): unknown {
    if (typeof x !== "object" || x === null) return x;
    const known = this.#replaced.get(x) ?? this.#made.get(x);
    if (known) return known;
    const made = this.#leaf(x);
    this.#made.set(x, made ?? emptyLike(x));
    const copy = this.#made.get(x) as object;
    if (!made) toFill.push([x, copy]);
    return copy;
  }

  /** Undefined for what holds other objects. */
  #leaf(x: object): object | undefined {
    if (x instanceof CutText || x instanceof RecordValue) return x;
    if (ArrayBuffer.isView(x)) return (x as Float64Array).slice();
    const { kinds, sources } = this.#numbers;
    if (isEvent(x)) return kinds ? { ...x, kind: kinds[x.kind] ?? x.kind } : x;
    if (isLoss(x)) return sources ? { ...x, source: sources[x.source] ?? x.source } : x;
    return undefined;
  }

  #fill(from: object, into: object, toFill: [object, object][]): void {
    const value = (x: unknown) => this.#value(x, toFill);
    if (Array.isArray(from)) for (const x of from) (into as unknown[]).push(value(x));
    else if (from instanceof Set) for (const x of from) (into as Set<unknown>).add(value(x));
    else if (from instanceof Map)
      for (const [k, v] of from) (into as Map<unknown, unknown>).set(value(k), value(v));
    else for (const [k, v] of Object.entries(from)) (into as Record<string, unknown>)[k] = value(v);
  }
}

function emptyLike(x: object): object {
  if (Array.isArray(x)) return [];
  if (x instanceof Map) return new Map();
  if (x instanceof Set) return new Set();
  if (Object.getPrototypeOf(x) === Object.prototype) return {};
  throw new Error(`state holds a ${x.constructor?.name ?? "thing"}, which is not plain data`);
}

/** Events are never changed, so that they can be shared with whoever else has them. */
function isEvent(x: object): x is EventData {
  return "kind" in x && "ts" in x && "seq" in x && "fields" in x && typeof x.kind === "number";
}

/** What a match says of events that are missing. */
function isLoss(x: object): x is SourceLoss {
  const names = ["source", "count", "isSetBack"];
  return "source" in x && "count" in x && Object.keys(x).every((k) => names.includes(k));
}
