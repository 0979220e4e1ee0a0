/**
 * A running node: sources that write into the engine's rings, their progress, and what rules can be
 * armed with them. Everything that reads a clock or a disk is passed in.
 */
import {
  allStepsOf,
  type Bundle,
  type CoreRule,
  type EventData,
  type Finding,
  findingKindOf,
  type Progress,
  type Source,
  type Step,
  stepsOf,
  type Unavailable,
  type Value,
  walkExpr,
} from "#core";
import {
  Engine,
  type EngineCounters,
  type GivenUp,
  type ReloadedRule,
  type SnapshotRefusal,
  troubleText,
} from "#runtime/engine";

export interface RuntimeOptions {
  readonly bundle: Bundle;
  readonly sources: readonly Source[];
  readonly params?: ReadonlyMap<string, Value>;
  /** Event kinds that no collector of a running source delivers. */
  readonly uncollected?: readonly string[];
  /** When the observation begins, µs since the epoch: absences are counted from here. */
  readonly startUs?: number;
  onFinding(finding: Finding): void;
  /** Something a person should know; the runtime goes on. */
  onWarning(message: string): void;
  onLate?(event: EventData): void;
  onRelevant?(event: EventData): void;
  /** A source's progress, before the engine acts on it. */
  onProgress?(source: string, progress: Progress): void;
  /** Milliseconds that never go backwards; decides only when a silent source counts as idle. */
  now(): number;
  /** This machine's clock, µs since the epoch: times far ahead of it are not believed. */
  clockUs?(): number;
}

export interface SourceStatus {
  readonly name: string;
  readonly unavailable: Unavailable | undefined;
  readonly isIdle: boolean;
  readonly progress: Progress;
}

export type Armed =
  | { readonly state: "armed" }
  | { readonly state: "partly armed"; readonly reason: string }
  | { readonly state: "not armed"; readonly reason: string }
  /** Its code failed. */
  | { readonly state: "stopped"; readonly reason: string };

export interface RuntimeStatus {
  readonly sources: readonly SourceStatus[];
  readonly rules: readonly { readonly rule: string; readonly armed: Armed }[];
  readonly counters: EngineCounters;
}

interface Feed {
  readonly source: Source;
  unavailable: Unavailable | undefined;
  progress: Progress;
  heardAt: number;
  isIdle: boolean;
  /** The engine goes on from an earlier run, and nothing of this source has come since. */
  hasGap: boolean;
}

const idleCheckMs = 250;
const nothing: Progress = { timeUs: 0, seen: 0, passed: 0, lost: 0, malformed: 0 };

export class Runtime {
  #options: RuntimeOptions;
  readonly #engine: Engine;
  readonly #feeds: Feed[];
  #idleTimer: NodeJS.Timeout | undefined;

