/**
 * Which files of the standard library a compilation is about. What they declare of sources,
 * entities and events is always there. A file that only offers names to import, and events derived
 * from others, is left out when nothing can mean it: bundles carry what rules use.
 *
 * Errs on the side of keeping: a misspelt import or event name must still find its suggestion.
 */
import type { SourceFile } from "#grammar";

export function usedStd(
  std: readonly SourceFile[],
  user: readonly SourceFile[],
  texts: readonly string[],
): SourceFile[] {
  const known = new Set([...std.filter(isSchema), ...user].map((f) => f.module?.text));
  const importsMore = user.some((f) => f.imports.some((i) => !known.has(i.path.text)));
  return std.filter((file) => isSchema(file) || importsMore || isNamed(file, texts));
}

function isSchema(file: SourceFile): boolean {
  const kinds = ["sourceDecl", "entityDecl", "relationDecl", "eventDecl"];
  return file.decls.some((d) => kinds.includes(d.kind));
}

/** Whether an event of the derived ones' family stands where events are named. */
function isNamed(file: SourceFile, texts: readonly string[]): boolean {
  const families = new Set(
    file.decls.flatMap((d) => (d.kind === "deriveDecl" ? [d.name.parts[0]?.text ?? ""] : [])),
  );
  return [...families].some((family) => {
    const place = new RegExp(`(?:[:|]|\\bon|\\bextends|\\d[a-z]+)\\s*${family}\\s*\\.`);
    return texts.some((text) => place.test(text));
  });
}
