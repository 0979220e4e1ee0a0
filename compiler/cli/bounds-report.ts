/** `tapioc explain --bounds`: the certificate as a table for people and as JSON. */
import type { CompileResult } from "#compiler";
import { type Certificate, formatSize, type RuleBound } from "#core";

export function boundsJson(certificate: Certificate): string {
  return `${JSON.stringify({ version: 1, certificate }, null, 2)}\n`;
}

/** The certificate of these rules only, with their sums. */
export function certificateOf(
  { certificate }: CompileResult,
  rules: CompileResult["rules"],
): Certificate {
  const isWanted = (bound: RuleBound) =>
    rules.some(({ core }) => core.name === bound.rule && core.module === bound.module);
  const bounds = certificate.rules.filter(isWanted);
  if (bounds.length === certificate.rules.length) return certificate;
  const sum = (of: (bound: RuleBound) => number) => bounds.reduce((n, b) => n + of(b), 0);
  return { ...certificate, rules: bounds, bytes: sum((b) => b.bytes), cost: sum((b) => b.cost) };
}

/** One line for each rule, then the terms each is made of. */
export function boundsTable(certificate: Certificate): string {
  const head = ["rule", "state per key", "keys", "total", "transitions per event"];
  const rows = certificate.rules.map((r) => [
    r.rule,
    formatSize(r.bytesPerKey),
    String(r.keys),
    formatSize(r.bytes),
    String(r.cost),
  ]);
  const total = ["all rules", "", "", formatSize(certificate.bytes), String(certificate.cost)];
  const lines = aligned([head, ...rows, ...(rows.length > 1 ? [total] : [])]);
  return `${lines.join("\n")}\n${termsOf(certificate)}`;
}

/** The first column to the left, numbers to the right. */
function aligned(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, i) => Math.max(...rows.map((r) => (r[i] ?? "").length)));
  return rows.map((row) =>
    row
      .map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0)))
      .join("  ")
      .trimEnd(),
  );
}

function termsOf({ rules }: Certificate): string {
  return rules.map((r) => `\n${r.rule}\n${ruleTerms(r).join("")}`).join("");
}

function ruleTerms({ state, findings, work }: RuleBound): string[] {
  const amounts = [...state, ...findings, ...work].map((t) => String(t.amount).length);
  const width = Math.max(1, ...amounts);
  const line = (amount: number, unit: string, what: string) =>
    `  ${String(amount).padStart(width)} ${unit}  ${what}\n`;
  return [
    ...state.map((t) => line(t.amount, "B per key", t.what)),
    ...findings.map((t) => line(t.amount, "B in all ", t.what)),
    ...work.map((t) => line(t.amount, "per event", t.what)),
  ];
}