  constructor(options: RuntimeOptions) {
    const { bundle } = options;
    this.#options = options;
    this.#engine = new Engine({
      unit: bundle.unit,
      matcher: bundle.matcher,
      bundleHash: bundle.hash,
      ...(options.params ? { params: options.params } : {}),
      ...(options.startUs === undefined ? {} : { startUs: options.startUs }),
      onFinding: options.onFinding,
      onTrouble: (trouble) => options.onWarning(troubleText(trouble)),
      ...(options.onLate ? { onLate: options.onLate } : {}),
      ...(options.onRelevant ? { onRelevant: options.onRelevant } : {}),
    });
    this.#feeds = options.sources.map((source) => ({
      source,
      unavailable: undefined,
      progress: nothing,
      heardAt: 0,
      isIdle: false,
      hasGap: false,
    }));
    this.#tellSources();
  }

  /** Which sources there are at all, whatever an earlier run had. */
  #tellSources(): void {
    const { bundle, sources } = this.#options;
    for (const { name } of bundle.unit.schema.sources) {
      this.#engine.setAvailable(
        name,
        sources.some((s) => s.name === name),
      );
      this.#engine.setIdle(name, false);
    }
  }

  /** Starts every source; one that cannot run is reported and the others go on. */
  async start(): Promise<RuntimeStatus> {
    for (const feed of this.#feeds) await this.#startFeed(feed);
    this.#idleTimer = setInterval(() => this.#checkIdle(), idleCheckMs);
    return this.status();
  }

  /** Stops the sources and decides what their last progress allows. Idempotent. */
  async stop(): Promise<void> {
    clearInterval(this.#idleTimer);
    await Promise.all(this.#feeds.map((f) => (f.unavailable ? undefined : f.source.stop())));
    this.#engine.read();
  }

  /**
   * Goes on with another bundle, whose records are laid out as those of the one that runs. Says
   * what became of each rule.
   */
  reload(bundle: Bundle, params: ReadonlyMap<string, Value>): ReloadedRule[] {
    const { unit, matcher, hash: bundleHash } = bundle;
    const plan = this.#engine.reload({ unit, matcher, bundleHash, params });
    this.#options = { ...this.#options, bundle, params };
    return plan;
  }

  /** Everything of that source up to this time is known, µs since the epoch. */
  knownUpTo(source: string): number {
    const feed = this.#feeds.find((f) => f.source.name === source);
    const { sources } = this.#options.bundle.unit.schema;
    const latenessUs = sources.find((s) => s.name === source)?.latenessUs ?? 0;
    return feed ? feed.progress.timeUs - latenessUs : Number.POSITIVE_INFINITY;
  }

  /** What was half matched and given up for room. */
  get givenUp(): readonly GivenUp[] {
    return this.#engine.givenUp;
  }

  /** What the engine knows, for `restore` of a later run with the same bundle. */
  snapshot(): Uint8Array {
    return this.#engine.snapshot();
  }

  /**
   * Goes on from a snapshot, before `start`. What sources that cannot resume missed in between
   * counts as lost.
   */
  restore(snapshot: Uint8Array): SnapshotRefusal | undefined {
    const refusal = this.#engine.restore(snapshot);
    if (refusal) return refusal;
    for (const feed of this.#feeds) feed.hasGap = true;
    this.#tellSources();
    return undefined;
  }

  status(): RuntimeStatus {
    return {
      sources: this.#feeds.map((f) => ({
        name: f.source.name,
        unavailable: f.unavailable,
        isIdle: f.isIdle,
        progress: f.progress,
      })),
      rules: this.#options.bundle.unit.rules.map((r) => ({ rule: r.name, armed: this.#armed(r) })),
      counters: this.#engine.counters,
    };
  }

  async #startFeed(feed: Feed): Promise<void> {
    const { name } = feed.source;
    const writer = this.#engine.writer(name);
    if (!writer) {
      feed.unavailable = {
        reason: `the bundle knows no source ${name}`,
        help: "compile the rules with this version's schema",
      };
      return;
    }
    feed.heardAt = this.#options.now();
    feed.unavailable = await feed.source.start({
      writer,
      progress: (p) => this.#onProgress(feed, p),
      warn: (message) => this.#options.onWarning(`${name}: ${message}`),
      ended: (reason) => this.#onEnded(feed, reason),
    });
    this.#engine.setAvailable(name, feed.unavailable === undefined);
  }

  #onProgress(feed: Feed, progress: Progress): void {
    const { name } = feed.source;
    if (feed.hasGap && feed.source.cursor() === undefined)
      this.#engine.lost(name, 1, progress.timeUs);
    feed.hasGap = false;
    const lost = progress.lost - feed.progress.lost;
    if (lost > 0) {
      this.#engine.lost(name, lost, progress.timeUs);
      this.#options.onWarning(`${name}: ${lost} events were lost; findings over this time say so`);
    }
    const clockUs = this.#options.clockUs?.();
    if (clockUs !== undefined) this.#engine.clock(clockUs);
    feed.progress = progress;
    feed.heardAt = this.#options.now();
    if (feed.isIdle) this.#setIdle(feed, false);
    // What was written before this progress belongs before it in a recording, too.
    this.#engine.read();
    this.#options.onProgress?.(name, progress);
    this.#engine.progress(name, progress.timeUs);
  }

  #onEnded(feed: Feed, reason: string | undefined): void {
    if (reason === undefined) return;
    feed.unavailable = { reason, help: "restart tapio when the cause is gone" };
    this.#engine.setAvailable(feed.source.name, false);
    this.#options.onWarning(`${feed.source.name}: ended: ${reason}`);
  }

  #checkIdle(): void {
    const now = this.#options.now();
    for (const feed of this.#feeds) {
      const info = this.#options.bundle.unit.schema.sources.find(
        (s) => s.name === feed.source.name,
      );
      const isSilent = info !== undefined && now - feed.heardAt > info.idleUs / 1000;
      if (isSilent && !feed.isIdle && !feed.unavailable) this.#setIdle(feed, true);
    }
  }

  #setIdle(feed: Feed, isIdle: boolean): void {
    feed.isIdle = isIdle;
    this.#engine.setIdle(feed.source.name, isIdle);
    this.#options.onWarning(
      `${feed.source.name}: ${isIdle ? "silent; rules that need it wait" : "speaks again"}`,
    );
  }

  /** A rule is armed when every step has an available source, partly when some member has none. */
  #armed(rule: CoreRule): Armed {
    const stopped = this.#engine.stopped.get(rule);
    if (stopped !== undefined) return { state: "stopped", reason: stopped };
    const untold = untoldOf(rule);
    if (untold) return { state: "not armed", reason: untold };
    const positive = new Set(stepsOf(rule.pattern));
    const optional = new Set(
      rule.pattern.node === "seq"
        ? rule.pattern.steps.filter((s) => s.isOptional).map((s) => s.step)
        : [],
    );
    const partial: string[] = [];
    for (const step of allStepsOf(rule.pattern)) {
      const missing = step.kinds.flatMap((kind) => this.#whyMissing(kind) ?? []);
      if (missing.length === 0) continue;
      const reason = `step ${step.name}: ${[...new Set(missing)].join("; ")}`;
      const isWaitedFor = positive.has(step) ? !optional.has(step) : isHeldBy(rule, step);
      const isVital = isWaitedFor && missing.length === step.kinds.length;
      if (isVital) return { state: "not armed", reason };
      partial.push(reason);
    }
    return partial.length > 0
      ? { state: "partly armed", reason: partial.join("; ") }
      : { state: "armed" };
  }

  #whyMissing(kind: number): string | undefined {
    const { unit } = this.#options.bundle;
    const { schema } = unit;
    const maker = unit.rules.find((r) => findingKindOf(unit, r) === kind);
    if (maker) {
      const armed = this.#armed(maker);
      const isSilent = armed.state === "not armed" || armed.state === "stopped";
      return isSilent ? `rule ${maker.name} is ${armed.state}: ${armed.reason}` : undefined;
    }
    const source = schema.sources[schema.kinds[kind]?.source ?? -1]?.name ?? "?";
    const feed = this.#feeds.find((f) => f.source.name === source);
    if (!feed) return `source ${source} is not running`;
    const name = schema.kinds[kind]?.name ?? "?";
    if (this.#options.uncollected?.includes(name)) return `no collector delivers ${name} yet`;
    return feed.unavailable && `source ${source}: ${feed.unavailable.reason}`;
  }
}

/**
 * Why a rule has nothing to go on: it asks which entities there are, or how they are related, and
 * no source tells that.
 */
export function untoldOf({ pattern }: CoreRule): string | undefined {
  if (pattern.node === "inv" && pattern.entity !== undefined)
    return `no source tells which entities of kind ${pattern.entity} there are`;
  let relation: string | undefined;
  for (const step of allStepsOf(pattern)) {
    for (const e of [step.where, ...step.key.map((k) => k.expr)]) {
      if (e)
        walkExpr(e, (x) => {
          if (x.op === "hop" || x.op === "related") relation ??= x.via;
        });
    }
  }
  return relation && `no source tells the relation ${relation}`;
}

/** Whether the rule concludes from the silence of `step` and holds what it cannot prove. */
function isHeldBy({ pattern, policy }: CoreRule, step: Step): boolean {
  return pattern.node === "seq" && pattern.deadline?.step === step && policy.onIdle === "hold";
}
