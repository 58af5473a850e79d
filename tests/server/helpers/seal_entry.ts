/** One entry, sealed with an IV of the test's own choice, and opened. */
import { seal } from "../../../lib/seal.ts";
import { plainOf } from "../../../server/audit/codec.ts";
import { AuditKeyRing, type AuditKeys } from "../../../server/audit/keys.ts";
import type { EntryWithRows } from "../../../server/audit/entry.ts";

interface Place {
  chainId: Uint8Array;
  sequence: number;
}

export function sealEntry(
  keys: AuditKeys,
  place: Place,
  entry: EntryWithRows,
  iv: Uint8Array,
  digests: readonly Uint8Array[] = [],
) {
  const { aad, plaintext } = plainOf(entry, digests, { ...place, keyVersion: keys.version });
  return seal(keys.seal, iv, aad, plaintext);
}

export function openEntry(keys: AuditKeys, { chainId, sequence }: Place, sealed: Uint8Array) {
  return new AuditKeyRing([keys]).open({ keyVersion: keys.version, sequence, sealed }, chainId);
}
