/** What an operator does about accounts, limits and movements in doubt, and what the log says of it. */
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { accountNumberOf } from "../../../lib/account_number.ts";
import { UsageError } from "../../../lib/errors.ts";
import type { OperatorCommand } from "../../../lib/operator_commands.ts";
import { signedRequestOf } from "../../../server/operator/request.ts";
import { newId, onEachBank, type RunningBank } from "../helpers/running_bank.ts";

async function linesOf(running: RunningBank, command: OperatorCommand): Promise<string[]> {
  const lines: string[] = [];
  for await (const answer of running.operate(command)) {
    if ("line" in answer) lines.push(answer.line);
  }
  return lines;
}

/** The number of an account that nobody has. */
const nobodys = accountNumberOf(new Uint8Array(8));

const refused = (running: RunningBank, command: OperatorCommand, why: string) =>
  assertRejects(() => linesOf(running, command), UsageError, why);

onEachBank(
  "a customer has several accounts, and each says what it is",
  (withBank) =>
    withBank(async (running) => {
      const open = { command: "open_account", username: "alice", name: "savings" } as const;
      const [line] = await linesOf(running, { ...open, opening: "50.00" });
      const id = /account, ([0-9]+) with/.exec(line!)![1]!;
      await refused(running, { ...open, opening: "0" }, "name taken");
      await refused(running, { ...open, opening: "lots" }, "--opening lots");
      await refused(running, { ...open, name: "a | b", opening: "0" }, "--name");
      await refused(running, { ...open, username: "nobody", opening: "0" }, "unknown name");
      const listed = await linesOf(running, { command: "list_accounts", customer: "alice" });
      assertEquals(listed.length, 3);
      assertEquals(listed[2], `${id}  alice     €50.00     open         savings`);

      const alice = await running.visit("alice");
      const { account: first, accounts } = alice.logIn;
      assertEquals(accounts!.map(({ id, name }) => [id, name]), [
        [first!.id, undefined],
        [id, "savings"],
      ]);
      const movement = newId();
      assertEquals(
        (await alice.authorise("withdrawal", movement, "5001", id)).outcome,
        "insufficient_funds",
      );
      const transfer = {
        op: "transfer",
        account: first!.id,
        to: id,
        amount: "1",
        currency: "EUR",
      } as const;
      assertEquals(await alice.outcomeOf({ ...transfer, movement: newId() }), "ok");
      // the answer has the account that gave, a push the one that got
      const pushed = (await alice.pushed(1)).map((push) =>
        push.push === "account" && push.account.id
      );
      assertEquals(pushed, [id]);

      const lock = { command: "set_account_state", account: id, state: "locked" } as const;
      await refused(running, { ...lock, reason: "" }, "--reason");
      await refused(running, { ...lock, reason: "a\nb" }, "--reason");
      await refused(
        running,
        { ...lock, account: "x", reason: "asked" },
        "is not an account number",
      );
      await refused(
        running,
        { ...lock, account: "99", reason: "asked" },
        "is not an account number",
      );
      await refused(running, { ...lock, account: nobodys, reason: "asked" }, "unknown account");
      assertEquals(await linesOf(running, { ...lock, reason: "asked" }), [
        `account ${id} is locked`,
      ]);
      assertEquals(await alice.authorise("deposit", newId(), "100", id), {
        outcome: "not_logged_in",
      });
      const later = await running.visit("alice", running.keys.mall);
      assertEquals(
        (await later.authorise("deposit", newId(), "100", id)).outcome,
        "account_locked",
      );
      const close = { ...lock, state: "closed", reason: "asked" } as const;
      await refused(running, close, "account not empty");
      assert(
        (await running.entries()).includes(`operator test | lock account ${id} of alice - asked`),
      );
    }),
);

