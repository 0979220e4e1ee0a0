/** The core language as text: for `tapioc explain --after=lower` and for golden tests. */
import type { Schema } from "../schema.ts";
import {
  type All,
  assertNever,
  type CoreRule,
  type Count,
  type Derive,
  type Duration,
  defaultPolicy,
  type Expr,
  type Inv,
  type KeyPart,
  type Labelled,
  type Pattern,
  type Ref,
  type Rollout,
  type Seq,
  type Step,
  type Unit,
  type Win,
  type WindowShape,
} from "./core.ts";
import { format, formatDuration } from "./format.ts";

/** One rule, one fact per line; equal rules print equally. */
export function printRule(rule: CoreRule, kindNames: readonly string[]): string {
  const lines = [`rule ${rule.module}.${rule.name} version ${rule.version}`];
  for (const [name, text] of [
    ["doc", rule.doc],
    ["runbook", rule.runbook],
    ["owner", rule.owner],
  ] as const) {
    if (text !== undefined) lines.push(`  ${name} ${JSON.stringify(text)}`);
  }
  if (rule.mitre.length > 0) lines.push(`  mitre ${rule.mitre.join(", ")}`);
  const { severity: s } = rule;
  lines.push(
    `  severity ${s.level}${s.when ? ` when ${printExpr(s.when)} else ${s.otherwise}` : ""}`,
  );
  const pattern = printPattern(rule.pattern, kindNames);
  lines.push(...pattern.map((l) => `  ${l}`), `  keys max ${rule.keysMax}`);
  lines.push(...printPolicy(rule).map((l) => `  ${l}`));
  lines.push(...printLifecycle(rule, kindNames).map((l) => `  ${l}`));
  lines.push(...printExplain(rule).map((l) => `  ${l}`));
  return `${lines.join("\n")}\n`;
}

