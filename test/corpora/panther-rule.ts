/**
 * A Panther correlation rule as Tapio rules. Each of its parts (the outputs of a rule of another
 * kind) is an event kind, with the fields it is joined by.
 *
 *     Group                          all of by … within W { … }, and the same as a window:
 *       MinMatchCount n              over e: A | B sliding W by … having count(A) >= n and …
 *       Absence                      … tumbling W … having count(A) >= 1 and count(B) == 0
 *     Sequence                       sequence by … within W { a: A then b: B }
 *       MinMatchCount n              repeat n..
 *       WithinTimeFrameMinutes t     then within t
 *       MinTimeFrameMinutes t        then after t
 *       Absence, between / at end    without x: X / then no x: X for t
 *     MatchCriteria, Match           by, with each part's own field
 *
 * Panther looks at the events of a fixed time again and again; of a group with an absence that is a
 * tumbling window, decided at its end.
 */
import { exclude } from "./corpus.ts";
import { epochUs, type Sent, source } from "./execution.ts";
import { at, entriesOf, itemsOf, type Yaml } from "./yaml.ts";

export interface Part {
  readonly id: string;
  readonly min: number;
  readonly isAbsent: boolean;
  /** The fields it is joined by, in the order of the criteria. */
  readonly key: readonly string[];
  /** Minutes since the part before. */
  readonly withinMin: number | undefined;
  readonly afterMin: number | undefined;
}

export interface Detection {
  readonly isSequence: boolean;
  readonly parts: readonly Part[];
  readonly lookbackMin: number;
}

export function readDetection(rule: Yaml | undefined): Detection {
  const [detection, more] = itemsOf(at(rule, "Detection"));
  if (detection === undefined || more !== undefined) exclude("not exactly one detection");
  const sequence = at(detection, "Sequence");
  const listed = itemsOf(sequence ?? at(detection, "Group"));
  const lookback = Number(at(detection, "LookbackWindowMinutes"));
  if (listed.length === 0 || !(lookback > 0)) exclude("a detection the adapter does not know");
  const transitions = itemsOf(at(detection, "Transitions"));
  const keys = sequence ? keysOfTransitions(transitions) : keysOfCriteria(detection);
  const parts = listed.map((p): Part => {
    const id = text(p, "ID");
    const before = transitions.find((t) => text(t, "To") === id);
    return {
      id,
      min: Number(at(p, "MinMatchCount") ?? 1),
      isAbsent: at(p, "Absence") === true,
      key: keys.get(id) ?? [],
      withinMin: minutes(before, "WithinTimeFrameMinutes"),
      afterMin: minutes(before, "MinTimeFrameMinutes"),
    };
  });
  if (new Set(parts.map((p) => p.key.length)).size > 1) exclude("parts with keys of their own");
  return { isSequence: sequence !== undefined, parts, lookbackMin: lookback };
}

function text(value: Yaml | undefined, key: string): string {
  const found = at(value, key);
  return found === undefined ? exclude(`no \`${key}\``) : String(found);
}

function minutes(value: Yaml | undefined, key: string): number | undefined {
  const found = at(value, key);
  return found === undefined ? undefined : Number(found);
}

function keysOfCriteria(detection: Yaml): Map<string, string[]> {
  const out = new Map<string, string[]>();
  for (const [, criterion] of entriesOf(at(detection, "MatchCriteria"))) {
    for (const c of itemsOf(criterion)) {
      const id = text(c, "GroupID");
      out.set(id, [...(out.get(id) ?? []), text(c, "Match")]);
    }
  }
  return out;
}

/** One key for all steps: what a step is joined by to the next is what it was joined by before. */
function keysOfTransitions(transitions: readonly Yaml[]): Map<string, string[]> {
  const out = new Map<string, string[]>();
  const set = (id: string, key: string[]) => {
    const known = out.get(id);
    if (known && JSON.stringify(known) !== JSON.stringify(key)) exclude("a key that changes");
    out.set(id, key);
  };
  for (const t of transitions) {
    const matches = itemsOf(at(t, "Match"));
    const field = (m: Yaml, side: string) => String(at(m, "On") ?? text(m, side));
    set(
      text(t, "From"),
      matches.map((m) => field(m, "From")),
    );
    set(
      text(t, "To"),
      matches.map((m) => field(m, "To")),
    );
  }
  return out;
}

/** Every way to say it; all of them must give the same answer. */
export function pantherRules(detection: Detection): string[] {
  const { parts } = detection;
  if (parts.every((p) => p.isAbsent)) exclude("nothing but absences");
  if (detection.isSequence) return [sequenceText(detection)];
  if (parts.some((p) => p.isAbsent)) return [windowText(detection, "tumbling")];
  const window = windowText(detection, "sliding");
  return parts.every((p) => p.min === 1) ? [allText(detection), window] : [window];
}

function head({ parts }: Detection, pattern: string): string {
  const kinds = parts.map((p, i) => {
    const fields = p.key.map((_, k) => `k${k}: string(512)?`).join(" ");
    return `event panther.p${i} from corpus { one: int part: int ${fields} }`;
  });
  return `module corpus.panther\n${source}\n${kinds.join("\n")}\nrule r {\n  match ${pattern}\n}\n`;
}

