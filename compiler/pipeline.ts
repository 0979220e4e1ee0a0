/**
 * The order of passes, readable in one screen. Pure: text in, values out.
 *
 *   parse → collect names → schema → lower rules (elaborate, check) → lower tests
 *         → matcher (JavaScript) → kernel plan → bundle
 */
import {
  type Bundle,
  type BundleBody,
  bundleAbi,
  bundleHash,
  type CoreUnit,
  encodeBundle,
  layoutHash,
} from "#core";
import { CollectingSink, type Diagnostic, type Fix, parse, type SourceFile } from "#grammar";
import { emitMatcher } from "./backends/js/emit.ts";
import { selectKernelEvents } from "./backends/kernel/select.ts";
import { collectModules, type Module } from "./passes/collect.ts";
import { elaborate } from "./passes/elaborate/elaborate.ts";
import { declareParam, emptyScope, listItems, patternProgram } from "./passes/elaborate/reuse.ts";
import { type Operand, type Scope, Session, value } from "./passes/elaborate/scope.ts";
import { type LoweredRule, lowerRule } from "./passes/lower-rule.ts";
import { lowerTest, type TestCase } from "./passes/lower-test.ts";
import { typeName, typeOfField } from "./passes/types.ts";
import { buildSchema, fieldType } from "./schema/build-schema.ts";

export interface SourceText {
  /** Path as the user gave it. */
  readonly file: string;
  readonly text: string;
}

export interface CompileOptions {
  /** The standard library; a user's module of the same name takes the place of one of its files. */
  readonly std: readonly SourceText[];
  readonly version: string;
}

