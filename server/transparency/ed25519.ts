/** Ed25519 (RFC 8032) with keys as 32 bytes each. */
import { createPrivateKey, createPublicKey, type KeyObject, sign, verify } from "node:crypto";
import { type Bytes, concat } from "../../lib/bytes.ts";

/** The bytes before the 32 bytes of a key in PKCS #8 and in SubjectPublicKeyInfo (RFC 8410). */
const privateKeyPrefix = Uint8Array.fromHex("302e020100300506032b657004220420");
const publicKeyPrefix = Uint8Array.fromHex("302a300506032b6570032100");

/** Returns the public key of a secret key. */
export function publicKeyOf(secretKey: Uint8Array): Bytes {
  const exported = createPublicKey(privateKey(secretKey)).export({ format: "der", type: "spki" });
  return new Uint8Array(exported.subarray(publicKeyPrefix.length));
}

/** Signs a message, 64 bytes. */
export function signEd25519(secretKey: Uint8Array, message: Uint8Array): Bytes {
  return new Uint8Array(sign(null, message, privateKey(secretKey)));
}

/** Returns whether a 64-byte signature is valid; false for an invalid key. */
export function verifyEd25519(
  publicKey: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
): boolean {
  if (publicKey.length !== 32 || signature.length !== 64) return false;
  const key = concat(publicKeyPrefix, publicKey);
  try {
    const spki = createPublicKey({ key: key as unknown as Buffer, format: "der", type: "spki" });
    return verify(null, message, spki, signature);
  } catch {
    return false; // 32 bytes that are not a point of the curve
  }
}

function privateKey(secretKey: Uint8Array): KeyObject {
  const key = concat(privateKeyPrefix, secretKey);
  return createPrivateKey({ key: key as unknown as Buffer, format: "der", type: "pkcs8" });
}
