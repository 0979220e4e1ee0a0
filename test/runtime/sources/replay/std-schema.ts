/** The standard library's schema, for tests. */
import type { Schema } from "#core";
import { CollectingSink, parse } from "#grammar";
import { buildSchema } from "../../../../compiler/schema/build-schema.ts";
import { stdFiles } from "../../../../grammar/std.gen.ts";

export function stdSchema(): Schema {
  const sink = new CollectingSink();
  const files = stdFiles.map(({ file, text }) => parse(text, file, sink).ast);
  const { schema } = buildSchema(files, sink);
  if (sink.errorCount > 0) throw new Error(JSON.stringify(sink.diagnostics[0]));
  return schema;
}
