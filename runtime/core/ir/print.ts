/** The core language as text: for `tapioc explain --after=lower` and for golden tests. */
import {
  assertNever,
  type CoreRule,
  type Count,
  type Duration,
  type Expr,
  type KeyPart,
  type Labelled,
  type Ref,
  type Seq,
  type Step,
  type Win,
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
  const pattern =
    rule.pattern.node === "win"
      ? printWin(rule.pattern, kindNames)
      : printSeq(rule.pattern, kindNames);
  lines.push(...pattern.map((l) => `  ${l}`), `  keys max ${rule.keysMax}`);
  if (rule.suppress) {
    const key = rule.suppress.key ? ` by ${printKey(rule.suppress.key)}` : "";
    lines.push(`  suppress ${formatDuration(rule.suppress.us)}${key}`);
  }
  lines.push(...printExplain(rule).map((l) => `  ${l}`));
  return `${lines.join("\n")}\n`;
}

function printSeq(seq: Seq, kinds: readonly string[]): string[] {
  const head = ["seq"];
  if (seq.within !== undefined) head.push(`within ${duration(seq.within)}`);
  if (seq.isStrict) head.push("strict");
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
      ? ` repeat ${count(s.repeat.min)}..${s.repeat.max === undefined ? "" : count(s.repeat.max)} keep ${s.repeat.keep}`
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

function printWin(win: Win, kinds: readonly string[]): string[] {
  return [
    `win sliding ${duration(win.size)} max ${win.maxEvents}`,
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
  const lines = [`root ${printRef(x.root.of)}${as(x.root.as)}`];
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
      return `concat(${e.parts.map((p) => `${printExpr(p.expr)}:${p.unit}`).join(", ")})`;
    case "if":
      return `if(${printExpr(e.cond)}, ${printExpr(e.yes)}, ${printExpr(e.no)})`;
    case "call":
      return `${e.fn}(${e.args.map(printExpr).join(", ")})`;
    case "taken":
      return `count(@${e.step})`;
    case "span":
      return "span()";
    case "agg": {
      const inner = e.arg ? printExpr(e.arg) : "";
      return `${e.fn}(${inner}${e.where ? `${inner ? " " : ""}where ${printExpr(e.where)}` : ""})`;
    }
    case "finding":
      return `finding.${e.what}`;
    default:
      return assertNever(e);
  }
}
