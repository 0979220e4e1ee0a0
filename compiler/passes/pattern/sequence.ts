/** `sequence { … }` to core. */
import { formatDuration, type Gap, type Seq, type SeqStep, type Step, stepsRead } from "#core";
import type { SeqStep as AstSeqStep, Step as AstStep, Repeat, SeqItem, Sequence } from "#grammar";
import type { Scope, Session } from "../elaborate/scope.ts";
import { Connections, isConnected } from "./connected.ts";
import { type Heads, lowerHeads } from "./heads.ts";
import { PatternKeys } from "./key.ts";
import { defaultPartials, type LoweredPattern } from "./lowered.ts";
import { needsStep } from "./needed.ts";
import { lowerCount, lowerDuration, reach } from "./numbers.ts";
import {
  captured,
  checkStepNames,
  type LoweredStep,
  lowerStep,
  type Run,
  type SeenStep,
} from "./step.ts";

/** A repeated first step keeps one partial for every start within the span. */
const defaultPartialsForRuns = 256;
const defaultKeep = 16;

/** A `match` of one event is a sequence of one step. */
export function lowerSingle(node: AstStep, rule: Scope): LoweredPattern {
  checkStepNames([node.name], rule);
  const keys = new PatternKeys(node.by ?? []);
  const lowered = lowerStep(node, [], new Set(), keys, rule);
  const { step } = lowered;
  const pattern: Seq = {
    node: "seq",
    steps: [{ step, gap: undefined, isOptional: false, repeat: undefined, without: [] }],
    deadline: undefined,
    until: undefined,
    within: 0,
    isStrict: false,
    slack: 0,
    partials: 1,
  };
  const seen = [captured(lowered, 0, { isOptional: false, isRepeated: false })];
  return { pattern, seen, keys, connections: new Connections([], true) };
}

/** Undefined when no step could be read. */
export function lowerSequence(node: Sequence, rule: Scope): LoweredPattern | undefined {
  return new SequenceLowering(node, rule).lower();
}

class SequenceLowering {
  #node: Sequence;
  #rule: Scope;
  #session: Session;
  #heads: Heads;
  #keys: PatternKeys;
  /** Positive steps so far, as later conditions see them. */
  #seen: SeenStep[] = [];
  #steps: SeqStep[] = [];
  #nodes: AstSeqStep[] = [];
  #negatives: { step: Step; node: AstStep }[] = [];
  #deadline: Seq["deadline"];
  /** Steps with errors: what they lack may only be a consequence. */
  #unsure = new Set<string>();

  constructor(node: Sequence, rule: Scope) {
    this.#node = node;
    this.#rule = rule;
    this.#session = rule.session;
    this.#heads = lowerHeads(node.heads, rule);
    this.#keys = new PatternKeys(this.#heads.keys);
  }

