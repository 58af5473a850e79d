/**
 * Cosignatures (C2SP tlog-cosignature v1.0.1, type 0x04): a witness signs that a checkpoint is the largest
 * consistent tree of its origin that the witness has seen.
 */
import { concat, readU64, u64, utf8 } from "../../lib/bytes.ts";
import { signEd25519, verifyEd25519 } from "./ed25519.ts";
import {
  formatSignature,
  type Note,
  signatureTypes,
  type SignerKey,
  type VerifierKey,
  verifierKeyOf,
} from "./note.ts";

/** A witness, and the time of its cosignature. */
export interface Cosignature {
  witness: VerifierKey;
  timeSeconds: number;
}

/** Returns the line that a witness adds to a checkpoint. */
export function cosign(text: string, timeSeconds: number, witness: SignerKey): string {
  const { name, id } = verifierKeyOf({ ...witness, type: signatureTypes.cosignature });
  const signature = signEd25519(witness.secretKey, cosignedBytes(text, timeSeconds));
  return formatSignature({ name, id, signature: concat(u64(timeSeconds), signature) });
}

/** Returns the valid cosignatures of these witnesses, one per witness; ignores damaged ones. */
export function cosignaturesOf(
  { text, signatures }: Note,
  witnesses: readonly VerifierKey[],
): Cosignature[] {
  const found = new Map<VerifierKey, Cosignature>();
  for (const { name, id, signature } of signatures) {
    const witness = witnesses.find((each) =>
      each.type === signatureTypes.cosignature && each.name === name && each.id === id
    );
    // no witness signs a time above 2^53 seconds
    if (!witness || signature.length !== 72 || signature[0] !== 0 || signature[1]! > 0x1f) continue;
    const timeSeconds = readU64(signature, 0);
    const signed = cosignedBytes(text, timeSeconds);
    if (!verifyEd25519(witness.publicKey, signed, signature.subarray(8))) continue;
    found.set(witness, { witness, timeSeconds });
  }
  return [...found.values()];
}

function cosignedBytes(text: string, timeSeconds: number): Uint8Array {
  return utf8(`cosignature/v1\ntime ${timeSeconds}\n${text}`);
}