onEachBank(
  "limits are set for the bank, an account or a terminal, and hold at once",
  (withBank) =>
    withBank(async (running) => {
      const set = { command: "set_limits" } as const;
      await refused(running, set, "no limit given");
      await refused(running, { ...set, day: "much" }, "--day much");
      await refused(
        running,
        { ...set, account: nobodys, terminal: "lobby", day: "1" },
        "give only one",
      );
      await refused(
        running,
        { ...set, account: nobodys, cashOut: "1" },
        "is not a limit of one account",
      );
      await refused(
        running,
        { ...set, terminal: "lobby", day: "1" },
        "is not a limit of one terminal",
      );
      await refused(
        running,
        { ...set, terminal: "none", cashIn: "1" },
        "no terminal has the name none",
      );
      await refused(running, { ...set, account: nobodys, day: "1" }, "unknown account");
      assertEquals(await linesOf(running, { ...set, withdrawal: "50", day: "80.00" }), [
        "WHOSE     LIMIT                         AMOUNT",
        "the bank  one withdrawal                €50.00",
        "the bank  out of one account in a day   €80.00",
        "the bank  out of one terminal in a day  none",
        "the bank  into one terminal in a day    none",
      ]);
      const alice = await running.visit("alice");
      assertEquals(
        (await alice.authorise("withdrawal", newId(), "5001")).outcome,
        "over_withdrawal_limit",
      );
      await linesOf(running, { ...set, account: alice.account, withdrawal: "60" });
      const shown = await linesOf(running, { ...set, terminal: "lobby", cashIn: "10" });
      assertEquals(shown.slice(5).map((line) => line.split(/ {2,}/)).sort(), [
        [`account ${alice.account} of alice`, "one withdrawal", "€60.00"],
        ["terminal lobby", "in in a day", "€10.00"],
      ]);
      const withdrawal = newId();
      assertEquals((await alice.authorise("withdrawal", withdrawal, "5001")).outcome, "ok");
      assertEquals(
        (await alice.authorise("withdrawal", newId(), "3000")).outcome,
        "over_day_limit",
      );
      assertEquals(
        (await alice.authorise("deposit", newId(), "1001")).outcome,
        "over_terminal_limit",
      );
      await running.reopen();
      assertEquals((await linesOf(running, { command: "show_limits" })).length, 7);
      const again = await running.visit("alice");
      assertEquals(
        (await again.authorise("withdrawal", newId(), "3000")).outcome,
        "over_day_limit",
      );
      await linesOf(running, { ...set, day: "none" });
      assertEquals((await again.authorise("withdrawal", newId(), "3000")).outcome, "ok");
      const entries = await running.entries();
      assert(
        entries.includes("operator test | set limits: withdrawal €50.00, account a day €80.00"),
      );
      assert(entries.includes("operator test | set limits of terminal lobby: in a day €10.00"));
    }),
);

onEachBank(
  "an account with a deposit in the machine is not closed",
  (withBank) =>
    withBank(async (running) => {
      const atm = await running.visit("alice");
      const empty = { movement: newId(), account: atm.account, amount: "100000", currency: "EUR" };
      const to = (await running.visit("bob", running.keys.mall)).account;
      assertEquals((await atm.ask({ op: "transfer", to, ...empty })).outcome, "ok");
      const deposit = newId();
      assertEquals((await atm.authorise("deposit", deposit, "5000")).outcome, "ok");
      const close = {
        command: "set_account_state",
        account: atm.account,
        state: "closed",
        reason: "asked",
      } as const;
      await refused(running, close, "account has open movements");
      await atm.ask({ op: "complete", movement: deposit, amount: "5000" });
      await refused(running, close, "account not empty");
      const back = { ...empty, movement: newId(), amount: "5000" };
      assertEquals((await atm.ask({ op: "transfer", to, ...back })).outcome, "ok");
      await linesOf(running, close);
    }),
);

