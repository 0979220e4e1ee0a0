/** `@name("…")` before declarations and behind fields: known ones only, with what they need. */
import type { Annotation, FieldDecl, TypeNode } from "#grammar";
import type { Session } from "./elaborate/scope.ts";
import { suggestion } from "./similar.ts";

export type AnnotationPlace = "a declaration" | "a rule" | "a field";

/** What may be said of what, and whether a text goes with it. */
const onDeclarations: ReadonlyMap<string, "text" | "nothing"> = new Map([
  ["deprecated", "text"],
  ["experimental", "nothing"],
]);
const onFields: ReadonlyMap<string, "text" | "nothing"> = new Map([
  ["deprecated", "text"],
  ["redact", "nothing"],
  ["unit", "text"],
]);

/** The annotations of an event's fields, of those inside records too. */
export function checkFieldAnnotations(fields: readonly FieldDecl[], session: Session): void {
  for (const field of fields) {
    checkAnnotations(field.annotations, "a field", session);
    checkFieldAnnotations(membersIn(field.type), session);
  }
}

/** The members of a record, or of the records that a list or map holds at any depth. */
function membersIn(type: TypeNode): readonly FieldDecl[] {
  switch (type.kind) {
    case "recordType":
      return type.fields;
    case "listType":
      return membersIn(type.element);
    case "mapType":
      return membersIn(type.value);
    default:
      return [];
  }
}

/** Reports what is unknown, given twice, or given something else than it takes. */
export function checkAnnotations(
  annotations: readonly Annotation[],
  place: AnnotationPlace,
  session: Session,
): void {
  const seen = new Map<string, Annotation>();
  for (const annotation of annotations) {
    const name = annotation.name.text;
    const first = seen.get(name);
    if (first) session.writtenTwice(`@${name}`, first, annotation);
    else if (name !== "") checkOne(annotation, place, session);
    seen.set(name, annotation);
  }
}

function checkOne(annotation: Annotation, place: AnnotationPlace, session: Session): void {
  const { name, args } = annotation;
  const known = place === "a field" ? onFields : onDeclarations;
  const takes = known.get(name.text);
  if (takes === undefined) {
    const names = [...known.keys()];
    const { similar, fixes } = suggestion(name.text, names, name.span);
    const help = `use one of ${names.map((n) => `\`@${n}\``).join(", ")}`;
    const params = { name: name.text, place, similar };
    session.report("TAP2030", name, params, { fixes, help });
    return;
  }
  const [arg] = args;
  const isText = args.length === 1 && arg?.value.kind === "string" && !arg.name;
  if (takes === "text" ? isText : args.length === 0) return;
  const found =
    args.length === 0 ? "nothing" : args.map((a) => `\`${session.text(a)}\``).join(", ");
  const expected = takes === "text" ? "one text" : "no arguments";
  session.report("TAP2014", annotation, { name: `@${name.text}`, expected, found });
}
