/**
 * A finding for a person who has just been woken up: what, why, the story with times, what to do.
 */
import { type Finding, formatDuration, formatTime } from "#core";

export interface Paint {
  bold(s: string): string;
  dim(s: string): string;
  red(s: string): string;
  yellow(s: string): string;
  cyan(s: string): string;
}

const label = (name: string) => `  ${name.padEnd(9)}`;
const shownFields = 9;
const shownText = 100;

/** The finding as text, without a trailing blank line; of one that is over only that. */
export function renderFinding(f: Finding, paint: Paint): string {
  if (f.state === "resolved" || f.state === "retracted") return renderEnd(f, paint);
  const level = f.severity.toUpperCase();
  const badge =
    f.severity === "info"
      ? paint.cyan(level)
      : f.severity === "warning"
        ? paint.yellow(level)
        : paint.red(level);
  const lines = [
    `${paint.bold("●")} ${paint.bold(badge)}  ${paint.bold(clean(title(f)))}  ${paint.dim(`confidence ${f.confidence.toFixed(2)}${revisionText(f)}`)}`,
    paint.dim(
      `${label("rule")}${f.module}.${f.rule} version ${f.version}, bundle ${f.bundle.slice(0, 12) || "none"}, finding ${f.id}`,
    ),
    `${label("when")}${formatTime(f.at)}`,
    `${label("what")}${clean(f.summary)}`,
    `${label("why")}${clean(f.root.as ?? f.title)} ${paint.dim(`(root: ${f.root.step})`)}`,
    ...chainLines(f, paint),
  ];
  const entity = Object.entries(f.entity).map(([kind, key]) => `${kind} ${key}`);
  if (entity.length > 0) lines.push(`${label("affects")}${clean(entity.join(", "))}`);
  const ties = f.dimensions.filter((d) => d.held).map((d) => d.detail);
  if (ties.length > 0) lines.push(paint.dim(`${label("ties")}${clean(ties.join("; "))}`));
  for (const [name, value] of f.facts) lines.push(`${label("fact")}${name} = ${clean(value)}`);
  for (const text of f.recommendations) lines.push(`${label("do")}${paint.bold(clean(text))}`);
  if (f.runbook) lines.push(`${label("read")}${clean(f.runbook)}`);
  if (f.owner) lines.push(`${label("owner")}${clean(f.owner)}`);
  for (const reason of f.degraded) lines.push(paint.yellow(`${label("degraded")}${clean(reason)}`));
  return lines.join("\n");
}

function renderEnd(f: Finding, paint: Paint): string {
  const isOver = f.state === "resolved";
  const what = isOver ? "RESOLVED" : "RETRACTED";
  const lines = [
    `○ ${paint.bold(isOver ? paint.cyan(what) : paint.yellow(what))}  ${clean(title(f))}`,
    paint.dim(`${label("rule")}${f.module}.${f.rule} version ${f.version}, finding ${f.id}`),
    `${label("when")}${formatTime(f.at)}${isOver ? `, over at ${formatTime(f.resolvedAt ?? f.at)}` : ""}`,
  ];
  if (!isOver)
    lines.push(
      `${label("why")}what came later shows that it did not happen so, or is not to be told`,
    );
  return lines.join("\n");
}

function revisionText(f: Finding): string {
  const texts = [
    ...(f.isProvisional ? ["provisional"] : []),
    ...(f.revision > 0 ? [`revision ${f.revision}`] : []),
    ...(f.parent === undefined ? [] : [`part of ${f.parent}`]),
  ];
  return texts.map((t) => `, ${t}`).join("");
}

function title(f: Finding): string {
  return f.doc ?? f.title;
}

function chainLines(f: Finding, paint: Paint): string[] {
  const start = f.chain[0]?.ts ?? f.at;
  return f.chain.flatMap((link, i) => {
    const time =
      i === 0 ? formatTime(link.ts).slice(11, 26) : `+${formatDuration(link.ts - start)}`;
    const head = i === 0 ? label("chain") : label("");
    const count = link.count > 1 ? ` ×${link.count}` : "";
    const evidence = f.evidence.find((e) => e.step === link.step);
    const why = link.because ? paint.dim(` ← ${clean(link.because)}`) : "";
    const lines = [
      `${head}${time.padEnd(15)} ${paint.bold(link.step)}${count} ${evidence?.event ?? ""}${why}`,
    ];
    if (evidence)
      lines.push(paint.dim(`${label("")}${" ".repeat(16)}${fieldText(evidence.fields)}`));
    return lines;
  });
}

function fieldText(fields: readonly (readonly [string, string])[]): string {
  const shown = fields
    .slice(0, shownFields)
    .map(([name, value]) => `${name}=${clip(clean(value))}`);
  return shown.join(" ");
}

function clip(text: string): string {
  return text.length > shownText ? `${text.slice(0, shownText)}…` : text;
}

/** Event data may hold anything; the terminal must not obey it. */
function clean(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f]/g, "·");
}
