/**
 * `list … from "file" max N`: one item in a line, as people keep them. `#` begins a comment; texts
 * stand without quotes, everything else as in a rule.
 */
import { parseIp } from "#core";
import { CollectingSink, type ListDecl, parse } from "#grammar";
import { type Type, typeName } from "../types.ts";
import { rangeOf } from "./constant.ts";
import type { Session } from "./scope.ts";

/** Items of all lists together would not fit into a bundle otherwise. */
const itemsMax = 65_536;
const errorsMax = 5;

type Constant = string | number | bigint | boolean;

/** The items of the file that `decl` names; undefined after an error. */
export function listFromFile(decl: ListDecl, type: Type, session: Session): Constant[] | undefined {
  const { from } = decl;
  if (!from) return undefined;
  if (from.max < 1 || from.max > itemsMax) {
    session.report("TAP2018", decl, { what: "`max` of a list", bounds: `from 1 to ${itemsMax}` });
    return undefined;
  }
  const text = session.readFile(from.file.value, from.file);
  const bad = (reason: string) =>
    session.report("TAP2039", from.file, { file: from.file.value, reason });
  if (text === undefined) {
    bad("it cannot be read");
    return undefined;
  }
  const lines = text.split("\n").flatMap((line, i) => {
    const item = line
      .trimEnd()
      .replace(/(^|\s)#.*$/, "")
      .trim();
    return item === "" ? [] : [{ item, number: i + 1 }];
  });
  if (lines.length > from.max) {
    bad(`it has ${lines.length} items, and \`max\` is ${from.max}`);
    return undefined;
  }
  const items = lines.map(({ item }) => itemOf(item, type));
  const wrong = lines.filter((_, i) => items[i] === undefined);
  for (const { item, number } of wrong.slice(0, errorsMax))
    bad(`line ${number}, \`${item.slice(0, 40)}\`, is not ${typeName(type)}`);
  return wrong.length > 0 ? undefined : items.filter((x) => x !== undefined);
}

/** The value a line stands for; undefined when it is none of the type. */
function itemOf(text: string, type: Type): Constant | undefined {
  switch (type.t) {
    case "string":
      return text;
    case "enum":
      return type.members.includes(text) ? text : undefined;
    case "ip":
      return parseIp(text);
    case "id64":
      return /^\d{1,20}$/.test(text) && BigInt(text) < 1n << 64n ? BigInt(text) : undefined;
    case "bool":
      return text === "true" ? true : text === "false" ? false : undefined;
    case "time": {
      const ms = /^\d{4}-\d\d-\d\dT/.test(text) ? Date.parse(text) : Number.NaN;
      return Number.isNaN(ms) ? undefined : ms * 1000;
    }
    default:
      return numberOf(text, type);
  }
}

/** Numbers and units are written as in a rule, so the grammar reads them. */
function numberOf(text: string, type: Type): number | undefined {
  const isNegative = text.startsWith("-");
  const written = isNegative ? text.slice(1).trim() : text;
  const sink = new CollectingSink();
  const { decls } = parse(`module l\nlist l: int = [${written}]\n`, "", sink).ast;
  const decl = decls.length === 1 ? decls[0] : undefined;
  const node = decl?.kind === "listDecl" && decl.items?.length === 1 ? decl.items[0] : undefined;
  if (sink.hasErrors || !node) return undefined;
  const size = magnitude(node, type);
  const range = rangeOf(type);
  const x = size === undefined ? undefined : isNegative ? 0 - size : size;
  return x !== undefined && range && (x < range.min || x > range.max) ? undefined : x;
}

function magnitude(node: NonNullable<ListDecl["items"]>[number], type: Type): number | undefined {
  switch (node.kind) {
    case "number":
      if (type.t === "float") return node.value;
      return ["int", "u32", "port"].includes(type.t) && node.isInt ? node.value : undefined;
    case "duration":
      return type.t === "duration" ? node.us : undefined;
    case "size":
      return type.t === "size" ? node.bytes : undefined;
    case "percent":
      return type.t === "percent" ? node.ppm : undefined;
    case "rate":
      return type.t === "rate" && node.of === "count" ? node.microPerSecond : undefined;
    default:
      return undefined;
  }
}