  lower(): LoweredPattern | undefined {
    const { items, until } = this.#node;
    checkStepNames([...items.map((i) => i.step.name), ...(until ? [until.name] : [])], this.#rule);
    for (const [i, item] of items.entries()) this.#item(item, i);
    this.#checkEnd();
    if (this.#steps.length === 0) return undefined;
    const cancel = until && this.#step(until, this.#maybeBound()).step;
    const { isStrict, slack } = this.#heads;
    const pattern: Seq = {
      node: "seq",
      steps: this.#steps,
      deadline: this.#deadline,
      until: cancel,
      within: this.#heads.within ?? this.#spanOfGaps(),
      isStrict,
      slack,
      partials:
        this.#heads.partials ?? (this.#steps[0]?.repeat ? defaultPartialsForRuns : defaultPartials),
    };
    this.#checkSpan();
    this.#checkOptional();
    this.#checkRuns();
    const connections = this.#connect();
    return { pattern, seen: this.#seen, keys: this.#keys, connections };
  }

  /** What a cancelling event sees: only the first step is bound whenever it matters. */
  #maybeBound(): SeenStep[] {
    return this.#seen.map(({ binding, groups }, i) => ({
      binding: i === 0 ? binding : { ...binding, isOptional: true },
      groups,
    }));
  }

  #item(item: SeqItem, index: number): void {
    switch (item.kind) {
      case "seqWithout":
        this.#without(item);
        return;
      case "seqDeadline":
        this.#noMore(item, index === this.#node.items.length - 1);
        return;
      case "seqStep":
        this.#positive(item);
    }
  }

  #without(item: Extract<SeqItem, { kind: "seqWithout" }>): void {
    if (this.#steps.length > 0) {
      this.#negatives.push({ step: this.#step(item.step, this.#seen).step, node: item.step });
      return;
    }
    this.#session.report(
      "TAP3002",
      item,
      { what: "`without`", where: "first", reason: "it forbids something between two steps" },
      { help: "put a step before it" },
    );
  }

  #noMore(item: Extract<SeqItem, { kind: "seqDeadline" }>, isLast: boolean): void {
    const what = "`then no … for …`";
    if (!isLast)
      this.#session.report(
        "TAP3002",
        item,
        { what, where: "in the middle", reason: "a sequence ends with it" },
        { help: "use `without` between steps" },
      );
    if (this.#steps.length === 0)
      this.#session.report(
        "TAP3002",
        item,
        { what, where: "first", reason: "its time counts from a step" },
        { help: "put a step before it, or use `absent`" },
      );
    const { step } = this.#step(item.step, this.#seen);
    const wait = lowerDuration(item.wait, this.#rule);
    if (wait === 0 && item.wait.kind === "duration")
      this.#session.report("TAP2018", item.wait, {
        what: `the time of ${what}`,
        bounds: "longer than 0s",
      });
    this.#deadline = { step, wait };
  }

  #checkEnd(): void {
    const dangling = this.#negatives[0];
    if (dangling)
      this.#session.report(
        "TAP3002",
        dangling.node,
        { what: "`without`", where: "last", reason: "it forbids something between two steps" },
        { help: "say `then no … for …`, or put a step after it" },
      );
    const last = this.#nodes.at(-1);
    if (last?.isOptional)
      this.#session.report(
        "TAP3002",
        last,
        {
          what: "`optional`",
          where: "last",
          reason: "only a later step tells that it was left out",
        },
        { help: "make the last step mandatory" },
      );
  }

  #positive(item: AstSeqStep): void {
    const at = this.#steps.length;
    const repeat = item.repeat && this.#repeat(item.repeat);
    const run = repeat && { run: at, items: { keep: repeat.keep, sure: 0 } };
    const lowered = this.#step(item.step, this.#seen, run);
    const gap = item.gap && this.#gap(item.gap);
    if (gap?.gap === "after") this.#checkGap(gap, item);
    if (gap && at === 0)
      this.#session.report(
        "TAP3002",
        item.gap ?? item,
        { what: "a gap", where: "first", reason: "it counts from the step before" },
        { help: "a gap stands between two steps" },
      );
    const { isOptional } = item;
    const without = this.#negatives.map((n) => n.step);
    this.#steps.push({ step: lowered.step, gap, isOptional, repeat, without });
    this.#nodes.push(item);
    this.#negatives = [];
    const sure = typeof repeat?.min === "number" ? repeat.min : 1;
    const items = repeat && { keep: repeat.keep, sure };
    this.#seen.push(captured(lowered, at, { isOptional, isRepeated: repeat !== undefined, items }));
  }

  #step(node: AstStep, earlier: readonly SeenStep[], run?: Run): LoweredStep {
    const known = new Set([...earlier.map((s) => s.binding.name), node.name.text]);
    const names = this.#node.items.map((i) => i.step.name.text);
    const later = new Set(names.filter((n) => !known.has(n)));
    const lowered = lowerStep(node, earlier, later, this.#keys, this.#rule, run);
    if (lowered.isUnsure) this.#unsure.add(node.name.text);
    return lowered;
  }

  #repeat(repeat: Repeat): SeqStep["repeat"] {
    const min = lowerCount(repeat.min, this.#rule);
    const max =
      repeat.max === "open"
        ? undefined
        : repeat.max === "exact"
          ? min
          : lowerCount(repeat.max, this.#rule);
    if (typeof min === "number" && typeof max === "number" && max < min) {
      this.#session.report("TAP2018", repeat, {
        what: "the upper bound of `repeat`",
        bounds: `at least ${min}`,
      });
    }
    const keep = repeat.keep ?? defaultKeep;
    if (keep < 1 || keep > 1024)
      this.#session.report("TAP2018", repeat, { what: "`keep`", bounds: "from 1 to 1024" });
    return { min, max, keep };
  }

  #gap(gap: NonNullable<AstSeqStep["gap"]>): Gap {
    if (gap.kind === "nextGap") return { gap: "next" };
    if (gap.kind === "withinGap") return { gap: "within", max: lowerDuration(gap.max, this.#rule) };
    const max = gap.max && lowerDuration(gap.max, this.#rule);
    return { gap: "after", min: lowerDuration(gap.min, this.#rule), max };
  }

  #checkGap(gap: Extract<Gap, { gap: "after" }>, item: AstSeqStep): void {
    if (typeof gap.min !== "number" || typeof gap.max !== "number" || gap.min <= gap.max) return;
    const bounds = `at least ${formatDuration(gap.min)}`;
    this.#session.report("TAP2018", item.gap ?? item, { what: "the end of this gap", bounds });
  }

  /** Warns of least gaps that together are longer than the span. */
  #checkSpan(): void {
    const { within } = this.#heads;
    if (within === undefined) return;
    const { most } = reach(within, this.#rule);
    if (most === 0) return;
    let least = 0;
    for (const [i, { gap, isOptional }] of this.#steps.entries()) {
      if (gap?.gap !== "after" || isOptional) continue;
      const rest = most - least;
      const min = reach(gap.min, this.#rule).least;
      least += min;
      if (least <= most || rest < 0) continue;
      const params = { least: formatDuration(min), rest: formatDuration(rest) };
      this.#session.report("TAP3109", this.#nodes[i]?.gap ?? this.#node, params);
    }
  }

  /** Warns of optional steps without which a later one cannot come. */
  #checkOptional(): void {
    for (const [at, { step, isOptional }] of this.#steps.entries()) {
      const { where } = step;
      const item = this.#nodes[at];
      if (isOptional || !where || !item || this.#unsure.has(step.name)) continue;
      for (const [i, earlier] of this.#steps.slice(0, at).entries()) {
        if (!earlier.isOptional || !needsStep(where, i)) continue;
        const params = { step: step.name, optional: earlier.step.name };
        const labels = [{ at: (this.#nodes[i] ?? item).span, text: "the optional step" }];
        this.#session.report("TAP3108", item.step.where ?? item.step, params, { labels });
      }
    }
  }

  /** Warns of runs whose first event would need one before it. */
  #checkRuns(): void {
    for (const [at, { step }] of this.#steps.entries()) {
      const { where } = step;
      const item = this.#nodes[at];
      if (!item?.repeat || !where || this.#unsure.has(step.name)) continue;
      if (!stepsRead(where).includes(at) || !needsStep(where, at)) continue;
      this.#session.report("TAP3110", item.step.where ?? item.step, { step: step.name });
    }
  }

  /** Without `within`, every later step needs a gap with an upper bound; the span is their sum. */
  #spanOfGaps(): number {
    let span = 0;
    for (const [i, { gap, repeat }] of this.#steps.entries()) {
      if (i === 0 && !repeat) continue;
      const max = gap?.gap === "within" || gap?.gap === "after" ? gap.max : undefined;
      if (typeof max !== "number" || repeat) {
        const at = this.#nodes[i]?.step ?? this.#node;
        const text = repeat ? "this step may go on for ever" : "this step may come at any time";
        const labels = [{ at: at.span, text }];
        this.#session.report("TAP3101", this.#node, { what: "this sequence" }, { labels });
        return 0;
      }
      span += max;
    }
    return span;
  }

  #connect(): Connections {
    const { isKeyed } = this.#keys;
    const nodes = this.#steps.map(({ step, isOptional }) => ({
      where: step.where,
      isOptional,
      isBroken: this.#unsure.has(step.name),
    }));
    for (const [i, item] of this.#nodes.entries()) {
      const node = nodes[i];
      if (!node || isKeyed || i === 0 || node.isBroken || isConnected(nodes, i)) continue;
      this.#session.report("TAP3201", item.step, { step: item.step.name.text });
      node.isBroken = true;
    }
    return new Connections(nodes, isKeyed);
  }
}
