/** Published vectors, replayed through the functions that the project itself uses. */
import { assertEquals, assertThrows } from "@std/assert";
import { createHash, createHmac, randomBytes } from "node:crypto";
import { concat, hex } from "../../lib/bytes.ts";
import { ProtocolError } from "../../lib/errors.ts";
import { publicShare, sharedSecret } from "../../lib/protocol/handshake.ts";
import { hmac, MacKey, sha256, tagByHashes } from "../../lib/hmac.ts";
import { hkdfExpand, hkdfExtract } from "../../lib/protocol/key_schedule.ts";
import { open, seal } from "../../lib/seal.ts";
import cbc from "../vectors/aes_128_cbc.json" with { type: "json" };
import cbcHmac from "../vectors/aes_128_cbc_hmac_sha_256.json" with { type: "json" };
import hkdfVectors from "../vectors/hkdf_sha256.json" with { type: "json" };
import hmacVectors from "../vectors/hmac_sha256.json" with { type: "json" };
import sealCases from "../vectors/seal.json" with { type: "json" };
import x25519 from "../vectors/x25519.json" with { type: "json" };

const bytes = (text: string) => Uint8Array.fromHex(text);

Deno.test("HMAC-SHA256 gives the tags of RFC 4231, whole and in pieces", () => {
  for (const { name, key, data, tag } of hmacVectors.cases) {
    assertEquals(hex(hmac(bytes(key), bytes(data))).slice(0, tag.length), tag, name);
    const pieces = [...bytes(data)].map((byte) => Uint8Array.of(byte));
    assertEquals(hex(hmac(bytes(key), ...pieces)).slice(0, tag.length), tag, name);
    for (const parts of [[bytes(data)], pieces]) { // short as it is, by what serves long ones
      const made = new Uint8Array(32);
      tagByHashes(made, bytes(key), parts, data.length / 2);
      assertEquals(hex(made).slice(0, tag.length), tag, name);
    }
  }
});

Deno.test("tags and hashes of every length are those of the runtime, under keys in turn", () => {
  const keys = [0, 16, 32, 64, 65, 200].map((length) => new Uint8Array(randomBytes(length)));
  const ready = keys.map((key) => new MacKey(key));
  const text = new Uint8Array(randomBytes(200_000));
  const lengths = [
    ...Array.from({ length: 300 }, (_, length) => length),
    ...Array.from({ length: 100 }, (_, index) => 300 + 13 * index),
    1_023,
    1_024,
    ...[16_384, 65_610, 131_007, 131_008, 131_009, 131_072, 200_000],
  ];
  for (const length of lengths) {
    const parts = [text.subarray(0, length >> 2), text.subarray(length >> 2, length)];
    ready.forEach((key, index) => {
      const tag = createHmac("sha256", keys[index]!).update(parts[0]!).update(parts[1]!).digest();
      assertEquals(hex(key.tag(...parts)), tag.toString("hex"), `${length} bytes`);
    });
    const hash = createHash("sha256").update(text.subarray(0, length)).digest("hex");
    assertEquals(hex(sha256(...parts)), hash, `${length} bytes`);
  }
});

Deno.test("HKDF gives the keys of RFC 5869", () => {
  for (const { name, inputKey, salt, info, pseudorandomKey, outputKey } of hkdfVectors.cases) {
    const extracted = hkdfExtract(bytes(salt), bytes(inputKey));
    assertEquals(hex(extracted), pseudorandomKey, name);
    assertEquals(hex(hkdfExpand(extracted, bytes(info), outputKey.length / 2)), outputKey, name);
  }
});

// Wycheproof's hkdf_sha256_test.json, cases 25, 48 and 74 ("SizeTooLarge").
Deno.test("HKDF gives 255 blocks and not one byte more", () => {
  const key = new Uint8Array(32);
  const most = hkdfExpand(key, key, 8_160);
  assertEquals(most.length, 8_160);
  assertEquals(hkdfExpand(key, key, 32), most.slice(0, 32));
  assertThrows(() => hkdfExpand(key, key, 8_161), RangeError);
});

