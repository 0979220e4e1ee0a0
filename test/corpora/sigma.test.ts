/**
 * Sigma's correlation rules. They come without events, so what Tapio finds on traces that nearly
 * satisfy them is compared with a plain reading of Sigma's words; and what Sigma's own tests reject
 * must be rejected.
 */
import { describe, expect, it } from "vitest";
import { skipReason } from "../harness/skip.ts";
import { exclude, isUsualFolder, missingReason, readRecords, Tally } from "./corpus.ts";
import { runBoth } from "./execution.ts";
import { detect, nearTrace, type SigmaEvent } from "./sigma-naive.ts";
import {
  type Correlation,
  isRuleOf,
  isTumbling,
  Rejected,
  readSigma,
  type SigmaDocument,
  sigmaText,
  tapioFields,
} from "./sigma-rule.ts";

interface SigmaCase {
  readonly id: string;
  readonly yaml: readonly string[];
  readonly expect_error: { readonly match: string } | null;
}

const file = "sigma-correlation/cases.ndjson";
const floor = { checked: 11, excluded: 0 };
const densities = [0.5, 1, 2, 4];

describe.skipIf(skipReason("Sigma correlations", missingReason(file)))("Sigma correlation", () => {
  const tally = new Tally("sigma-correlation");
  const cases = readRecords<SigmaCase>(file).map((c, i) => [`${i} ${c.id}`, c] as const);
  it.each(cases)("%s", (id, record) => {
    tally.run(id, () => checkCase(record));
  });
  it("enough cases are checked", () => {
    console.log(tally.table());
    if (isUsualFolder) tally.expectFloor(floor);
  });
});

function checkCase(record: SigmaCase): void {
  const text = record.yaml.join("\n---\n");
  if (record.expect_error) {
    if (!isRejected(text)) exclude("an error that is not one of the correlation");
    return;
  }
  const document = read(text);
  const tapio = sigmaText(document);
  let found = 0;
  for (const [i, density] of densities.entries())
    found += compare(document, tapio, nearTrace(document, i + 1, density));
  if (found === 0) exclude("a condition that none of our traces satisfies");
}

function isRejected(text: string): boolean {
  try {
    readSigma(text);
    return false;
  } catch (error) {
    if (!(error instanceof Rejected)) throw error;
    return true;
  }
}

function read(text: string): SigmaDocument {
  try {
    return readSigma(text);
  } catch (error) {
    if (error instanceof Rejected) exclude(`the adapter rejects ${error.message}`);
    throw error;
  }
}

/** How often the last correlation of the document was found, by both. */
function compare(document: SigmaDocument, text: string, events: readonly SigmaEvent[]): number {
  const last = document.correlations.at(-1) as Correlation;
  const sent = events.map((e) => ({
    kind: `sigma.d${e.kind}`,
    atUs: e.atUs,
    fields: { ...tapioFields(e.kind, e.group), number: e.number, text: e.text },
  }));
  const endUs = (events.at(-1)?.atUs ?? 0) + 3 * last.spanUs;
  const found = runBoth(text, sent, endUs)
    .filter((f) => isRuleOf(last, f.rule))
    .sort((a, b) => a.atUs - b.atUs);
  const expected = detect(last, events);
  const isFirstOnly = isTumbling(last) || (last.type.startsWith("temporal") && !last.logic);
  const actual = found.map((f) => ({ atUs: f.atUs, group: f.key }));
  const compared = isFirstOnly ? firstOfEach(actual) : actual;
  expect(sorted(compared), text).toEqual(sorted(expected));
  return expected.length;
}

interface Hit {
  readonly atUs: number;
  readonly group: string;
}

function firstOfEach(hits: readonly Hit[]): Hit[] {
  return hits.filter((h, i) => hits.findIndex((other) => other.group === h.group) === i);
}

function sorted(hits: readonly Hit[]): string[] {
  return hits.map((h) => `${h.group} at ${h.atUs}`).sort();
}
