/** The answer of `tapio why-not` as text. */
import {
  type Answer,
  formatDuration,
  formatTime,
  type ToldAtom,
  type ToldCandidate,
  type ToldEvent,
  type ToldKey,
  type ToldMiss,
} from "#core";

const label = (name: string) => `  ${name.padEnd(9)}`;

/** `everywhere`: where it was looked when no time was asked for, "in the recording". */
export function renderAnswer(answer: Answer, everywhere: string): string {
  const { rule, around, findings, withheld, misses, givenUp, lacking } = answer;
  const where = around
    ? ` between ${formatTime(around.from)} and ${formatTime(around.to)}`
    : ` ${everywhere}`;
  const head = findings.length > 0 ? `${rule} fired${where}` : `${rule} did not fire${where}`;
  const blocks = [
    head,
    ...findings.map(
      (f) => `finding ${f.id} at ${formatTime(f.at)}${ofKey(f.key)}\n${label("what")}${f.summary}`,
    ),
    ...withheld.map(
      (w) =>
        `${w.cause}: finding ${w.id} at ${formatTime(w.at)}${ofKey(w.key)}\n${label("why")}${w.why}`,
    ),
    ...misses.map(missText),
    ...givenUp.map((g) => `given up${ofKey(g.key)}\n${label("why")}${g.why}`),
  ];
  const hasNothing = findings.length + withheld.length + misses.length + givenUp.length === 0;
  const notes = hasNothing && lacking.length === 0 ? ["no event there began a match"] : lacking;
  return `${clean([...blocks, ...notes].join("\n\n"))}\n`;
}

function missText(miss: ToldMiss): string {
  const lines = [
    `${miss.cause}${reachedText(miss)}${ofKey(miss.key)}`,
    ...miss.events.map((e) => `${label("had")}${eventText(e)}`),
    `${label("why")}${miss.why}`,
    ...(miss.by?.atoms ?? []).map((a) => `${label("")}  ${atomText(a)}`),
    ...miss.having.map((a) => `${label("test")}${atomText(a)}`),
    ...miss.candidates.flatMap(candidateLines),
  ];
  if (miss.wouldMatch !== "") lines.push(`${label("needed")}${miss.wouldMatch}`);
  return lines.join("\n");
}

/** Steps or events; an absence counts neither. */
function reachedText({ reached, of, having }: ToldMiss): string {
  if (of !== undefined) return `: reached ${reached} of ${of} ${of === 1 ? "step" : "steps"}`;
  return having.length > 0 ? `: reached ${reached} ${reached === 1 ? "event" : "events"}` : "";
}

function candidateLines(c: ToldCandidate): string[] {
  const when =
    c.overshootUs === 0
      ? ""
      : `, ${formatDuration(c.overshootUs)} too ${c.isEarly ? "early" : "late"}`;
  const between = c.between ? `, with ${c.between.event} in between` : "";
  return [
    `${label("met")}${eventText(c)}${when}${between}`,
    ...c.atoms.map((a) => `${label("")}  ${atomText(a)}`),
  ];
}

function eventText({ step, event, ts }: ToldEvent): string {
  return `${formatTime(ts)} ${step} ${event}`;
}

/** "b.exit_code == 0: false, it was 137". */
function atomText({ text, holds, values }: ToldAtom): string {
  const verdict = holds === null ? "unknown" : String(holds);
  const [only, ...others] = values;
  if (holds === true || !only) return `${text}: ${verdict}`;
  if (others.length === 0) return `${text}: ${verdict}, it was ${only[1]}`;
  return `${text}: ${verdict}, ${values.map(([name, value]) => `${name} was ${value}`).join(", ")}`;
}

function ofKey(key: ToldKey): string {
  return key.length === 0 ? "" : ` (${key.map(([name, value]) => `${name}=${value}`).join(", ")})`;
}

/** Event data may hold anything; the terminal must not obey it. */
function clean(text: string): string {
  return text.replace(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/g, "·");
}
