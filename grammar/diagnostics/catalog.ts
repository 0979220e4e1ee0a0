/**
 * The one typed catalogue of all codes. A code is never renumbered and never reused.
 *
 *   TAP1xxx syntax                         TAP5xxx lints
 *   TAP2xxx names, types, missing values   TAP6xxx kernel and back ends
 *   TAP3xxx time, bounds, correlation      TAP7xxx bundles and signatures
 *   TAP4xxx explanation and causality
 *
 * An entry is written once with the parameters its message needs:
 *
 *   TAP2003: entry({
 *     slug: "unknown-field", severity: "error",
 *     message: (p: { event: string; field: string }) => `event \`${p.event}\` has no field …`,
 *     … })
 *
 * and `diagnostic("TAP2003", at, { event, field })` does not compile when a parameter is missing.
 */
import { bounds } from "./catalog/bounds.ts";
import { bundle } from "./catalog/bundle.ts";
import { composition } from "./catalog/composition.ts";
import type { Entry } from "./catalog/entry.ts";
import { explain } from "./catalog/explain.ts";
import { lints } from "./catalog/lints.ts";
import { names } from "./catalog/names.ts";
import { syntax } from "./catalog/syntax.ts";
import { tests } from "./catalog/tests.ts";
import { time } from "./catalog/time.ts";
import { types } from "./catalog/types.ts";
import type { Diagnostic, Fix, Label, Severity, Span } from "./diagnostic.ts";

export const catalog = {
  ...syntax,
  ...names,
  ...types,
  ...time,
  ...bounds,
  ...explain,
  ...lints,
  ...tests,
  ...bundle,
  ...composition,
};

export type CatalogCode = keyof typeof catalog;

/** What the message of `C` must be told. */
export type Params<C extends CatalogCode> = (typeof catalog)[C] extends Entry<infer P> ? P : never;

/** What a report may say beyond the message. */
export interface Extras {
  readonly labels?: readonly Label[];
  readonly notes?: readonly string[];
  /** Replaces the catalogue's help when the place allows a more exact instruction. */
  readonly help?: string;
  readonly fixes?: readonly Fix[];
  readonly severity?: Severity;
}

/** Makes the diagnostic `code` at `at`; `params` must be what the catalogue's message needs. */
export function diagnostic<C extends CatalogCode>(
  code: C,
  at: Span,
  params: Params<C>,
  extras: Extras = {},
): Diagnostic {
  // Sound: `Params<C>` is by definition the parameter type of the entry under `C`.
  const found = catalog[code] as unknown as Entry<Params<C>>;
  const help = extras.help ?? found.help?.(params);
  return {
    code,
    severity: extras.severity ?? found.severity,
    message: found.message(params),
    at,
    labels: extras.labels ?? [],
    notes: extras.notes ?? [],
    ...(help === undefined ? {} : { help }),
    fixes: extras.fixes ?? [],
  };
}

/** The entry of a code that came from outside (a command line, a page request). */
export function findEntry(code: string): Entry<never> | undefined {
  return Object.hasOwn(catalog, code)
    ? (catalog as unknown as Record<string, Entry<never>>)[code]
    : undefined;
}
