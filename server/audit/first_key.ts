/**
 * The file of a chain's first key: written once, when the chain is created, to the operator's path,
 * and not kept by the bank. It verifies the whole chain. It also has the origin of the chain's tree and
 * the key that verifies its checkpoints, which must not come from the bank either, and the heads of the
 * earlier chains, whose last keys are erased.
 */
import { fromHex, hex } from "../../lib/bytes.ts";
import { UsageError } from "../../lib/errors.ts";
import { type ChainBefore, headFields, headsOfFields } from "./heads.ts";
import { chainOfOrigin } from "./tree.ts";

export interface FirstKey {
  /** 16 bytes. */
  chainId: Uint8Array;
  /** The key of epoch 0, 32 bytes. */
  key: Uint8Array;
  /** The name under which the chain's checkpoints and receipts are signed. */
  origin: string;
  /** The key that signs them: Ed25519, 32 bytes. */
  checkpointKey: Uint8Array;
  /** All chains before it. */
  before: readonly ChainBefore[];
}

const formatName = "strongroom first key 2";

export function formatFirstKey({ chainId, key, origin, checkpointKey, before }: FirstKey): string {
  const fields = {
    format: formatName,
    chain: hex(chainId),
    key: hex(key),
    origin,
    checkpointKey: hex(checkpointKey),
    before: headFields(before).map((head, index) => ({
      ...head,
      keyEpoch: before[index]!.keyEpoch,
    })),
  };
  return JSON.stringify(fields, null, 2) + "\n";
}

/**
 * Parses a first key's file.
 * @throws {UsageError} if the text is not a first key
 */
export function parseFirstKey(text: string, path: string): FirstKey {
  let fields: Record<string, unknown> | null;
  try {
    fields = JSON.parse(text);
  } catch {
    fields = null;
  }
  const chainId = fromHex(fields?.chain, 16);
  const [key, checkpointKey] = [fields?.key, fields?.checkpointKey].map((field) =>
    fromHex(field, 32)
  );
  const before = chainsBeforeOf(fields?.before);
  const origin = String(fields?.origin);
  const isWhole = chainId && chainOfOrigin(origin) === hex(chainId) && key && checkpointKey &&
    before;
  if (fields?.format !== formatName || !isWhole) {
    throw new UsageError(`${path} is not a first key. Give the file that 'bank init' has written`);
  }
  return { chainId, key, origin, checkpointKey, before };
}

function chainsBeforeOf(fields: unknown): ChainBefore[] | null {
  const heads = headsOfFields(fields);
  const before = heads?.map((head, index) => ({
    ...head,
    keyEpoch: (fields as Record<string, unknown>[])[index]!.keyEpoch as number,
  }));
  return before?.every(({ keyEpoch }) => Number.isInteger(keyEpoch)) ? before : null;
}
