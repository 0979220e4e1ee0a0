/** TAP1xxx: syntax. */
import { entry } from "./entry.ts";

/** The clauses that every rule needs. */
const minimal = "  severity error\n  match s: kernel.oom_kill";

/** A complete file around one rule body, for the examples below. */
function rule(body: string): string {
  return `module examples.syntax\n\nrule r version 1 {\n${body}\n}\n`;
}

export const syntax = {
  TAP1001: entry({
    slug: "unexpected-token",
    severity: "error",
    message: (p: { found: string; expected: string }) => `found ${p.found}, expected ${p.expected}`,
    help: (p) => `write ${p.expected} here, or remove what stands in its place`,
    explanation:
      "The text does not follow the grammar at this place. Every clause starts with its own " +
      "keyword and every step with `name:`, so the first word that does not fit is the place " +
      "to look at.",
    bad: rule("  severity error\n  match s: kernel.oom_kill where s.scope == == 3"),
    good: rule("  severity error\n  match s: kernel.oom_kill where s.order == 3"),
  }),
  TAP1002: entry({
    slug: "unterminated-string",
    severity: "error",
    message: (_: object) => "this string has no closing quote on its line",
    help: () => 'close the string with `"`; write `\\n` for a line end inside it',
    explanation:
      "A string ends on the line where it begins. A forgotten quote therefore spoils one " +
      "line, not the rest of the file.",
    bad: rule('  severity error\n  doc "Memory ran out\n  match s: kernel.oom_kill'),
    good: rule('  severity error\n  doc "Memory ran out"\n  match s: kernel.oom_kill'),
  }),
  TAP1003: entry({
    slug: "unterminated-comment",
    severity: "error",
    message: (_: object) => "this comment is never closed",
    help: () => "close the comment with `*/`, or start it with `//` to comment out one line",
    explanation:
      "A comment that starts with `/*` runs to the next `*/`. Without one it swallows the " +
      "rest of the file. Comments do not nest.",
    bad: "module examples.syntax\n\n/* to do\nentity node key string(64) max 1\n",
    good: "module examples.syntax\n\n/* to do */\nentity node key string(64) max 1\n",
  }),
  TAP1004: entry({
    slug: "unclosed-bracket",
    severity: "error",
    message: (p: { open: string; close: string }) => `this \`${p.open}\` is never closed`,
    help: (p) => `add the missing \`${p.close}\``,
    explanation:
      "Every brace, bracket and parenthesis needs its partner. The message points at the open " +
      "one, and at the first thing that cannot stand inside it any more.",
    bad: rule(`${minimal}\n\nrule q version 1 {\n${minimal}`),
    good: rule(`${minimal}\n}\n\nrule q version 1 {\n${minimal}`),
  }),
  TAP1005: entry({
    slug: "stray-bracket",
    severity: "error",
    message: (p: { close: string }) => `this \`${p.close}\` closes nothing`,
    help: (p) => `remove the \`${p.close}\`, or add the opening one it belongs to`,
    explanation:
      "A closing brace stands where nothing is open. Usually there is one too many just before it.",
    bad: rule(`${minimal}\n}`),
    good: rule("  severity error\n  match s: kernel.oom_kill"),
  }),
  TAP1006: entry({
    slug: "unknown-escape",
    severity: "error",
    message: (p: { escape: string }) => `\`${p.escape}\` is not an escape`,
    help: () => 'use `\\"`, `\\\\`, `\\n`, `\\t`, `\\r` or `\\u{…}`; `\\\\` stands for a backslash',
    explanation:
      "Plain strings know six escapes. Refusing the others keeps a mistyped one from silently " +
      "becoming text. In `re` and `r` strings a backslash stands for itself.",
    bad: rule('  severity error\n  doc "50\\% full"\n  match s: kernel.oom_kill'),
    good: rule('  severity error\n  doc "50% full"\n  match s: kernel.oom_kill'),
  }),
  TAP1007: entry({
    slug: "bad-number",
    severity: "error",
    message: (p: { number: string }) => `\`${p.number}\` is not a number with a known unit`,
    help: () =>
      "durations end in `d h m s ms us` (largest first, as in `1h30m`), sizes in `B KB MB GB " +
      "TB KiB MiB GiB TiB`, rates in `/s /m /h`, percentages in `%`",
    explanation:
      "Digits and the letters glued to them form one literal: a number, duration, size, " +
      "percentage or rate. Compound durations go from the largest unit to the smallest, each " +
      "once.",
    bad: rule("  severity error\n  match s: kernel.oom_kill\n  suppress 10min"),
    good: rule("  severity error\n  match s: kernel.oom_kill\n  suppress 10m"),
  }),
  TAP1008: entry({
    slug: "number-too-large",
    severity: "error",
    message: (p: { number: string }) => `\`${p.number}\` is too large`,
    help: () => "use a value of at most 9,007,199,254,740,991 (in microseconds, bytes or units)",
    explanation:
      "Numbers are exact up to 2^53-1, counted in microseconds for durations, bytes for sizes " +
      "and millionths per second for rates. A larger literal could not be compared exactly.",
    bad: rule("  severity error\n  match s: kernel.oom_kill where s.order == 9007199254740993"),
    good: rule("  severity error\n  match s: kernel.oom_kill where s.order == 9007199254740991"),
  }),
  TAP1009: entry({
    slug: "inexact-number",
    severity: "error",
    message: (p: { number: string }) => `\`${p.number}\` is finer than its unit can hold`,
    help: () =>
      "durations are whole microseconds, sizes whole bytes, percentages have at most four decimals",
    explanation:
      "Durations, sizes and percentages are whole numbers inside (microseconds, bytes, parts " +
      "per million). A literal that falls between two of them would be rounded, and the rule " +
      "would mean something else than it says.",
    bad: rule("  severity error\n  match s: kernel.oom_kill\n  suppress 0.5us"),
    good: rule("  severity error\n  match s: kernel.oom_kill\n  suppress 500ms"),
  }),
  TAP1010: entry({
    slug: "nesting-too-deep",
    severity: "error",
    message: (p: { limit: number }) => `nested more than ${p.limit} levels deep`,
    help: () => "name the inner part with `let` and use the name",
    explanation:
      "Parentheses, brackets, calls, types and prefix operators may be nested to a fixed " +
      "depth, so that no source text can exhaust the compiler.",
    bad: rule(
      `  severity error\n  match s: kernel.oom_kill where ${"(".repeat(200)}true${")".repeat(200)}`,
    ),
    good: rule("  severity error\n  match s: kernel.oom_kill where (true)"),
  }),
  TAP1011: entry({
    slug: "file-too-large",
    severity: "error",
    message: (p: { length: number; limit: number }) =>
      `the file has ${p.length} characters, more than the ${p.limit} (4 MiB) that one file may have`,
    help: () => "split the file: modules may import each other's `pub` declarations",
    explanation:
      "One source file may have 4 MiB of text. A larger one is not read at all, so that " +
      "opening it cannot stall an editor.",
  }),
  TAP1012: entry({
    slug: "invalid-character",
    severity: "error",
    message: (p: { text: string }) => `\`${p.text}\` means nothing here`,
    help: () => "remove it, or put it inside a string",
    explanation:
      "Outside strings and comments the language uses ASCII letters, digits and a few signs. " +
      "Invisible characters (NUL, no-break space, a byte order mark in the middle of a file) " +
      "are refused too, because a reader cannot see them.",
    bad: rule("  severity error\n  match s: kernel.oom_kill where s.order > 1 && s.order < 9"),
    good: rule("  severity error\n  match s: kernel.oom_kill where s.order > 1 and s.order < 9"),
  }),
  TAP1013: entry({
    slug: "missing-module",
    severity: "error",
    message: (_: object) => "the file does not start with a `module` line",
    help: () => "start the file with `module` and its name, such as `module my.rules`",
    explanation:
      "Every file says which module it is, before anything else. Other files import it by " +
      "that name, and findings carry it.",
    bad: "entity node key string(64) max 1\n",
    good: "module examples.syntax\n\nentity node key string(64) max 1\n",
  }),
  TAP1014: entry({
    slug: "reserved-word",
    severity: "error",
    message: (p: { word: string }) => `\`${p.word}\` is a reserved word and cannot be a name`,
    help: (p) => `choose another name, such as \`${p.word}_\``,
    explanation:
      "Reserved words start clauses or are operators everywhere, so they cannot name a step, " +
      "rule or parameter. After a `.`, as a field name, as a map key and as an enum member " +
      "any word may stand.",
    bad: rule("  severity error\n  match sequence {\n    match: kernel.oom_kill\n  }"),
    good: rule("  severity error\n  match sequence {\n    kill: kernel.oom_kill\n  }"),
  }),
  TAP1015: entry({
    slug: "misspelt-keyword",
    severity: "error",
    message: (p: { word: string; suggestion: string }) =>
      `\`${p.word}\` cannot stand here; did you mean \`${p.suggestion}\`?`,
    help: (p) => `write \`${p.suggestion}\``,
    explanation: "The word is not a keyword and no name fits here, but it is close to a keyword.",
    bad: rule("  severty error\n  match s: kernel.oom_kill"),
    good: rule("  severity error\n  match s: kernel.oom_kill"),
  }),
  TAP1016: entry({
    slug: "late-import",
    severity: "error",
    message: (_: object) => "imports come before all declarations",
    help: () => "move this line up, below the `module` line",
    explanation:
      "A reader learns at the top of a file what it depends on. Imports therefore stand " +
      "between the `module` line and the first declaration.",
    bad: "module examples.syntax\n\nentity node key string(64) max 1\nimport tapio.schema.v1\n",
    good: "module examples.syntax\nimport tapio.schema.v1\n\nentity node key string(64) max 1\n",
  }),
  TAP1017: entry({
    slug: "unclosed-hole",
    severity: "error",
    message: (_: object) => "this `{` opens a hole that is never closed",
    help: () => "close the hole with `}`, or write `{{` for a brace",
    explanation:
      "In the texts of an explanation (`summary`, `because`, `recommend`, `as`) `{expr}` is a hole " +
      "that shows a value. A brace that is meant as text is written twice there; in every other " +
      "string a brace is just a brace.",
    bad: rule(
      '  severity error\n  match s: kernel.oom_kill\n  explain { summary "pid {s.pid died" }',
    ),
    good: rule(
      '  severity error\n  match s: kernel.oom_kill\n  explain { summary "pid {s.pid} died" }',
    ),
  }),
  TAP1018: entry({
    slug: "empty-hole",
    severity: "error",
    message: (_: object) => "this hole is empty",
    help: () => "write an expression between the braces, or `{{}}` for the braces themselves",
    explanation: "A hole `{expr}` shows the value of its expression, so it needs one.",
    bad: rule('  severity error\n  match s: kernel.oom_kill\n  explain { summary "pid {} died" }'),
    good: rule(
      '  severity error\n  match s: kernel.oom_kill\n  explain { summary "pid {s.pid} died" }',
    ),
  }),
  TAP1019: entry({
    slug: "stray-hole-end",
    severity: "error",
    message: (_: object) => "this `}` closes no hole",
    help: () => "write `}}` for a brace, or add the `{` that is missing",
    explanation:
      "In the texts of an explanation a single `}` ends a hole. One without a `{` before it is " +
      "nearly always a hole that lost its opening brace.",
    bad: rule(
      '  severity error\n  match s: kernel.oom_kill\n  explain { summary "pid s.pid} died" }',
    ),
    good: rule(
      '  severity error\n  match s: kernel.oom_kill\n  explain { summary "pid {s.pid} died" }',
    ),
  }),
  TAP1020: entry({
    slug: "chained-comparison",
    severity: "error",
    message: (p: { operator: string }) =>
      `\`${p.operator}\` compares the result of another comparison`,
    help: () => "join two comparisons with `and`, or use parentheses",
    explanation:
      "`a < b < c` would compare a truth value with `c`. Two comparisons are written `a < b " +
      "and b < c`.",
    bad: rule("  severity error\n  match s: kernel.oom_kill where 1 < s.order < 9"),
    good: rule("  severity error\n  match s: kernel.oom_kill where 1 < s.order and s.order < 9"),
  }),
  TAP1021: entry({
    slug: "bad-code-point",
    severity: "error",
    message: (p: { escape: string }) => `\`${p.escape}\` is not a Unicode character`,
    help: () => "write one to six hexadecimal digits, at most `10FFFF` and not a surrogate",
    explanation:
      "`\\u{…}` names a Unicode character by its number: `\\u{e9}` is é. Surrogates (D800 to " +
      "DFFF) are halves of characters and stand for nothing.",
    bad: rule('  severity error\n  doc "\\u{110000}"\n  match s: kernel.oom_kill'),
    good: rule('  severity error\n  doc "\\u{e9}"\n  match s: kernel.oom_kill'),
  }),
  TAP1022: entry({
    slug: "too-many-errors",
    severity: "error",
    message: (p: { limit: number }) =>
      `more than ${p.limit} syntax errors: the rest of the file was not read`,
    help: () => "correct the first errors and try again; is this a tapio file?",
    explanation:
      "After many errors the remaining ones say little. The reader stops, so that a file of " +
      "another kind costs nothing.",
    bad: `module examples.syntax\n${"rule {\n}\n".repeat(250)}`,
    good: "module examples.syntax\n",
  }),
  TAP1023: entry({
    slug: "expression-too-deep",
    severity: "error",
    message: (p: { limit: number }) => `this expression is more than ${p.limit} operations deep`,
    help: () => "write long `or` chains as `x in [a, b, …]`, or name parts with `let`",
    explanation:
      "A chain such as `a or b or c` is one level deep per operand. The limit keeps every " +
      "later step of the compiler within its means.",
    bad: rule(`  severity error\n  match s: kernel.oom_kill where ${"true or ".repeat(1500)}true`),
    good: rule(`  severity error\n  match s: kernel.oom_kill where ${"true or ".repeat(100)}true`),
  }),
};
