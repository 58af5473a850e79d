/** A booked movement is corrected by another row of it; the books stay correct, and both logs have it. */
import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { UsageError } from "../../../lib/errors.ts";
import { newId, onEachBank, type RunningBank } from "../helpers/running_bank.ts";

const reason = "camera";

async function correct(running: RunningBank, movement: string, amount: string) {
  await Array.fromAsync(running.operate({ command: "correct_movement", movement, amount, reason }));
}

/** Returns the balances of alice, bob, the terminal lobby, the vault and the differences account. */
async function balances({ bank }: RunningBank): Promise<string> {
  const accounts = await bank.ledger.read.accounts();
  const lobby = (await bank.ledger.read.terminals()).find(({ name }) => name === "lobby")!;
  const of = (owner: string, kind: string) =>
    Number(accounts.find((each) => each.owner === owner && each.kind === kind)!.balance) / 100;
  return [
    of("alice", "customer"),
    of("bob", "customer"),
    of(lobby.id, "terminal"),
    of("", "vault"),
    of("", "differences"),
  ].join(" ");
}

onEachBank(
  "a correction books the difference, names its movement, and can be corrected",
  (withBank) =>
    withBank(async (running) => {
      const { bank } = running;
      const atm = await running.visit("alice");
      const [withdrawal, deposit, transfer, load, open] = [1, 2, 3, 4, 5].map(newId) as [
        string,
        string,
        string,
        string,
        string,
      ];
      await atm.authorise("withdrawal", withdrawal, "4000");
      await atm.ask({ op: "complete", movement: withdrawal, amount: "4000" });
      await atm.authorise("deposit", deposit, "5000");
      await atm.ask({ op: "reverse", movement: deposit });
      const bob = (await bank.ledger.read.accounts()).find(({ owner }) => owner === "bob")!;
      const money = { account: atm.account, amount: "1000", currency: "EUR" };
      await atm.ask({ op: "transfer", movement: transfer, to: bob.number, ...money });
      await atm.ask({ op: "load_cash", movement: load, amount: "50000", currency: "EUR" });
      await atm.authorise("withdrawal", open, "2000");
      assertEquals(await balances(running), "950 1010 -460 -1500 0");

      await correct(running, withdrawal, "20.00"); // one note stuck
      assertEquals(await balances(running), "970 1010 -460 -1500 -20");
      await correct(running, withdrawal, "30.00");
      assertEquals(await balances(running), "960 1010 -460 -1500 -10");
      await correct(running, deposit, "5.00"); // a note that the customer left
      assertEquals(await balances(running), "965 1010 -460 -1500 -15");
      await correct(running, transfer, "0"); // the customer was deceived
      assertEquals(await balances(running), "975 1000 -460 -1500 -15");
      await correct(running, load, "0"); // it never happened
      assertEquals(await balances(running), "975 1000 -460 -2000 485");

      const refused = [
        [open, "1.00", "not ended"],
        [newId(), "1.00", "unknown movement"],
        [load, "0", "nothing to correct"],
        [withdrawal, "2000.00", "insufficient funds"],
        ["x", "1.00", "not a movement's id"],
        [load, "1,000", "--amount 1,000"],
      ] as const;
      for (const [movement, amount, why] of refused) {
        await assertRejects(() => correct(running, movement, amount), UsageError, why);
      }
      for (const amount of ["1.00", "2.00", "3.00", "4.00"]) {
        await correct(running, withdrawal, amount);
      }
      const again = () => correct(running, withdrawal, "40.00");
      await assertRejects(again, UsageError, "too many corrections");
      assertEquals((await bank.ledger.check()).problem, null);

      const entries = await running.entries();
      const words = "correct the withdrawal of €40.00";
      assertEquals(
        entries.find((entry) => entry.includes(words)),
        `operator test | ${words} ${withdrawal} to €20.00 - ${reason}`,
      );
      assertStringIncludes(
        entries.filter((entry) => entry.startsWith("alice | correct")).join("\n"),
        "alice | correct withdrawal: €20.00 added by the bank",
      );
      await running.reopen();
      assertEquals((await running.bank.ledger.check()).problem, null);
    }),
);

onEachBank(
  "a correction and a count of the notes book them once, whichever is first",
  (withBank) =>
    withBank(async (running) => {
      const atm = await running.visit("alice");
      const money = (amount: string) => ({ movement: newId(), amount, currency: "EUR" });
      const load = money("50000");
      await atm.ask({ op: "load_cash", ...load });
      const stuckNote = async () => {
        const movement = newId();
        await atm.authorise("withdrawal", movement, "4000");
        await atm.ask({ op: "complete", movement, amount: "4000" });
        return movement;
      };

      await correct(running, await stuckNote(), "20.00");
      await atm.ask({ op: "count_cash", ...money("2000") });
      assertEquals(await balances(running), "980 1000 -480 -1500 0");
      const counted = await stuckNote();
      await atm.ask({ op: "count_cash", ...money("2000") });
      await correct(running, counted, "20.00");
      assertEquals(await balances(running), "960 1000 -460 -1500 0");

      await correct(running, load.movement, "300.00"); // the amount was mistyped
      const count = money("-20000");
      await atm.ask({ op: "count_cash", ...count });
      assertEquals(await balances(running), "960 1000 -260 -1700 0");
      await assertRejects(
        () => correct(running, count.movement, "100.00"),
        UsageError,
        "is a count. Count the notes again, with 'deno task atm cash count'",
      );
      assertEquals((await running.bank.ledger.check()).problem, null);
    }),
);

onEachBank(
  "a correction and a late report book the notes once, whichever is first",
  (withBank) =>
    withBank(async (running) => {
      const atm = await running.visit("alice");
      const settled = async (kind: "withdrawal" | "deposit") => {
        const movement = newId();
        await atm.authorise(kind, movement, "4000");
        const command = { command: "settle_hold", movement, reverse: true, reason } as const;
        await Array.fromAsync(running.operate(command));
        return movement;
      };
      const report = (movement: string) => atm.ask({ op: "complete", movement, amount: "4000" });

      const first = await settled("withdrawal");
      await correct(running, first, "40.00");
      assertEquals(await balances(running), "960 1000 0 -2000 40");
      await report(first);
      assertEquals(await balances(running), "960 1000 40 -2000 0");

      const later = await settled("withdrawal");
      await report(later);
      assertEquals(await balances(running), "960 1000 80 -2000 -40");
      await correct(running, later, "40.00");
      assertEquals(await balances(running), "920 1000 80 -2000 0");
      await correct(running, later, "0"); // the customer did not get the notes
      assertEquals(await balances(running), "960 1000 80 -2000 -40");

      const deposit = await settled("deposit");
      await correct(running, deposit, "40.00");
      await report(deposit);
      assertEquals(await balances(running), "1000 1000 40 -2000 -40");
      await correct(running, await settled("deposit"), "40.00");
      assertEquals((await running.bank.ledger.check()).problem, null);
    }),
);
