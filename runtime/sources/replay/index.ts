/** Recordings: written by hand or by tapio, read back as events. */
export { LINE_BYTES_MAX, type RecordingInput, type ReplayOptions } from "./config.ts";
export { decodeLine } from "./decode.ts";
export { encodeHeader, encodeLine, encodeProgress } from "./encode.ts";
export type {
  LineProblem,
  LineReading,
  RecordedCounters,
  RecordedEvent,
  RecordedProgress,
} from "./line.ts";
export {
  RecordingUnreadable,
  type ReplayHandlers,
  type ReplayResult,
  replayFile,
  replayStream,
} from "./replay.ts";
export { createReplaySource } from "./source.ts";
export { parseTime } from "./time-text.ts";
export { parseUnits, type UnitType } from "./units.ts";
