/** Receipts: the bank's signed word that its log has an entry, and all that opens that entry's commitment. */
import { type Bytes, concat, utf8 } from "../../lib/bytes.ts";
import { sha256 } from "../../lib/hmac.ts";
import { toBase64 } from "./base64.ts";
import { type SignerKey, signNote } from "./note.ts";

/** What opens the commitment of one entry for a stranger, without the customer's name. */
export interface Opening {
  /** SHA-256(salt1, WHO), 32 bytes. */
  w: Uint8Array;
  /** 16 bytes. */
  salt: Uint8Array;
  /** `ACTION | TIME`, word for word. */
  text: string;
}

export interface Receipt extends Opening {
  terminal: string;
  /** The movement's id, 32 hex digits. */
  reference: string;
  /** The entry's leaf, from 0. */
  index: number;
}

/** Never the first line of a checkpoint. */
export const receiptFirstLine = "strongroom receipt 1";

/** A receipt as a note. The signer's name is the origin. */
export function signReceipt(receipt: Receipt, signer: SignerKey): string {
  const { text, terminal, reference, index, w, salt } = receipt;
  const lines = [
    receiptFirstLine,
    text,
    terminal,
    reference,
    signer.name,
    index,
    toBase64(w),
    toBase64(salt),
  ];
  return signNote(lines.join("\n") + "\n", signer);
}

/** The commitment that an opening opens: SHA-256(W, T), 32 bytes. */
export function commitmentOf({ w, salt, text }: Opening): Bytes {
  return sha256(w, sha256(salt, utf8(text)));
}

/** The `extra` bytes of a proof: the hash of the sealed entry with its tag, and the opening. */
export function proofExtra(sealedHash: Uint8Array, { w, salt, text }: Opening): Bytes {
  return concat(sealedHash, w, salt, utf8(text));
}
