/**
 * Diagnostics for people, in the style of rustc:
 *
 *     error[TAP2003]: event `kernel.oom_kill` has no field `rssBytes`
 *       --> rules/oom.tapio:3:36
 *        |
 *      3 |   match e: kernel.oom_kill where e.rssBytes > 1MiB
 *        |                                    ^^^^^^^^
 *        = help: use a declared field
 */
import type { Diagnostic, Span } from "#grammar";
import { LineIndex } from "./lines.ts";

/** Colours as functions, so that this file knows no terminal. */
export interface Paint {
  red(s: string): string;
  yellow(s: string): string;
  blue(s: string): string;
  bold(s: string): string;
}

export const plain: Paint = { red: (s) => s, yellow: (s) => s, blue: (s) => s, bold: (s) => s };

/** Long lines are shown around the place; machines write lines of any length. */
const shownColumns = 120;

export class PrettyReporter {
  readonly #paint: Paint;
  readonly #textOf: (file: string) => string | undefined;
  readonly #lines = new Map<string, LineIndex>();

  constructor(textOf: (file: string) => string | undefined, paint: Paint = plain) {
    this.#textOf = textOf;
    this.#paint = paint;
  }

  render(d: Diagnostic): string {
    return this.show(`${d.severity}[${d.code}]`, d);
  }

  /** The same for what has no code, such as a failed test, under a title of its own. */
  show(title: string, d: Omit<Diagnostic, "code">): string {
    const colour =
      d.severity === "error"
        ? this.#paint.red
        : d.severity === "warning"
          ? this.#paint.yellow
          : this.#paint.blue;
    const out = [
      `${colour(this.#paint.bold(title))}${this.#paint.bold(`: ${visible(d.message)}`)}`,
    ];
    out.push(...this.#snippet(d.at, "^", colour, "-->"));
    for (const label of d.labels) {
      out.push(...this.#snippet(label.at, "-", this.#paint.blue, ":::", visible(label.text)));
    }
    const mark = this.#paint.blue("   =");
    for (const note of d.notes) out.push(`${mark} note: ${visible(note)}`);
    if (d.help !== undefined) out.push(`${mark} help: ${visible(d.help)}`);
    for (const fix of d.fixes) out.push(`${mark} fix: ${visible(fix.title)}`);
    return `${out.join("\n")}\n`;
  }

  #index(file: string): LineIndex {
    const known = this.#lines.get(file);
    if (known) return known;
    const made = new LineIndex(this.#textOf(file) ?? "");
    this.#lines.set(file, made);
    return made;
  }

  #snippet(
    at: Span,
    mark: string,
    colour: (s: string) => string,
    arrow: string,
    text = "",
  ): string[] {
    const index = this.#index(at.file);
    const start = index.position(at.start);
    const end = index.position(Math.max(at.start, at.end));
    const number = String(start.line);
    const bar = this.#paint.blue(`${" ".repeat(number.length)} |`);
    const { line, column } = shown(index.line(start.line), start.column);
    const width =
      start.line === end.line
        ? Math.max(1, end.column - start.column)
        : Math.max(1, [...line].length - column + 1);
    const carets = mark.repeat(Math.min(width, shownColumns));
    return [
      `${" ".repeat(number.length)}${this.#paint.blue(arrow)} ${visible(at.file)}:${start.line}:${start.column}`,
      bar,
      `${this.#paint.blue(`${number} |`)} ${line}`,
      `${bar} ${" ".repeat(column - 1)}${colour(carets)}${text === "" ? "" : ` ${colour(text)}`}`,
    ];
  }
}

/** Tabs as spaces, control characters as dots, and of a long line the part around `column`. */
function shown(raw: string, column: number): { line: string; column: number } {
  const chars = [...raw].map((c) => (c === "\t" ? " " : c < " " || c === "\u007f" ? "·" : c));
  if (chars.length <= shownColumns) return { line: chars.join(""), column };
  const from = Math.max(0, column - 1 - shownColumns / 2);
  const part = chars.slice(from, from + shownColumns).join("");
  const prefix = from > 0 ? "…" : "";
  return { line: `${prefix}${part}…`, column: column - from + prefix.length };
}

/** User text in messages may hold anything; the terminal must not obey it. */
export function visible(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f]/g, "·");
}

/** `2 errors, 1 warning`. */
export function countLine(diagnostics: readonly Diagnostic[], dropped: number): string {
  const count = (severity: string) => diagnostics.filter((d) => d.severity === severity).length;
  const some = (n: number, what: string) => (n === 0 ? [] : [`${n} ${what}${n === 1 ? "" : "s"}`]);
  const parts = [
    ...some(count("error"), "error"),
    ...some(count("warning"), "warning"),
    ...some(count("hint"), "hint"),
  ];
  if (dropped > 0) parts.push(`${dropped} more not shown`);
  return parts.join(", ");
}
