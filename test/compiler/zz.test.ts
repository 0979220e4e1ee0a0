import { test } from "vitest";
import { compile, PrettyReporter } from "#compiler";
import { catalog, type Entry } from "#grammar";
import { stdFiles } from "../../grammar/std.gen.ts";
test("x", () => {
  for (const [code, e] of Object.entries(catalog as unknown as Record<string, Entry<never>>)) {
    if (code.startsWith("TAP1")) continue;
    for (const which of ["bad", "good"] as const) {
      const text = e[which];
      if (!text) { console.log(code, "no", which); continue; }
      const r = compile([{ file: "a.tapio", text }], { std: stdFiles, version: "t" });
      const p = new PrettyReporter((f) => f === "a.tapio" ? text : stdFiles.find((s) => s.file === f)?.text);
      console.log(code, which, "\n" + r.diagnostics.map((d) => p.render(d)).join(""));
    }
  }
});