function keyText(name: string, { key }: Part): string {
  return key.length === 0 ? `${name}.one` : key.map((_, k) => `${name}.k${k}`).join(", ");
}

function stepText(name: string, part: Part, i: number): string {
  return `${name}: panther.p${i} by ${keyText(name, part)}`;
}

function allText(detection: Detection): string {
  const steps = detection.parts.map((p, i) => stepText(`s${i}`, p, i));
  return head(
    detection,
    `all of within ${detection.lookbackMin}m {\n    ${steps.join("\n    ")}\n  }`,
  );
}

function windowText(detection: Detection, kind: "sliding" | "tumbling"): string {
  const { parts, lookbackMin } = detection;
  const [first] = parts;
  const union = parts.map((_, i) => `panther.p${i}`).join(" | ");
  const tests = parts.map((p, i) => {
    const count = `count(e.part == ${i})`;
    return p.isAbsent ? `${count} == 0` : `${count} >= ${p.min}`;
  });
  const by = first ? keyText("e", first) : "e.one";
  return head(
    detection,
    `over e: ${union} ${kind} ${lookbackMin}m by ${by}\n    having ${tests.join(" and ")}`,
  );
}

function sequenceText(detection: Detection): string {
  const { parts, lookbackMin } = detection;
  if (parts[0]?.isAbsent) exclude("an absence before everything else");
  const lines = parts.map((p, i) => {
    const name = `s${i}`;
    const step = stepText(name, p, i);
    const withinMin = p.withinMin === undefined ? undefined : Math.min(p.withinMin, lookbackMin);
    if (p.isAbsent && i === parts.length - 1)
      return `then no ${step} for ${withinMin ?? lookbackMin}m`;
    if (p.isAbsent) return `without ${step}`;
    if (p.afterMin !== undefined && i > 0)
      return `then after ${p.afterMin}m..${withinMin ?? lookbackMin}m ${step}${repeat(p)}`;
    const gap = withinMin === undefined ? "" : `within ${withinMin}m `;
    return `${i === 0 ? "" : `then ${gap}`}${step}${repeat(p)}`;
  });
  return head(
    detection,
    `sequence within ${lookbackMin}m partials 4000 {\n    ${lines.join("\n    ")}\n  }`,
  );
}

function repeat({ min }: Part): string {
  return min > 1 ? ` repeat ${min}.. keep 64` : "";
}

/**
 * The events of one test: what each part put out, and when. The first comes when a tumbling window
 * begins, so that what is within the time looked back is in one window.
 */
export function pantherEvents(test: Yaml, { parts, lookbackMin }: Detection): Sent[] {
  const out = itemsOf(at(test, "RuleOutputs")).flatMap((output) => {
    const id = text(output, "ID");
    const i = parts.findIndex((p) => p.id === id);
    const part = parts[i] ?? exclude("an output of a part that the rule does not have");
    return outputs(at(output, "Matches"), part).map(({ min, key }) => ({
      kind: `panther.p${i}`,
      atMin: min,
      fields: {
        one: 1,
        part: i,
        ...Object.fromEntries(key.map((value, k) => [`k${k}`, value])),
      },
    }));
  });
  const start = Math.min(...out.map((e) => e.atMin));
  const windowUs = lookbackMin * 6e7;
  const beginUs = windowUs - (epochUs % windowUs);
  return out
    .map(({ atMin, ...event }) => ({ ...event, atUs: beginUs + Math.round((atMin - start) * 6e7) }))
    .sort((a, b) => a.atUs - b.atUs);
}

interface Output {
  readonly min: number;
  readonly key: readonly (string | undefined)[];
}

/** Of several fields, what they say of the same time belongs to one event. */
function outputs(matches: Yaml | undefined, { key }: Part): Output[] {
  const listed = entriesOf(matches).flatMap(([field, values]) =>
    entriesOf(values).flatMap(([value, times]) =>
      itemsOf(times).map((time) => ({ field, value, min: minuteOf(time) })),
    ),
  );
  if (listed.length === 0) exclude("an output without a time");
  const fields = [...new Set(listed.map((l) => l.field))];
  if (key.length > 0 && fields.some((f) => !key.includes(f)))
    exclude("an output in a field that the rule does not join by");
  if (fields.length <= 1)
    return listed.map((l) => ({
      min: l.min,
      key: key.map((f) => (f === l.field ? l.value : undefined)),
    }));
  return [...new Set(listed.map((l) => l.min))].map((min) => {
    const now = listed.filter((l) => l.min === min);
    if (now.length > fields.length) exclude("several events of one time in several fields");
    return { min, key: key.map((f) => now.find((l) => l.field === f)?.value) };
  });
}

/** A number counts minutes, a text is a point in time. */
function minuteOf(time: Yaml): number {
  const minute = typeof time === "number" ? time : Date.parse(String(time)) / 60_000;
  return Number.isFinite(minute) ? minute : exclude("a time the adapter does not know");
}
