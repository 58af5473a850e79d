/** Strict conversions between bytes, texts and numbers. */
export type Bytes = Uint8Array<ArrayBuffer>;

/**
 * Decodes strict base64 (RFC 4648, 4): each sequence of bytes has one text. Returns null for any
 * other.
 */
export function bytesOf(text: string): Bytes | null {
  try {
    const binary = atob(text);
    return btoa(binary) === text ? Uint8Array.from(binary, (each) => each.charCodeAt(0)) : null;
  } catch {
    return null;
  }
}

export function base64(bytes: Bytes): string {
  return btoa(String.fromCharCode(...bytes));
}

/**
 * Parses a decimal number without leading zeros; returns null for any other text, and from 2^53 on.
 */
export function numberOf(text: string): number | null {
  const number = /^(0|[1-9][0-9]{0,15})$/.test(text) ? Number(text) : NaN;
  return Number.isSafeInteger(number) ? number : null;
}

export function utf8(text: string): Bytes {
  return new TextEncoder().encode(text);
}

/** Decodes UTF-8, with U+FFFD for invalid bytes. */
export function textOf(bytes: Bytes): string {
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
}

/** Reads the big-endian number in 4 bytes. */
export function u32(bytes: Bytes, at: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(at);
}

/** Reads the big-endian number in 8 bytes; rounded above 2^53. */
export function u64(bytes: Bytes, at: number): number {
  return u32(bytes, at) * 2 ** 32 + u32(bytes, at + 4);
}

export function hex(bytes: Bytes): string {
  return Array.from(bytes, (byte) => (256 + byte).toString(16).slice(1)).join("");
}
