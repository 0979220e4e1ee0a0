/** The public face of the compiler: text in, values out, no IO. */
export { emitMatcher } from "./backends/js/emit.ts";
export { selectKernelEvents } from "./backends/kernel/select.ts";
export { type Budget, defaultBudget, unlimitedBudget } from "./passes/bounds/certify.ts";
export type { LoweredRule } from "./passes/lower-rule.ts";
export {
  type Condition,
  type Expectation,
  type Recording,
  type TestCase,
  type TestEvent,
  testEpochUs,
} from "./passes/test/test-case.ts";
export {
  bundleBody,
  type CompileOptions,
  type CompileResult,
  compile,
  encodeBundle,
  type SourceText,
  toBundle,
} from "./pipeline.ts";
export { jsonReport } from "./report/json.ts";
export { LineIndex, Places } from "./report/lines.ts";
export { countLine, type Paint, PrettyReporter, plain, visible } from "./report/pretty.ts";
export { buildSchema, type SchemaInfo } from "./schema/build-schema.ts";
