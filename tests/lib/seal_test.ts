import { assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import { createCipheriv, randomBytes } from "node:crypto";
import fc from "fast-check";
import { concat, u64 } from "../../lib/bytes.ts";
import { hmac } from "../../lib/hmac.ts";
import { open, seal, sealedLength, Sealer } from "../../lib/seal.ts";
import { countingBytes, eachBitFlipped, eachOtherLength, filled } from "./helpers.ts";

const keys = { enc: filled(1, 16), mac: filled(2, 32) };
const iv = filled(3, 16);
const aad = filled(4, 10);
const message = filled(5, 40);
const sealed = seal(keys, iv, aad, message);

/** Returns one block encrypted. */
function ecb(block: Uint8Array): Uint8Array {
  const cipher = createCipheriv("aes-128-ecb", keys.enc, null).setAutoPadding(false);
  return new Uint8Array(cipher.update(block));
}

/** Both ways to open; the second opens another record first, as a kept decipher has always done. */
const ways: Record<string, typeof open> = {
  open,
  openNext(keys, aad, sealed) {
    const sealer = new Sealer(keys);
    assertEquals(sealer.openNext(aad, seal(keys, iv, aad, message)), message);
    const opened = sealer.openNext(aad, sealed);
    sealer.end();
    return opened;
  },
};

/** Returns IV and ciphertext as they are given, under a tag that holds. */
function underValidTag(body: Uint8Array): Uint8Array {
  return concat(body, hmac(keys.mac, aad, body, u64(aad.length * 8)));
}

/** Returns the blocks encrypted as they are given, without any padding of the cipher's own. */
function encryptedUnpadded(plaintext: Uint8Array): Uint8Array {
  const cipher = createCipheriv("aes-128-cbc", keys.enc, iv).setAutoPadding(false);
  return concat(iv, cipher.update(plaintext), cipher.final());
}

Deno.test("open() gives back what seal() was given, at any length", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), fc.uint8Array(), (plaintext, aad) => {
    const bytes = seal(keys, iv, aad, plaintext);
    assertEquals(bytes.length, sealedLength(plaintext.length));
    assertEquals(open(keys, aad, bytes), new Uint8Array(plaintext));
  }));
});

for (const [way, open] of Object.entries(ways)) {
  Deno.test(`${way}() refuses every single bit turned, in the sealed bytes and in the associated data`, () => {
    for (const spoiled of eachBitFlipped(sealed)) assertEquals(open(keys, aad, spoiled), null);
    for (const spoiled of eachBitFlipped(aad)) assertEquals(open(keys, spoiled, sealed), null);
  });
}

for (const [way, open] of Object.entries(ways)) {
  Deno.test(`${way}() refuses every truncation and an extension`, () => {
    for (const spoiled of eachOtherLength(sealed)) assertEquals(open(keys, aad, spoiled), null);
    for (const other of eachOtherLength(aad)) assertEquals(open(keys, other, sealed), null);
  });
}

for (const [way, open] of Object.entries(ways)) {
  Deno.test(`${way}() refuses bytes moved between IV, associated data and ciphertext`, () => {
    const whole = concat(aad, sealed);
    assertEquals(open(keys, whole.subarray(0, 9), whole.subarray(9)), null);
    assertEquals(open(keys, whole.subarray(0, 26), whole.subarray(26)), null);
  });
}

for (const [way, open] of Object.entries(ways)) {
  Deno.test(`${way}() refuses another key for either part`, () => {
    assertEquals(open({ ...keys, mac: filled(9, 32) }, aad, sealed), null);
    assertNotEquals(open({ ...keys, enc: filled(9, 16) }, aad, sealed), message);
  });
}

for (const [way, open] of Object.entries(ways)) {
  Deno.test(`${way}() refuses an empty ciphertext under a valid tag`, () => {
    assertEquals(open(keys, aad, underValidTag(iv)), null);
    assertEquals(open(keys, aad, underValidTag(new Uint8Array(0))), null);
  });
}

for (const [way, open] of Object.entries(ways)) {
  Deno.test(`${way}() refuses a ciphertext that is no multiple of a block, under a valid tag`, () => {
    const body = encryptedUnpadded(filled(16, 32));
    for (let length = 17; length < body.length; length++) {
      if (length % 16 === 0) continue;
      assertEquals(open(keys, aad, underValidTag(body.subarray(0, length))), null, `${length}`);
    }
  });
}

