/**
 * Derives the keys of one session from the long-term key and one handshake, with the names and
 * labels of PROTOCOL.md, "Key schedule". HMAC-SHA256 is RFC 2104, HKDF is RFC 5869.
 */
import { type Bytes, concat, noBytes, utf8 } from "../bytes.ts";
import { hmac, MacKey } from "../hmac.ts";
import type { SealKeys } from "../seal.ts";

export const protocolName = "strongroom/1";

const label = (name: string) => utf8(`${protocolName} ${name}`);
const binderLabel = label("binder");
const clientTrafficLabel = label("client traffic");
const serverTrafficLabel = label("server traffic");
const clientProofLabel = label("client proof");
const serverProofLabel = label("server proof");
const encLabel = label("enc");
const macLabel = label("mac");
const rekeyLabel = label("rekey");

/** Computes HKDF-Extract, 32 bytes. */
export function hkdfExtract(salt: Uint8Array, inputKey: Uint8Array): Bytes {
  return hmac(salt, inputKey);
}

/** RFC 5869 counts its blocks of 32 bytes in one byte. */
const expandedBytesMax = 255 * 32;

/**
 * Computes HKDF-Expand, `length` bytes.
 * @throws {RangeError} if `length` is more than 8,160
 */
export function hkdfExpand(key: Uint8Array | MacKey, info: Uint8Array, length: number): Bytes {
  if (length > expandedBytesMax) throw new RangeError(`HKDF gives no ${length} bytes`);
  const mac = key instanceof MacKey ? key : new MacKey(key);
  const output = new Uint8Array(length);
  let block = noBytes;
  for (let counter = 1, at = 0; at < length; counter++, at += block.length) {
    block = mac.tag(block, info, Uint8Array.of(counter));
    output.set(block.subarray(0, length - at), at);
  }
  return output;
}

/** Computes `Master Secret = HMAC(K_SHARED, nonce_c || nonce_s)`. */
export function masterSecret(sharedKey: Uint8Array, nonceC: Uint8Array, nonceS: Uint8Array): Bytes {
  return hmac(sharedKey, nonceC, nonceS);
}

/**
 * Returns the key of the client hello's binder. Its input is not 64 bytes long, so it cannot equal
 * two nonces.
 */
export function binderKey(sharedKey: Uint8Array): Bytes {
  return hmac(sharedKey, binderLabel);
}

/** The secrets of one handshake: a traffic secret per direction and a proof key per role. */
export interface SessionSecrets {
  readonly clientTraffic: Bytes;
  readonly serverTraffic: Bytes;
  readonly clientProofKey: Bytes;
  readonly serverProofKey: Bytes;
}

/**
 * Derives the secrets of one session, bound to the whole handshake (`transcriptHash`, 32 bytes), from
 * the secrets of X25519 and the KEM, 32 bytes each.
 */
export function sessionSecrets(
  master: Uint8Array,
  diffieHellman: Uint8Array,
  encapsulated: Uint8Array,
  transcriptHash: Uint8Array,
): SessionSecrets {
  const session = new MacKey(hkdfExtract(master, concat(diffieHellman, encapsulated)));
  const derive = (label: Uint8Array) => hkdfExpand(session, concat(label, transcriptHash), 32);
  return {
    clientTraffic: derive(clientTrafficLabel),
    serverTraffic: derive(serverTrafficLabel),
    clientProofKey: derive(clientProofLabel),
    serverProofKey: derive(serverProofLabel),
  };
}

/** Derives `k_enc` and `k_mac` of one direction, until its next rekey. */
export function trafficKeys(trafficSecret: Uint8Array): SealKeys {
  const secret = new MacKey(trafficSecret);
  return {
    enc: hkdfExpand(secret, encLabel, 16),
    mac: hkdfExpand(secret, macLabel, 32),
  };
}

/** Derives the direction's next traffic secret, from which the present one cannot be computed. */
export function nextTrafficSecret(trafficSecret: Uint8Array): Bytes {
  return hkdfExpand(trafficSecret, rekeyLabel, 32);
}
