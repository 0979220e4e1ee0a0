/** `tapioc diff`: what becomes of each rule when one version of rules takes another's place. */
import { readFileSync, statSync } from "node:fs";
import {
  type CoreUnit,
  decodeBundle,
  explainBundleProblem,
  fileProblem,
  type RuleReload,
  reloadPlan,
  UsageError,
} from "#core";

/** Compiles the rules at a path. */
type Compile = (path: string) => CoreUnit;

/** What is compared does not compile or is no bundle: exit code 2. */
export class RulesError extends UsageError {}

/** The plan from `before` to `after`, each a bundle, a file of rules or a folder of them. */
export function planBetween(before: string, after: string, compile: Compile): RuleReload[] {
  return reloadPlan({ unit: unitAt(before, compile) }, { unit: unitAt(after, compile) });
}

export function isUnchanged(plan: readonly RuleReload[]): boolean {
  return plan.every((r) => r.class === "keep" && r.reasons.length === 0);
}

export function diffJson(plan: readonly RuleReload[]): string {
  const rules = plan.map(
    ({ rule, class: reload, versions: [from, to], reasons, limitsHistory }) => ({
      rule,
      class: reload,
      ...(from === undefined ? {} : { from }),
      ...(to === undefined ? {} : { to }),
      reasons,
      limitsHistory,
    }),
  );
  return `${JSON.stringify({ version: 1, isUnchanged: isUnchanged(plan), rules }, null, 2)}\n`;
}

/** One line for each rule. */
export function diffText(plan: readonly RuleReload[]): string {
  const width = Math.max(0, ...plan.map((r) => r.rule.length));
  return plan
    .map((r) => `${r.class.padEnd(7)}  ${r.rule.padEnd(width)}  ${wordsOf(r)}`.trimEnd())
    .map((line) => `${line}\n`)
    .join("");
}

function wordsOf({ class: reload, reasons, versions, limitsHistory }: RuleReload): string {
  if (reload === "keep" && reasons.length === 0) return "unchanged";
  if (reload === "add") return `version ${versions[1]}`;
  if (reload === "remove") return `version ${versions[0]}`;
  const more = limitsHistory ? "; findings are history-limited until a span has passed" : "";
  return `${reasons.join("; ")}${more}`;
}

function unitAt(path: string, compile: Compile): CoreUnit {
  if (!isBundle(path)) return compile(path);
  const decoded = decodeBundle(readFileSync(path));
  if (decoded.ok) return decoded.bundle.unit;
  const { message, help } = explainBundleProblem(decoded);
  throw new RulesError(`TAP7001: ${path}: bundle refused: ${message}`, help);
}

/** A file that is not the text of rules. */
function isBundle(path: string): boolean {
  try {
    return statSync(path).isFile() && !path.endsWith(".tapio");
  } catch (error) {
    throw new UsageError(`cannot read ${path}: ${fileProblem(error)}`, "check the path");
  }
}
