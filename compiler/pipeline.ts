/**
 * The order of passes, readable in one screen. Pure: text in, values out.
 *
 *   parse → collect names → schema → derived kinds → rules with their templates and overrides
 *         → order by findings → lower (elaborate, check) → tests
 *         → bounds → matcher (JavaScript) → kernel plan → bundle
 */
import {
  type Bundle,
  type BundleBody,
  bundleAbi,
  bundleHash,
  type Certificate,
  type CoreUnit,
  encodeBundle,
  layoutHash,
} from "#core";
import { CollectingSink, type Diagnostic, type Fix, parse, type SourceFile } from "#grammar";
import { emitMatcher } from "./backends/js/emit.ts";
import { selectKernelEvents } from "./backends/kernel/select.ts";
import { type Budget, certify, defaultBudget } from "./passes/bounds/certify.ts";
import { collectModules, type Module } from "./passes/collect.ts";
import { checkDeclarations } from "./passes/declarations.ts";
import { lowerDerives } from "./passes/derive.ts";
import { Session } from "./passes/elaborate/scope.ts";
import { kindOfFinding } from "./passes/finding-kind.ts";
import { rulesInOrder } from "./passes/findings.ts";
import { type LoweredRule, lowerRule } from "./passes/lower-rule.ts";
import { overridden } from "./passes/override.ts";
import { checkSubsumption } from "./passes/rule/lifecycle.ts";
import { usedStd } from "./passes/std-used.ts";
import { ruleSource, samplesOf } from "./passes/template.ts";
import { lowerTests } from "./passes/test/lower-test.ts";
import type { TestCase } from "./passes/test/test-case.ts";
import { buildSchema } from "./schema/build-schema.ts";

export interface SourceText {
  /** Path as the user gave it. */
  readonly file: string;
  readonly text: string;
}

export interface CompileOptions {
  /** The standard library; a user's module of the same name takes the place of one of its files. */
  readonly std: readonly SourceText[];
  readonly version: string;
  /** An optional value under a negation is an error instead of a warning. */
  readonly isStrict?: boolean;
  /** What rules may take at most; what is not said is `defaultBudget`. */
  readonly budget?: Partial<Budget>;
  /** The text of the file that `from`, a source file, names; undefined when it cannot be read. */
  readonly readFile?: (path: string, from: string) => string | undefined;
}

export interface CompileResult {
  readonly diagnostics: readonly Diagnostic[];
  /** Diagnostics beyond the limit, counted only. */
  readonly droppedDiagnostics: number;
  readonly hasErrors: boolean;
  /** What could be compiled; complete only without errors. */
  readonly unit: CoreUnit;
  /** Bounds of the rules in `unit`. */
  readonly certificate: Certificate;
  readonly rules: readonly LoweredRule[];
  readonly tests: readonly TestCase[];
  readonly files: readonly SourceFile[];
}

/** Compiles sources as one unit. Never throws on any input. */
export function compile(sources: readonly SourceText[], options: CompileOptions): CompileResult {
  const sink = new CollectingSink();
  const user = [...sources].sort((a, b) => (a.file < b.file ? -1 : a.file > b.file ? 1 : 0));
  const parsed = user.map((s) => parse(s.text, s.file, sink).ast);
  const own = new Set(parsed.map((f) => f.module?.text));
  const library = options.std
    .map((s) => parse(s.text, s.file, sink).ast)
    .filter((f) => !own.has(f.module?.text));
  const std = usedStd(
    library,
    parsed,
    user.map((s) => s.text),
  );
  const files = [...std, ...parsed];
  const modules = collectModules(files, sink);
  const info = buildSchema(files, sink);
  const texts = new Map([...options.std, ...user].map((s) => [s.file, s.text]));
  const session = new Session(info, modules, sink, (file) => texts.get(file) ?? "", options);
  const derives = lowerDerives(modules, session);
  for (const module of modules) checkDeclarations(module, session);
  const lowered = lowerRules(modules, session);
  const tests = lowerTests(modules, lowered, derives, session);
  const params = [...session.params.values()].map((p) => p.param);
  params.sort((a, b) => (a.name < b.name ? -1 : 1));
  const draft: CoreUnit = {
    schema: info.schema,
    params,
    programs: session.programs,
    derives,
    rules: lowered.map((r) => r.core),
  };
  const budget = { ...defaultBudget, ...options.budget };
  const { certificate, rules } = certify(draft, lowered, budget, session);
  const unit: CoreUnit = { ...draft, rules: rules.map((r) => r.core) };
  const order = new Map([...options.std, ...user].map((s, i) => [s.file, i]));
  const rank = (d: Diagnostic) => order.get(d.at.file) ?? 0;
  const inOrder = (a: Diagnostic, b: Diagnostic) => rank(a) - rank(b) || a.at.start - b.at.start;
  return {
    diagnostics: distinct(sink.diagnostics).sort(inOrder),
    droppedDiagnostics: sink.droppedCount,
    hasErrors: sink.hasErrors,
    unit,
    certificate,
    rules,
    tests,
    files: parsed,
  };
}

/** The bundle's body; the same for the same sources, wherever they lie. */
export function bundleBody(
  result: CompileResult,
  sources: readonly SourceText[],
  version: string,
): BundleBody {
  const { unit, certificate } = result;
  return {
    abi: bundleAbi,
    tapioc: version,
    unit,
    matcher: emitMatcher(unit),
    kernelPlan: selectKernelEvents(unit),
    layoutHash: layoutHash(unit.schema),
    certificate,
    sources: [...sources].sort((a, b) => (a.file < b.file ? -1 : 1)),
  };
}

/** A bundle ready to run without going through its bytes. */
export function toBundle(body: BundleBody): Bundle {
  return { ...body, hash: bundleHash(body) };
}

/** Every rule of the modules in core; findings are made before they are read. */
function lowerRules(modules: readonly Module[], session: Session): LoweredRule[] {
  const written = modules.flatMap((m) => m.rules.map((r) => ruleSource(r, m, session)));
  const samples = modules.flatMap((m) => samplesOf(m, session));
  const sources = overridden(written, modules, session);
  const { order, isRead } = rulesInOrder(sources, samples, session);
  const rules: LoweredRule[] = [];
  for (const source of order) {
    const rule = lowerRule(source, session);
    if (rule && isRead.has(source))
      session.info.addKind(kindOfFinding(rule.core, session), source.decl);
    if (rule && source.isEnabled) rules.push(rule);
  }
  for (const sample of samples) lowerRule(sample, session);
  checkSubsumption(sources, rules, session);
  return rules;
}

/** The same mistake seen through several uses is said once, with the least beside it. */
function distinct(diagnostics: readonly Diagnostic[]): Diagnostic[] {
  const seen = new Map<string, Diagnostic>();
  for (const d of diagnostics) {
    const key = JSON.stringify([d.code, d.at, d.message]);
    const first = seen.get(key);
    if (!first || d.labels.length < first.labels.length) seen.set(key, d);
  }
  return [...seen.values()];
}

export { encodeBundle, type Fix };
