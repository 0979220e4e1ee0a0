/** TAP4xxx: explanation and causality. */
import { entry } from "./entry.ts";

const rule = (explain: string) => `module demo.rules
rule r {
  match sequence by cgroup within 1m {
    a: kernel.oom_kill
    then b: kernel.process_exit
  }
  explain { ${explain} }
}
`;

export const explain = {
  TAP4001: entry<{ low: string; high: string }>({
    slug: "confidence-range",
    severity: "error",
    message: (p) => `confidence can reach ${p.low} to ${p.high}, but must stay within 0 to 1`,
    help: () => "lower the weights so that no combination leaves the range",
    explanation:
      "Confidence is a share; the compiler adds up all weights to see how far it can go.",
    bad: rule("root a confidence 0.9 plus 0.2 when b.exit_code == 1"),
    good: rule("root a confidence 0.7 plus 0.2 when b.exit_code == 1"),
  }),
  TAP4101: entry<{ from: string; to: string; reason: string }>({
    slug: "unsupported-causal-edge",
    severity: "error",
    message: (p) => `the pattern does not support \`${p.from} -> ${p.to}\`: ${p.reason}`,
    help: () => "name steps in the order in which the pattern forces them to happen",
    explanation:
      "A chain claims that one event led to another. The compiler accepts only what the pattern's order and joins can carry.",
    bad: rule("root a chain b -> a"),
    good: rule("root a chain a -> b"),
  }),
  TAP4102: entry<{ name: string; similar: string | undefined }>({
    slug: "not-a-step",
    severity: "error",
    message: (p) =>
      `\`${p.name}\` is not a step of the pattern${p.similar ? `; did you mean \`${p.similar}\`?` : ""}`,
    help: () => "name a step of the pattern",
    explanation: "Root, impact, chain and because speak about the events the pattern matched.",
    bad: rule("root c"),
    good: rule("root a"),
  }),
};
