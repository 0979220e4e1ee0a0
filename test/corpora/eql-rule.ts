/**
 * An EQL query as a Tapio rule; `join` is `all of`. Every event type is a kind with all fields the
 * data has, each of which may be missing.
 */
import { exclude } from "./corpus.ts";
import { ConditionWriter, type Conventions } from "./eql-condition.ts";
import { type EqlEvent, type Fields, fieldTexts, valuesOf } from "./eql-fields.ts";
import type { EqlQuery, EqlStep } from "./eql-query.ts";
import { type Sent, source } from "./execution.ts";

export interface EqlRule {
  readonly text: string;
  /** The events for it; `asListed`: times are places in the list. */
  readonly sent: (events: readonly EqlEvent[], asListed: boolean) => Sent[];
}

export function eqlRule(
  query: EqlQuery,
  data: Fields,
  kinds: readonly string[],
  conventions: Conventions,
): EqlRule {
  const writer = new ConditionWriter(data, conventions);
  const lines = query.steps.map((s, i) => {
    const step = stepText(writer, s, `s${i}`, kinds, query.form !== "single");
    return i === 0 || query.form !== "sequence" ? step : `then ${step}`;
  });
  const { until } = query;
  const cancel = until ? ` until ${stepText(writer, until, "u", kinds, true)}` : "";
  const within = query.maxspanUs === undefined ? "3650d" : `${query.maxspanUs}us`;
  // Of what fits a side of a join EQL keeps the first.
  const policy = query.form === "join" ? "select widest" : "";
  const head = query.form === "join" ? "all of" : "sequence";
  const pattern =
    query.form === "single"
      ? lines[0]
      : `${head} within ${within} partials 4000 {\n    ${lines.join("\n    ")}\n  }${cancel}`;
  const fields: Fields = new Map([...data, ...writer.added]);
  const declared = fieldTexts(fields);
  const events = kinds.map((k) => `event eql.${k} from corpus { one: int ${declared} }`);
  const text = `module corpus.eql\n${source}\n${events.join("\n")}\nrule r {\n  match ${pattern}\n  ${policy}\n}\n`;
  return { text, sent: (all, asListed) => sentEvents(all, fields, writer.addresses, asListed) };
}

/** Times are those of the data for queries that speak of time. */
function sentEvents(
  events: readonly EqlEvent[],
  fields: Fields,
  addresses: ReadonlyMap<string, string>,
  asListed: boolean,
): Sent[] {
  const start = events[0]?.timestamp ?? 0;
  let clock = 0;
  return events.map((event, i) => {
    // Windows time: 100 ns since 1601. The list is in order of time but for its last event.
    clock = asListed ? i : Math.max(clock, Math.round((event.timestamp - start) / 10));
    const asAddress = [...addresses].map(([name, of]) => [name, event[of]] as const);
    const whole = { ...event, ...Object.fromEntries(asAddress) };
    return {
      kind: `eql.${event.event_type}`,
      atUs: clock,
      fields: { one: 1, ...valuesOf(whole, fields) },
    };
  });
}

function stepText(
  writer: ConditionWriter,
  step: EqlStep,
  name: string,
  kinds: readonly string[],
  isKeyed: boolean,
): string {
  if (step.type !== "any" && !kinds.includes(step.type)) exclude("an event type without events");
  const types = step.type === "any" ? kinds : [step.type];
  const where = writer.condition(step.where, name);
  const by = step.by.length === 0 ? `${name}.one` : step.by.map((f) => `${name}.${f}`).join(", ");
  const union = types.map((t) => `eql.${t}`).join(" | ");
  return `${name}: ${union} where ${where}${isKeyed ? ` by ${by}` : ""}`;
}