/** A derived event: what it is made of, and each field of its kind that is set. */
export function printDerive({ kind, step, set }: Derive, { kinds }: Schema): string {
  const names = kinds.map((k) => k.name);
  const lines = [`derive ${names[kind] ?? `#${kind}`} from ${printStep(step, names)}`];
  for (const [i, e] of set.entries()) {
    if (e) lines.push(`  set ${kinds[kind]?.fields[i]?.name ?? `#${i}`} = ${printExpr(e)}`);
  }
  return `${lines.join("\n")}\n`;
}

function printPattern(pattern: Pattern, kinds: readonly string[]): string[] {
  switch (pattern.node) {
    case "seq":
      return printSeq(pattern, kinds);
    case "all":
      return printAll(pattern, kinds);
    case "win":
      return printWin(pattern, kinds);
    case "inv":
      return printInv(pattern, kinds);
    default:
      return assertNever(pattern);
  }
}

/** Only what differs from the default: most rules say nothing here. */
function printPolicy({ policy }: CoreRule): string[] {
  const lines: string[] = [];
  if (policy.select !== defaultPolicy.select) lines.push(`select ${policy.select}`);
  if (policy.skip !== defaultPolicy.skip)
    lines.push(`skip ${typeof policy.skip === "number" ? `to @${policy.skip}` : policy.skip}`);
  if (policy.emit !== defaultPolicy.emit) lines.push(`emit ${policy.emit}`);
  if (policy.evict !== defaultPolicy.evict) lines.push(`evict ${policy.evict}`);
  if (policy.onLoss !== defaultPolicy.onLoss) lines.push(`on loss ${policy.onLoss}`);
  if (policy.onIdle !== defaultPolicy.onIdle) lines.push(`on idle ${policy.onIdle}`);
  return lines;
}

function printLifecycle(rule: CoreRule, kinds: readonly string[]): string[] {
  const by = (key: readonly KeyPart[] | undefined) => (key ? ` by ${printKey(key)}` : "");
  const { suppress, rate, resolve, rollout } = rule;
  const lines = rule.exceptions.map((x) => {
    const until = x.expires === undefined ? "" : ` expires ${format(x.expires, "time")}`;
    return `except ${JSON.stringify(x.reason)} when ${printExpr(x.when)}${until}`;
  });
  if (suppress) lines.push(`suppress ${formatDuration(suppress.us)}${by(suppress.key)}`);
  if (rate) lines.push(`rate ${rate.max} per ${formatDuration(rate.us)}${by(rate.key)}`);
  if (resolve)
    lines.push(
      "on" in resolve
        ? `resolve on ${printStep(resolve.on, kinds)}`
        : `resolve after ${formatDuration(resolve.quietUs)} quiet`,
    );
  for (const s of rule.subsumes) {
    const within = s.withinUs === undefined ? "" : ` within ${formatDuration(s.withinUs)}`;
    lines.push(`subsumes ${s.rules.join(", ")}${by(s.key)}${within}`);
  }
  if (rollout) lines.push(`rollout ${printRollout(rollout)}`);
  return lines;
}

function printRollout(r: Rollout): string {
  const parts: string[] = [];
  if (r.replaces !== undefined) parts.push(`replaces version ${r.replaces}`);
  if (r.shadowUs !== undefined) parts.push(`shadow ${formatDuration(r.shadowUs)}`);
  for (const c of r.canary)
    parts.push(`canary ${format(c.sharePpm, "percent")} by ${c.by} ${formatDuration(c.us)}`);
  for (const a of r.abort) parts.push(`abort when ${printExpr(a)}`);
  return parts.join(" ");
}

function printSeq(seq: Seq, kinds: readonly string[]): string[] {
  const head = ["seq"];
  if (seq.within !== undefined) head.push(`within ${duration(seq.within)}`);
  if (seq.isStrict) head.push("strict");
  if (seq.slack !== 0) head.push(`slack ${duration(seq.slack)}`);
  head.push(`partials ${seq.partials}`);
  const lines = [head.join(" ")];
  for (const [i, s] of seq.steps.entries()) {
    for (const n of s.without) lines.push(`  without ${printStep(n, kinds)}`);
    const gap = !s.gap
      ? ""
      : s.gap.gap === "next"
        ? "next "
        : s.gap.gap === "within"
          ? `within ${duration(s.gap.max)} `
          : `after ${duration(s.gap.min)}${s.gap.max === undefined ? "" : `..${duration(s.gap.max)}`} `;
    const repeat = s.repeat
      ? ` repeat ${count(s.repeat.min)}..${s.repeat.max === undefined ? "" : count(s.repeat.max)} keep ${s.repeat.keep}${s.repeat.numbered === undefined ? "" : ` numbered ${s.repeat.numbered}`}`
      : "";
    lines.push(
      `  ${i}: ${s.isOptional ? "optional " : ""}${gap}${printStep(s.step, kinds)}${repeat}`,
    );
  }
  if (seq.deadline)
    lines.push(`  no ${printStep(seq.deadline.step, kinds)} for ${duration(seq.deadline.wait)}`);
  if (seq.until) lines.push(`  until ${printStep(seq.until, kinds)}`);
  return lines;
}

function printAll(all: All, kinds: readonly string[]): string[] {
  const slack = all.slack === 0 ? "" : ` slack ${duration(all.slack)}`;
  const within = `within ${duration(all.within)}${slack} partials ${all.partials}`;
  const lines = [`all ${all.need} of ${all.steps.length} ${within}`];
  for (const [i, step] of all.steps.entries()) lines.push(`  ${i}: ${printStep(step, kinds)}`);
  if (all.until) lines.push(`  until ${printStep(all.until, kinds)}`);
  return lines;
}

function printInv(inv: Inv, kinds: readonly string[]): string[] {
  const where = inv.where ? ` where ${printExpr(inv.where)}` : "";
  const each = inv.entity === undefined ? "" : ` for each ${inv.entity}${where}`;
  return [`inv ${duration(inv.wait)}${each}`, `  0: ${printStep(inv.step, kinds)}`];
}

function printShape(w: WindowShape): string {
  switch (w.shape) {
    case "sliding":
    case "tumbling":
      return `${w.shape} ${duration(w.size)}`;
    case "hop":
      return `hop ${duration(w.size)} every ${duration(w.every)}`;
    case "session":
      return `session gap ${duration(w.gap)} max ${duration(w.max)}`;
    default:
      return assertNever(w);
  }
}

function printWin(win: Win, kinds: readonly string[]): string[] {
  const panes = win.resolution === undefined ? "" : ` panes ${formatDuration(win.resolution)}`;
  return [
    `win ${printShape(win.shape)}${panes} max ${win.maxEvents}`,
    `  0: ${printStep(win.step, kinds)}`,
    `  having ${printExpr(win.having)}`,
  ];
}

function printStep(step: Step, kinds: readonly string[]): string {
  const where = step.where ? ` where ${printExpr(step.where)}` : "";
  const key = step.key.length > 0 ? ` by ${printKey(step.key)}` : "";
  return `${step.name}: ${step.kinds.map((k) => kinds[k] ?? `#${k}`).join(" | ")}${where}${key}`;
}

function printKey(key: readonly KeyPart[]): string {
  return key.map((k) => `${printExpr(k.expr)}${k.allowsMissing ? "?" : ""}`).join(", ");
}

function printExplain(rule: CoreRule): string[] {
  const { explain: x } = rule;
  const as = (e: Expr | undefined) => (e ? ` as ${printExpr(e)}` : "");
  const labelled = (items: readonly Labelled[]) =>
    items.map((l) => `${l.name}=${printExpr(l.expr)}`).join(", ");
  const firstOf = x.root.firstOf?.map((s) => `@${s}`).join(", ");
  const root = firstOf === undefined ? printRef(x.root.of) : `first_of(${firstOf})`;
  const lines = [`root ${root}${as(x.root.as)}`];
  for (const i of x.impacts)
    lines.push(`impact @${i.step}${i.facts.length > 0 ? ` {${labelled(i.facts)}}` : ""}`);
  for (const c of x.chain)
    lines.push(`chain ${c.steps.map((s) => `@${s}`).join(" -> ")}${as(c.as)}`);
  for (const b of x.because) lines.push(`because @${b.from} -> @${b.to} ${printExpr(b.text)}`);
  const terms = x.confidence.terms.map(
    (t) => ` ${t.weight < 0 ? "-" : "+"}${Math.abs(t.weight)} when ${printExpr(t.when)}`,
  );
  lines.push(`confidence ${x.confidence.base}${terms.join("")}`);
  if (x.summary) lines.push(`summary ${printExpr(x.summary)}`);
  for (const r of x.recommend)
    lines.push(`recommend ${printExpr(r.text)}${r.when ? ` when ${printExpr(r.when)}` : ""}`);
  if (x.evidence.length > 0) lines.push(`evidence ${labelled(x.evidence)}`);
  if (rule.labels.length > 0) lines.push(`labels ${labelled(rule.labels)}`);
  return lines;
}

function duration(d: Duration): string {
  return typeof d === "number" ? formatDuration(d) : `$${d.param}`;
}

function count(c: Count): string {
  return typeof c === "number" ? String(c) : `$${c.param}`;
}

function printRef(of: Ref): string {
  if (of.step === "current") return "current";
  if (typeof of.pick === "number") return `@${of.step}[${of.pick}]`;
  return of.pick === "last" ? `last(@${of.step})` : `@${of.step}`;
}

/** IPv4 networks live in the last 32 of 128 bits. */
function printNetwork(base: bigint, prefixBits: number): string {
  const address = format(base, "ip");
  return `${address}/${address.includes(":") ? prefixBits : prefixBits - 96}`;
}

/** An expression in prefix-free, fully parenthesised form. */
export function printExpr(e: Expr): string {
  switch (e.op) {
    case "const":
      return typeof e.value === "string" ? JSON.stringify(e.value) : format(e.value, "int");
    case "param":
      return `$${e.name}`;
    case "field":
      return `${printRef(e.of)}.${e.name}`;
    case "meta":
      return `${printRef(e.of)}:${e.what}`;
    case "entity":
      return `${printRef(e.of)}.entity.${e.kind}`;
    case "bound":
      return `bound(${printRef(e.of)})`;
    case "not":
      return `not ${printExpr(e.arg)}`;
    case "and":
    case "or":
      return `(${e.args.map(printExpr).join(` ${e.op} `)})`;
    case "cmp":
      return `(${printExpr(e.left)} ${e.cmp} ${printExpr(e.right)})`;
    case "in":
      return `(${printExpr(e.item)} in [${e.set.map(printExpr).join(", ")}])`;
    case "cidr":
      return `(${printExpr(e.item)} in ${printNetwork(e.base, e.prefixBits)})`;
    case "text":
      return `(${printExpr(e.text)} ${e.fn} ${printExpr(e.needle)}${e.nocase ? " nocase" : ""})`;
    case "matches":
      return `(${printExpr(e.text)} matches #${e.program})`;
    case "has":
      return `has(${printExpr(e.arg)})`;
    case "coalesce":
      return `(${printExpr(e.left)} ?? ${printExpr(e.right)})`;
    case "arith":
      return `(${printExpr(e.left)} ${e.fn} ${printExpr(e.right)}${e.scale === 1 ? "" : ` *${e.scale}`})`;
    case "concat":
      return `concat(${e.parts.map((p) => `${printExpr(p.expr)}:${printUnit(p.unit)}`).join(", ")})`;
    case "if":
      return `if(${printExpr(e.cond)}, ${printExpr(e.yes)}, ${printExpr(e.no)})`;
    case "call":
      return `${e.fn}(${e.args.map(printExpr).join(", ")})`;
    case "taken":
      return `count(@${e.step})`;
    case "run":
      return `${e.fn}(${printExpr(e.arg)} of @${e.step})`;
    case "span":
      return "span()";
    case "finding":
      return `finding.${e.what}`;
    default:
      return printCollective(e);
  }
}

function printUnit(unit: Unit): string {
  if (typeof unit === "string") return unit;
  if ("key" in unit) return `{${printUnit(unit.key)}: ${printUnit(unit.value)}}`;
  return `{${unit.members.map((m) => `${m.name}: ${printUnit(m.unit)}`).join(", ")}}`;
}

/** What speaks of lists, relations, windows and whole matches. */
function printCollective(e: Collective): string {
  switch (e.op) {
    case "var":
      return `%${e.level}`;
    case "list":
      return `[${e.items.map(printExpr).join(", ")}]`;
    case "index":
      return `${printExpr(e.list)}[${printExpr(e.at)}]`;
    case "member":
      return `${printExpr(e.record)}.${e.name}`;
    case "quant":
      return `${e.quantifier}(%${e.level} in ${printExpr(e.list)}: ${printExpr(e.body)})`;
    case "capture":
      return `group(${printExpr(e.text)}, #${e.program}, ${e.group})`;
    case "quality":
      return `${e.what}(@${e.step})`;
    case "hop":
      return `hop(${printExpr(e.from)}, ${e.via})`;
    case "related":
      return `related(${printExpr(e.from)}, ${printExpr(e.to)}, ${e.via})`;
    case "subject":
      return `subject.${e.kind}`;
    case "matched":
      return "matched()";
    case "history": {
      const floor = e.floor === 0 ? "" : `, floor ${e.floor}`;
      const warmup = e.warmupUs === 0 ? "" : `, warmup ${formatDuration(e.warmupUs)}`;
      return `${e.what}(${printExpr(e.arg)}, decay ${e.decay}${warmup}${floor})`;
    }
    case "agg": {
      const inner = e.arg ? printExpr(e.arg) : "";
      const where = e.where ? `${inner ? " " : ""}where ${printExpr(e.where)}` : "";
      const more = `${e.limit ? `, ${printExpr(e.limit)}` : ""}${e.n === undefined ? "" : `, ${e.n}`}`;
      return `${e.fn}${e.isPaned ? "~" : ""}(${inner}${where}${more})`;
    }
    default:
      return assertNever(e);
  }
}

type Collective = Extract<
  Expr,
  {
    op:
      | "var"
      | "list"
      | "index"
      | "member"
      | "quant"
      | "capture"
      | "quality"
      | "hop"
      | "related"
      | "subject"
      | "matched"
      | "history"
      | "agg";
  }
>;
