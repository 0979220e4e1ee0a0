/** Declarations by themselves: those that no rule uses are checked as well. */
import type { Formal, SourceFile } from "#grammar";
import { fieldType } from "../schema/field-type.ts";
import { checkAnnotations, checkFieldAnnotations } from "./annotations.ts";
import type { Module } from "./collect.ts";
import { checkReturn } from "./elaborate/call.ts";
import { elaborate } from "./elaborate/elaborate.ts";
import { declareParam, emptyScope, listItems, patternProgram } from "./elaborate/reuse.ts";
import { type Operand, type Scope, type Session, value } from "./elaborate/scope.ts";
import { checkFormalNames } from "./template.ts";
import { typeName, typeOfField } from "./types.ts";

/** Declarations that no rule may use are checked too. */
export function checkDeclarations(module: Module, session: Session): void {
  const scope: Scope = { ...emptyScope(module.name, session), module };
  for (const decl of module.file.decls) {
    const place = decl.kind === "ruleDecl" ? "a rule" : "a declaration";
    checkAnnotations(decl.annotations, place, session);
    if (decl.kind === "eventDecl") checkFieldAnnotations(decl.fields, session);
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
  checkFormalNames(decl, scope.module, session);
  const bound = new Map<string, Operand>();
  for (const formal of decl.formals) bound.set(formal.name.text, placeholder(formal, session));
  const expanding = [`${scope.module.name}.${decl.name.text}`];
  checkReturn(decl, elaborate(decl.body, { ...scope, bound, expanding }), scope);
}

function placeholder({ name: formal, type }: Formal, session: Session): Operand {
  const name = type.path.text;
  const kind = session.info.kindByName.get(name);
  const step = {
    name,
    kinds: kind === undefined ? [] : [kind],
    of: { step: "current" as const },
    isOptional: type.isOptional,
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
  return value(typeOfField(declared), { op: "param", name: formal.text }, type.isOptional);
}
