/**
 * An attacker who commands the dispenser: has its socket, every message that it ever sent or got, and
 * tokens of the host, but not its keys. Each attempt to get notes or a false status is refused.
 */
import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { makeToken } from "../../lib/device_token.ts";
import { commandNonceMsMax } from "../../lib/limits.ts";
import { Dispenser } from "./dispenser.ts";

const keys = {
  host: Uint8Array.from({ length: 32 }, (_, index) => index),
  device: Uint8Array.from({ length: 32 }, (_, index) => 32 + index),
};
const foreign = new Uint8Array(32).fill(7);
const hostNonce = "00112233445566778899AABBCCDDEEFF";
const tokenFor = (nonce: string, amount: string, key: Uint8Array = keys.host) =>
  makeToken(key, nonce, [["DISPENSE1", amount]]);

/** Each attempt ends with the code of the refusal; notes worth `paid` have left before. */
const attempts: [what: string, refused: string, paid: bigint, (d: Dispenser) => Promise<string>][] =
  [
    ["no token", "authorisationRequired", 0n, (d) => d.nonce().then(() => d.dispense(2))],
    [
      "a token before a nonce was asked for",
      "noCommandNonce",
      0n,
      (d) => d.dispense(2, tokenFor(hostNonce, "40.00EUR")),
    ],
    [
      "a token for another nonce",
      "invalidTokenNonce",
      0n,
      (d) => d.nonce().then(() => d.dispense(2, tokenFor(hostNonce, "40.00EUR"))),
    ],
    [
      "a token under another device's key",
      "invalidTokenHMAC",
      0n,
      (d) => d.nonce().then((nonce) => d.dispense(2, tokenFor(nonce, "40.00EUR", foreign))),
    ],
    [
      "a token under the device's own key",
      "invalidTokenHMAC",
      0n,
      (d) => d.nonce().then((nonce) => d.dispense(2, tokenFor(nonce, "40.00EUR", keys.device))),
    ],
    [
      "its sum raised",
      "invalidTokenHMAC",
      0n,
      (d) =>
        d.nonce().then((nonce) =>
          d.dispense(4, tokenFor(nonce, "40.00EUR").replace("40.00EUR", "80.00EUR"))
        ),
    ],
    [
      "more than its sum",
      "invalidToken",
      0n,
      (d) => d.nonce().then((nonce) => d.dispense(3, tokenFor(nonce, "40.00EUR"))),
    ],
    [
      "half a decimal digit",
      "invalidTokenFormat",
      0n,
      (d) => d.nonce().then((nonce) => d.dispense(2, tokenFor(nonce, "40.5EUR"))),
    ],
    [
      "another currency",
      "invalidTokenFormat",
      0n,
      (d) => d.nonce().then((nonce) => d.dispense(2, tokenFor(nonce, "40.00USD"))),
    ],
    [
      "no sum in the token",
      "invalidTokenFormat",
      0n,
      (d) =>
        d.nonce().then((nonce) =>
          d.dispense(2, makeToken(keys.host, nonce, [["DISPENSED1", "40.00EUR"]]))
        ),
    ],
    [
      "the HMAC in lower case",
      "invalidTokenFormat",
      0n,
      (d) => d.nonce().then((nonce) => d.dispense(2, lowerCaseTag(tokenFor(nonce, "40.00EUR")))),
    ],
    ["a token again after its sum", "noCommandNonce", 4_000n, async (d) => {
      const token = tokenFor(await d.nonce(), "40.00EUR");
      assertEquals(await d.pay(2, token), "success");
      return await d.pay(2, token);
    }],
    ["a used token for the next nonce", "invalidTokenNonce", 4_000n, async (d) => {
      const token = tokenFor(await d.nonce(), "40.00EUR");
      assertEquals(await d.pay(2, token), "success");
      await d.nonce();
      return await d.pay(2, token);
    }],
    ["beyond its sum in parts", "noCommandNonce", 4_000n, async (d) => {
      const token = tokenFor(await d.nonce(), "40.00EUR");
      assertEquals([await d.pay(1, token), await d.pay(1, token)], ["success", "success"]);
      return await d.pay(1, token);
    }],
    ["beyond its sum in unequal parts", "invalidToken", 2_000n, async (d) => {
      const token = tokenFor(await d.nonce(), "40.00EUR");
      assertEquals(await d.pay(1, token), "success");
      return await d.pay(2, token);
    }],
    ["its sum again, after the notes were rejected", "invalidToken", 0n, async (d) => {
      const token = tokenFor(await d.nonce(), "40.00EUR");
      assertEquals(await d.dispense(2, token), "success");
      assertEquals((await d.ask("CashDispenser.Reject")).code, "success");
      return await d.pay(2, token);
    }],
    ["its sum again, after a jam kept the notes", "invalidToken", 0n, async (d) => {
      const token = tokenFor(await d.nonce(), "40.00EUR");
      d.arm("jam before dispense");
      assertEquals(await d.dispense(2, token), "hardwareError");
      d.simulated.clearJams();
      return await d.pay(2, token);
    }],
    ["a second token with the same nonce", "invalidToken", 2_000n, async (d) => {
      const nonce = await d.nonce();
      assertEquals(await d.pay(1, tokenFor(nonce, "40.00EUR")), "success");
      return await d.pay(2, tokenFor(nonce, "80.00EUR"));
    }],
    ["after the nonce was cleared", "noCommandNonce", 0n, async (d) => {
      const token = tokenFor(await d.nonce(), "40.00EUR");
      await d.ask("Common.ClearCommandNonce");
      return await d.pay(2, token);
    }],
    ["after the nonce's time", "noCommandNonce", 0n, async (d) => {
      const token = tokenFor(await d.nonce(), "40.00EUR");
      d.timePasses();
      return await d.pay(2, token);
    }],
    ["after a power cycle", "noCommandNonce", 0n, async (d) => {
      const token = tokenFor(await d.nonce(), "40.00EUR");
      d.start();
      return await d.pay(2, token);
    }],
    ["after a power cut while its notes moved", "noCommandNonce", 0n, async (d) => {
      const token = tokenFor(await d.nonce(), "80.00EUR");
      d.arm("power cut between dispense");
      assertEquals(await d.dispense(2, token), "connection ended");
      d.connect();
      return await d.pay(2, token);
    }],
    ["the rest of a token after a power cycle", "noCommandNonce", 2_000n, async (d) => {
      const token = tokenFor(await d.nonce(), "40.00EUR");
      assertEquals(await d.pay(1, token), "success");
      d.start();
      return await d.pay(1, token);
    }],
    ["a status before the sequence has ended", "sequenceError", 0n, async (d) => {
      const token = tokenFor(await d.nonce(), "40.00EUR");
      assertEquals(await d.dispense(2, token), "success");
      return await d.status(hostNonce) as string;
    }],
  ];

