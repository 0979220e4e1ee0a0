/**
 * Which names a module knows: its own declarations and what its imports bring. Nothing shadows
 * anything; a clash is an error at the later place.
 *
 *     import a.b           every public name of `a.b`
 *     import a.b { n }     only `n`
 *     import a.b as x      every public name as `x.name`; with `{ n }` also `n` by itself
 */
import {
  type Decl,
  type DiagnosticSink,
  diagnostic,
  type Import,
  type LetDecl,
  type ListDecl,
  type Name,
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

/** A declaration with the module that declares it. */
export interface Known {
  readonly decl: NamedDecl;
  readonly module: string;
}

export interface Module {
  readonly name: string;
  readonly file: SourceFile;
  /** Every name usable in this module: plain ones, and `alias.name` of imports with an alias. */
  readonly names: ReadonlyMap<string, Known>;
  /** What imports are called here. */
  readonly aliases: ReadonlyMap<string, Import>;
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
    const names = new Map<string, Known>();
    const aliases = new Map<string, Import>();
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
      if (!byName.has(item.path.text) && item.path.text !== "")
        reportModule(item, module.name, byName, sink);
      if (item.path.text === module.name) reportOwn(item, sink);
      if (item.alias) declareAlias(item, item.alias, names, aliases, sink);
    }
    return {
      name: module.name,
      file: module.file,
      names,
      aliases,
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

/** All names of a module are known in each of its files. */
function reportOwn(item: Import, sink: DiagnosticSink): void {
  const edits = [{ at: item.span, newText: "" }];
  const fix = { title: "remove the import", kind: "safe" as const, edits };
  const fixes = item.alias ? [] : [fix];
  sink.add(diagnostic("TAP2008", item.path.span, { module: item.path.text }, { fixes }));
}

function reportModule(
  item: Import,
  from: string,
  modules: ReadonlyMap<string, unknown>,
  sink: DiagnosticSink,
): void {
  const others = [...modules.keys()].filter((name) => name !== from);
  const { similar, fixes } = suggestion(item.path.text, others, item.path.span);
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
  into: Map<string, Known>,
  sink: DiagnosticSink,
): void {
  const found = modules.get(item.path.text) ?? [];
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
    if (!decl.isPub) continue;
    if (item.alias) into.set(`${item.alias.text}.${name}`, { decl, module: item.path.text });
    if (wanted ? !wanted.includes(name) : item.alias) continue;
    const known = into.get(name);
    if (known && known.decl !== decl) {
      const labels = [{ at: known.decl.name.span, text: "also declared here" }];
      sink.add(diagnostic("TAP2005", item.span, { name }, { labels }));
    } else into.set(name, { decl, module: item.path.text });
  }
}

/** An alias is a name of the file like any other, so it may stand for one thing only. */
function declareAlias(
  item: Import,
  alias: Name,
  names: ReadonlyMap<string, Known>,
  aliases: Map<string, Import>,
  sink: DiagnosticSink,
): void {
  if (alias.text === "") return;
  const first = names.get(alias.text)?.decl.name ?? aliases.get(alias.text)?.alias;
  aliases.set(alias.text, item);
  if (!first) return;
  const labels = [{ at: first.span, text: "first declared here" }];
  sink.add(diagnostic("TAP2005", alias.span, { name: alias.text }, { labels }));
}