export interface CompileResult {
  readonly diagnostics: readonly Diagnostic[];
  /** Diagnostics beyond the limit, counted only. */
  readonly droppedDiagnostics: number;
  readonly hasErrors: boolean;
  /** What could be compiled; complete only without errors. */
  readonly unit: CoreUnit;
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
  const std = options.std
    .map((s) => parse(s.text, s.file, sink).ast)
    .filter((f) => !own.has(f.module?.text));
  const files = [...std, ...parsed];
  const modules = collectModules(files, sink);
  const info = buildSchema(files, sink);
  const texts = new Map([...options.std, ...user].map((s) => [s.file, s.text]));
  const session = new Session(info, modules, sink, (file) => texts.get(file) ?? "");
  refuseDeclarations(modules, session);
  for (const module of modules) checkDeclarations(module, session);
  const rules = modules.flatMap((m) => m.rules.flatMap((r) => lowerRule(r, m, session) ?? []));
  const tests = modules.flatMap((m) =>
    m.tests.flatMap((t) => lowerTest(t, m, rules, session) ?? []),
  );
  const params = [...session.params.values()].map((p) => p.param);
  params.sort((a, b) => (a.name < b.name ? -1 : 1));
  const order = new Map([...options.std, ...user].map((s, i) => [s.file, i]));
  const rank = (d: Diagnostic) => order.get(d.at.file) ?? 0;
  const inOrder = (a: Diagnostic, b: Diagnostic) => rank(a) - rank(b) || a.at.start - b.at.start;
  return {
    diagnostics: distinct(sink.diagnostics).sort(inOrder),
    droppedDiagnostics: sink.droppedCount,
    hasErrors: sink.hasErrors,
    unit: {
      schema: info.schema,
      params,
      programs: session.programs,
      derives: [],
      rules: rules.map((r) => r.core),
    },
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
  const { unit } = result;
  return {
    abi: bundleAbi,
    tapioc: version,
    unit,
    matcher: emitMatcher(unit),
    kernelPlan: selectKernelEvents(unit),
    layoutHash: layoutHash(unit.schema),
    sources: [...sources].sort((a, b) => (a.file < b.file ? -1 : 1)),
  };
}

/** A bundle ready to run without going through its bytes. */
export function toBundle(body: BundleBody): Bundle {
  return { ...body, hash: bundleHash(body) };
}

/** Says which declarations this version only parses; what uses them is not reported again. */
function refuseDeclarations(modules: readonly Module[], session: Session): void {
  for (const decl of modules.flatMap((m) => m.file.decls)) {
    if (decl.kind === "deriveDecl" || decl.kind === "templateDecl") {
      session.notSupported(decl.name, decl.kind === "deriveDecl" ? "`derive`" : "`template`");
      session.lostNames.add(decl.name.text);
    }
    if (decl.kind === "overrideDecl") session.notSupported(decl.rule, "`override rule`");
  }
}

/** Declarations that no rule may use are checked too. */
function checkDeclarations(module: Module, session: Session): void {
  const scope = emptyScope(module.name, session);
  for (const decl of module.file.decls) {
    if (decl.kind !== "ruleDecl")
      for (const a of decl.annotations) session.notSupported(a, "an annotation");
    switch (decl.kind) {
      case "paramDecl":
        declareParam(decl, module.name, session);
        break;
      case "listDecl":
        listItems(decl, module.name, scope);
        break;
      case "patternDecl":
        checkPattern(decl, scope, session);
        break;
      case "letDecl":
        checkLet(decl, scope, session);
        break;
      default:
    }
  }
}

function checkPattern(
  decl: Extract<SourceFile["decls"][number], { kind: "patternDecl" }>,
  scope: Scope,
  session: Session,
): void {
  if (decl.regex.prefix === "re") patternProgram(decl.regex, false, scope);
  else if (decl.regex.value !== "")
    session.report("TAP2010", decl.regex, {
      expected: 're"…"',
      found: `\`${session.text(decl.regex)}\``,
    });
  const event = decl.on.parts
    .slice(0, -1)
    .map((p) => p.text)
    .join(".");
  const field = decl.on.parts.at(-1);
  const kind = session.info.schema.kinds[session.info.kindByName.get(event) ?? -1];
  if (!field) return;
  if (!kind) {
    const end = decl.on.parts.at(-2)?.span.end ?? decl.on.span.end;
    session.unknownEvent({ ...decl.on, span: { ...decl.on.span, end } }, event || field.text);
    return;
  }
  const found = kind.fields.find((f) => f.name === field.text);
  if (!found)
    session.unknownField(
      field,
      kind.name,
      kind.fields.map((f) => f.name),
    );
  else if (found.type.t !== "string")
    session.report("TAP2010", field, {
      expected: "a text",
      found: typeName(typeOfField(found.type)),
    });
}

/** Reads the body of a `let` once with placeholders, so that an unused one is checked as well. */
function checkLet(
  decl: Extract<SourceFile["decls"][number], { kind: "letDecl" }>,
  scope: Scope,
  session: Session,
): void {
  const bound = new Map<string, Operand>();
  for (const formal of decl.formals) bound.set(formal.name.text, placeholder(formal.type, session));
  elaborate(decl.body, { ...scope, bound, expanding: [`${scope.module.name}.${decl.name.text}`] });
}

function placeholder(
  type: {
    path: { text: string; span: Diagnostic["at"]; id: number };
    id: number;
    span: Diagnostic["at"];
  },
  session: Session,
): Operand {
  const name = type.path.text;
  const kind = session.info.kindByName.get(name);
  const step = {
    name,
    kinds: kind === undefined ? [] : [kind],
    of: { step: "current" as const },
    isOptional: false,
    isRepeated: false,
  };
  if (kind !== undefined) return { is: "event", step };
  if (name === "entity.ref") return { is: "entity", step };
  const node = { id: type.id, span: type.span };
  const declared = fieldType(
    {
      ...node,
      kind: "namedType",
      name: { ...node, kind: "name", text: name },
      size: undefined,
      isOptional: false,
    },
    session.sink,
  );
  return value(typeOfField(declared), { op: "param", name: "" });
}

/** The same mistake seen through several uses is said once. */
function distinct(diagnostics: readonly Diagnostic[]): Diagnostic[] {
  const seen = new Set<string>();
  return diagnostics.filter((d) => {
    const key = JSON.stringify([d.code, d.at, d.message]);
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}

export { encodeBundle, type Fix };
