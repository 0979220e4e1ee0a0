/** TAP2xxx: names, types and missing values. */
import { entry } from "./entry.ts";

const head = "module demo.rules\n";
const rule = (body: string) => `${head}rule r {\n  ${body}\n}\n`;
const tested = (line: string) =>
  `${head}rule r { match e: kernel.mem_alloc_fail where e.order >= 0 }\ntest "t" for r {\n  given { ${line} }\n  expect { finding r }\n}\n`;
/** What the types of the language look like when they are written down. */
const literals: Readonly<Record<string, string>> = {
  "a number": "5",
  "a text": '"text"',
  "a duration": "30s",
  "a size": "512MiB",
  "a percentage": "85%",
  "a rate": "10/s",
  "an address": 'ip"10.0.0.1"',
  "an id": 'id("4026531840")',
  "a time": 't"2026-01-31T12:00:00Z"',
};
const shown = (type: string) => (literals[type] ? `, such as \`${literals[type]}\`` : "");
const like = (similar: string | undefined) => (similar ? `; did you mean \`${similar}\`?` : "");

export const names = {
  TAP2001: entry<{ name: string; similar: string | undefined }>({
    slug: "unknown-name",
    severity: "error",
    message: (p) => `nothing here is called \`${p.name}\`${like(p.similar)}`,
    help: () => "declare it in this module, or import the module that declares it as `pub`",
    explanation:
      "A name must be a step of the pattern, a `let`, `param`, `list` or `pattern` of this module, or a public one of an imported module.",
    bad: rule("match exit: kernel.process_exit where exti.exit_code != 0"),
    good: rule("match exit: kernel.process_exit where exit.exit_code != 0"),
  }),
  TAP2002: entry<{ event: string; similar: string | undefined }>({
    slug: "unknown-event",
    severity: "error",
    message: (p) => `there is no event \`${p.event}\`${like(p.similar)}`,
    help: () => "use an event of the standard schema, or declare it with `event … from …`",
    explanation: "A step names the kind of event it waits for; the kind must be declared.",
    bad: rule("match e: kernel.oom_kil"),
    good: rule("match e: kernel.oom_kill"),
  }),
  TAP2003: entry<{ event: string; field: string; similar: string | undefined }>({
    slug: "unknown-field",
    severity: "error",
    message: (p) => `event \`${p.event}\` has no field \`${p.field}\`${like(p.similar)}`,
    help: () => "use a field that the event declares",
    explanation:
      "Events are typed: only declared fields can be read, so that a misspelt name is an error and not a rule that never fires.",
    bad: rule("match e: kernel.oom_kill where e.rssBytes > 1MiB"),
    good: rule("match e: kernel.oom_kill where e.rss > 1MiB"),
  }),
  TAP2004: entry<{ module: string; similar: string | undefined }>({
    slug: "unknown-module",
    severity: "error",
    message: (p) => `there is no module \`${p.module}\`${like(p.similar)}`,
    help: () => "pass the file that declares it to tapioc as well",
    explanation:
      "An import names a module of the standard library or of a file in this compilation.",
    bad: `${head}import demo.lists\n`,
    good: `${head}import tapio.schema.v1\n`,
  }),
  TAP2005: entry<{ name: string }>({
    slug: "duplicate-name",
    severity: "error",
    message: (p) => `\`${p.name}\` is declared twice`,
    help: () => "rename one of them; nothing in the language shadows anything",
    explanation:
      "There is no load order and no shadowing, so two declarations of one name are an error.",
    bad: `${head}list a: string(8) = ["x"]\nlist a: string(8) = ["y"]\n`,
    good: `${head}list a: string(8) = ["x"]\nlist b: string(8) = ["y"]\n`,
  }),
  TAP2006: entry<{ name: string; module: string }>({
    slug: "not-public",
    severity: "error",
    message: (p) => `\`${p.name}\` of module \`${p.module}\` is not public`,
    help: (p) => `write \`pub\` before its declaration in \`${p.module}\``,
    explanation: "Only declarations marked `pub` can be used from another module.",
  }),
  TAP2007: entry<{ what: string; name: string; similar: string | undefined }>({
    slug: "unknown-schema-name",
    severity: "error",
    message: (p) =>
      p.name === ""
        ? `no ${p.what} is named`
        : `there is no ${p.what} \`${p.name}\`${like(p.similar)}`,
    help: (p) => `declare the ${p.what} first`,
    explanation: "Sources, entity kinds and types are declared in the schema.",
    bad: `${head}event a.b from kernal { x: int }\n`,
    good: `${head}event a.b from kernel { x: int }\n`,
  }),
  TAP2008: entry<{ module: string }>({
    slug: "self-import",
    severity: "warning",
    message: (p) => `\`${p.module}\` imports itself`,
    help: () => "take the import away: all names of a module are known in each of its files",
    explanation:
      "An import makes the public names of another module known; those of the own one are known " +
      "without.",
    bad: `module demo.rules\nimport demo.rules\n`,
    good: "module demo.rules\n",
  }),
  TAP2010: entry<{ expected: string; found: string }>({
    slug: "type-mismatch",
    severity: "error",
    message: (p) => `expected ${p.expected}, found ${p.found}`,
    help: (p) => `write ${p.expected} here${shown(p.expected)}`,
    explanation: "Every place has one type; nothing is converted silently.",
    bad: rule("match e: kernel.process_exit where e.exit_code"),
    good: rule("match e: kernel.process_exit where e.exit_code == 1"),
  }),
  TAP2011: entry<{ value: string; members: string; similar: string | undefined }>({
    slug: "unknown-enum-member",
    severity: "error",
    message: (p) => `\`${p.value}\` is not one of ${p.members}${like(p.similar)}`,
    help: (p) => `use one of ${p.members}`,
    explanation:
      "The values of an enum are known, so a misspelt one is an error and not a silent miss.",
    bad: rule('match e: kernel.oom_kill where e.scope == "memcgroup"'),
    good: rule('match e: kernel.oom_kill where e.scope == "memcg"'),
  }),
  TAP2012: entry<{ op: string; left: string; right: string }>({
    slug: "unit-mismatch",
    severity: "error",
    message: (p) => `\`${p.op}\` cannot stand between ${p.left} and ${p.right}`,
    help: () => "bring both sides to the same unit, such as `5s`, `512MiB`, `85%`",
    explanation:
      "Durations, sizes, percentages, rates and plain numbers are different things; comparing or adding them is a mistake.",
    bad: rule("match e: kernel.oom_kill where e.memory_usage > 5s"),
    good: rule("match e: kernel.oom_kill where e.memory_usage > 5MiB"),
  }),
  TAP2013: entry<{ name: string; similar: string | undefined }>({
    slug: "unknown-function",
    severity: "error",
    message: (p) => `there is no function \`${p.name}\`${like(p.similar)}`,
    help: () => "use a builtin function or declare it with `let`",
    explanation: "Functions are the builtins and the `let`s with parameters.",
    bad: rule("match e: kernel.oom_kill where length(e.comm) > 3"),
    good: rule("match e: kernel.oom_kill where len(e.comm) > 3"),
  }),
  TAP2014: entry<{ name: string; expected: string; found: string }>({
    slug: "wrong-arguments",
    severity: "error",
    message: (p) => `\`${p.name}\` takes ${p.expected}, but is given ${p.found}`,
    help: (p) => `call it with ${p.expected}`,
    explanation: "A call must give a function what its declaration asks for.",
    bad: rule("match e: kernel.oom_kill where len() > 3"),
    good: rule("match e: kernel.oom_kill where len(e.comm) > 3"),
  }),
  TAP2015: entry<{ what: string; reason: string }>({
    slug: "bad-pattern",
    severity: "error",
    message: (p) => `this ${p.what} cannot be used: ${p.reason}`,
    explanation:
      "Regular expressions are linear-time (no look-around, no back-references); globs, addresses and networks have their usual notation.",
    bad: rule('match e: journal.entry where e.message matches re"(a"'),
    good: rule('match e: journal.entry where e.message matches re"(a)"'),
  }),
  TAP2016: entry<{ fields: readonly string[]; event: string }>({
    slug: "missing-field",
    severity: "error",
    message: (p) =>
      `\`${p.event}\` always has ${p.fields.map((f) => `\`${f}\``).join(", ")}, which ${p.fields.length === 1 ? "is" : "are"} not given here`,
    help: (p) => `give ${p.fields.map((f) => `\`${f}\``).join(", ")} a value`,
    explanation:
      "Of the fields that real events always have, an event in a test must have those that rules " +
      "read; the others may be left out and are empty.",
    bad: tested("at 1s kernel.mem_alloc_fail { pid: 7 }"),
    good: tested("at 1s kernel.mem_alloc_fail { pid: 7 order: 3 }"),
  }),
  TAP2017: entry<{ name: string }>({
    slug: "recursive-let",
    severity: "error",
    message: (p) => `\`${p.name}\` uses itself`,
    help: () => "remove the cycle: nothing may be made of itself",
    explanation:
      "A `let` may use other `let`s but not, directly or through them, itself; likewise an event " +
      "extends another one. Rules are bounded, so there is no recursion.",
    bad: `${head}let f(x: int) -> bool = f(x)\nrule r { match e: kernel.oom_kill where f(1) }\n`,
    good: `${head}let f(x: int) -> bool = x > 0\nrule r { match e: kernel.oom_kill where f(1) }\n`,
  }),
  TAP2018: entry<{ what: string; bounds: string }>({
    slug: "out-of-range",
    severity: "error",
    message: (p) => `${p.what} must be ${p.bounds}`,
    help: (p) => `choose a value that is ${p.bounds}`,
    explanation: "Limits keep rules bounded; a value outside them would never do what it says.",
    bad: `${head}param w: duration = 10m range 5s .. 5m\n`,
    good: `${head}param w: duration = 1m range 5s .. 5m\n`,
  }),
  TAP2019: entry<{ clause: string }>({
    slug: "duplicate-clause",
    severity: "error",
    message: (p) => `\`${p.clause}\` is written twice`,
    help: () => "keep one of them",
    explanation: "Each clause of a rule may stand once, because nothing overrides anything.",
    bad: rule("severity error severity info match e: kernel.oom_kill"),
    good: rule("severity error match e: kernel.oom_kill"),
  }),
  TAP2020: entry<{ name: string }>({
    slug: "no-pattern",
    severity: "error",
    message: (p) => `rule \`${p.name}\` has no \`match\``,
    help: () => "say what the rule looks for: `match e: kernel.oom_kill where …`",
    explanation: "A rule is a pattern and an explanation; without a pattern it can never fire.",
    bad: rule("severity error"),
    good: rule("severity error match e: kernel.oom_kill"),
  }),
  TAP2101: entry<{ value: string }>({
    slug: "unguarded-optional",
    severity: "warning",
    message: (p) =>
      `\`${p.value}\` may be missing, and then this negation is unknown and does not match`,
    help: (p) =>
      `say what a missing value means: \`has ${p.value} and …\` or \`not has ${p.value} or …\``,
    explanation:
      "Conditions are three-valued: a test on a missing value is neither true nor false, and neither is its negation. Under a negation that surprises people, so say which one is meant.",
    bad: rule("match e: kernel.process_exit where e.signal != 9"),
    good: rule("match e: kernel.process_exit where has e.signal and e.signal != 9"),
  }),
};
