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
import { similar } from "./similar.ts";

/** Declarations that are used by a plain name. */
export type NamedDecl = ListDecl | ParamDecl | LetDecl | PatternDecl | TemplateDecl | RuleDecl;

export interface Module {
  readonly name: string;
  readonly file: SourceFile;
  /** Every plain name usable in this module, with the module that declares it. */
  readonly names: ReadonlyMap<string, { readonly decl: NamedDecl; readonly module: string }>;
  readonly rules: readonly RuleDecl[];
  readonly tests: readonly TestDecl[];
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
    for (const [name, decl] of module.names) names.set(name, { decl, module: module.name });
    for (const item of module.file.imports) importNames(item, byName, names, sink);
    return {
      name: module.name,
      file: module.file,
      names,
      rules: module.file.decls.filter((d) => d.kind === "ruleDecl"),
      tests: module.file.decls.filter((d) => d.kind === "testDecl"),
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
    else {
      const labels = [{ at: first.name.span, text: "first declared here" }];
      sink.add(diagnostic("TAP2005", decl.name.span, { name: decl.name.text }, { labels }));
    }
  }
  return names;
}

function importNames(
  item: Import,
  modules: ReadonlyMap<string, readonly { names: ReadonlyMap<string, NamedDecl>; name: string }[]>,
  into: Map<string, { decl: NamedDecl; module: string }>,
  sink: DiagnosticSink,
): void {
  const found = modules.get(item.path.text);
  if (!found) {
    const close = similar(item.path.text, modules.keys());
    sink.add(diagnostic("TAP2004", item.path.span, { module: item.path.text, similar: close }));
    return;
  }
  if (item.alias)
    sink.add(diagnostic("TAP6001", item.alias.span, { what: "an import under another name" }));
  const exported = new Map(found.flatMap((m) => [...m.names]));
  for (const name of item.names ?? []) {
    const decl = exported.get(name.text);
    if (!decl) {
      const close = similar(name.text, exported.keys());
      sink.add(diagnostic("TAP2001", name.span, { name: name.text, similar: close }));
    } else if (!decl.isPub) {
      sink.add(diagnostic("TAP2006", name.span, { name: name.text, module: item.path.text }));
    }
  }
  const wanted = item.names?.map((n) => n.text);
  for (const [name, decl] of exported) {
    if (!decl.isPub || (wanted && !wanted.includes(name))) continue;
    const known = into.get(name);
    if (known && known.decl !== decl) {
      const labels = [{ at: known.decl.name.span, text: "also declared here" }];
      sink.add(diagnostic("TAP2005", item.span, { name }, { labels }));
    } else into.set(name, { decl, module: item.path.text });
  }
}
