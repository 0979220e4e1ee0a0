/** The systemd journal as an event source. */
export type { JournaldOptions, JournalKind, JournalOrigin } from "./config.ts";
export { decodeEntry, type JournalFacts, readEntry } from "./decode.ts";
export { type ExportEntry, ExportParser } from "./export-format.ts";
export { OomReports } from "./oom-line.ts";
export {
  createJournaldSource,
  type JournaldSource,
  type JournaldStats,
} from "./source.ts";
