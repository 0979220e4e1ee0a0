/** Reading annotations; what may be said of what is checked in passes/annotations.ts. */
import type { Annotation } from "#grammar";

export function hasAnnotation(annotations: readonly Annotation[], name: string): boolean {
  return annotations.some((a) => a.name.text === name);
}

/** The text of `@name("…")`, empty when it has none; undefined without the annotation. */
export function annotationText(
  annotations: readonly Annotation[],
  name: string,
): string | undefined {
  const found = annotations.find((a) => a.name.text === name);
  if (!found) return undefined;
  const arg = found.args[0]?.value;
  return arg?.kind === "string" ? arg.value : "";
}
