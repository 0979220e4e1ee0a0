/** `x.name` of `import a.b as x`: one name of the module, though it reads like a member. */
import type { Ast, Scope } from "./scope.ts";

/** The name that `e` is if it begins with an alias; any other expression as it is. */
export function unaliased(e: Ast, { module, steps }: Scope): Ast {
  if (e.kind !== "member" || e.object.kind !== "nameRef") return e;
  const { name } = e.object;
  // A step of that name has been reported where it is written.
  if (!module.aliases.has(name) || steps.has(name) || e.member.text === "") return e;
  return { kind: "nameRef", id: e.id, span: e.span, name: `${name}.${e.member.text}` };
}
