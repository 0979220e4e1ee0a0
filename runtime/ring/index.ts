/** The record ring. */
export { Ring, type RingOptions, type RingViews } from "./ring.ts";
