/** TAP5xxx: lints. */
import { entry } from "./entry.ts";

export const lints = {
  TAP5001: entry<{ rule: string; similar: string | undefined }>({
    slug: "no-test-target",
    severity: "error",
    message: (p) =>
      `there is no rule \`${p.rule}\` to test${p.similar ? `; did you mean \`${p.similar}\`?` : ""}`,
    help: () => "name a rule of this compilation: `tapioc` is given the files of all its modules",
    explanation:
      "A test block and its expectations name rules: of this module, of an imported one, in full as `module.rule`, or by the plain name where only one rule of the compilation has it. So an operator's module can test what its overrides make of a rule.",
    bad: 'module demo.rules\ntest "t" for nothing {\n  expect { no finding nothing }\n}\n',
    good: 'module demo.rules\nrule r { match e: kernel.oom_kill }\ntest "t" for r {\n  expect { no finding r }\n}\n',
  }),
};
