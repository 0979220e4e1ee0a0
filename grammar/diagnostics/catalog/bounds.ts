/** TAP31xx: bounds on state and work. */
import { entry } from "./entry.ts";

const window = (policy: string) =>
  `module demo.rules\nrule r {\n  match over e: kernel.process_exec sliding 1m by e.pid having p99(e.parent_pid) > 5\n${policy}}\n`;

export const bounds = {
  TAP3102: entry<{ what: string; takes: string; budget: string }>({
    slug: "over-budget",
    severity: "error",
    message: (p) => `${p.what} can take ${p.takes}, but the budget is ${p.budget}`,
    help: () => "lower `keys max` or `partials`, or raise the budget with `--budget-rule`",
    explanation:
      "The compiler adds up what a rule can keep and do at worst, so that a node never runs out of " +
      "memory or time because of a rule. A rule that does not say `keys max` follows as many keys as " +
      "fit, up to 4096. `tapioc explain --bounds` shows the terms.",
    bad: window("  keys max 4096\n"),
    good: window("  keys max 64\n"),
  }),
};
