/** Rules over a schema of a test's own, compiled with room for everything. */
import { compile, unlimitedBudget } from "#compiler";
import type { CoreUnit } from "#core";

/** What the text of `rules` becomes, without the standard library; throws when it has an error. */
export function compiledUnit(schema: string, rules: string): CoreUnit {
  const files = [
    { file: "schema.tapio", text: schema },
    { file: "rules.tapio", text: rules },
  ];
  const { unit, diagnostics } = compile(files, {
    std: [],
    version: "test",
    budget: unlimitedBudget,
  });
  const error = diagnostics.find((d) => d.severity === "error");
  if (error) throw new Error(`${error.code} ${error.message}\n${rules}`);
  return unit;
}
