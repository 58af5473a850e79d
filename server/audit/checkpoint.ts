/** Checkpoints that were kept elsewhere and that a log is compared with. */
import type { Bytes } from "../../lib/bytes.ts";
import { UsageError } from "../../lib/errors.ts";
import { parseCheckpoint } from "../transparency/checkpoint.ts";
import { signatureTypes, verifiedSignatures, verifierKey } from "../transparency/note.ts";
import type { FirstKey } from "./first_key.ts";

/** The tree of a chain at a moment, as the bank signed it. */
export interface TrustedCheckpoint {
  /** 16 bytes. */
  chainId: Bytes;
  /** How many entries the chain had. */
  size: number;
  /** 32 bytes. */
  root: Bytes;
}

/**
 * Parses a checkpoint's file and verifies its signature with the key in the chain's first key.
 * @throws {UsageError} if the text is not a checkpoint, or proves nothing about these chains
 */
export function trustedCheckpoint(
  text: string,
  path: string,
  firstKeys: readonly FirstKey[],
): TrustedCheckpoint {
  const { checkpoint, note } = parseCheckpoint(text) ?? {};
  if (!checkpoint || !note) throw new UsageError(`${path} is not a checkpoint`);
  const { origin, size, root } = checkpoint;
  const firstKey = firstKeys.find((each) => each.origin === origin);
  if (!firstKey) {
    throw new UsageError(
      `${path} is of ${origin}: give the first key of that chain, too, with --first-key FILE,FILE`,
    );
  }
  const key = verifierKey(origin, signatureTypes.note, new Uint8Array(firstKey.checkpointKey));
  if (!verifiedSignatures(note, [key])) {
    throw new UsageError(`${path} is not signed by this bank: it proves nothing`);
  }
  return { chainId: new Uint8Array(firstKey.chainId), size, root };
}
