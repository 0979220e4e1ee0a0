/** Reading bundles and parameters from the command line. */
import { readFileSync } from "node:fs";
import {
  type Bundle,
  decodeBundle,
  exitCodes,
  explainBundleProblem,
  fileProblem,
  format,
  formatDuration,
  type Param,
  parseCidr,
  parseIp,
  UsageError,
  type Value,
} from "#core";
import { parseUnits } from "#runtime/sources/replay";

/** The bundle is damaged or not one: exit code 2, since it is the rules that cannot be run. */
export class BundleError extends UsageError {
  readonly exitCode = exitCodes.rules;
}

export function loadBundle(path: string): Bundle {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    throw new UsageError(
      `cannot read ${path}: ${fileProblem(error)}`,
      "make one with `tapioc compile rules/ -o rules.tapiob`",
    );
  }
  const decoded = decodeBundle(bytes);
  if (decoded.ok) return decoded.bundle;
  const { message, help } = explainBundleProblem(decoded);
  throw new BundleError(`TAP7001: ${path}: bundle refused: ${message}`, help);
}

/** `name=value` texts as parameter values; names may be short when that is unambiguous. */
export function readParams(texts: readonly string[], params: readonly Param[]): Map<string, Value> {
  const out = new Map<string, Value>();
  for (const text of texts) {
    const at = text.indexOf("=");
    if (at <= 0)
      throw new UsageError(
        `\`${text}\` is not name=value`,
        "write it like --param restart_within=1m",
      );
    const param = findParam(text.slice(0, at), params);
    out.set(param.name, readValue(param, text.slice(at + 1)));
  }
  return out;
}

function findParam(name: string, params: readonly Param[]): Param {
  const found = params.filter((p) => p.name === name || p.name.endsWith(`.${name}`));
  const [only] = found;
  const known = params.map((p) => p.name).join(", ") || "none";
  if (!only) throw new UsageError(`the bundle has no parameter ${name}`, `parameters: ${known}`);
  if (found.length > 1)
    throw new UsageError(`${name} is the name of several parameters`, `say which: ${known}`);
  return only;
}

function readValue(param: Param, text: string): Value {
  if (typeof param.value === "string") return param.unit === "ip" ? readNetwork(param, text) : text;
  if (typeof param.value === "boolean") {
    if (text === "true" || text === "false") return text === "true";
    throw new UsageError(
      `${param.name} takes true or false, not \`${text}\``,
      "write --param name=true",
    );
  }
  if (typeof param.value === "bigint") return readBig(param, text);
  const { unit } = param;
  const hasUnit = unit === "duration" || unit === "size" || unit === "percent" || unit === "rate";
  const value = hasUnit ? parseUnits(unit, text) : text.trim() === "" ? undefined : Number(text);
  if (value === undefined || !Number.isFinite(value)) {
    throw new UsageError(
      `\`${text}\` is not a value for ${param.name}`,
      `write it like the default ${shown(param, param.value)}`,
    );
  }
  const { min, max } = param;
  if ((min !== undefined && value < min) || (max !== undefined && value > max)) {
    throw new UsageError(
      `${param.name} must be within ${shown(param, min ?? value)} .. ${shown(param, max ?? value)}`,
      "the rule declares this range because its bounds depend on it",
    );
  }
  return value;
}

/** A network stays the text it is written as. */
function readNetwork(param: Param, text: string): string {
  if (parseCidr(text)) return text;
  throw new UsageError(
    `\`${text}\` is not a value for ${param.name}`,
    `write it like the default ${param.value}`,
  );
}

/** An address, or a 64-bit id. */
function readBig(param: Param, text: string): bigint {
  const isId = /^\d{1,20}$/.test(text) && BigInt(text) < 1n << 64n;
  const value = param.unit === "ip" ? parseIp(text) : isId ? BigInt(text) : undefined;
  if (value !== undefined) return value;
  throw new UsageError(
    `\`${text}\` is not a value for ${param.name}`,
    `write it like the default ${format(param.value, param.unit)}`,
  );
}

function shown(param: Param, value: number): string {
  return param.unit === "duration" ? formatDuration(value) : String(value);
}
