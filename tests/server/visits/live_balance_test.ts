/** A watcher of an account ends up with what the bank has, in order, however connections come and go. */
import { assert, assertEquals } from "@std/assert";
import type { AccountView } from "../../../lib/atm.ts";
import type { Command } from "../../../server/ledger/command.ts";
import { type Atm, newId, onEachBank, type RunningBank } from "../helpers/running_bank.ts";

/** Returns the states of its visit's account that an ATM received, in order. */
function receivedBy(atm: Atm): AccountView[] {
  const pushed = atm.pushes.flatMap((push) => push.push === "account" ? [push.account] : []);
  return [atm.logIn.account!, ...pushed];
}

/** Returns a deposit by another terminal, in one batch where nothing else comes between. */
function deposit(running: RunningBank, account: string): Promise<unknown> {
  const ids = { movement: newId(), terminal: running.keys.mall.terminal.toHex(), amount: 100n };
  const whose = { customer: "alice", passwordVersion: 1, account, currency: "EUR" };
  const commands: Command[] = [
    { op: "authorise", kind: "deposit", ...whose, ...ids },
    { op: "complete", ...ids },
  ];
  return Promise.all(commands.map((command) => running.bank.ledger.submit(command)));
}

const aliceIn = async (running: RunningBank) =>
  (await running.bank.ledger.read.accounts()).find(({ owner }) => owner === "alice")!;

async function requireUpToDate(running: RunningBank, atm: Atm): Promise<void> {
  const { number, balance, version } = await aliceIn(running);
  while (receivedBy(atm).every((known) => known.version < version)) {
    await atm.pushed(atm.pushes.length + 1);
  }
  const newest = receivedBy(atm).reduce((a, b) => b.version >= a.version ? b : a);
  assertEquals(newest.id, number);
  if (newest.version === version) assertEquals(newest.booked, balance.toString());
  const pushed = receivedBy(atm).slice(1).map(({ version }) => version);
  assertEquals(pushed, [...pushed].sort((a, b) => a - b), "in order");
}

onEachBank(
  "what is committed with a log-in, and before its account is watched, is in its answer",
  (withBank) =>
    withBank(async (running) => {
      const { ledger } = running.bank;
      const { number } = await aliceIn(running);
      const submit = ledger.submit.bind(ledger);
      let together: Promise<unknown> | undefined;
      ledger.submit = (command) => {
        const reply = submit(command);
        if (command.op === "end_log_in") together = deposit(running, number); // in the same batch
        return reply;
      };
      const atm = await running.visit("alice");
      assert(together);
      await together;
      ledger.submit = submit;
      const { balance, version } = await aliceIn(running);
      assertEquals(atm.logIn.account!.version, version);
      assertEquals(atm.logIn.account!.booked, balance.toString());
      const { uid: _, ...own } = atm.logIn.accounts![0]!;
      assertEquals(own, atm.logIn.account);
    }),
);

onEachBank(
  "an account that changes all the time is pushed in order, over any number of reconnections",
  (withBank) =>
    withBank(async (running) => {
      const { number } = await aliceIn(running);
      let changing = true;
      const changes = (async () => {
        while (changing) await deposit(running, number);
      })();
      try {
        for (let visits = 0; visits < 6; visits++) {
          const atm = await running.visit("alice");
          await atm.pushed(5);
          const atOnce = atm.client.close(); // the line goes while pushes are under way
          await requireUpToDate(running, await running.visit("alice", running.keys.lobby));
          await atOnce;
        }
      } finally {
        changing = false;
        await changes;
      }
      const atm = await running.visit("alice");
      await deposit(running, number);
      await requireUpToDate(running, atm);
      assertEquals(receivedBy(atm).at(-1)!.version, (await aliceIn(running)).version);
    }),
);
