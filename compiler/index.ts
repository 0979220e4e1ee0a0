/** The public face of the compiler: text in, values out, no IO. */
export { emitMatcher } from "./backends/js/emit.ts";
export { selectKernelEvents } from "./backends/kernel/select.ts";
export type { LoweredRule } from "./passes/lower-rule.ts";
export { type FindingCheck, type TestCase, testEpochUs } from "./passes/lower-test.ts";
export {
  bundleBody, compile, type CompileOptions, type CompileResult, encodeBundle, type SourceText, toBundle,
} from "./pipeline.ts";
