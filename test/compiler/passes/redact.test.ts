/** A planted secret must not come out: not in findings, not in recordings. */
import { expect, test } from "vitest";
import { bundleBody } from "#compiler";
import {
  decodeBundle,
  type EventData,
  encodeBundle,
  judge,
  layoutHash,
  runAggregatesOf,
  valuesOf,
} from "#core";
import { decodeLine, encodeLine } from "#runtime/sources/replay";
import { compileFixture } from "../fixtures.ts";

const source = `module a
import fixture.schema
event auth.login from log {
  user: string(16)
  password: string(32) @redact
  pin: int @redact
  pages: int @unit("pages")
}
@experimental
rule r {
  match sequence by password within 1m {
    a: auth.login where a.password startswith "pl"
    then b: auth.login where b.pin == 4711
  }
  labels { word: b.password }
  explain {
    root a as "{a.password}"
    impact b { pin: b.pin }
    chain a -> b as "with {b.password} and {b.pin}"
    summary "{a.password + b.password} {lower(a.password)} {b.pin * 2}"
    recommend "{b.password}"
    evidence a.password, b.pin
  }
}
rule plain { match e: auth.login }
rule above { match f: finding.r explain { summary "{f.key} {f.b.pin}" } }
test "t" for r {
  given {
    at 1s auth.login { user: "ann" password: "planted" pin: 4711 pages: 3 }
    at 2s auth.login { user: "ann" password: "planted" pin: 4711 pages: 3 }
  }
  expect { finding r times 1 }
}
`;

const result = compileFixture([{ file: "r.tapio", text: source }]);
const { unit } = result;
const events: readonly EventData[] = result.tests[0]?.events.map((e) => e.event) ?? [];
const secrets = /planted|4711|9422/;

test("a finding says nothing of it in any of its parts", () => {
  expect(result.diagnostics).toEqual([]);
  const watermark = (events[1]?.ts ?? 0) + 60_000_000;
  const { findings } = judge(unit, new Map(), { events, watermark });
  const [found] = findings.filter((f) => f.finding.rule === "r");
  expect(found?.finding.summary).toBe("‹redacted› ‹redacted› ‹redacted›");
  const fields = found?.finding.evidence[0]?.fields;
  expect(fields).toContainEqual(["user", "ann"]);
  expect(fields).toContainEqual(["password", "‹redacted›"]);
  const over = findings.find((f) => f.finding.rule === "above")?.finding;
  expect(over?.summary).toBe("‹redacted› ‹redacted›");
  expect(over?.evidence[0]?.fields).toContainEqual(["root.password", "‹redacted›"]);
  for (const { finding } of findings) expect(JSON.stringify(finding)).not.toMatch(secrets);
});

test("a recording keeps none of it, and reads back as not known", () => {
  const [event] = events;
  if (!event) throw new Error("no event");
  const line = encodeLine(unit.schema, event);
  expect(line).not.toMatch(secrets);
  const read = decodeLine(unit.schema, line, 1);
  if (!read.ok || read.what !== "event") throw new Error("not read");
  const [user, password, pin] = read.event.fields;
  expect([user, password, pin]).toEqual(["ann", { visible: "" }, undefined]);
});

test("schema and rules carry what annotations say, in the bundle too", () => {
  const bytes = encodeBundle(bundleBody(result, [{ file: "r.tapio", text: source }], "test"));
  const decoded = decodeBundle(bytes);
  if (!decoded.ok) throw new Error("not decoded");
  for (const { schema, rules } of [unit, decoded.bundle.unit]) {
    const kind = schema.kinds.find((k) => k.name === "auth.login");
    const said = kind?.fields.map(({ name, isRedacted, unit: counts }) => [
      name,
      isRedacted,
      counts,
    ]);
    expect(said).toEqual([
      ["user", undefined, undefined],
      ["password", true, undefined],
      ["pin", true, undefined],
      ["pages", undefined, "pages"],
    ]);
    expect(rules.map((r) => [r.name, r.isExperimental])).toEqual([
      ["r", true],
      ["plain", undefined],
      ["above", undefined],
    ]);
  }
  expect(layoutHash(decoded.bundle.unit.schema)).toBe(layoutHash(unit.schema));
});

test("nor does what a run of it comes to", () => {
  const { unit, diagnostics, tests } = compileFixture([
    {
      file: "r.tapio",
      text: `module a
import fixture.schema
event auth.login from log { user: string(16) pin: int @redact pages: int }
rule r {
  match sequence by user within 1m {
    a: auth.login repeat 2..
    then b: auth.login where b.pages == 0
  }
  explain { root b summary "{sum(a.pin)} {max(a.pin * 2)} {sum(a.pages)} {count(a)}" }
}
test "t" for r {
  given {
    at 1s auth.login { user: "ann" pin: 4711 pages: 3 }
    at 2s auth.login { user: "ann" pin: 4711 pages: 4 }
    at 3s auth.login { user: "ann" pin: 4711 pages: 0 }
  }
  expect { finding r }
}
`,
    },
  ]);
  expect(diagnostics).toEqual([]);
  const all = tests[0]?.events.map((e) => e.event) ?? [];
  const watermark = (all.at(-1)?.ts ?? 0) + 120_000_000;
  const [found] = judge(unit, new Map(), { events: all, watermark }).findings;
  expect(found?.finding.summary).toBe("‹redacted› ‹redacted› 7 2");
  const [rule] = unit.rules;
  if (!rule) throw new Error("no rule");
  const shown = runAggregatesOf(rule).map((e) => valuesOf(rule, "b", unit.schema)(e, 7));
  expect(shown).toEqual(["‹redacted›", "‹redacted›", "7"]);
});