for (const [way, open] of Object.entries(ways)) {
  Deno.test(`${way}() refuses every bad padding under a valid tag, and takes every good one`, () => {
    for (let last = 0; last < 256; last++) {
      const good = last >= 1 && last <= 16;
      const plaintext = concat(filled(0xee, 32 - (good ? last : 0)), filled(last, good ? last : 0));
      plaintext[31] = last;
      const opened = open(keys, aad, underValidTag(encryptedUnpadded(plaintext)));
      assertEquals(opened?.length, good ? 32 - last : undefined, `last byte ${last}`);
      for (let at = 1; good && at < last; at++) {
        const spoiled = plaintext.slice();
        spoiled[31 - at]! ^= 0x80;
        const result = open(keys, aad, underValidTag(encryptedUnpadded(spoiled)));
        assertEquals(result, null, `padding of ${last}, wrong ${at} before the end`);
      }
    }
  });
}

for (const [way, open] of Object.entries(ways)) {
  Deno.test(`${way}() gives null for any bytes`, () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      assertEquals(open(keys, aad, bytes), null);
    }));
  });
}

Deno.test("sealNext() seals as seal() does, under an IV that the random block before it gives", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.uint8Array({ maxLength: 300 }), fc.boolean())), (all) => {
      const sealer = new Sealer(keys), opener = new Sealer(keys);
      const random = countingBytes();
      let before = filled(0, 16);
      for (const [bytes, ends] of all) {
        const plaintext = new Uint8Array(bytes);
        const block = random(16);
        const parts = [plaintext.subarray(0, 7), plaintext.subarray(7)];
        const sealed = sealer.sealNext(block, { aad, plaintext: parts });
        assertEquals(sealed.slice(0, 16), ecb(before.map((byte, at) => byte ^ block[at]!)));
        assertEquals(sealed, seal(keys, sealed.slice(0, 16), aad, plaintext));
        assertEquals(opener.openNext(aad, sealed), plaintext);
        before = sealed.slice(-48, -32);
        if (!ends) continue;
        sealer.end();
        opener.end();
        before = filled(0, 16);
      }
    }),
  );
});

Deno.test("sealNext() refuses any other number of random bytes", () => {
  for (const length of [0, 15, 17]) {
    const random = filled(0, length);
    assertThrows(() => new Sealer(keys).sealNext(random, { aad, plaintext: [] }), RangeError);
  }
});

Deno.test("seal() refuses an IV of another length", () => {
  assertThrows(() => seal(keys, filled(0, 12), aad, message), RangeError);
});

Deno.test("many are sealed at once as one by one: each opens with its own associated data alone", () => {
  const plain = fc.array(fc.record({ aad: fc.uint8Array(), plaintext: fc.array(fc.uint8Array()) }));
  fc.assert(fc.property(plain, (all) => {
    const sealer = new Sealer(keys);
    const sealed = sealer.sealAll(all, randomBytes(16 * (all.length + 1)));
    sealed.forEach((bytes, index) => {
      const { aad, plaintext: parts } = all[index]!;
      const plaintext = concat(...parts);
      assertEquals(sealer.open(aad, bytes), plaintext);
      assertEquals(sealer.open(concat(aad, filled(1, 1)), bytes), null);
      const alone = sealer.seal(bytes.subarray(0, 16), { aad, plaintext });
      assertEquals(bytes, alone, "the form is that of one sealed alone");
    });
  }));
});

Deno.test("the IV of each of many is the ciphertext of a random block", () => {
  const random = randomBytes(4 * 16);
  const many = new Sealer(keys).sealAll(
    Array.from({ length: 3 }, () => ({ aad, plaintext: [message] })),
    random,
  );
  let before: Uint8Array = random.subarray(-16);
  many.forEach((bytes, index) => {
    const mixed = before.map((byte, at) => byte ^ random[16 * index + at]!);
    assertEquals(bytes.slice(0, 16), ecb(mixed));
    before = bytes.subarray(-48, -32);
  });
});

Deno.test("sealAll() refuses any other number of random bytes", () => {
  for (const length of [0, 16, 31, 33, 48]) {
    assertThrows(
      () => new Sealer(keys).sealAll([{ aad, plaintext: [message] }], filled(0, length)),
      RangeError,
    );
  }
});
