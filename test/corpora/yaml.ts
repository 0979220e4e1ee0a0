/**
 * Reads the part of YAML that rules of other systems are written in: block mappings and lists,
 * flow lists, plain and quoted texts on one or several lines, block texts, comments, several
 * documents. Anchors, tags and flow mappings with content are not read.
 */
import { exclude } from "./corpus.ts";

export type Yaml = string | number | boolean | null | readonly Yaml[] | YamlMap;
export interface YamlMap {
  readonly [key: string]: Yaml;
}

export function readYaml(text: string): Yaml[] {
  return text
    .split(/^---\s*$/m)
    .filter((document) => document.split("\n").some((line) => !isBlank(line)))
    .map((document) => new Reader(document).value(0));
}

/** The entries of a mapping; none for everything else. */
export function entriesOf(value: Yaml | undefined): readonly (readonly [string, Yaml])[] {
  return isMap(value) ? Object.entries(value) : [];
}

export function at(value: Yaml | undefined, key: string): Yaml | undefined {
  return isMap(value) && Object.hasOwn(value, key) ? value[key] : undefined;
}

/** The items of a list; a single value counts as a list of one, nothing as an empty one. */
export function itemsOf(value: Yaml | undefined): readonly Yaml[] {
  if (value === undefined || value === null) return [];
  return Array.isArray(value) ? value : [value as Yaml];
}

function isMap(value: Yaml | undefined): value is YamlMap {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

interface Line {
  readonly indent: number;
  readonly text: string;
}

function isBlank(line: string): boolean {
  return /^\s*(#.*)?$/.test(line);
}

/** A key is quoted, or plain up to a colon that a space or the end follows. */
const keyed =
  /^("(?:[^"\\]|\\.)*"|'(?:[^']|'')*'|[^\s#"'[{-][^#]*?|-[^\s#][^#]*?)\s*:(?:\s+(.*))?$/;

class Reader {
  readonly #lines: Line[];
  #at = 0;

  constructor(text: string) {
    this.#lines = text.split("\n").map((line) => ({
      indent: line.length - line.trimStart().length,
      text: line.trim(),
    }));
  }

  /** The value whose lines are indented by `indent` or more. */
  value(indent: number): Yaml {
    const line = this.#peek();
    if (!line || line.indent < indent) return null;
    if (/^-(\s|$)/.test(line.text)) return this.#list(line.indent);
    if (keyed.test(line.text)) return this.#map(line.indent);
    this.#at++;
    return scalar(this.#continued(line.text, indent - 1));
  }

  #peek(): Line | undefined {
    while (this.#at < this.#lines.length && isBlank(this.#lines[this.#at]?.text ?? "")) this.#at++;
    return this.#lines[this.#at];
  }

  #list(indent: number): Yaml[] {
    const out: Yaml[] = [];
    for (;;) {
      const line = this.#peek();
      if (!line || line.indent !== indent || !/^-(\s|$)/.test(line.text)) return out;
      const rest = line.text.slice(1).trimStart();
      const inner = indent + line.text.length - rest.length;
      if (rest === "" || rest.startsWith("#")) {
        this.#at++;
        out.push(this.value(indent + 1));
      } else {
        // What stands behind the dash is the first line of a value of its own.
        this.#lines[this.#at] = { indent: inner, text: rest };
        out.push(this.#isBlockText(rest) ? this.#inline(rest, indent) : this.value(inner));
      }
    }
  }

  #map(indent: number): YamlMap {
    const out = new Map<string, Yaml>();
    for (;;) {
      const line = this.#peek();
      const found = line?.indent === indent ? keyed.exec(line.text) : null;
      if (!found) {
        if (line && line.indent > indent) exclude("YAML the adapter does not know");
        return Object.fromEntries(out);
      }
      const key = String(scalar(found[1] ?? "", true));
      const rest = uncommented(found[2] ?? "");
      if (rest === "") {
        this.#at++;
        out.set(key, this.#nested(indent));
      } else out.set(key, this.#inline(rest, indent));
    }
  }

  /** A list may stand as far left as the key it belongs to. */
  #nested(indent: number): Yaml {
    const line = this.#peek();
    if (line?.indent === indent && /^-(\s|$)/.test(line.text)) return this.#list(indent);
    return this.value(indent + 1);
  }

  #isBlockText(text: string): boolean {
    return /^[|>][-+]?\s*(#.*)?$/.test(text);
  }

  #inline(text: string, indent: number): Yaml {
    this.#at++;
    if (!this.#isBlockText(text)) return scalar(this.#continued(text, indent));
    const lines: string[] = [];
    for (; this.#at < this.#lines.length; this.#at++) {
      const line = this.#lines[this.#at];
      if (line?.text !== "" && (line?.indent ?? 0) <= indent) break;
      lines.push(line?.text ?? "");
    }
    return lines.join(text.startsWith("|") ? "\n" : " ").trim();
  }

  /** `text` with the further lines of a value that goes on, indented by more than `indent`. */
  #continued(text: string, indent: number): string {
    let out = uncommented(text);
    for (;;) {
      const line = this.#peek();
      if (!line || line.indent <= indent) return out;
      out += ` ${uncommented(line.text)}`;
      this.#at++;
    }
  }
}

function uncommented(text: string): string {
  const quoted = /^("(?:[^"\\]|\\.)*"|'(?:[^']|'')*')\s*(#.*)?$/.exec(text);
  return quoted?.[1] ?? text.replace(/(^|\s)#.*$/, "").trim();
}

function scalar(text: string, isKey = false): Yaml {
  if (/^"[\s\S]*"$/.test(text)) return unescaped(text.slice(1, -1));
  if (/^'[\s\S]*'$/.test(text)) return text.slice(1, -1).replaceAll("''", "'");
  if (isKey) return text;
  if (/^\[[\s\S]*\]$/.test(text)) return flowItems(text.slice(1, -1));
  if (text === "{}") return {};
  if (/^[{[&*!]/.test(text)) exclude("YAML the adapter does not know");
  if (/^(true|false)$/i.test(text)) return text.toLowerCase() === "true";
  if (/^(null|~|)$/i.test(text)) return null;
  return /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : text;
}

function flowItems(text: string): Yaml[] {
  const items = text.match(/"(?:[^"\\]|\\.)*"|'(?:[^']|'')*'|[^,]+/g) ?? [];
  return items.map((item) => item.trim()).flatMap((item) => (item === "" ? [] : [scalar(item)]));
}

function unescaped(text: string): string {
  return text.replace(/\\(.)/g, (_, c: string) => ({ n: "\n", t: "\t", r: "\r" })[c] ?? c);
}
