import { assertEquals, assertRejects } from "@std/assert";
import { UsageError } from "../../../lib/errors.ts";
import type { Command } from "../../../server/ledger/command.ts";
import type { Ledger } from "../../../server/ledger/ledger.ts";
import type { OpenLedger } from "../../../server/ledger_service.ts";
import { addCustomer, enrolTerminal, ledgerParts, openLedger } from "../helpers/engine.ts";
import { idOf, numberOf, settings } from "../helpers/small_bank.ts";
import { onEachPlace } from "../helpers/stores.ts";
import { inTemporaryFolder } from "../helpers/temporary.ts";

const aliceId = 4;

type Run = (ledger: Ledger, troubles: string[], parts: OpenLedger) => Promise<void>;

/**
 * Registers a test with a ledger in its thread, on its own store, with one terminal and one
 * customer.
 */
function onEachLedger(name: string, run: Run): void {
  onEachPlace(name, async (place, folder) => {
    const parts = { ...ledgerParts(folder), place };
    const troubles: string[] = [];
    const ledger = await openLedger(
      { ...parts, create: settings },
      (trouble) => troubles.push(trouble),
    );
    try {
      await ledger.submit(enrolTerminal("lobby"));
      await ledger.submit(addCustomer("alice", 100_000n));
      await run(ledger, troubles, parts);
    } finally {
      await ledger.close();
    }
  });
}

const deposit = (name: string, amount = 100n): Command[] => {
  const ids = { movement: idOf(name), terminal: idOf("lobby"), amount };
  const whose = {
    customer: "alice",
    passwordVersion: 1,
    account: numberOf("alice"),
    currency: "EUR",
  };
  return [{ op: "authorise", kind: "deposit", ...whose, ...ids }, { op: "complete", ...ids }];
};

onEachLedger("many commands at once are all answered, each with its own reply", async (ledger) => {
  const names = Array.from({ length: 700 }, (_, index) => `d${index}`);
  const replies = await Promise.all(
    names.flatMap((name, index) => deposit(name, BigInt(index + 1))).map((command) =>
      ledger.submit(command)
    ),
  );
  assertEquals(new Set(replies.map(({ outcome }) => outcome)), new Set(["ok"]));
  const booked = replies.flatMap(({ booked }) => booked === undefined ? [] : [Number(booked)]);
  assertEquals(booked, names.map((_, index) => index + 1));
  const account = await ledger.read.account(aliceId);
  assertEquals(account!.balance, 100_000n + 700n * 701n / 2n);
});

onEachLedger(
  "a member that the database refuses takes none of its batch with it",
  async (ledger, troubles) => {
    const commands = [...deposit("d1"), enrolTerminal("other", "lobby"), ...deposit("d2")];
    const replies = await Promise.all(commands.map((command) => ledger.submit(command)));
    assertEquals(replies.map(({ outcome }) => outcome), ["ok", "ok", "try_later", "ok", "ok"]);
    assertEquals(troubles.length > 0, true);
    assertEquals((await ledger.read.account(aliceId))!.balance, 100_200n);
  },
);

onEachLedger(
  "watchers of an account receive every change, in order, until they stop",
  async (ledger) => {
    const versions: number[] = [];
    const before = (await ledger.read.account(aliceId))!.version;
    const stop = ledger.watch(aliceId, ({ version }) => versions.push(version));
    for (let index = 0; index < 5; index++) {
      for (const command of deposit(`d${index}`)) await ledger.submit(command);
    }
    assertEquals(versions, [1, 2, 3, 4, 5].map((step) => before + step));
    stop();
    for (const command of deposit("d9")) await ledger.submit(command);
    assertEquals(versions.length, 5);
  },
);

Deno.test("a file in use, or none at all, is refused by its opener", () =>
  inTemporaryFolder(async (folder) => {
    const parts = ledgerParts(folder);
    const ledger = await openLedger({ ...parts, create: settings }, () => {});
    await assertRejects(() => openLedger(parts, () => {}), UsageError, "in use");
    await assertRejects(
      () => openLedger({ ...parts, place: { path: `${parts.place.path}/none` } }, () => {}),
      UsageError,
    );
    await ledger.close();
  }));
