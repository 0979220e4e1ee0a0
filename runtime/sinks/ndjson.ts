/** Findings for machines: one JSON object a line; `format` is the version of this form. */
import type { Finding } from "#core";

export function findingLine(finding: Finding): string {
  return `${JSON.stringify({ format: 1, ...finding })}\n`;
}