Deno.test("X25519 gives the products of RFC 7748", () => {
  for (const { name, scalar, point, product } of x25519.multiply) {
    assertEquals(hex(sharedSecret(bytes(scalar), bytes(point))), product, name);
  }
  const { aliceSecret, aliceShare, bobSecret, bobShare, shared } = x25519.agreement;
  assertEquals(hex(publicShare(bytes(aliceSecret))), aliceShare);
  assertEquals(hex(publicShare(bytes(bobSecret))), bobShare);
  assertEquals(hex(sharedSecret(bytes(aliceSecret), bytes(bobShare))), shared);
  assertEquals(hex(sharedSecret(bytes(bobSecret), bytes(aliceShare))), shared);
});

Deno.test("X25519 multiplied over and over comes to the products of RFC 7748", () => {
  for (const { rounds, product } of x25519.iterated) {
    let scalar = bytes("09" + "00".repeat(31)), point = scalar;
    for (let round = 0; round < rounds; round++) {
      [scalar, point] = [sharedSecret(scalar, point), scalar];
    }
    assertEquals(hex(scalar), product, `${rounds} rounds`);
  }
});

Deno.test("X25519 takes a share that is not below p as the one that it equals modulo p", () => {
  const secret = new Uint8Array(32).fill(7);
  const nine = Uint8Array.of(9, ...new Uint8Array(31));
  const more = new Uint8Array(32).fill(0xff).with(0, 0xed + 9).with(31, 0x7f); // p + 9
  for (const share of [more, more.with(31, 0xff), nine.with(31, 0x80)]) {
    assertEquals(sharedSecret(secret, share), sharedSecret(secret, nine));
  }
});

Deno.test("X25519 refuses every share of low order, whatever its unused top bit is", () => {
  const secret = bytes(x25519.agreement.aliceSecret);
  for (const { name, point } of x25519.lowOrder) {
    const share = bytes(point);
    assertThrows(() => sharedSecret(secret, share), ProtocolError, undefined, name);
    share[31]! |= 0x80;
    assertThrows(() => sharedSecret(secret, share), ProtocolError, undefined, `${name}, top bit`);
  }
});

Deno.test("seal() encrypts as AES-128-CBC of NIST SP 800-38A, and open() decrypts it", () => {
  const keys = { enc: bytes(cbc.key), mac: new Uint8Array(32) };
  const none = new Uint8Array(0);
  const sealed = seal(keys, bytes(cbc.iv), none, bytes(cbc.plaintext));
  assertEquals(hex(sealed.subarray(0, 16)), cbc.iv);
  // What follows is the block of padding that the vector leaves out.
  assertEquals(hex(sealed.subarray(16, 16 + 64)), cbc.ciphertext);
  assertEquals(hex(open(keys, none, sealed)!), cbc.plaintext);
});

Deno.test("seal() is AES_128_CBC_HMAC_SHA_256 of RFC 7518 with the whole tag", () => {
  const keys = { enc: bytes(cbcHmac.encKey), mac: bytes(cbcHmac.macKey) };
  const [iv, aad, plaintext] = [cbcHmac.iv, cbcHmac.aad, cbcHmac.plaintext].map(bytes);
  const sealed = seal(keys, iv!, aad!, plaintext!);
  assertEquals(hex(sealed), cbcHmac.iv + cbcHmac.ciphertext + cbcHmac.mac);
  assertEquals(hex(sealed.subarray(-32, -16)), cbcHmac.tag);
  assertEquals(hex(open(keys, aad!, sealed)!), cbcHmac.plaintext);
  // The RFC's own, shorter form is not ours.
  const short = concat(bytes(cbcHmac.iv), bytes(cbcHmac.ciphertext), bytes(cbcHmac.tag));
  assertEquals(open(keys, aad!, short), null);
});

Deno.test("open() refuses what has broken others, each case by its class, and takes what is sound", () => {
  const keys = { enc: bytes(sealCases.encKey), mac: bytes(sealCases.macKey) };
  for (const { class: named, name, sealed, plaintext } of sealCases.cases) {
    const opened = open(keys, bytes(sealCases.aad), bytes(sealed));
    assertEquals(opened && hex(opened), plaintext ?? null, `${named}: ${name}`);
    assertEquals(named === "Valid", plaintext !== undefined, name);
  }
});
