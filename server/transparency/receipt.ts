/**
 * Receipts: the bank's signed promise that its log has an entry, and the opening of that entry's
 * commitment.
 */
import { type Bytes, concat, utf8 } from "../../lib/bytes.ts";
import { sha256, sha256Into } from "../../lib/hmac.ts";
import { toBase64 } from "./base64.ts";
import { type SignerKey, signNote } from "./note.ts";

/** Opens the commitment of one entry, without the customer's name. */
export interface Opening {
  /** SHA-256(salt1, WHO), 32 bytes. */
  w: Uint8Array;
  /** 16 bytes. */
  salt: Uint8Array;
  /** `ACTION | TIME`, verbatim. */
  text: string;
}

export interface Receipt extends Opening {
  /** The terminal's name; empty if there was none. */
  terminal: string;
  /** The movement's id, 32 hex digits. */
  reference: string;
  /** The log that has the entry. */
  origin: string;
  /** The entry's leaf, from 0. */
  index: number;
}

/** Differs from the first line of every checkpoint. */
export const receiptFirstLine = "strongroom receipt 1";

/** Returns a receipt as a note, signed by any log of the bank. */
export function signReceipt(receipt: Receipt, signer: SignerKey): string {
  const { text, terminal, reference, origin, index, w, salt } = receipt;
  const lines = [
    receiptFirstLine,
    text,
    terminal || "-",
    reference,
    origin,
    index,
    toBase64(w),
    toBase64(salt),
  ];
  return signNote(lines.join("\n") + "\n", signer);
}

const textHash = new Uint8Array(32);

/** Returns the commitment of an opening: SHA-256(W, T), 32 bytes. */
export function commitmentOf(
  { w, salt, text }: Omit<Opening, "text"> & { text: string | Uint8Array },
): Bytes {
  sha256Into(textHash, salt, typeof text === "string" ? utf8(text) : text);
  return sha256(w, textHash);
}

/**
 * Returns the `extra` bytes of a proof: the hash of the sealed entry with its tag, and the opening.
 */
export function proofExtra(sealedHash: Uint8Array, { w, salt, text }: Opening): Bytes {
  return concat(sealedHash, w, salt, utf8(text));
}
