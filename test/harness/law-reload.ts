/**
 * Pairs of versions of a rule, for the law on reloads, with traces for both. Half of the pairs have
 * nothing in common, so that the old one drains; of the others the new one is the old one with one
 * change, which its state may serve. Those are without what depends on earlier matches, so that
 * what is found behind a reload does not depend on what was told before it.
 */
import fc from "fast-check";
import type { CoreUnit, Trace } from "#core";
import { allRule, roomyAll } from "./law-all.ts";
import { formsStory, traceOf as formsTrace, formsUnitOf, silenceUnit } from "./law-forms.ts";
import { type Clock, clocks, compileCase, traceFrom, traceOf } from "./law-sequences.ts";
import { windowsStory, windowsTrace, windowsUnit, windowsUnitOf } from "./law-windows.ts";

export interface ReloadPair {
  readonly before: string;
  readonly after: string;
  /** Undefined: they have nothing in common. */
  readonly change: string | undefined;
  readonly unitOf: (text: string) => CoreUnit;
  /** Of a compiled version, whose schema is that of the other one, too. */
  readonly traces: (unit: CoreUnit) => readonly Trace[];
}

/** Traces of each pair. */
const many = 6;

/** One edit of a rule's text. */
type Edit = readonly [change: string, edit: (text: string) => string];

interface Form<S> {
  readonly rules: fc.Arbitrary<string>;
  /** A rule as one that can be changed and compared. */
  readonly plain: (text: string) => string;
  readonly edits: readonly Edit[];
  readonly unitOf: (text: string) => CoreUnit;
  readonly stories: fc.Arbitrary<S>;
  readonly traceOf: (unit: CoreUnit, story: S) => Trace;
}

