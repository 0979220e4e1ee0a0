/** TAP3xxx: time, bounds and correlation. */
import { entry } from "./entry.ts";

const rule = (body: string) => `module demo.rules\nrule r {\n  ${body}\n}\n`;
const seq = (head: string, body: string) => rule(`match sequence ${head} {\n    ${body}\n  }`);

export const time = {
  TAP3001: entry<{ step: string }>({
    slug: "later-step",
    severity: "error",
    message: (p) => `step \`${p.step}\` has not happened yet at this point`,
    help: () =>
      "a condition may read its own step and earlier ones; move the condition to the later step",
    explanation: "Steps are matched in order, so a condition can only look back.",
    bad: seq(
      "by pid within 1m",
      "a: kernel.process_exec where b.pid == 1\n    then b: kernel.process_exit",
    ),
    good: seq(
      "by pid within 1m",
      "a: kernel.process_exec\n    then b: kernel.process_exit where b.pid == a.pid",
    ),
  }),
  TAP3002: entry<{ what: string; where: "first" | "last" | "in the middle"; reason: string }>({
    slug: "misplaced-item",
    severity: "error",
    message: (p) =>
      `${p.what} cannot stand ${p.where}${p.where === "in the middle" ? " of" : " in"} a sequence: ${p.reason}`,
    explanation:
      "`without` forbids an event between two steps and `optional` is decided by what follows, so neither can end a sequence; `then no … for …` is what a sequence ends with.",
    bad: seq("by pid within 1m", "a: kernel.process_exec\n    without b: kernel.process_exit"),
    good: seq(
      "by pid within 1m",
      "a: kernel.process_exec\n    then no b: kernel.process_exit for 10s",
    ),
  }),
  TAP3101: entry<{ what: string; bound?: string }>({
    slug: "unbounded",
    severity: "error",
    message: (p) => `${p.what} has no ${p.bound ?? "bound in time"}`,
    help: () => "write `within D` after `sequence`, or a `within` gap before every later step",
    explanation:
      "Every rule has a finite bound on the state it keeps; without a bound there is no bundle.",
    bad: seq("by pid", "a: kernel.process_exec\n    then b: kernel.process_exit"),
    good: seq("by pid within 1m", "a: kernel.process_exec\n    then b: kernel.process_exit"),
  }),
  TAP3103: entry<{ what: string }>({
    slug: "upper-bound-in-sliding",
    severity: "error",
    message: (p) => `\`${p.what}\` cannot be decided while a window slides`,
    help: () =>
      "ask for at least so many (`count() >= 5`), count in panes (`tumbling 5m`), or ask for silence (`match absent …`)",
    explanation:
      "A sliding window is judged at each event, so `count() < 5` would hold at the first event of every burst.",
    bad: rule("match over e: kernel.oom_kill sliding 1m having count() < 5"),
    good: rule("match over e: kernel.oom_kill sliding 1m having count() >= 5"),
  }),
  TAP3201: entry<{ step: string }>({
    slug: "cartesian",
    severity: "error",
    message: (p) => `step \`${p.step}\` is connected to no earlier step`,
    help: () =>
      "add `by` to the sequence, or an equality with an earlier step to this step's `where`; if it does not matter whom the events are about, say `by true`",
    explanation:
      "Without a key or an equality every event of one step would be combined with every event of the other, whoever they are about. Where that is meant, a constant is a key that all events share: `by true`.",
    bad: seq("within 1m", "a: kernel.oom_kill\n    then b: kernel.process_exit"),
    good: seq("by cgroup within 1m", "a: kernel.oom_kill\n    then b: kernel.process_exit"),
  }),
  TAP3202: entry<{ step: string; key: string; event: string; similar: string | undefined }>({
    slug: "no-key-field",
    severity: "error",
    message: (p) =>
      `step \`${p.step}\` cannot be aligned: \`${p.event}\` has no \`${p.key}\`${p.similar ? `; did you mean \`${p.similar}\`?` : ""}`,
    help: (p) =>
      `give the step a key that it has, \`${p.step}: … by ${p.step}.<field>\`, or join on an entity: \`by same pod\``,
    explanation:
      "All steps of a sequence share its key; a step whose field has another name says which one it is.",
    bad: seq("by cgroup within 1m", "a: kernel.oom_kill\n    then b: systemd.unit_state"),
    good: seq("by pid within 1m", "a: kernel.oom_kill\n    then b: kernel.process_exit by b.pid"),
  }),
  TAP3203: entry<{ step: string; left: string; right: string }>({
    slug: "key-mismatch",
    severity: "error",
    message: (p) => `the key of step \`${p.step}\` is ${p.right}, but the pattern's is ${p.left}`,
    help: (p) =>
      p.left === "empty"
        ? `leave out the \`by\` of \`${p.step}\`: the pattern has no key`
        : `give \`${p.step}\` a key that is ${p.left}: \`${p.step}: … by ${p.step}.<field>\``,
    explanation:
      "Events belong together when their keys are equal, and only values of one type can be equal.",
    bad: seq(
      "by cgroup within 1m",
      "a: kernel.oom_kill\n    then b: kernel.process_exit by b.comm",
    ),
    good: seq(
      "by cgroup within 1m",
      "a: kernel.oom_kill\n    then b: kernel.process_exit by b.cgroup",
    ),
  }),
  TAP3301: entry<{ reason: string }>({
    slug: "regex-too-large",
    severity: "error",
    message: (p) => `this pattern is too large: ${p.reason}`,
    help: () => "bound the repetitions, or split the pattern",
    explanation:
      "Patterns are compiled to tables with a bounded number of states, so that matching is one pass.",
    bad: rule('match e: journal.entry where e.message matches re"a.{300}b"'),
    good: rule('match e: journal.entry where e.message matches re"a.{8}b"'),
  }),
};
