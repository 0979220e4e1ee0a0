/** Events as state holds them: one object for one event, so that it is counted and saved once. */
import { expect, test } from "vitest";
import { CutText, type EventData, type EventKind } from "#core";
import { KeptEvents } from "../../../../runtime/engine/patterns/kept-events.ts";

const kind: EventKind = {
  name: "t.a",
  source: 0,
  fields: [{ name: "text", type: { t: "string" }, isOptional: false, doc: "" }] as never,
};
const long = (letter: string): EventData =>
  ({ id: letter, kind: 0, ts: 0, seq: 1, fields: [letter.repeat(300)] }) as never;

test("an event that steps ask for one after the other is kept as one object", () => {
  const kept = new KeptEvents([kind], new Map([[0, [0]]]));
  const [one, other] = [long("x"), long("y")];
  const first = kept.of(one);
  expect(first.fields).toEqual([new CutText("x".repeat(256))]);
  expect(kept.of(one)).toBe(first);
  expect(kept.of(other).fields).toEqual([new CutText("y".repeat(256))]);
  expect(kept.of(other).id).toBe("y");
});
