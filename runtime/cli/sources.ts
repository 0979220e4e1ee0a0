/** The live sources a bundle needs on this machine. */
import { hostname } from "node:os";
import { HOOK_NAMES, type HookName, type HookPlan, type IntegerFilter } from "#bpf/programs";
import {
  type Bundle,
  heardSteps,
  type KernelNeed,
  type Source,
  sourcesOf,
  UsageError,
} from "#core";
import { createEntityResolver, type EntityResolver } from "#runtime/entity";
import { createEbpfSource, type EbpfSource } from "#runtime/sources/ebpf";
import { createJournaldSource } from "#runtime/sources/journald";
import { JournalEntry, stdLayoutHash } from "../events/event.gen.ts";

export interface LiveSources {
  readonly sources: readonly Source[];
  readonly ebpf: EbpfSource | undefined;
  /** Kernel hooks that are attached when it can be done. */
  readonly hooks: readonly HookName[];
  /** Event kinds that rules want and nothing on this machine can deliver yet. */
  readonly uncollected: readonly string[];
}

export interface LiveOptions {
  /** Read this journal folder instead of the system's. */
  readonly journalDirectory: string | undefined;
  readonly journalCursor: string | undefined;
}

/** Throws `UsageError` when the bundle's records are not the ones this program's sources write. */
export function createLiveSources(bundle: Bundle, options: LiveOptions): LiveSources {
  const refusal = otherLayout(bundle);
  if (refusal) throw refusal;
  const needed = sourcesNeeded(bundle);
  const entities = createEntityResolver(hostname());
  const hooks = hookPlans(bundle.kernelPlan);
  const ebpf =
    needed.has("kernel") && hooks.length > 0
      ? createEbpfSource({ plan: { hooks }, entities })
      : undefined;
  const sources: Source[] = ebpf ? [ebpf] : [];
  if (needed.has("journal")) sources.push(journald(entities, options));
  const uncollected = bundle.kernelPlan
    .map((n) => n.kind)
    .filter((k) => !hooks.some((h) => `kernel.${h.hook}` === k));
  return { sources, ebpf, hooks: hooks.map((h) => h.hook), uncollected };
}

/** Why a bundle cannot be put in the place of the one that `live` was made for. */
export function whyNotLive(bundle: Bundle, live: LiveSources): UsageError | undefined {
  const refusal = otherLayout(bundle);
  if (refusal) return refusal;
  const running = new Set(live.sources.map((s) => s.name));
  const lacking = [...sourcesNeeded(bundle)].find(
    (name) => name !== undefined && ["kernel", "journal"].includes(name) && !running.has(name),
  );
  const hooks = hookPlans(bundle.kernelPlan).map((h) => h.hook);
  const unattached = hooks.find((hook) => live.ebpf && !live.hooks.includes(hook));
  if (lacking === undefined && unattached === undefined) return undefined;
  const what =
    unattached === undefined ? `the source ${lacking}` : `the event kernel.${unattached}`;
  return new UsageError(
    `the bundle needs ${what}, which no rule needed when tapio was started`,
    "restart tapio: what is half matched is not known to another bundle, and begins anew",
  );
}

function otherLayout(bundle: Bundle): UsageError | undefined {
  if (bundle.layoutHash === stdLayoutHash) return undefined;
  return new UsageError(
    "the bundle declares other event kinds than this tapio's sources deliver",
    "compile it with the tapioc of this version and without own event kinds; `tapio replay` runs it on recordings",
  );
}

function sourcesNeeded({ unit }: Bundle): Set<string | undefined> {
  const heard = unit.rules.flatMap(heardSteps).flatMap((s) => s.kinds);
  return new Set(sourcesOf(unit, heard).map((s) => unit.schema.sources[s]?.name));
}

export function hookPlans(needs: readonly KernelNeed[]): HookPlan[] {
  return HOOK_NAMES.flatMap((hook) => {
    const need = needs.find((n) => n.kind === `kernel.${hook}`);
    return need ? [{ hook, filter: integerFilter(need) }] : [];
  });
}

/** A plan without alternatives keeps everything. */
function integerFilter(need: KernelNeed): IntegerFilter | undefined {
  if (need.anyOf.length === 0) return undefined;
  return {
    anyOf: need.anyOf.map((a) => ({
      allOf: a.allOf.map((x) => ({ field: x.field, op: x.cmp, value: x.value })),
    })),
  };
}

function journald(entities: EntityResolver, options: LiveOptions): Source {
  const { journalDirectory: directory, journalCursor: cursor } = options;
  return createJournaldSource({
    kind: JournalEntry,
    from: cursor === undefined ? "now" : "cursor",
    cursor,
    ...(directory === undefined ? {} : { directory }),
    cgroupIdOf: (path) => entities.idOf(path),
    entityOf: ({ pid, unit, cgroup }) => {
      const owner = unit === undefined ? {} : { unit };
      return pid === undefined ? owner : { ...owner, ...entities.entityOf(pid, cgroup ?? 0n) };
    },
  });
}
