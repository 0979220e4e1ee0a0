/** Events as records: writing, reading, interned strings. */
export { Interner } from "./interner.ts";
export { RecordReader, writeEvent } from "./record-reader.ts";
export { RecordWriter } from "./record-writer.ts";
