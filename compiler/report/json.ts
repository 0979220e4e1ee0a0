/** Diagnostics for machines. Lines and columns count from 1; offsets are UTF-16 code units. */
import { type Diagnostic, findEntry, type Span } from "#grammar";
import { Places } from "./lines.ts";

export function jsonReport(
  diagnostics: readonly Diagnostic[],
  dropped: number,
  textOf: (file: string) => string | undefined,
): string {
  const places = new Places(textOf);
  const place = (at: Span) => ({ ...places.of(at), start: at.start, end: at.end });
  const items = diagnostics.map((d) => ({
    code: d.code,
    slug: findEntry(d.code)?.slug,
    severity: d.severity,
    message: d.message,
    ...place(d.at),
    labels: d.labels.map((l) => ({ ...place(l.at), text: l.text })),
    notes: d.notes,
    help: d.help,
    fixes: d.fixes.map((f) => ({
      title: f.title,
      kind: f.kind,
      edits: f.edits.map((e) => ({ ...place(e.at), newText: e.newText })),
    })),
  }));
  return `${JSON.stringify({ version: 1, diagnostics: items, dropped }, null, 2)}\n`;
}
