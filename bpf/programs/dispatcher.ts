/**
 * The program that stays attached: it jumps through the hook's slot in `programs`, so what runs is
 * replaced by one map update, with no event lost or seen twice. An empty slot costs nothing but the
 * failed jump, and its events are not counted.
 */
import { assemble, call, exit, loadMap, mov } from "#bpf/asm";
import type { MapFds } from "./maps.ts";
import { type HookName, hookIndex } from "./record.ts";

export function assembleDispatcher(hook: HookName, maps: MapFds): Uint8Array<ArrayBuffer> {
  return assemble([
    loadMap("r2", maps.programs),
    mov("r3", hookIndex(hook)),
    call("tailCall"),
    mov("r0", 0),
    exit(),
  ]);
}
