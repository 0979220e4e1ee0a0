/**
 * Which names a module knows: its own declarations and what its imports bring. Nothing shadows
 * anything; a clash is an error at the later place.
 */
import {
  type Decl,
  type DiagnosticSink,
  diagnostic,
  type Import,
  type LetDecl,
  type ListDecl,
  type ParamDecl,
  type PatternDecl,
  type RuleDecl,
  type SourceFile,
  type TemplateDecl,
  type TestDecl,
} from "#grammar";
import { suggestion } from "./similar.ts";

/** Declarations that are used by a plain name. */
export type NamedDecl = ListDecl | ParamDecl | LetDecl | PatternDecl | TemplateDecl | RuleDecl;

export interface Module {
  readonly name: string;
  readonly file: SourceFile;
  /** Every plain name usable in this module, with the module that declares it. */
  readonly names: ReadonlyMap<string, { readonly decl: NamedDecl; readonly module: string }>;
  readonly rules: readonly RuleDecl[];
  readonly tests: readonly TestDecl[];
  /** A module it imports is not there, so that any name may be one of its. */
  readonly isImportLost: boolean;
}

export function collectModules(files: readonly SourceFile[], sink: DiagnosticSink): Module[] {
  const own = files.map((file) => ({
    file,
    name: file.module?.text ?? "",
    names: ownNames(file, sink),
  }));
  const byName = new Map<string, typeof own>();
  for (const module of own) byName.set(module.name, [...(byName.get(module.name) ?? []), module]);
  return own.map((module) => {
    const names = new Map<string, { decl: NamedDecl; module: string }>();
    // The files of one module see each other's declarations.
    for (const part of byName.get(module.name) ?? []) {
      for (const [name, decl] of part.names) {
        const other = names.get(name)?.decl;
        if (!other) names.set(name, { decl, module: module.name });
        else if (part === module) reportTwice(name, decl, other, sink);
      }
    }
    let isImportLost = false;
    for (const item of module.file.imports) {
      if (byName.has(item.path.text)) importNames(item, byName, names, sink);
      else isImportLost = true;
      if (!byName.has(item.path.text) && item.path.text !== "") reportModule(item, byName, sink);
    }
    return {
      name: module.name,
      file: module.file,
      names,
      rules: module.file.decls.filter((d) => d.kind === "ruleDecl"),
      tests: module.file.decls.filter((d) => d.kind === "testDecl"),
      isImportLost,
    };
  });
}

function isNamed(decl: Decl): decl is NamedDecl {
  return ["listDecl", "paramDecl", "letDecl", "patternDecl", "templateDecl", "ruleDecl"].includes(
    decl.kind,
  );
}

function ownNames(file: SourceFile, sink: DiagnosticSink): Map<string, NamedDecl> {
  const names = new Map<string, NamedDecl>();
  for (const decl of file.decls) {
    if (!isNamed(decl) || decl.name.text === "") continue;
    const first = names.get(decl.name.text);
    if (!first) names.set(decl.name.text, decl);
    else reportTwice(decl.name.text, decl, first, sink);
  }
  return names;
}

function reportModule(
  item: Import,
  modules: ReadonlyMap<string, unknown>,
  sink: DiagnosticSink,
): void {
  const { similar, fixes } = suggestion(item.path.text, modules.keys(), item.path.span);
  const params = { module: item.path.text, similar };
  sink.add(diagnostic("TAP2004", item.path.span, params, { fixes }));
}

function reportTwice(name: string, decl: NamedDecl, first: NamedDecl, sink: DiagnosticSink): void {
  const labels = [{ at: first.name.span, text: "first declared here" }];
  sink.add(diagnostic("TAP2005", decl.name.span, { name }, { labels }));
}

function importNames(
  item: Import,
  modules: ReadonlyMap<string, readonly { names: ReadonlyMap<string, NamedDecl>; name: string }[]>,
  into: Map<string, { decl: NamedDecl; module: string }>,
  sink: DiagnosticSink,
): void {
  const found = modules.get(item.path.text) ?? [];
  if (item.alias)
    sink.add(diagnostic("TAP6001", item.alias.span, { what: "an import under another name" }));
  const exported = new Map(found.flatMap((m) => [...m.names]));
  for (const name of item.names ?? []) {
    const decl = exported.get(name.text);
    if (!decl) {
      const { similar, fixes } = suggestion(name.text, exported.keys(), name.span);
      const help = `import what \`${item.path.text}\` declares as \`pub\``;
      sink.add(diagnostic("TAP2001", name.span, { name: name.text, similar }, { fixes, help }));
    } else if (!decl.isPub) {
      sink.add(diagnostic("TAP2006", name.span, { name: name.text, module: item.path.text }));
    }
  }
  // After a misspelt name it is not clear what was wanted; too little would make more errors.
  const isClear = item.names?.every((n) => exported.has(n.text));
  const wanted = isClear ? item.names?.map((n) => n.text) : undefined;
  for (const [name, decl] of exported) {
    if (!decl.isPub || (wanted && !wanted.includes(name))) continue;
    const known = into.get(name);
    if (known && known.decl !== decl) {
      const labels = [{ at: known.decl.name.span, text: "also declared here" }];
      sink.add(diagnostic("TAP2005", item.span, { name }, { labels }));
    } else into.set(name, { decl, module: item.path.text });
  }
}
