/** Where findings go. */
export { findingLine } from "./ndjson.ts";
export { type Paint, renderFinding } from "./terminal.ts";
