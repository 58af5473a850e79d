/** Tokens of XFS4IoT's end-to-end security, against published vectors, both ways. */
import { assertEquals } from "@std/assert";
import { amountOfToken, makeToken, readToken, tokenAmount } from "../../lib/device_token.ts";
import { fromHex } from "../../lib/bytes.ts";
import vectors from "../vectors/device_tokens.json" with { type: "json" };

const keyOf = (text: string) => fromHex(text, text.length / 2)!;

for (const { what, key, nonce, content, token } of vectors.made) {
  Deno.test(`${what} is made and read`, () => {
    assertEquals(makeToken(keyOf(key), nonce, content as [string, string][]), token);
    const read = readToken(keyOf(key), token, nonce);
    if (typeof read === "string") throw new Error(read);
    assertEquals([...read.content], content as [string, string][]);
    assertEquals([read.nonce, read.id], [nonce, token.slice(-64)]);
  });
}

Deno.test("a token with any bit changed is refused", () => {
  const { key, nonce, token } = vectors.made[1]!;
  for (let bit = 0; bit < token.length * 8; bit++) {
    const bytes = new TextEncoder().encode(token);
    bytes[bit >> 3]! ^= 1 << (bit & 7);
    const changed = String.fromCharCode(...bytes);
    assertEquals(typeof readToken(keyOf(key), changed, nonce), "string", `bit ${bit}`);
  }
});

for (const { why, token, fault } of vectors.refused.tokens) {
  Deno.test(`a token is refused: ${why}`, () => {
    assertEquals(readToken(keyOf(vectors.refused.key), token, vectors.refused.nonce), fault);
  });
}

Deno.test("amounts in tokens have exactly the currency's digits, or none", () => {
  const [euro, yen] = [{ code: "EUR", exponent: 2 }, { code: "JPY", exponent: 0 }];
  assertEquals([4_000n, 5n, 0n].map((minor) => tokenAmount(minor, euro)), [
    "40.00EUR",
    "0.05EUR",
    "0.00EUR",
  ]);
  assertEquals(tokenAmount(4_000n, yen), "4000JPY");
  const table: [string, bigint | null][] = [
    ["40.00EUR", 4_000n],
    ["40EUR", 4_000n],
    ["0.05EUR", 5n],
    ["40.5EUR", null],
    ["40.000EUR", null],
    ["40.EUR", null],
    ["40,00EUR", null],
    ["40.00USD", null],
    ["-40.00EUR", null],
    ["40.00eur", null],
    ["", null],
  ];
  for (const [text, minor] of table) assertEquals(amountOfToken(text, euro), minor, text);
  assertEquals(amountOfToken("4000JPY", yen), 4_000n);
});
