/** Every syntax code: its `bad` program gives it, its `good` program gives nothing. */
import { describe, expect, it } from "vitest";
import { CollectingSink, catalog, diagnostic, type Entry, findEntry } from "#grammar";
import { codesOf, outcomeOf } from "./harness.ts";

const entries = Object.entries(catalog as unknown as Record<string, Entry<never>>);
const syntaxEntries = entries.filter(([code]) => code.startsWith("TAP1"));

describe("the catalogue", () => {
  it("uses each slug once and numbers codes with four digits", () => {
    const slugs = entries.map(([, entry]) => entry.slug);
    expect(new Set(slugs).size).toBe(slugs.length);
    for (const [code, entry] of entries) {
      expect(code).toMatch(/^TAP[1-7]\d{3}$/);
      expect(entry.slug).toMatch(/^[a-z0-9]+(-[a-z0-9]+)*$/);
      expect(entry.explanation.length).toBeGreaterThan(20);
    }
  });

  it("finds entries by code only", () => {
    expect(findEntry("TAP1001")?.slug).toBe("unexpected-token");
    expect(findEntry("toString")).toBeUndefined();
  });

  it("lets a report add labels, fixes and a more exact help", () => {
    const at = { file: "f", start: 1, end: 2 };
    const made = diagnostic("TAP1005", at, { close: "}" }, { help: "look up", notes: ["n"] });
    expect(made).toMatchObject({ code: "TAP1005", severity: "error", help: "look up", at });
    expect(made.message).toBe("this `}` closes nothing");
    expect(diagnostic("TAP1005", at, { close: "}" }).help).toMatch(/remove/);
  });
});

describe("the sink", () => {
  it("keeps a bounded number and counts the rest", () => {
    const sink = new CollectingSink(2);
    const at = { file: "f", start: 0, end: 0 };
    for (let times = 0; times < 5; times += 1) sink.add(diagnostic("TAP1013", at, {}));
    expect(sink.diagnostics).toHaveLength(2);
    expect([sink.droppedCount, sink.errorCount, sink.hasErrors]).toEqual([3, 5, true]);
  });
});

/** A file that is too large cannot be an example; the limits are tested on their own. */
const shown = syntaxEntries.filter(([, entry]) => entry.bad !== undefined);

describe.each(shown)("%s", (code, entry) => {
  it("is given by its bad program, and by nothing good", () => {
    expect(new Set(codesOf(entry.bad ?? ""))).toContain(code);
    expect(codesOf(entry.good ?? "")).toEqual([]);
  });

  it("speaks in one lower-case line and shows a way out", () => {
    for (const { message, help } of outcomeOf(entry.bad ?? "").diagnostics) {
      expect(message).toMatch(/^[a-z`]/);
      expect(message).not.toMatch(/[.\n]$|undefined|token|[Ee]of|null|NaN/);
      expect(help).toBeTruthy();
    }
  });
});