onEachBank(
  "movements in doubt are listed until somebody settles them, with a reason",
  (withBank) =>
    withBank(async (running) => {
      const holds = { command: "list_holds", json: false } as const;
      const headers = "MOVEMENT  KIND  AMOUNT  CUSTOMER  TERMINAL  AGE  STATE";
      assertEquals(await linesOf(running, holds), [headers]);
      const alice = await running.visit("alice");
      const [withdrawal, deposit] = [newId(), newId()];
      await alice.authorise("withdrawal", withdrawal, "4000");
      await alice.authorise("deposit", deposit, "500");
      await alice.client.close();
      await running.reopen();
      const listed = (await linesOf(running, holds)).slice(1).sort();
      assertEquals(
        listed.map((line) => line.replace(/ +\d+ s +open$/, "")),
        [
          `${withdrawal}  withdrawal  €40.00  alice     lobby`,
          `${deposit}  deposit     €5.00   alice     lobby`,
        ].sort(),
      );
      const [first] = await linesOf(running, { ...holds, json: true });
      const { ageMs, time, ...facts } = JSON.parse(first!);
      assert(ageMs >= 0 && Date.parse(time) > 0);
      assertEquals(Object.keys(facts), [
        ...["movement", "kind", "amount", "customer", "terminal", "inDoubt"],
      ]);

      const settle = {
        command: "settle_hold",
        movement: withdrawal,
        reverse: false,
        reason: "notes found",
      } as const;
      await refused(running, settle, "--complete AMOUNT, or --reverse");
      await refused(running, { ...settle, complete: "40", reverse: true }, "--complete AMOUNT");
      await refused(running, { ...settle, complete: "0" }, "--complete 0");
      await refused(running, { ...settle, complete: "40.01" }, "amount too large");
      await refused(running, { ...settle, complete: "40", reason: "a | b" }, "--reason");
      await refused(
        running,
        { ...settle, movement: "w1", complete: "40" },
        "is not a movement's id",
      );
      await refused(running, { ...settle, movement: newId(), complete: "40" }, "unknown movement");
      await linesOf(running, { ...settle, complete: "30.00" });
      await refused(running, { ...settle, complete: "30.00" }, "already completed");
      await linesOf(running, { ...settle, movement: deposit, reverse: true });
      assertEquals(await linesOf(running, holds), [headers]);

      const lobby = await running.connect();
      const late = await lobby.ask({ op: "complete", movement: withdrawal, amount: "4000" });
      assertEquals([late.outcome, late.booked, late.account!.booked], ["ok", "4000", "97000"]);
      const accounts = await running.bank.ledger.read.accounts();
      assertEquals(accounts.find(({ kind }) => kind === "differences")!.balance, -1_000n);
      const entries = await running.entries();
      assert(entries.includes(
        "operator test | settle withdrawal of €40.00 by alice as completed with €30.00 - notes found",
      ));
    }),
);

Deno.test("what comes through the socket is checked, optional fields too", () => {
  const good: Record<string, unknown>[] = [
    { command: "set_limits", day: "1" },
    { command: "list_accounts" },
    { command: "settle_hold", movement: "x", reverse: true, reason: "y" },
  ];
  const from = { operator: "root", signature: "ab".repeat(64) };
  for (const request of good) signedRequestOf({ ...request, ...from });
  const bad: Record<string, unknown>[] = [
    { command: "set_limits", day: 1 },
    { command: "set_limits", "day?": "1" },
    { command: "set_limits", night: "1" },
    { command: "list_accounts", customer: {} },
    { command: "settle_hold", movement: "x", reverse: "yes", reason: "y" },
    { command: "settle_hold", movement: "x", reverse: true },
    { command: "add_customer", username: "x", passwordHash: "secret", opening: "0" },
  ];
  for (const request of bad) {
    assertThrows(() => signedRequestOf({ ...request, ...from }), UsageError);
  }
});

onEachBank(
  "commands of one operator at once each have their entry in the log",
  (withBank) =>
    withBank(async (running) => {
      const lock = {
        command: "set_account_state",
        account: nobodys,
        state: "locked",
        reason: "x",
      } as const;
      await Promise.all([1, 2, 3, 4].flatMap(() => [
        linesOf(running, lock).catch(() => {}),
        linesOf(running, { command: "list_terminals" }),
      ]));
      const log = await linesOf(running, { command: "show_audit", json: false, follow: false });
      assertEquals(log.filter((line) => line.includes("list terminals")).length, 4);
    }),
);
