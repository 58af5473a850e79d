/** Customers who search their histories leave the ledger's thread time for everything else. */
import { assertEquals } from "@std/assert";
import { historyRestMs } from "../../../lib/limits.ts";
import { system } from "../../../lib/system.ts";
import { pause } from "../../../lib/world.ts";
import type { SealedEntry } from "../../../server/audit/entry.ts";
import { LogTurns } from "../../../server/audit/log_turns.ts";
import { logCommand } from "../../../server/ledger/command.ts";
import { openLedgerThread } from "../../../server/ledger_thread.ts";
import { addCustomer, ledgerParts } from "../helpers/engine.ts";
import { settings } from "../helpers/small_bank.ts";
import { inTemporaryFolder } from "../helpers/temporary.ts";

Deno.test("parts of histories take turns with a rest before each, and the newest entries wait for none", async () => {
  const timers: { ms: number; act: () => void }[] = [];
  const read: string[] = [];
  const world = {
    after: (ms: number, act: () => void) => {
      timers.push({ ms, act });
      return () => {};
    },
    nextTurn: (act: () => void) => act(),
  };
  const entriesOf = ([who]: readonly Uint8Array[]) => {
    read.push(`part of ${who![0]}`);
    return [] as SealedEntry[];
  };
  const turns = new LogTurns({ entriesOf, chains: () => [], settledAmong: () => [] }, world);
  const place = { chain: 1, sequence: 9 };
  const parts = [1, 2].map((who) => turns.entriesOf([new Uint8Array([who])], place, 10));
  await turns.entriesOf([new Uint8Array([3])], null, 10);
  assertEquals(read, ["part of 3"]);
  for (const [index, part] of parts.entries()) {
    assertEquals(timers.map(({ ms }) => ms), [historyRestMs]);
    timers.shift()!.act();
    await part;
    assertEquals(read.at(-1), `part of ${index + 1}`);
  }
});

Deno.test("a batch is answered while a long history is read", () =>
  inTemporaryFolder(async (folder) => {
    const events = { onTrouble() {}, onDoubt() {}, onFault() {}, onMoved() {} };
    const link = await openLedgerThread({ ...ledgerParts(folder), create: settings }, events);
    const looks = Array.from({ length: 500 }, () => logCommand("alice", "look"));
    await link.run([addCustomer("alice", 1n)], false);
    for (let runs = 0; runs < 4; runs++) await link.run(looks, false);
    const order: string[] = [];
    const search = { customer: "alice", filter: { text: "nothing like it" } };
    await Promise.all([
      link.history(search).then(() => order.push("history")),
      pause(system, 10).then(() => link.run([logCommand("bank", "batch")], false))
        .then(() => order.push("batch")),
    ]);
    assertEquals(order, ["batch", "history"]);
    await link.close();
  }));
