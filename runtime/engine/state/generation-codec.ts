/** Older generations in a snapshot: with their code, because their bundles may be gone. */
import { type CoreUnit, decodeBody, encodeBody } from "#core";
import type { GenerationParts } from "../generation.ts";

/** The parts of a generation as state. */
export type PackedGeneration = Omit<GenerationParts, "unit"> & { readonly unit: Uint8Array };

export function packed(parts: GenerationParts): PackedGeneration {
  return { ...parts, unit: encodeBody(parts.unit) };
}

export function unpacked(parts: PackedGeneration): GenerationParts {
  return { ...parts, unit: decodeBody(parts.unit) as CoreUnit };
}

/** What the state of several generations refers to, by name. */
export class AllExternals extends Map<string, object> {
  readonly #of: readonly ReadonlyMap<string, object>[];

  constructor(of: readonly ReadonlyMap<string, object>[]) {
    super();
    this.#of = of;
  }

  override get(name: string): object | undefined {
    for (const own of this.#of) {
      const thing = own.get(name);
      if (thing) return thing;
    }
    return undefined;
  }
}
