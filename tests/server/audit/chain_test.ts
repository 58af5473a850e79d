import { assertEquals } from "@std/assert";
import { MacKey } from "../../../lib/hmac.ts";
import { chainStart, chainTag, ChainVerifier } from "../../../server/audit/chain.ts";
import type { SealedEntry } from "../../../server/audit/entry.ts";
import { filled } from "../../lib/helpers.ts";
import { chainId, firstKey } from "../helpers/engine.ts";

function chainOf(count: number, key = firstKey, id = chainId): SealedEntry[] {
  let tag = chainStart(id);
  return Array.from({ length: count }, (_, index) => {
    const untagged = {
      chain: 1,
      sequence: index + 1,
      epoch: 0,
      keyVersion: 1,
      who: filled(index % 3, 16),
      commitment: filled(index + 1, 32),
      sealed: filled(index, 64),
    };
    tag = chainTag(new MacKey(key), tag, untagged);
    return { ...untagged, tag };
  });
}

/** Returns what is wrong first, or null; and how many were good before it. */
function verify(entries: SealedEntry[]): [wrong: string | null, goodCount: number] {
  const verifier = new ChainVerifier(firstKey, chainId);
  for (const entry of entries) {
    const wrong = verifier.next(entry);
    if (wrong) return [wrong, verifier.goodCount];
  }
  return [null, verifier.goodCount];
}

const chain = chainOf(60);
const noted = (index: number) => `entry ${index + 1} is not as it was written`;

Deno.test("a chain as it was written is good to its last entry", () => {
  assertEquals(verify(chain), [null, 60]);
  assertEquals(verify([]), [null, 0]);
});

Deno.test("every entry altered in any of its parts is noticed, and named", () => {
  const spoiled = (bytes: Uint8Array) => {
    const copy = new Uint8Array(bytes);
    copy[copy.length - 1]! ^= 1;
    return copy;
  };
  const alterations: ((entry: SealedEntry) => SealedEntry)[] = [
    (entry) => ({ ...entry, sealed: spoiled(entry.sealed) }),
    (entry) => ({ ...entry, who: spoiled(entry.who) }),
    (entry) => ({ ...entry, tag: spoiled(entry.tag) }),
    (entry) => ({ ...entry, commitment: spoiled(entry.commitment) }),
    (entry) => ({ ...entry, epoch: entry.epoch + 1 }),
    (entry) => ({ ...entry, keyVersion: entry.keyVersion + 1 }),
    (entry) => ({ ...entry, who: entry.who.slice(1), sealed: filled(0, 65) }),
  ];
  chain.forEach((entry, index) => {
    for (const alter of alterations) {
      assertEquals(verify(chain.with(index, alter(entry))), [noted(index), index]);
    }
  });
});

Deno.test("every entry dropped, doubled, inserted or swapped is noticed, and named", () => {
  for (let index = 0; index < chain.length; index++) {
    const place = index + 1;
    if (place < chain.length) {
      assertEquals(
        verify(chain.toSpliced(index, 1)),
        [`entry ${place} is missing: entry ${place + 1} is there instead`, index],
      );
      const swapped = chain.with(index, chain[place]!).with(place, chain[index]!);
      assertEquals(verify(swapped)[1], index, `swapped at ${place}`);
    }
    const doubled = chain.toSpliced(index, 0, chain[index]!);
    assertEquals(verify(doubled)[1], place, `doubled at ${place}`);
    const dropped = chain.toSpliced(index, 1).map((entry, at) => ({ ...entry, sequence: at + 1 }));
    if (place < chain.length) assertEquals(verify(dropped), [noted(index), index]);
    const inserted = chain.toSpliced(index, 0, { ...chain[index]!, sealed: filled(0xff, 64) })
      .map((entry, at) => ({ ...entry, sequence: at + 1 }));
    assertEquals(verify(inserted), [noted(index), index]);
  }
});

Deno.test("another server's chain, or one under another key, is no continuation", () => {
  const others = [chainOf(60, filled(1, 32)), chainOf(60, firstKey, filled(2, 16))];
  for (const other of others) {
    assertEquals(verify(other), [noted(0), 0]);
    assertEquals(verify([...chain.slice(0, 30), ...other.slice(30)]), [noted(30), 30]);
  }
});
