/** Strict base64 (RFC 4648, section 4) with padding: each sequence of bytes has one text. */
import type { Bytes } from "../../lib/bytes.ts";

export function toBase64(bytes: Uint8Array): string {
  return bytes.toBase64();
}

/** Decodes a text; returns null for a text that `toBase64` does not write. */
export function fromBase64(text: string): Bytes | null {
  try {
    const bytes = Uint8Array.fromBase64(text, { lastChunkHandling: "strict" });
    return text.length === 4 * Math.ceil(bytes.length / 3) ? bytes : null; // no blank was skipped
  } catch {
    return null;
  }
}
