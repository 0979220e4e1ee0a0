/** Reader of the running kernel's type information: offsets, enum values, tracepoint signatures. */
export {
  Btf,
  BtfError,
  type BtfKindName,
  type BtfMember,
  type BtfType,
  type TypeId,
} from "./btf.ts";
export { enumValue } from "./enum-value.ts";
export { hasMember, type MemberPath, memberPath } from "./member-path.ts";
export { type TracepointArgument, tracepointArguments } from "./tracepoint.ts";
