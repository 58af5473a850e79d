import { assert, assertEquals, equal } from "@std/assert";
import fc from "fast-check";
import { lineOf } from "../../../server/audit/codec.ts";
import { auditKeysOf, indexOf, nameHashOf } from "../../../server/audit/keys.ts";
import type { AuditEntry } from "../../../server/audit/entry.ts";
import { eachBitFlipped, eachOtherLength, filled } from "../../lib/helpers.ts";
import { auditKeys, chainId } from "../helpers/engine.ts";
import { openEntry, sealEntry } from "../helpers/seal_entry.ts";

const place = { chainId, sequence: 7 };
const entry: AuditEntry = {
  who: "alice",
  action: "withdraw €100.00 failed - insufficient funds",
  timeMs: Date.parse("2026-11-23T15:16:02.249Z"),
  kind: "withdrawal",
  outcome: "insufficient_funds",
  terminal: "lobby",
  movement: "00".repeat(16),
  step: "authorise",
  amount: 10_000n,
};
const sealed = sealEntry(auditKeys, place, entry, filled(1, 16));

Deno.test("an entry is who, what and when, and comes out as it was sealed", () => {
  assertEquals(
    lineOf(entry),
    "alice | withdraw €100.00 failed - insufficient funds | 2026-11-23T15:16:02.249Z",
  );
  assertEquals(openEntry(auditKeys, place, sealed), entry);
  const { amount: _, ...without } = entry;
  assertEquals(
    openEntry(auditKeys, place, sealEntry(auditKeys, place, without, filled(2, 16))),
    without,
  );
});

Deno.test("an action may hold a bar; what does not read as an entry is invalid, and throws nothing", () => {
  const barred = { ...entry, action: "make A | B" };
  const opened = (odd: AuditEntry) =>
    openEntry(auditKeys, place, sealEntry(auditKeys, place, odd, filled(3, 16)));
  assertEquals(opened(barred), barred);
  assertEquals(opened({ ...entry, action: "two\nlines" }), null);
});

Deno.test("an entry opens in its own place alone", () => {
  assertEquals(openEntry(auditKeys, { ...place, sequence: 8 }, sealed), null);
  assertEquals(openEntry(auditKeys, { ...place, chainId: filled(9, 16) }, sealed), null);
  assertEquals(openEntry(auditKeysOf(filled(0xa1, 32), 1), place, sealed), null);
  assertEquals(openEntry(auditKeysOf(filled(0xa0, 32), 2), place, sealed), null);
});

Deno.test("an entry with any bit turned, cut or lengthened does not open", () => {
  for (const bytes of [...eachBitFlipped(sealed.sealed), ...eachOtherLength(sealed.sealed)]) {
    assertEquals(openEntry(auditKeys, place, { ...sealed, sealed: bytes }), null);
  }
});

Deno.test("an entry that its commitment does not fit does not open", () => {
  const { commitment } = sealed;
  for (const bytes of [...eachBitFlipped(commitment), ...eachOtherLength(commitment)]) {
    assertEquals(openEntry(auditKeys, place, { ...sealed, commitment: bytes }), null);
  }
  const other = sealEntry(auditKeys, place, entry, filled(1, 16), [], filled(9, 32));
  assert(!equal(other.commitment, commitment), "other salts, another commitment");
  assertEquals(openEntry(auditKeys, place, { ...sealed, commitment: other.commitment }), null);
});

Deno.test("a sealed entry and its index show nothing of it", () => {
  const readable = new TextDecoder("latin1").decode(sealed.sealed);
  for (const word of ["alice", "withdraw", "lobby", "insufficient"]) {
    assert(!readable.includes(word), word);
  }
  fc.assert(fc.property(fc.string(), fc.string(), (a, b) => {
    assertEquals(indexOf(auditKeys, a).length, 16);
    assertEquals(indexOf(auditKeys, a).toHex() === indexOf(auditKeys, b).toHex(), a === b);
    assertEquals(nameHashOf(auditKeys, a) === indexOf(auditKeys, a).toHex(), false);
  }));
});
