/** One entry, sealed with an IV of the test's own choice, and opened. */
import { concat } from "../../../lib/bytes.ts";
import { seal } from "../../../lib/seal.ts";
import { plainOf, saltsBytes } from "../../../server/audit/codec.ts";
import { AuditKeyRing, type AuditKeys } from "../../../server/audit/keys.ts";
import type { EntryWithRows, SealedEntry } from "../../../server/audit/entry.ts";

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
  salts: Uint8Array = new Uint8Array(saltsBytes),
): Pick<SealedEntry, "sealed" | "commitment"> {
  const at = { ...place, keyVersion: keys.version };
  const { aad, plaintext, commitment } = plainOf(entry, digests, salts, at);
  return { sealed: seal(keys.seal, iv, aad, concat(...plaintext)), commitment };
}

export function openEntry(
  keys: AuditKeys,
  { chainId, sequence }: Place,
  stored: Pick<SealedEntry, "sealed" | "commitment">,
) {
  return new AuditKeyRing([keys]).open({ keyVersion: keys.version, sequence, ...stored }, chainId);
}
