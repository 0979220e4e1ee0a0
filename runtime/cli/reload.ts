/**
 * SIGHUP: `tapio run` reads its bundle again and goes on with it. Nothing of what is half matched
 * is lost that the new rules can use; a bundle that cannot take the place of the one that runs is
 * refused, and the old one goes on.
 */
import { type Bundle, type KernelNeed, UsageError, type Value } from "#core";
import type { Runtime } from "#runtime";
import type { ReloadedRule } from "#runtime/engine";
import { loadBundle, readParams } from "./load.ts";
import { hookPlans, type LiveSources, whyNotLive } from "./sources.ts";

export interface ReloadInputs {
  /** Where the bundle is. */
  readonly path: string;
  /** `name=value` texts, as for the first one. */
  readonly param: readonly string[];
  readonly bundle: Bundle;
  readonly live: LiveSources;
  readonly runtime: Pick<Runtime, "reload" | "knownUpTo">;
  readonly say: (text: string) => void;
  /** The node's clock, µs since the epoch. */
  readonly clockUs: () => number;
  readonly onReloaded: (bundle: Bundle) => void;
}

/** How often it is looked whether everything from before the new filters has been read, ms. */
const lookMs = 50;
/** After this long the rest is taken as read, ms. */
const waitMostMs = 5_000;

/** Until the function that it returns is called. */
export function reloadOnHangup(inputs: ReloadInputs): () => void {
  const reloader = new Reloader(inputs);
  const onSignal = () => void reloader.reload();
  process.on("SIGHUP", onSignal);
  return () => process.off("SIGHUP", onSignal);
}

export class Reloader {
  readonly #inputs: ReloadInputs;
  /** What the kernel lets through: what every bundle so far needed. */
  #needs: readonly KernelNeed[];
  #isBusy = false;

  constructor(inputs: ReloadInputs) {
    this.#inputs = inputs;
    this.#needs = inputs.bundle.kernelPlan;
  }

  /** One at a time: what comes meanwhile is for the file as it is read then. */
  async reload(): Promise<void> {
    if (this.#isBusy) return;
    this.#isBusy = true;
    const { say } = this.#inputs;
    try {
      await this.#tryReload();
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      say(`reload refused: ${reason}; the rules that run go on`);
      const isOurs = !(error instanceof UsageError);
      say(`  help: ${isOurs ? "this is a bug; please report it" : error.help}`);
    } finally {
      this.#isBusy = false;
    }
  }

  async #tryReload(): Promise<void> {
    const { path, param, live, runtime, say, onReloaded } = this.#inputs;
    const next = loadBundle(path);
    const params: ReadonlyMap<string, Value> = readParams(param, next.unit.params);
    const reason = whyNotLive(next, live);
    if (reason) throw reason;
    await this.#widen(next.kernelPlan);
    const plan = runtime.reload(next, params);
    say(`reloaded ${path}: bundle ${next.hash.slice(0, 12)}`);
    for (const rule of plan) say(`  ${reloadLine(rule)}`);
    onReloaded(next);
  }

  /**
   * The kernel lets through what old and new rules need: the old ones end what they have begun. New
   * rules begin when everything that the narrower filter may have dropped is past.
   */
  async #widen(needs: readonly KernelNeed[]): Promise<void> {
    const { live, runtime, clockUs } = this.#inputs;
    const wider = unionOf(this.#needs, needs);
    if (JSON.stringify(wider) === JSON.stringify(this.#needs)) return;
    for (const { hook, filter } of hookPlans(wider)) {
      const problem = live.ebpf?.swapFilter(hook, filter);
      if (problem) throw new UsageError(`the kernel filter: ${problem.reason}`, problem.help);
    }
    this.#needs = wider;
    const swappedUs = clockUs();
    for (let waited = 0; waited < waitMostMs; waited += lookMs) {
      if (runtime.knownUpTo("kernel") > swappedUs) return;
      await new Promise((done) => setTimeout(done, lookMs));
    }
  }
}

/** An event that either needs. */
export function unionOf(a: readonly KernelNeed[], b: readonly KernelNeed[]): KernelNeed[] {
  const kinds = [...new Set([...a, ...b].map((n) => n.kind))];
  return kinds.map((kind) => {
    const own = [...a, ...b].filter((n) => n.kind === kind).map((n) => n.anyOf);
    // Without alternatives everything is needed.
    if (own.some((anyOf) => anyOf.length === 0)) return { kind, anyOf: [] };
    const all = new Map(own.flat().map((x) => [JSON.stringify(x), x]));
    return { kind, anyOf: all.size > alternativesMost ? [] : [...all.values()] };
  });
}

/** What a kernel filter can tell apart for a kind; of more everything is kept. */
const alternativesMost = 32;

function reloadLine({ rule, class: reload, reasons, limitsHistory }: ReloadedRule): string {
  const why = reasons.length > 0 ? `: ${reasons.join("; ")}` : "";
  return `${reload} ${rule}${why}${limitsHistory ? " (history-limited for a span)" : ""}`;
}
