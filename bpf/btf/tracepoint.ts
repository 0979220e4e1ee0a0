/**
 * What a raw tracepoint passes to a program. Signatures change between kernels, so they are read
 * from the typedef the kernel generates for each tracepoint:
 *
 *   typedef void (*btf_trace_mark_victim)(void *, struct task_struct *, uid_t);
 */
import { type Btf, BtfError, type TypeId } from "./btf.ts";

export interface TracepointArgument {
  /** Index into the program's context: an array of u64. */
  readonly index: number;
  readonly type: TypeId;
  /** `task_struct` for a pointer to that struct. */
  readonly pointsTo: string | undefined;
  /** Name of a non-pointer's type, such as `unsigned int` or `_Bool`. */
  readonly scalar: string | undefined;
}

/** Undefined when this kernel has no such tracepoint. Throws `BtfError` on damaged BTF. */
export function tracepointArguments(
  btf: Btf,
  tracepoint: string,
): readonly TracepointArgument[] | undefined {
  const typedef = btf.find("typedef", `btf_trace_${tracepoint}`);
  if (typedef === undefined) return undefined;
  const pointer = btf.resolve(typedef.id);
  const prototype = pointer?.kind === "pointer" ? btf.resolve(pointer.sizeOrType) : undefined;
  if (prototype?.kind !== "prototype") {
    throw new BtfError(`\`btf_trace_${tracepoint}\` is not a pointer to a function`);
  }
  // The first parameter is the registered data, which programs do not see.
  return btf
    .parameters(prototype)
    .slice(1)
    .map(({ type }, index) => {
      const resolved = btf.resolve(type);
      if (resolved?.kind !== "pointer") {
        return { index, type, pointsTo: undefined, scalar: resolved?.name ?? "void" };
      }
      const target = btf.resolve(resolved.sizeOrType);
      return { index, type, pointsTo: target?.name ?? "void", scalar: undefined };
    });
}
