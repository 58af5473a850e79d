/** The Merkle tree above a chain, with which a stranger checks entries without decrypting them. */
import { hex } from "../../lib/bytes.ts";
import { sha256, sha256Into } from "../../lib/hmac.ts";
import { logChunkEntries } from "../../lib/limits.ts";
import { leafHash, RightEdge } from "../transparency/merkle.ts";
import type { SealedEntry } from "./entry.ts";
import type { LogStore } from "./log_store.ts";

/** Returns the hash of a sealed entry with its tag, 32 bytes. */
export function sealedHash({ sealed, tag }: Pick<SealedEntry, "sealed" | "tag">): Uint8Array {
  return sha256(sealed, tag);
}

const lastHash = new Uint8Array(32);

/** Returns an entry's leaf, 32 bytes. */
export function leafOf(
  { sealed, tag, commitment }: Pick<SealedEntry, "sealed" | "tag" | "commitment">,
): Uint8Array {
  sha256Into(lastHash, sealed, tag);
  return leafHash(lastHash, commitment);
}

/** Returns the origin of a chain's tree, `first-bank/CHAIN`: the name of the key that signs its checkpoints. */
export function originOf(bankName: string, chainId: Uint8Array): string {
  return `${slugOf(bankName)}/${hex(chainId)}`;
}

/** Returns a name that a key may have: lower-case letters, digits and dashes. */
function slugOf(bankName: string): string {
  const plain = bankName.normalize("NFKD").toLowerCase().replace(/[^a-z0-9]+/g, "-");
  return plain.replace(/^-|-$/g, "") || "bank";
}

/** Returns the chain's id in an origin, 32 hex digits; null for another text. */
export function chainOfOrigin(origin: string): string | null {
  return /^[a-z0-9-]+\/([0-9a-f]{32})$/.exec(origin)?.[1] ?? null;
}

/** Hashes the first `size` entries of a chain: some microseconds each. */
export async function readEdge(
  store: Pick<LogStore, "entriesAfter">,
  chain: number,
  size: number,
): Promise<RightEdge> {
  const edge = new RightEdge();
  while (edge.size < size) {
    const limit = Math.min(logChunkEntries, size - edge.size);
    const entries = await store.entriesAfter(chain, edge.size, limit);
    if (entries.length === 0) throw new Error(`chain ${chain} has fewer than ${size} entries`);
    for (const entry of entries) edge.append(leafOf(entry));
  }
  return edge;
}
