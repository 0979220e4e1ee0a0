/** TAP5xxx: lints. */
import { entry } from "./entry.ts";

export const lints = {
  TAP5001: entry<{ rule: string; similar: string | undefined }>({
    slug: "no-test-target",
    severity: "error",
    message: (p) =>
      `there is no rule \`${p.rule}\` to test${p.similar ? `; did you mean \`${p.similar}\`?` : ""}`,
    help: () => "name a rule of this module or of an imported one",
    explanation: "A test block names the rule it is about.",
    bad: 'module demo.rules\ntest "t" for nothing {\n  expect { no finding nothing }\n}\n',
    good: 'module demo.rules\nrule r { match e: kernel.oom_kill }\ntest "t" for r {\n  expect { no finding r }\n}\n',
  }),
};
