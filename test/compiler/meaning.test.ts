/**
 * What patterns mean, by hand: `fixtures/run` holds rules with traces whose findings were worked
 * out on paper from LANGUAGE part C. Each runs in the reference interpreter and in the engine,
 * which is a check that does not rest on either of them.
 */
import { describe, expect, test } from "vitest";
import { PrettyReporter } from "#compiler";
import { runTests } from "../../compiler/cli/test/run.ts";
import { compileFixture, fixturesIn, schemaFile } from "./fixtures.ts";

describe.each(fixturesIn("run"))("$name", ({ files }) => {
  const result = compileFixture(files);
  const errors = result.diagnostics.filter((d) => d.severity === "error");

  test("compiles", () => {
    expect(errors.map((d) => `${d.code} ${d.message}`)).toEqual([]);
    expect(result.tests.length).toBeGreaterThan(4);
  });

  const texts = new Map([schemaFile, ...files].map((f) => [f.file, f.text]));
  const reporter = new PrettyReporter((file) => texts.get(file));
  for (const { test: block, failures } of errors.length > 0 ? [] : runTests(result)) {
    test(`${block.rule}: ${block.title}`, () => {
      const shown = failures.map((f) =>
        reporter.show("failed", { severity: "error", ...f, labels: [], fixes: [] }),
      );
      expect(shown.join("\n")).toBe("");
    });
  }
});
