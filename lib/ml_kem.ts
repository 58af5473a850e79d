/**
 * ML-KEM-768 (FIPS 203) of the runtime's WebCrypto, with the types that the runtime's own lack. Its
 * randomness is the runtime's, so it is a part of the world, as `system` is.
 */
import type { Bytes } from "./bytes.ts";
import type { Kem, KemKey } from "./kem.ts";

const algorithm = "ML-KEM-768";

type Use = "encapsulateBits" | "decapsulateBits";

/** The functions of the draft "Modern Algorithms in the Web Cryptography API". */
interface KemCrypto {
  generateKey(name: string, extractable: boolean, uses: Use[]): Promise<CryptoKeyPair>;
  exportKey(format: "raw-public", key: CryptoKey): Promise<ArrayBuffer>;
  importKey(
    format: "raw-public" | "raw-seed",
    bytes: Uint8Array,
    name: string,
    extractable: boolean,
    uses: Use[],
  ): Promise<CryptoKey>;
  getPublicKey(key: CryptoKey, uses: Use[]): Promise<CryptoKey>;
  encapsulateBits(
    name: string,
    key: CryptoKey,
  ): Promise<{ ciphertext: ArrayBuffer; sharedKey: ArrayBuffer }>;
  decapsulateBits(name: string, key: CryptoKey, ciphertext: Uint8Array): Promise<ArrayBuffer>;
}

const subtle = crypto.subtle as unknown as KemCrypto;
const bytesOf = (buffer: ArrayBuffer): Bytes => new Uint8Array(buffer);

export const mlKem768: Kem = {
  async newKey() {
    const uses: Use[] = ["encapsulateBits", "decapsulateBits"];
    return await keyOf(await subtle.generateKey(algorithm, false, uses));
  },
  async encapsulate(publicKey) {
    const key = await subtle.importKey("raw-public", publicKey, algorithm, false, [
      "encapsulateBits",
    ]);
    const { ciphertext, sharedKey } = await subtle.encapsulateBits(algorithm, key);
    return { ciphertext: bytesOf(ciphertext), secret: bytesOf(sharedKey) };
  },
};

/**
 * Returns the key pair of a seed, `d || z` of FIPS 203, 64 bytes: for test vectors.
 * @throws {DOMException} if the seed has another length
 */
export async function keyOfSeed(seed: Uint8Array): Promise<KemKey> {
  const privateKey = await subtle.importKey("raw-seed", seed, algorithm, false, [
    "decapsulateBits",
  ]);
  const publicKey = await subtle.getPublicKey(privateKey, ["encapsulateBits"]);
  return await keyOf({ publicKey, privateKey });
}

async function keyOf({ publicKey, privateKey }: CryptoKeyPair): Promise<KemKey> {
  return {
    publicKey: bytesOf(await subtle.exportKey("raw-public", publicKey)),
    decapsulate: async (ciphertext) =>
      bytesOf(await subtle.decapsulateBits(algorithm, privateKey, ciphertext)),
  };
}
