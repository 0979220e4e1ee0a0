/** TAP2030 to TAP2049, TAP2102, TAP2103: annotations, field types, groups, entities, constants. */
import { entry } from "./entry.ts";

const head = "module demo.rules\n";
const rule = (body: string) => `${head}rule r {\n  ${body}\n}\n`;
const containers = `${head}event a.pod from kernel { containers: list<{ name: string(64) restarts: int }, 8> }\n`;
const like = (similar: string | undefined) => (similar ? `; did you mean \`${similar}\`?` : "");

export const types = {
  TAP2030: entry<{ name: string; place: string; similar: string | undefined }>({
    slug: "unknown-annotation",
    severity: "error",
    message: (p) => `${p.place} has no annotation \`@${p.name}\`${like(p.similar)}`,
    help: () => "declarations know `@deprecated` and `@experimental`",
    explanation:
      "An annotation tells tools something about what stands behind it. One that nobody reads " +
      "would be a promise without effect.",
    bad: `${head}@depricated("use b")\nlist a: string(8) = ["x"]\n`,
    good: `${head}@deprecated("use b")\nlist a: string(8) = ["x"]\n`,
  }),
  TAP2031: entry<{ what: string; name: string; reason: string }>({
    slug: "deprecated",
    severity: "warning",
    message: (p) =>
      `${p.what} \`${p.name}\` is deprecated${p.reason === "" ? "" : `: ${p.reason}`}`,
    help: (p) => (p.reason === "" ? "use what has taken its place" : p.reason),
    explanation: "Its author wants to take it away; the text of the annotation says what to use.",
    bad: `${head}@deprecated("use new")\nlist old: string(8) = ["x"]\nrule r { match e: kernel.oom_kill where e.comm in old }\n`,
    good: `${head}list new: string(8) = ["x"]\nrule r { match e: kernel.oom_kill where e.comm in new }\n`,
  }),
  TAP2034: entry<{ what: string }>({
    slug: "type-not-possible",
    severity: "error",
    message: (p) => `${p.what} is not possible here`,
    help: () => "use a type that every value of this place can have",
    explanation:
      "Keys of maps are texts or whole numbers, and always there; records are groups of fields, " +
      "or items of lists and maps.",
    bad: `${head}event a.b from kernel { x: map<string(8)?, int, 4> }\n`,
    good: `${head}event a.b from kernel { x: map<string(8), int?, 4> }\n`,
  }),
  TAP2032: entry<{ pattern: string; group: string; similar: string | undefined }>({
    slug: "unknown-group",
    severity: "error",
    message: (p) => `\`${p.pattern}\` has no group \`${p.group}\`${like(p.similar)}`,
    help: () => "name a group of the pattern: `(?<name>…)`",
    explanation:
      "`matches … as m` binds the named groups of the pattern; their types stand in the pattern " +
      "itself, such as `(?<pid:int>\\d+)`.",
    bad: rule(
      'match e: journal.entry where e.message matches re"process (?<pid:int>\\d+)" as m and m.pdi > 1',
    ),
    good: rule(
      'match e: journal.entry where e.message matches re"process (?<pid:int>\\d+)" as m and m.pid > 1',
    ),
  }),
  TAP2033: entry<{ pattern: string; on: string; found: string }>({
    slug: "pattern-on-other-field",
    severity: "error",
    message: (p) => `the pattern \`${p.pattern}\` is made for \`${p.on}\`, not for \`${p.found}\``,
    help: (p) => `test \`${p.on}\`, or write the pattern here as re"…"`,
    explanation:
      "A pattern says which field it reads, so that it can be tested and changed with that field " +
      "in mind; on another one it would match by chance.",
    bad: `${head}pattern p on journal.entry.message = re"x"\nrule r { match e: kernel.oom_kill where e.comm matches p }\n`,
    good: `${head}pattern p on journal.entry.message = re"x"\nrule r { match e: journal.entry where e.message matches p }\n`,
  }),
  TAP2035: entry<{ from: string; to: string; ways: string }>({
    slug: "ambiguous-relation",
    severity: "error",
    message: (p) => `from \`${p.from}\` to \`${p.to}\` there is more than one way: ${p.ways}`,
    help: () => "name the one that is meant: `related(a, b, via: relation)`",
    explanation:
      "Where two relations connect the same kinds, the path does not say which is meant.",
    bad: `${head}relation serves pod -> service fanout 4\n${"rule r { match e: kernel.oom_kill where len(e.entity.pod.service) > 1 }\n"}`,
    good: `${head}relation serves pod -> service fanout 4\n${"rule r { match e: kernel.oom_kill where related(e, e.entity.service, via: serves) }\n"}`,
  }),
  TAP2036: entry<{ from: string; to: string }>({
    slug: "no-such-level",
    severity: "error",
    message: (p) => `a \`${p.from}\` leads to no \`${p.to}\``,
    help: () => "name a kind that contains it, or one that a relation leads to",
    explanation:
      "Behind a level of an entity stand the kinds that contain it (`entity … in …`) and those " +
      "that a `relation` leads to.",
    bad: rule('match e: kernel.oom_kill where e.entity.pod.unit == "x"'),
    good: rule('match e: kernel.oom_kill where e.entity.pod.workload == "x"'),
  }),
  TAP2037: entry<{ what: string; where: string }>({
    slug: "misplaced-form",
    severity: "error",
    message: (p) => `${p.what} can only stand ${p.where}`,
    help: (p) => `move it: it is known only ${p.where}`,
    explanation:
      "Some forms speak of something that only some places have: a window's events, the whole " +
      "match, a version on trial.",
    bad: rule("match e: kernel.oom_kill where sum(e.rss) > 1GiB"),
    good: rule("match over e: kernel.oom_kill sliding 1m having sum(e.rss) > 1GiB"),
  }),
  TAP2038: entry<{ reason: string }>({
    slug: "no-groups",
    severity: "error",
    message: (p) => `nothing can be named with \`as\` here: ${p.reason}`,
    help: () => "take `as` away, or write a test with `matches` that must be true",
    explanation:
      "`as` names the groups of a match, and there is one only where `matches` came out true.",
    bad: rule('match e: journal.entry where e.message contains "x" as m'),
    good: rule('match e: journal.entry where e.message contains "x"'),
  }),
  TAP2039: entry<{ file: string; reason: string }>({
    slug: "bad-list-file",
    severity: "error",
    message: (p) => `the list \`${p.file}\` cannot be used: ${p.reason}`,
    help: () => "write one item of the list's type in each line; `#` begins a comment",
    explanation:
      "A list from a file is read when the rules are compiled, relative to the file that declares " +
      "it, and becomes part of the bundle; `max` bounds it.",
    bad: `${head}list l: string(8) from "no-such-list.txt" max 5\n`,
    good: `${head}list l: string(8) = ["x"]\n`,
  }),
  TAP2040: entry<{ text: string; reason: string }>({
    slug: "no-result",
    severity: "error",
    message: (p) => `\`${p.text}\` has no value: ${p.reason}`,
    help: () => "write the number that is meant",
    explanation:
      "Numbers are exact within ±(2^53−1). At run time a result beyond them is missing; between " +
      "constants it is a mistake.",
    bad: rule("match e: kernel.process_exit where e.exit_code > 1 / 0"),
    good: rule("match e: kernel.process_exit where e.exit_code > 1 / 2"),
  }),
  TAP2041: entry<{ record: string; member: string; similar: string | undefined }>({
    slug: "unknown-record-member",
    severity: "error",
    message: (p) => `\`${p.record}\` has no member \`${p.member}\`${like(p.similar)}`,
    help: () => "use a member that its declaration names",
    explanation:
      "Records in lists and maps are typed like events: only the members that the declaration of " +
      "the field names can be read.",
    bad: `${containers}rule r { match e: a.pod where any(c in e.containers: c.restart > 3) }\n`,
    good: `${containers}rule r { match e: a.pod where any(c in e.containers: c.restarts > 3) }\n`,
  }),
  TAP2102: entry<{ text: string; verdict: boolean; range: string }>({
    slug: "pointless-comparison",
    severity: "warning",
    message: (p) => `\`${p.text}\` is never ${p.verdict ? "false" : "true"}`,
    help: (p) => p.range,
    explanation:
      "The type of a value says what it can be; a comparison that always gives the same is a " +
      "slip, mostly a wrong constant.",
    bad: rule("match e: kernel.connect_fail where e.dst_port == 70000"),
    good: rule("match e: kernel.connect_fail where e.dst_port == 7000"),
  }),
  TAP2103: entry<{ text: string; ranges: readonly string[] }>({
    slug: "possible-overflow",
    severity: "warning",
    message: (p) => `\`${p.text}\` can be beyond ±(2^53−1), and is missing then`,
    help: (p) =>
      `divide first, use smaller factors, or narrow the range of a parameter: ${p.ranges.join(", ")}`,
    explanation:
      "Numbers are exact within ±(2^53−1), and a result beyond them is missing, so that a test on " +
      "it is unknown. The compiler follows what has declared ends: constants, u32, ports and " +
      "parameters with a range.",
    bad: rule("match e: kernel.process_exit where e.pid * 3000000 > 5"),
    good: rule("match e: kernel.process_exit where e.pid * 2000000 > 5"),
  }),
};
