/**
 * Where the parser can take up again after an error: for each loop of the grammar, the words that
 * start one of its items.
 */
import type { TokenType } from "chevrotain";
import { At, type Keyword, keyword } from "./tokens.ts";

export interface StartSet {
  /** What the loop repeats, in the user's words. */
  readonly what: string;
  readonly words: readonly Keyword[];
  readonly types: ReadonlySet<TokenType>;
  /** Items start with `word:`. */
  readonly hasLabels: boolean;
}

function startSet(what: string, words: readonly Keyword[], hasLabels = false): StartSet {
  return { what, words, types: new Set(words.map((word) => keyword[word])), hasLabels };
}

const declarationWords = [
  "derive",
  "entity",
  "event",
  "import",
  "let",
  "list",
  "override",
  "param",
  "pattern",
  "pub",
  "relation",
  "rule",
  "source",
  "template",
  "test",
] as const;
const declarations: StartSet = {
  ...startSet("a declaration such as `rule` or `event`", declarationWords),
  types: new Set([...declarationWords.map((word) => keyword[word]), At]),
};

const lifecycleWords = ["resolve", "rate", "subsumes", "suppress", "rollout"] as const;

export const startSets = {
  declarations,
  module: startSet("`module`", ["module"]),
  nothing: startSet("nothing more", []),
  sourceAttrs: startSet("an attribute of the source, such as `lateness`", [
    "granularity",
    "idle",
    "lateness",
    "lossy",
    "rank",
  ]),
  fields: startSet("a name followed by `:`", [], true),
  ruleItems: startSet("a clause such as `match` or `explain`", [
    "allow",
    "doc",
    "emit",
    "except",
    "explain",
    "keys",
    "labels",
    "let",
    "match",
    "mitre",
    "on",
    "owner",
    "runbook",
    "select",
    "severity",
    "skip",
    ...lifecycleWords,
  ]),
  overrideItems: startSet("`set`, `except` or a clause such as `suppress`", [
    "allow",
    "except",
    "set",
    ...lifecycleWords,
  ]),
  steps: startSet("a step such as `then name: event`", ["optional", "then", "without"], true),
  explainLines: startSet("a line such as `root` or `summary`", [
    "because",
    "chain",
    "confidence",
    "evidence",
    "impact",
    "recommend",
    "root",
    "summary",
  ]),
  rolloutLines: startSet("`replaces`, `shadow`, `canary` or `abort`", [
    "abort",
    "canary",
    "replaces",
    "shadow",
  ]),
  testItems: startSet("`given`, `expect` or `replay`", ["expect", "given", "replay"]),
  givenLines: startSet("`entity`, `relate`, `at`, `source` or `advance`", [
    "advance",
    "at",
    "entity",
    "relate",
    "source",
  ]),
  expectLines: startSet("`finding`, `no finding`, `near_miss` or `resolved`", [
    "finding",
    "near_miss",
    "no",
    "resolved",
  ]),
} as const;
