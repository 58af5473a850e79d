/**
 * Checkpoints: the signed last entries of all chains at a moment (Ed25519, RFC 8032). A checkpoint
 * kept elsewhere proves later that the log has lost none of its entries.
 */
import { createPrivateKey, createPublicKey, type KeyObject, sign, verify } from "node:crypto";
import { type Bytes, concat, fromHex, hex, u64, utf8 } from "../../lib/bytes.ts";
import { UsageError } from "../../lib/errors.ts";
import { type ChainHead, headBytes, headFields, headsOfFields } from "./heads.ts";

export interface Checkpoint {
  /** 16 bytes. */
  bankId: Bytes;
  timeMs: number;
  /** Every chain that has entries, by number. */
  heads: ChainHead[];
}

const formatName = "strongroom checkpoint 1";

/** The bytes before the 32 bytes of a key in PKCS #8 and in SubjectPublicKeyInfo (RFC 8410). */
const privateKeyPrefix = Uint8Array.fromHex("302e020100300506032b657004220420");
const publicKeyPrefix = Uint8Array.fromHex("302a300506032b6570032100");

/** Returns the public key of a secret key, 32 bytes each. */
export function checkpointKeyOf(secretKey: Uint8Array): Bytes {
  const exported = createPublicKey(privateKeyOf(secretKey)).export({ format: "der", type: "spki" });
  return new Uint8Array(exported.subarray(publicKeyPrefix.length));
}

/** Formats a checkpoint's file. */
export function formatCheckpoint(checkpoint: Checkpoint, secretKey: Uint8Array): string {
  const { bankId, timeMs, heads } = checkpoint;
  const fields = {
    format: formatName,
    bank: hex(bankId),
    time: new Date(timeMs).toISOString(),
    chains: headFields(heads),
    signature: hex(sign(null, signedBytes(checkpoint), privateKeyOf(secretKey))),
  };
  return JSON.stringify(fields, null, 2) + "\n";
}

/**
 * Parses a checkpoint's file.
 * @param publicKeys the keys that may have signed it
 * @throws {UsageError} if the text is not a checkpoint, or none of them has signed it
 */
export function parseCheckpoint(
  text: string,
  path: string,
  publicKeys: readonly Uint8Array[],
): Checkpoint {
  const { checkpoint, signature } = fieldsOf(text) ?? {};
  if (!checkpoint || !signature) throw new UsageError(`${path} is not a checkpoint`);
  const signed = signedBytes(checkpoint);
  if (!publicKeys.some((key) => verify(null, signed, publicKeyOf(key), signature))) {
    throw new UsageError(`${path} is not signed by this bank: it proves nothing`);
  }
  return checkpoint;
}

/** Returns the bytes that are signed. */
export function signedBytes({ bankId, timeMs, heads }: Checkpoint): Bytes {
  return concat(
    utf8("strongroom/1 audit checkpoint"),
    bankId,
    u64(timeMs),
    headBytes(heads),
  );
}

function fieldsOf(text: string): { checkpoint: Checkpoint; signature: Bytes } | null {
  try {
    const { format, bank, time, chains, signature } = JSON.parse(text);
    const checkpoint = {
      bankId: fromHex(bank, 16)!,
      timeMs: Date.parse(time),
      heads: headsOfFields(chains)!,
    };
    const signed = fromHex(signature, 64);
    const right = format === formatName && checkpoint.bankId && signed &&
      Number.isSafeInteger(checkpoint.timeMs) && checkpoint.timeMs >= 0 &&
      checkpoint.heads !== null;
    return right ? { checkpoint, signature: signed } : null;
  } catch {
    return null;
  }
}

function privateKeyOf(secretKey: Uint8Array): KeyObject {
  const key = concat(privateKeyPrefix, secretKey);
  return createPrivateKey({ key: key as unknown as Buffer, format: "der", type: "pkcs8" });
}

function publicKeyOf(publicKey: Uint8Array): KeyObject {
  const key = concat(publicKeyPrefix, publicKey);
  return createPublicKey({ key: key as unknown as Buffer, format: "der", type: "spki" });
}