function pairsOf<S>({ rules, plain, edits, unitOf, stories, traceOf }: Form<S>) {
  const unlike = fc
    .tuple(rules, rules)
    .map(([before, after]) => ({ before, after, change: undefined }));
  const changed = fc.tuple(rules, fc.constantFrom(...edits)).map(([text, [change, edit]]) => {
    const before = plain(text);
    return { before, after: edit(before), change };
  });
  return fc
    .tuple(
      fc.oneof({ weight: 1, arbitrary: unlike }, { weight: 2, arbitrary: changed }),
      fc.array(stories, { minLength: many, maxLength: many }),
    )
    .map(
      ([pair, told]): ReloadPair => ({
        ...pair,
        after: pair.after.replace(/rule (r|one) \{/, "rule $1 version 2 {"),
        unitOf,
        traces: (unit) => told.map((story) => traceOf(unit, story)),
      }),
    );
}

/** The text without the lines of its rule that begin so. */
function without(text: string, words: string): string {
  return text.replace(new RegExp(`^ *(${words})\\b.*\\n`, "gm"), "");
}

/** The text with a line before that of the explanation. */
function withLine(text: string, line: string): string {
  return text.replace(/^ *explain \{/m, `  ${line}\n$&`);
}

const replace =
  (what: RegExp, by: string) =>
  (text: string): string =>
    text.replace(what, by);

const policies = "suppress|rate|resolve|except";

const lifecycleEdits: readonly Edit[] = [
  ["except", (text) => withLine(text, 'except "known" when entity.pod == "p2"')],
  ["resolve", (text) => withLine(text, "resolve after 2s quiet")],
];

/** With `on … …` in place of what is said of it. */
function withSilence(text: string, line: string): string {
  return withLine(without(text, line.split(" ").slice(0, 2).join(" ")), line);
}

const silenceEdits: readonly Edit[] = ["hold", "drop", "flag"].flatMap((is): Edit[] => [
  ["on loss", (text) => withSilence(text, `on loss ${is}`)],
  ["on idle", (text) => withSilence(text, `on idle ${is}`)],
]);

// ---------- windows ----------

const stricter = (_: string, name: string, cmp: string, n: string) =>
  `${name} ${cmp} ${cmp.startsWith("<") ? Math.max(0, Number(n) - 1) : Number(n) + 1}`;
const laxer = (_: string, name: string, cmp: string, n: string) =>
  `${name} ${cmp} ${cmp.startsWith("<") ? Number(n) + 1 : Math.max(0, Number(n) - 1)}`;

/** The last comparison of an aggregate with a number. */
const threshold = /(having .*\)) (>=|>|<=|<) (\d)(?![\d.a-zA-Z%])/;

const windowEdits: readonly Edit[] = [
  ["threshold more", (text) => text.replace(threshold, stricter)],
  ["threshold more", (text) => text.replace(threshold, stricter).replace(threshold, stricter)],
  ["threshold less", (text) => text.replace(threshold, laxer)],
  ["threshold less", (text) => text.replace(threshold, laxer).replace(threshold, laxer)],
  ["shorter", replace(/(sliding|tumbling|hop) \w+/, "$1 3s")],
  ["shorter", replace(/(sliding|tumbling|hop) \w+/, "$1 2s")],
  ["longer", replace(/(sliding|tumbling|hop) \w+/, "$1 6s")],
  ["longer", replace(/(session gap) \w+/, "$1 2500ms")],
  ["resolution", replace(/resolution \w+/, "resolution 500ms")],
  ["close", (text) => withLine(without(text, "emit"), "emit close")],
  ["condition", replace(/over p: [^\n]*?(?= (sliding|tumbling|hop|session))/, "over p: t.a")],
  ["key", replace(/ by [a-z, ]+ having/, " by x having")],
];

const slidingRules = windowsUnit.filter((text) => / sliding .* having/.test(text));
const otherRules = windowsUnit.filter((text) => !/ sliding .* having/.test(text));

/** Half of them slide; the rule over findings is a rule of its own. */
const windowRules = fc
  .oneof(slidingRules, otherRules)
  .map((text) => text.replace(/rule over_findings[\s\S]*/, ""));

const isSilent = (text: string) => /(tumbling|hop) .* having/.test(text);

const plainly = ["count() >= 2", "distinct(p.x) >= 2", "sum(p.k) >= 3", "count() >= 3"];

/**
 * Without a past; most with a condition that can be kept up in little, and without what
 * only texts ask of the window. Which, follows from the text, so that it is the same again.
 */
function asksLittle(text: string): string {
  const known = text.replace(/ \{zscore\(.*\)\} (?=\{duration)/, " ");
  if (text.length % 4 === 0) return known;
  return without(known, "emit close")
    .replace(/having .*/, `having ${plainly[text.length % plainly.length]}`)
    .replace(/summary ".*"/, 'summary "{count(p)} {p.x ?? -1}"')
    .replace(/ plus 0.2 when count.*? (?=minus)/, " ");
}

export const windowPairs: fc.Arbitrary<ReloadPair> = pairsOf({
  rules: windowRules,
  plain: (text) => asksLittle(without(text, policies)),
  edits: [
    ...windowEdits,
    ...windowEdits.filter(([change]) => /threshold|longer|shorter/.test(change)),
    ...lifecycleEdits,
    ["on loss", (text) => (isSilent(text) ? withSilence(text, "on loss hold") : text)],
    ["on idle", (text) => (isSilent(text) ? withSilence(text, "on idle drop") : text)],
  ],
  unitOf: windowsUnitOf,
  stories: windowsStory,
  traceOf: ({ schema }, story) => windowsTrace(schema, story),
});

// ---------- all of ----------

const addUntil = (end: string, until: string | undefined) =>
  until ? end : `${end} until m: t.a where m.x == 1`;

const allEdits: readonly Edit[] = [
  ["shorter", replace(/within \w+/, "within 3us")],
  ["longer", replace(/within \w+/, "within 20us")],
  ["longer", replace(/within \w+/, "within 9us")],
  ["needs other", replace(/match (all|any|2) of/, "match any of")],
  ["needs other", replace(/match (all|any|2) of/, "match all of")],
  ["until", (text) => text.replace(/\n {2}\}( until.*)?/, addUntil)],
  ["until gone", replace(/ until .*/, "")],
  ["partials", replace(/partials \d+/, "partials 60")],
  ["select", replace(/^ *select .*\n/m, "")],
  ["condition", replace(/p: .*/, "p: t.a | t.f where p.x >= 1")],
  ["slack", replace(/within (\w+)( slack \w+)?/, "within $1 slack 1us")],
];

export const allPairs: fc.Arbitrary<ReloadPair> = fc
  .constantFrom(...(Object.keys(clocks) as Clock[]))
  .chain((clock) =>
    pairsOf({
      // What a change adds is under the one key of the rule.
      rules: allRule(clock, roomyAll).filter((text) => text.includes(" of by ")),
      plain: (text) => withLine(without(text, `${policies}|skip`), "skip none"),
      edits: allEdits,
      unitOf: (text) => compileCase(text).unit,
      stories: traceOf(clock),
      traceOf: (unit, { events }) => traceFrom(unit, events),
    }),
  );

// ---------- absence ----------

const absenceEdits: readonly Edit[] = [
  ...lifecycleEdits,
  ...silenceEdits,
  ["wait", replace(/ for (\ds)/, " for 3s")],
  ["condition", replace(/absent p: .*? for/, "absent p: t.a where p.x >= 1 for")],
  ["entities", replace(/ for each .*/, ' for each pod where entity.node == "n2"')],
  ["entities", replace(/ for each .*/, "")],
];

export const absencePairs: fc.Arbitrary<ReloadPair> = pairsOf({
  rules: silenceUnit.map((text) => text.replace(/keys max \d+/, "keys max 64")),
  plain: (text) => text,
  edits: absenceEdits,
  unitOf: formsUnitOf,
  stories: formsStory,
  traceOf: ({ schema }, story) => formsTrace(schema, story),
});
