/**
 * Ids of movements: 6 bytes of time and 10 random ones, as in a UUID of version 7 (RFC 9562)
 * without its version bits. Movements of the same time are adjacent in the bank's tables, so that a
 * batch touches few pages. 80 random bits per millisecond keep the ids of different ATMs distinct,
 * whatever their clocks. An id has no meaning to the bank.
 */
import { hex, u64 } from "../lib/bytes.ts";
import type { World } from "../lib/world.ts";

/** Returns a new id, 32 hex digits. */
export function newMovementId(world: Pick<World, "nowMs" | "randomBytes">): string {
  return hex(u64(world.nowMs()).subarray(2)) + hex(world.randomBytes(10));
}
