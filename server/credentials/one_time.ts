/**
 * One-time passwords in two halves, one for each of two operators. The first half is derived from
 * the proposal and a key of the bank, so that it is not stored until the approval.
 */
import { utf8 } from "../../lib/bytes.ts";
import { oneTimeHalfLength } from "../../lib/limits.ts";
import { hkdfExpand } from "../../lib/protocol/key_schedule.ts";

/** 32 letters and digits that are not mistaken for each other: each is 5 bits of a byte. */
const signs = "abcdefghijkmnpqrstuvwxyz23456789";

/**
 * Returns the proposer's half.
 * @param versions of the AUDIT_KEY: every server has the oldest one, which no rotation replaces
 * @param proposal its hash
 */
export function proposersHalf(
  versions: readonly { version: number; key: Uint8Array }[],
  proposal: string,
): string {
  const { key } = versions.reduce((old, each) => each.version < old.version ? each : old);
  return halfOf(hkdfExpand(key, utf8(`strongroom/1 one-time password ${proposal}`), 32));
}

/** @param random at least `oneTimeHalfLength` bytes */
export function halfOf(random: Uint8Array): string {
  return Array.from(random.subarray(0, oneTimeHalfLength), (byte) => signs[byte % signs.length])
    .join("");
}
