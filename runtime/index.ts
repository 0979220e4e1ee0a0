/** The public face of the runtime. */
export {
  type Armed,
  Runtime,
  type RuntimeOptions,
  type RuntimeStatus,
  type SourceStatus,
  untoldOf,
} from "./runtime.ts";
