/**
 * Rules made of parts: templates, overrides, findings and derived events (TAP2050 to TAP2059), and
 * clauses that say nothing, or too much, about a pattern (TAP3105 to TAP3110, TAP3401).
 */
import { entry } from "./entry.ts";

const head = "module demo.rules\n";
const rule = (body: string) => `${head}rule r {\n  ${body}\n}\n`;
const plain = "rule r {\n  match e: kernel.oom_kill\n}\n";
const withRule = (text: string) => `${head}${plain}${text}`;

export const composition = {
  TAP2050: entry<{ attribute: string; rule: string }>({
    slug: "override-conflict",
    severity: "error",
    message: (p) => `\`${p.attribute}\` of rule \`${p.rule}\` is set twice`,
    help: () => "leave one of the two; the order of modules says nothing",
    explanation:
      "Overrides of several modules hold together, whichever is read first, so no two of them may set the same thing.",
    bad: withRule(
      'override rule r {\n  set owner = "a"\n}\noverride rule r {\n  set owner = "b"\n}\n',
    ),
    good: withRule('override rule r {\n  set owner = "a"\n}\n'),
  }),
  TAP2051: entry<{ name: string; similar: string | undefined }>({
    slug: "not-overridable",
    severity: "error",
    message: (p) =>
      `an override cannot set \`${p.name}\`${p.similar ? `; did you mean \`${p.similar}\`?` : ""}`,
    help: () => "an override sets severity, owner, runbook, doc or enabled",
    explanation:
      "What a rule looks for stays with its author; an overlay changes how its findings are treated.",
    bad: withRule('override rule r {\n  set ownr = "a"\n}\n'),
    good: withRule('override rule r {\n  set owner = "a"\n}\n'),
  }),
  TAP2052: entry<{ path: string; allowed: readonly string[] }>({
    slug: "exception-not-allowed",
    severity: "error",
    message: (p) => `the rule does not allow exceptions by \`${p.path}\``,
    help: (p) => `read only ${p.allowed.map((a) => `\`${a}\``).join(", ")}`,
    explanation:
      "With `allow except by` the author of a rule says what exceptions of others may depend on, so that none of them can blind the rule.",
    bad: `${head}rule r {\n  match e: kernel.oom_kill\n  allow except by (entity.pod)\n}\noverride rule r {\n  except "test" when e.comm == "x"\n}\n`,
    good: `${head}rule r {\n  match e: kernel.oom_kill\n  allow except by (entity.pod)\n}\noverride rule r {\n  except "test" when e.entity.pod == "x"\n}\n`,
  }),
  TAP2053: entry<{ rule: string; reader: string }>({
    slug: "disabled-rule",
    severity: "error",
    message: (p) => `\`${p.reader}\` waits for findings of \`${p.rule}\`, which is disabled`,
    help: (p) => `disable \`${p.reader}\` as well, or enable \`${p.rule}\``,
    explanation: "A rule that waits for what nobody makes would be silent without a word.",
    bad: withRule(
      "rule s {\n  match f: finding.r\n}\noverride rule r {\n  set enabled = false\n}\n",
    ),
    good: withRule(
      "rule s {\n  match f: finding.r\n}\noverride rule s {\n  set enabled = false\n}\n",
    ),
  }),
  TAP2054: entry<{ what: string }>({
    slug: "circular-subsumption",
    severity: "error",
    message: (p) => `findings would become children of themselves: ${p.what}`,
    help: () => "take one of the `subsumes` away",
    explanation: "A finding that is subsumed stands below another one, so there must be a top.",
    bad: rule("match e: kernel.oom_kill\n  subsumes r"),
    good: withRule("rule s {\n  match e: kernel.process_exit\n  subsumes r\n}\n"),
  }),
  TAP2055: entry<{ reason: string }>({
    slug: "not-derivable",
    severity: "error",
    message: (p) => `an event cannot be derived from this: ${p.reason}`,
    help: () => "derive from events of one source",
    explanation:
      "A derived event takes the place in the order, the time and the entity of the one event it is made of.",
    bad: `${head}derive log.x from e: kernel.oom_kill | journal.entry\n`,
    good: `${head}derive log.x from e: kernel.oom_kill | kernel.process_exit\n`,
  }),
  TAP2056: entry<{ rule: string; its: string; mine: string }>({
    slug: "never-subsumed",
    severity: "warning",
    message: (p) =>
      `findings of \`${p.rule}\` never become children: their key is ${p.its}, and this rule's is ${p.mine}`,
    help: () => "say what they have in common: `subsumes … by same pod`",
    explanation:
      "Without `by`, a finding becomes a child of one with an equal key. Keys of other parts, or of " +
      "other types, are never equal.",
    bad: `${head}rule s {\n  match e: kernel.process_exit\n}\nrule r {\n  match over e: kernel.oom_kill sliding 1m by e.cgroup having count() > 2\n  subsumes s\n}\n`,
    good: `${head}rule s {\n  match e: kernel.process_exit\n}\nrule r {\n  match over e: kernel.oom_kill sliding 1m by e.cgroup having count() > 2\n  subsumes s by same cgroup\n}\n`,
  }),
  TAP3105: entry<{ clause: string; same: string }>({
    slug: "no-difference",
    severity: "warning",
    message: (p) => `\`${p.clause}\` says the same as \`${p.same}\` here`,
    help: (p) => `take \`${p.clause}\` away, or end the sequence with a \`repeat\``,
    explanation:
      "A finding is closed when the run at the end of its sequence, or its window, is over; a pattern without either is over when it is complete, and so is one that ends with `then no`.",
    bad: rule("match e: kernel.oom_kill\n  emit close"),
    good: rule("match e: kernel.oom_kill"),
  }),
  TAP3106: entry<{ pattern: string }>({
    slug: "no-order",
    severity: "error",
    message: (p) => `\`strict\` says nothing in \`${p.pattern}\`: its steps come in any order`,
    help: () => "take `strict` away, or write a `sequence`",
    explanation: "`strict` forbids other events between two steps that follow each other.",
    bad: rule(
      "match all of by pid within 1m strict {\n    a: kernel.process_exec\n    b: kernel.process_exit\n  }",
    ),
    good: rule(
      "match all of by pid within 1m {\n    a: kernel.process_exec\n    b: kernel.process_exit\n  }",
    ),
  }),
  TAP3107: entry<{ clause: string }>({
    slug: "nothing-from-silence",
    severity: "warning",
    message: (p) => `\`${p.clause}\` has no effect: the rule concludes nothing from silence`,
    help: (p) => `take \`${p.clause}\` away`,
    explanation:
      "What a source lost, or that it fell silent, matters where the absence of an event is the finding: `absent`, `then no … for …`, and windows that are judged at their end.",
    bad: rule("match e: kernel.oom_kill\n  on loss drop"),
    good: rule("match absent e: kernel.oom_kill for 1m\n  on loss drop"),
  }),
  TAP3108: entry<{ step: string; optional: string }>({
    slug: "optional-needed",
    severity: "warning",
    message: (p) => `\`${p.step}\` never comes without \`${p.optional}\`, which is optional`,
    help: (p) =>
      `say what holds without it, \`${p.optional} is missing or …\`, or take \`optional\` away`,
    explanation:
      "A test on a step that was left out is unknown, so a later condition that needs it never holds for the story without it, and the step is optional in name only.",
    bad: rule(
      "match sequence by comm within 1m {\n    optional a: kernel.process_exec\n    then b: kernel.process_exit where b.pid == a.pid\n  }",
    ),
    good: rule(
      "match sequence by comm within 1m {\n    optional a: kernel.process_exec\n    then b: kernel.process_exit where a is missing or b.pid == a.pid\n  }",
    ),
  }),
  TAP3110: entry<{ step: string }>({
    slug: "run-never-begins",
    severity: "warning",
    message: (p) => `no run of \`${p.step}\` begins: its first event has none before it`,
    help: (p) =>
      `say what holds of the first event, such as \`count(${p.step}) == 0 or …\`, or a default with \`??\``,
    explanation:
      "In the condition of a repeated step `first(step)`, `last(step)` and `count(step)` speak of what the run has taken before the event that is judged. Its first event has nothing before it, so that a test on the last one is unknown there and does not hold.",
    bad: rule(
      "match sequence by comm within 1m {\n    p: kernel.process_exec where p.pid > last(p).pid repeat 3..\n    then q: kernel.process_exit\n  }",
    ),
    good: rule(
      "match sequence by comm within 1m {\n    p: kernel.process_exec where count(p) == 0 or p.pid > last(p).pid repeat 3..\n    then q: kernel.process_exit\n  }",
    ),
  }),
  TAP3109: entry<{ least: string; rest: string }>({
    slug: "gap-beyond-span",
    severity: "warning",
    message: (p) =>
      `this gap is at least ${p.least}, but the span leaves ${p.rest}: nothing matches`,
    help: () => "widen `within` of the sequence, or shorten the gap",
    explanation:
      "All steps of a sequence happen within its span, so the least gaps between them must fit into it together.",
    bad: rule(
      "match sequence by comm within 5s {\n    a: kernel.process_exec\n    then after 10s b: kernel.process_exit\n  }",
    ),
    good: rule(
      "match sequence by comm within 15s {\n    a: kernel.process_exec\n    then after 10s b: kernel.process_exit\n  }",
    ),
  }),
  TAP3401: entry<{ reason: string }>({
    slug: "eager-not-monotone",
    severity: "error",
    message: (p) => `a finding cannot be told at once: ${p.reason}`,
    help: () => "take `emit eager` away",
    explanation:
      "`emit eager` tells what is found before it is final. What later events can take away would be told for nothing, so only patterns that never become false again may be told at once.",
    bad: rule("match absent e: kernel.oom_kill for 1m\n  emit eager"),
    good: rule("match e: kernel.oom_kill\n  emit eager"),
  }),
};
