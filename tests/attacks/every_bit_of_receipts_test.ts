/** Receipts and proofs with one bit flipped: none verifies under a quorum of all witnesses. */
import { assertEquals, assertNotEquals } from "@std/assert";
import { createHash } from "node:crypto";
import { type Bytes, textOf, utf8 } from "../../lib/bytes.ts";
import { verifyReceipt } from "../../ui/receipt_page/verify_receipt.ts";
import { type Subtle, Verifier } from "../../ui/receipt_page/verifier.ts";
import { eachBitFlipped } from "../lib/helpers.ts";
import {
  allWitnesses,
  policyOf,
  SmallLog,
  twoWitnesses,
} from "../server/transparency/small_log.ts";

const log = new SmallLog(100);
const policy = policyOf([log], allWitnesses);
/**
 * Of one text every bit is flipped; of each of the others every 100th, another one each time. All bits of
 * all texts (1.5 million) take minutes: set EVERY_BIT=1.
 */
const step = Deno.env.get("EVERY_BIT") ? 1 : 100;
/** Flips under way at once. */
const together = 64;

/**
 * Returns a WebCrypto that keeps its good answers, since most flips leave most signatures as they
 * were, and takes hashes from `node:crypto`, which needs no thread for each.
 */
function keptSubtle(): Subtle {
  const keys = new Map<string, Promise<CryptoKey>>();
  const good = new Set<string>();
  return {
    digest: (_: unknown, bytes: Uint8Array) =>
      Promise.resolve(new Uint8Array(createHash("sha256").update(bytes).digest()).buffer),
    importKey(...[format, bytes, ...more]: Parameters<SubtleCrypto["importKey"]>) {
      const name = (bytes as Uint8Array).toBase64();
      if (!keys.has(name)) {
        keys.set(name, crypto.subtle.importKey(format as "raw", bytes as Bytes, ...more));
      }
      return keys.get(name)!;
    },
    async verify(algorithm: string, key: CryptoKey, signature: Bytes, signed: Bytes) {
      const name = `${signature.toBase64()} ${signed.toBase64()}`;
      if (good.has(name)) return true;
      const isGood = await crypto.subtle.verify(algorithm, key, signature, signed);
      if (isGood) good.add(name);
      return isGood;
    },
  } as unknown as Subtle;
}

/**
 * Flips bits of a text, one at a time: each `step`th, from one on; gives how many, and which still
 * verify.
 */
async function flips(
  text: string,
  subtle: Subtle,
  step: number,
  from: number,
): Promise<{ bits: number; verified: number[] }> {
  const verified: number[] = [];
  const flipped = [...eachBitFlipped(utf8(text)).filter((_, bit) => bit % step === from % step)]
    .map(decoded);
  for (let start = 0; start < flipped.length; start += together) {
    await Promise.all(
      flipped.slice(start, start + together).map(async (changed, at) => {
        if (changed === null) return;
        const { outcome } = await verifyReceipt([changed], policy, subtle);
        if (outcome !== "refused") verified.push(start + at);
      }),
    );
  }
  return { bits: flipped.length, verified };
}

function decoded(bytes: Uint8Array): string | null {
  try {
    return textOf(bytes);
  } catch {
    return null; // no page and no program reads it as a text
  }
}

for (
  const [name, made] of [
    ["receipt", (index: number) => Promise.resolve(log.receipt(index))],
    ["proof", (index: number) => log.proof(index)],
  ] as const
) {
  Deno.test(`a ${name} with any bit flipped does not verify`, async () => {
    const subtle = keptSubtle();
    let bits = 0;
    for (let index = 0; index < 100; index++) {
      const text = await made(index);
      assertNotEquals((await verifyReceipt([text], policy, subtle)).outcome, "refused");
      const found = await flips(text, subtle, index === 0 ? 1 : step, index % step);
      assertEquals(found.verified, [], `${name} ${index}`);
      bits += found.bits;
    }
    console.log(`${bits} bits of 100 ${name}s flipped, none of which verifies`);
  });

  Deno.test(`the same of one ${name} with the runtime's WebCrypto as it is`, async () => {
    const found = await flips(await made(5), crypto.subtle, 8, 3);
    assertEquals(found.verified, []);
  });
}

Deno.test("under two of three witnesses, one whose cosignature has any bit flipped is not counted", async () => {
  const subtle = keptSubtle();
  const lenient = policyOf([log], twoWitnesses);
  const text = await log.proof(5);
  const start = utf8(text.slice(0, text.indexOf("\u2014 witness.example/2"))).length;
  const end = start +
    utf8(text.slice(text.indexOf("\u2014 witness.example/2")).split("\n")[0]!).length;
  const changes = [
    ...eachBitFlipped(utf8(text)).filter((_, bit) => bit >= 8 * start && bit < 8 * end),
  ];
  let [counted, refused] = [0, 0];
  for (const changed of changes.map(decoded)) {
    const verifier = new Verifier(subtle);
    try {
      await verifier.check([changed ?? ""], lenient);
    } catch {
      refused++;
      continue;
    }
    const logged = verifier.facts.find((fact) => "proved" in fact && fact.proved === "logged");
    const names = logged && "cosigned" in logged && logged.cosigned.map(({ witness }) => witness);
    assertEquals(names, ["w1", "w3"]);
    counted++;
  }
  assertEquals(counted + refused, 8 * (end - start));
  assertNotEquals(counted, 0);
  console.log(
    `${changes.length} bits of a cosignature flipped: ${counted} leave two, ${refused} are refused`,
  );
});
