/** A key encapsulation mechanism with the sizes of ML-KEM-768 (FIPS 203): types alone. */
import type { Bytes } from "./bytes.ts";

export const kemKeyBytes = 1_184;
export const kemCiphertextBytes = 1_088;

/** A secret of 32 bytes, and the ciphertext from which the key's owner gets it. */
export interface Encapsulated {
  readonly ciphertext: Bytes;
  readonly secret: Bytes;
}

/** A key pair for one use. */
export interface KemKey {
  readonly publicKey: Bytes;
  /**
   * Returns the secret in a ciphertext; for a forged one, a secret that no other side has.
   * @throws if the ciphertext has another length
   */
  decapsulate(ciphertext: Uint8Array): Promise<Bytes>;
}

export interface Kem {
  newKey(): Promise<KemKey>;
  /** @throws if the key has another length or is not canonical */
  encapsulate(publicKey: Uint8Array): Promise<Encapsulated>;
}
