/**
 * ML-KEM-768 of the runtime, as the handshake uses it, against published vectors, and against another
 * implementation, whose randomness can be fixed.
 */
import { ml_kem768 } from "@noble/post-quantum/ml-kem.js";
import { assertEquals, assertNotEquals, assertRejects } from "@std/assert";
import { hex } from "../../lib/bytes.ts";
import { sha256 } from "../../lib/hmac.ts";
import { kemCiphertextBytes, kemKeyBytes } from "../../lib/kem.ts";
import { keyOfSeed, mlKem768 } from "../../lib/ml_kem.ts";
import vectors from "../vectors/ml_kem_768.json" with { type: "json" };

const bytes = (text: string) => Uint8Array.fromHex(text);

Deno.test("a seed gives the public key of FIPS 203", async () => {
  for (const { tcId, seed, publicKey } of vectors.keys) {
    assertEquals(hex((await keyOfSeed(bytes(seed))).publicKey), publicKey, `${tcId}`);
  }
});

Deno.test("ciphertexts give the secrets of FIPS 203, forged ones another, and no other length any", async () => {
  for (
    const { tcId, class: named, name, seed, publicKey, ciphertext, secret } of vectors
      .decapsulations
  ) {
    const key = await keyOfSeed(bytes(seed));
    const what = `${named}: ${name}, ${tcId}`;
    if (publicKey !== undefined) assertEquals(hex(key.publicKey), publicKey, what);
    const decapsulated = () => key.decapsulate(bytes(ciphertext));
    if (named === "valid") assertEquals(hex(await decapsulated()), secret, what);
    else await assertRejects(decapsulated, Error, undefined, what);
  }
});

Deno.test("public keys of another length, and those not reduced, are refused", async () => {
  for (const { tcId, name, publicKey } of vectors.badKeys) {
    const encapsulated = () => mlKem768.encapsulate(bytes(publicKey));
    await assertRejects(encapsulated, Error, undefined, `${name}, ${tcId}`);
  }
});

Deno.test("both ends have the same secret, another for each key and each encapsulation", async () => {
  const [key, other] = await Promise.all([mlKem768.newKey(), mlKem768.newKey()]);
  assertEquals(key.publicKey.length, kemKeyBytes);
  assertNotEquals(key.publicKey, other.publicKey);
  const [one, two] = await Promise.all([1, 2].map(() => mlKem768.encapsulate(key.publicKey)));
  assertEquals(one!.ciphertext.length, kemCiphertextBytes);
  assertNotEquals(one!.secret, two!.secret);
  for (const { ciphertext, secret } of [one!, two!]) {
    assertEquals(await key.decapsulate(ciphertext), secret);
    assertNotEquals(await other.decapsulate(ciphertext), secret);
  }
});

Deno.test("another implementation has the same keys, secrets, and secrets of forged ciphertexts", async () => {
  for (const { tcId, seed } of vectors.keys) {
    const key = await keyOfSeed(bytes(seed));
    const theirs = ml_kem768.keygen(bytes(seed));
    assertEquals(hex(theirs.publicKey), hex(key.publicKey), `${tcId}`);
    const fixed = sha256(bytes(seed));
    const { cipherText, sharedSecret } = ml_kem768.encapsulate(key.publicKey, fixed);
    assertEquals(hex(await key.decapsulate(cipherText)), hex(sharedSecret), `${tcId}`);
    const { ciphertext, secret } = await mlKem768.encapsulate(theirs.publicKey);
    const decapsulated = ml_kem768.decapsulate(ciphertext, theirs.secretKey);
    assertEquals(hex(decapsulated), hex(secret), `${tcId}`);
    ciphertext[tcId % ciphertext.length]! ^= 1;
    const rejected = ml_kem768.decapsulate(ciphertext, theirs.secretKey);
    assertEquals(hex(await key.decapsulate(ciphertext)), hex(rejected), `${tcId}, forged`);
    assertNotEquals(hex(rejected), hex(secret), `${tcId}, forged`);
  }
});
