/**
 * Digests of rows of the books. Each is the HMAC-SHA-256 of a row's canonical text; an entry of the
 * log has its change to the sum of all rows' digests modulo 2^256. The sum is a multiset hash
 * (MSet-Add-Hash: Clarke, Devadas, van Dijk, Gassend and Suh, 2003): without the key or known
 * digests, finding other rows with the same sum is infeasible.
 */
import { type Bytes, hex, utf8 } from "../../lib/bytes.ts";
import type { MacKey } from "../../lib/hmac.ts";
import type { RowChange } from "./entry.ts";

export const digestBytes = 32;

export function digestOf(key: MacKey, text: string): bigint {
  return digestOfBytes(key.tag(utf8(text)));
}

export function digestOfBytes(bytes: Uint8Array): bigint {
  return BigInt(`0x${hex(bytes)}`);
}

/** Returns the difference of a change, 32 bytes. */
export function changeDigest(key: MacKey, { before, after }: RowChange): Bytes {
  if (before === null && after !== null) return key.tag(utf8(after));
  const [one, other] = [after, before].map((text) => text === null ? 0n : digestOf(key, text));
  const sum = BigInt.asUintN(8 * digestBytes, one! - other!);
  return Uint8Array.fromHex(sum.toString(16).padStart(2 * digestBytes, "0"));
}
