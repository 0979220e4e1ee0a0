/** Bundles: what the compiler writes and a node verifies. */
export * from "./bundle.ts";
export type { BoundTerm, Certificate, RuleBound } from "./certificate.ts";
export { decodeBody, encodeBody } from "./codec.ts";
