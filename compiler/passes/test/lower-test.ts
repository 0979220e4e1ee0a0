/** `test` blocks to data; see test-case.ts. */
import { type Derive, fullName } from "#core";
import type { TestDecl } from "#grammar";
import type { Module } from "../collect.ts";
import type { Session } from "../elaborate/scope.ts";
import type { LoweredRule } from "../lower-rule.ts";
import { lowerExpectation } from "./expect.ts";
import { fieldsRead } from "./fields-read.ts";
import { GivenLowering } from "./given.ts";
import { findRule, reportTarget, type Targets } from "./target.ts";
import { type Expectation, type Recording, type TestCase, testEpochUs } from "./test-case.ts";

/** Every test of `modules` without errors, as data. */
export function lowerTests(
  modules: readonly Module[],
  rules: readonly LoweredRule[],
  derives: readonly Derive[],
  session: Session,
): TestCase[] {
  if (modules.every((m) => m.tests.length === 0)) return [];
  checkTitles(modules, session);
  const read = fieldsRead(
    rules.map((r) => r.core),
    derives,
  );
  const targets = { rules, areWhole: session.sinkErrors() === 0 };
  const lower = (t: TestDecl, m: Module) => lowerTest(t, m, targets, read, session) ?? [];
  return modules.flatMap((m) => m.tests.flatMap((t) => lower(t, m)));
}

/** Reports name a test by its rule and its title. */
function checkTitles(modules: readonly Module[], session: Session): void {
  const seen = new Map<string, TestDecl>();
  for (const { name, tests } of modules) {
    for (const test of tests) {
      const key = JSON.stringify([name, test.rule.text, test.title.value]);
      const first = seen.get(key);
      if (!first) seen.set(key, test);
      else {
        const labels = [{ at: first.title.span, text: "the first one" }];
        session.report("TAP5007", test.title, { title: test.title.value }, { labels });
      }
    }
  }
}

function lowerTest(
  decl: TestDecl,
  module: Module,
  targets: Targets,
  read: ReadonlySet<string>,
  session: Session,
): TestCase | undefined {
  const before = session.sinkErrors();
  const target = findRule(decl.rule.text, module, targets, session);
  if (!target) {
    reportTarget(decl.rule, module, targets, session);
    return undefined;
  }
  const given = new GivenLowering(module, read, session);
  const expectations: Expectation[] = [];
  for (const item of decl.items) {
    if (item.kind === "givenItem") for (const line of item.lines) given.line(line);
    if (item.kind === "expectItem") {
      for (const line of item.lines)
        expectations.push(...lowerExpectation(line, module, targets, session));
    }
  }
  given.finish();
  if (!decl.items.some((i) => i.kind === "expectItem" && i.lines.length > 0))
    session.report("TAP5006", decl.title, { title: decl.title.value });
  const recording = recordingOf(decl, given, session);
  if (session.sinkErrors() !== before) return undefined;
  return {
    title: decl.title.value,
    at: decl.title.span,
    rule: target.core.name,
    target: fullName(target.core),
    start: testEpochUs,
    events: given.events,
    recording,
    world: given.world,
    sources: given.sources,
    advanceTo: given.advanceTo,
    expectations,
  };
}

/** A recording has events and times of its own; a test has either those or its own. */
function recordingOf(
  decl: TestDecl,
  given: GivenLowering,
  session: Session,
): Recording | undefined {
  const [first, second] = decl.items.filter((i) => i.kind === "replayItem");
  if (!first) return undefined;
  if (second) session.writtenTwice("replay", first, second);
  if (given.events.length > 0) {
    const what = "`replay`";
    const reason = "this test also gives events of its own, whose times have another start";
    const help = "make two tests, or add the events to the recording";
    session.report("TAP5004", first, { what, reason }, { help });
  }
  return { file: first.file.value, at: first.file.span };
}
