/**
 * A KEM with the sizes of ML-KEM-768 and no secrecy: its secret is a hash of what everyone sees. For
 * worlds in which the same randomness must give the same bytes, and nothing may wait for a thread.
 */
import type { Bytes } from "../../lib/bytes.ts";
import { sha256 } from "../../lib/hmac.ts";
import { type Kem, kemCiphertextBytes, kemKeyBytes } from "../../lib/kem.ts";

/** What a key of this KEM begins with: anything else is refused, as ML-KEM refuses some keys. */
const mark = 0x4b;

export function toyKem(randomBytes: (length: number) => Bytes): Kem {
  /** Returns a few random bytes, then zeros. */
  const made = (length: number) => {
    const bytes = new Uint8Array(length);
    bytes[0] = mark;
    bytes.set(randomBytes(16), 1);
    return bytes;
  };
  return {
    newKey() {
      const publicKey = made(kemKeyBytes);
      const decapsulate = (ciphertext: Uint8Array) => {
        if (ciphertext.length !== kemCiphertextBytes) return Promise.reject(new Error("length"));
        return Promise.resolve(sha256(publicKey, ciphertext));
      };
      return Promise.resolve({ publicKey, decapsulate });
    },
    encapsulate(publicKey) {
      if (publicKey.length !== kemKeyBytes || publicKey[0] !== mark) {
        return Promise.reject(new Error("no key"));
      }
      const ciphertext = made(kemCiphertextBytes);
      return Promise.resolve({ ciphertext, secret: sha256(publicKey, ciphertext) });
    },
  };
}
