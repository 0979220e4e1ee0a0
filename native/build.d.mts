/** Outcome of `buildNative`; `output` is the compiler's whole output when compiling failed. */
export interface NativeBuild {
  readonly status: "built" | "upToDate" | "unavailable";
  readonly reason?: string;
  readonly help?: string;
  readonly output?: string;
}
export function buildNative(options?: { compiler?: string }): Promise<NativeBuild>;
