/** TAP5xxx: `test` blocks. */
import { entry } from "./entry.ts";

const head = "module demo.rules\n";
const oom = 'kernel.mem_alloc_fail { comm: "java" pid: 7 cgroup: id("9") order: 3';
const about = (line: string, extra = "") =>
  `${head}rule r { match e: kernel.mem_alloc_fail ${extra}}\ntest "t" for r {\n  ${line}\n  expect { finding r }\n}\n`;

export const tests = {
  TAP5002: entry<{ event: string; made: "derived" | "finding" }>({
    slug: "given-made-event",
    severity: "error",
    message: (p) => `\`${p.event}\` cannot be given: no source sends it`,
    help: (p) =>
      p.made === "derived"
        ? "give the event it is derived from, so that its `derive` is tested as well"
        : "give the events that make that rule fire, so that both rules are tested together",
    explanation:
      "Derived events and findings are made by the rules themselves. A test gives what sources " +
      "send; what follows from it is part of what is tested.",
    bad: about("given { at 1s finding.r {} }"),
    good: about(`given { at 1s ${oom} } }`),
  }),
  TAP5003: entry<{ from: string; to: string; names: readonly string[] }>({
    slug: "no-single-relation",
    severity: "error",
    message: (p) =>
      p.names.length === 0
        ? `no relation leads from \`${p.from}\` to \`${p.to}\``
        : `several relations lead from \`${p.from}\` to \`${p.to}\`: ${p.names.map((n) => `\`${n}\``).join(", ")}`,
    explanation:
      "`relate` tells a fact of the one relation that is declared between two kinds of entities.",
    bad: `${head}entity dish key string(8) max 4\nentity cup key string(8) max 4\nrelation holds dish -> cup fanout 2\n${about('given { relate cup "c" -> dish "d" }').slice(head.length)}`,
    good: `${head}entity dish key string(8) max 4\nentity cup key string(8) max 4\nrelation holds dish -> cup fanout 2\n${about('given { relate dish "d" -> cup "c" }').slice(head.length)}`,
  }),
  TAP5004: entry<{ what: string; reason: string }>({
    slug: "impossible-time",
    severity: "error",
    message: (p) => `${p.what} cannot be given: ${p.reason}`,
    explanation:
      "A test tells what could have happened: an event arrives after it happened, a silent source " +
      "sends nothing, and a recording brings its own times.",
    bad: about(`given { at 3s arriving 1s ${oom} } }`),
    good: about(`given { at 1s arriving 3s ${oom} } }`),
  }),
  TAP5005: entry<{ rule: string }>({
    slug: "never-resolved",
    severity: "error",
    message: (p) => `findings of \`${p.rule}\` are never resolved`,
    help: () => "say in the rule how its findings end: `resolve on …` or `resolve after … quiet`",
    explanation: "`resolved` expects the end of a finding, which only a `resolve` clause decides.",
    bad: `${head}rule r { match e: kernel.mem_alloc_fail }\ntest "t" for r {\n  expect { resolved r }\n}\n`,
    good: `${head}rule r { match e: kernel.mem_alloc_fail resolve after 1m quiet }\ntest "t" for r {\n  expect { resolved r }\n}\n`,
  }),
  TAP5006: entry<{ title: string }>({
    slug: "expects-nothing",
    severity: "warning",
    message: (p) => `the test \`${p.title}\` expects nothing, so that it cannot fail`,
    help: () =>
      "say what must come of its events: `expect { finding … }` or `expect { no finding … }`",
    explanation: "A test shows something only when some behaviour of the rules would make it fail.",
    bad: `${head}rule r { match e: kernel.mem_alloc_fail }\ntest "t" for r {\n  given { at 1s ${oom} } }\n}\n`,
    good: about(`given { at 1s ${oom} } }`),
  }),
  TAP5007: entry<{ title: string }>({
    slug: "repeated-title",
    severity: "warning",
    message: (p) => `another test of this rule is called \`${p.title}\``,
    help: () => "say in the title what this test shows that the other one does not",
    explanation:
      "Reports name a test by its rule and its title. Two of one module that are called the same " +
      "cannot be told apart.",
    bad: `${head}rule r { match e: kernel.mem_alloc_fail }\ntest "t" for r {\n  expect { no finding r }\n}\ntest "t" for r {\n  given { at 1s ${oom} } }\n  expect { finding r }\n}\n`,
    good: `${head}rule r { match e: kernel.mem_alloc_fail }\ntest "t" for r {\n  expect { no finding r }\n}\ntest "u" for r {\n  given { at 1s ${oom} } }\n  expect { finding r }\n}\n`,
  }),
};
