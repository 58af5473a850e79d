/**
 * Names for movements: 6 bytes of time, 10 random ones, as in a UUID of version 7 (RFC 9562) without
 * its marks. What begins at about the same time lies side by side in the bank's tables, however many
 * there are, instead of one to a page; 80 random bits a millisecond keep two machines apart, whatever
 * their clocks say. The bank reads nothing out of an id.
 */
import { hex, u64 } from "../lib/bytes.ts";
import type { World } from "../lib/world.ts";

/** 32 hex digits that nothing was named before. */
export function newMovementId(world: Pick<World, "nowMs" | "randomBytes">): string {
  return hex(u64(world.nowMs()).subarray(2)) + hex(world.randomBytes(10));
}