function lowerCaseTag(token: string): string {
  return token.slice(0, -64) + token.slice(-64).toLowerCase();
}

for (const [what, refused, paid, attempt] of attempts) {
  Deno.test(`a dispenser refuses: ${what}`, async () => {
    const dispenser = await Dispenser.open(keys);
    const before = dispenser.inside;
    assertEquals(await attempt(dispenser), refused);
    assertEquals(before - dispenser.inside, paid, "notes that left");
    dispenser.close();
  });
}

Deno.test("a present status attests what was paid, and nothing can make it say less", async () => {
  const dispenser = await Dispenser.open(keys);
  const nonce = await dispenser.nonce();
  const token = tokenFor(nonce, "40.00EUR");
  assertEquals(await dispenser.pay(2, token), "success");
  const paid = [
    ["DISPENSEID", token.slice(-64)],
    ["DISPENSED1", "40.00EUR"],
    ["PRESENTED1", "YES"],
    ["PRESENTEDAMOUNT1", "40.00EUR"],
    ["RETRACTED1", "NO"],
    ["RETRACTEDAMOUNT1", "0.00EUR"],
    ["STRONGROOMCLEARED", `${nonce}:40.00EUR`],
  ];
  const requirePaid = async () => assertEquals([...await dispenser.status(hostNonce)], paid);
  await requirePaid();
  // Refused dispenses begin no other sequence.
  const next = await dispenser.nonce();
  assert(next !== nonce);
  for (const bad of [tokenFor(nonce, "20.00EUR"), tokenFor(next, "20.00EUR", foreign), undefined]) {
    assert(await dispenser.dispense(1, bad) !== "success");
    await requirePaid();
  }
  await dispenser.ask("CashDispenser.Reject");
  await requirePaid();
  dispenser.start();
  const [cleared] = [...await dispenser.status(hostNonce)].slice(-1);
  assertEquals(cleared, ["STRONGROOMCLEARED", `${next}:0.00EUR`]);
  // An old status answers an old nonce.
  assertEquals(await dispenser.status("FF".repeat(16)).then((read) => typeof read), "object");
  dispenser.close();
});

Deno.test("a nonce that ends unspent is attested as dead, with what was presented under it", async () => {
  const dispenser = await Dispenser.open(keys);
  const first = await dispenser.nonce();
  assertEquals(await dispenser.nonce(), first, "one is live at a time");
  await dispenser.ask("Common.ClearCommandNonce");
  const read = await dispenser.status(hostNonce) as Map<string, string>;
  assertEquals(read.get("STRONGROOMCLEARED"), `${first}:0.00EUR`);
  assertEquals(read.has("DISPENSEID"), false);
  const second = await dispenser.nonce();
  assertEquals(await dispenser.pay(1, tokenFor(second, "40.00EUR")), "success");
  dispenser.timePasses();
  const later = await dispenser.status(hostNonce) as Map<string, string>;
  assertEquals(later.get("STRONGROOMCLEARED"), `${second}:20.00EUR`);
  assertEquals(dispenser.cleared, ["a client cleared it", "it is too old"]);
  dispenser.close();
});

Deno.test("a device that slept until its nonce was over pays nothing on it, and attests that it is dead", async () => {
  const dispenser = await Dispenser.open(keys);
  const nonce = await dispenser.nonce();
  const token = tokenFor(nonce, "40.00EUR");
  dispenser.sleeps(commandNonceMsMax - 5_000);
  assertEquals(await dispenser.pay(1, token), "success");
  dispenser.sleeps(10_000);
  assertEquals(await dispenser.pay(1, token), "noCommandNonce");
  const read = await dispenser.status(hostNonce) as Map<string, string>;
  assertEquals(read.get("STRONGROOMCLEARED"), `${nonce}:20.00EUR`);
  dispenser.sleeps(2 * commandNonceMsMax);
  const next = await dispenser.nonce();
  dispenser.sleeps(commandNonceMsMax + 1);
  const later = await dispenser.status(hostNonce) as Map<string, string>;
  assertEquals(later.get("STRONGROOMCLEARED"), `${next}:0.00EUR`);
  assertNotEquals(await dispenser.nonce(), next);
  dispenser.close();
});

console.log(`attempts on the dispenser: ${attempts.length}`);
