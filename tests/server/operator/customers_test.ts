/** Customers as operators see them: lists, statements that sum to the balance, and locks. */
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { UsageError } from "../../../lib/errors.ts";
import type { OperatorCommand } from "../../../lib/operator_commands.ts";
import type { Signer } from "../../../server/operator/signed_request.ts";
import { addOperator, give } from "../helpers/operators.ts";
import { newId, onEachBank, RunningBank } from "../helpers/running_bank.ts";

async function linesOf(running: RunningBank, command: OperatorCommand): Promise<string[]> {
  const answers = await Array.fromAsync(running.operate(command));
  return answers.map((answer) => "line" in answer ? answer.line : "");
}

const minorOf = (decimal: string) => BigInt(decimal.replace(".", ""));

onEachBank(
  "a statement has signed amounts that sum to the balance",
  (withBank) =>
    withBank(async (running) => {
      const atm = await running.visit("alice");
      for (const [kind, amount] of [["withdrawal", "4000"], ["deposit", "2500"]] as const) {
        const movement = newId();
        assertEquals((await atm.authorise(kind, movement, amount)).outcome, "ok");
        assertEquals(await atm.outcomeOf({ op: "complete", movement, amount }), "ok");
      }
      const left = newId();
      await atm.authorise("withdrawal", left, "1000");
      await atm.ask({ op: "reverse", movement: left });
      const statement = { command: "show_statement", customer: "alice" } as const;
      const [header, ...rows] = await linesOf(running, statement);
      assertEquals(header, "account,time,movement,kind,amount,balance,terminal");
      const cells = rows.map((row) => row.split(","));
      assertEquals(cells.map(([, , , kind, amount, balance]) => [kind, amount, balance]), [
        ["opening", "1000.00", "1000.00"],
        ["withdrawal", "-40.00", "960.00"],
        ["deposit", "25.00", "985.00"],
      ]);
      const sum = cells.reduce((sum, [, , , , amount]) => sum + minorOf(amount!), 0n);
      assertEquals(sum, minorOf(cells.at(-1)![5]!));
      const [, alice, bob] = await linesOf(running, { command: "list_customers" });
      assertEquals(alice, "alice     1         €985.00    open");
      assert(bob!.startsWith("bob "));
      const json = await linesOf(running, { ...statement, json: true });
      assertEquals(JSON.parse(json[1]!).amount, "-40.00");
      const withdrawal = cells[1]![2]!;
      const correction = {
        command: "correct_movement",
        movement: withdrawal,
        reason: "camera",
      } as const;
      await linesOf(running, { ...correction, amount: "30.00" });
      const corrected = (await linesOf(running, statement)).at(-1)!.split(",");
      assertEquals(corrected.slice(2, 6), [withdrawal, "correction", "10.00", "995.00"]);
      const other = { ...statement, account: "100000000093" };
      await assertRejects(() => linesOf(running, other), UsageError, "alice has no account");
    }),
);

onEachBank(
  "a customer's accounts are locked, unlocked and closed together",
  (withBank) =>
    withBank(async (running) => {
      await linesOf(running, {
        command: "open_account",
        username: "alice",
        name: "savings",
        opening: "0",
      });
      const set = (state: "open" | "locked" | "closed") =>
        linesOf(running, {
          command: "set_customer_state",
          customer: "alice",
          state,
          reason: "test",
        });
      const states = async () => {
        const lines = await linesOf(running, {
          command: "list_accounts",
          customer: "alice",
          json: true,
        });
        return lines.map((line) => JSON.parse(line).state);
      };
      assertEquals((await set("locked")).length, 2);
      assertEquals(await states(), ["locked", "locked"]);
      const atm = await running.visit("alice");
      assertEquals((await atm.authorise("withdrawal", newId(), "1000")).outcome, "account_locked");
      await set("open");
      assertEquals(await states(), ["open", "open"]);
      await assertRejects(() => set("closed"), UsageError, "has €1,000.00. Pay it out first");
      assertEquals(await states(), ["open", "open"]);
      const nobody = { command: "set_customer_state", customer: "zoe", state: "open", reason: "x" };
      await assertRejects(
        () => linesOf(running, nobody as OperatorCommand),
        UsageError,
        "no customer has the name zoe",
      );
    }),
);

onEachBank(
  "a forgotten password is reset in two halves, which are valid for one change within 24 hours",
  (withBank) =>
    withBank(async (running) => {
      const { bank } = running;
      const anna = (await addOperator(bank, "anna", "teller")).signer;
      const ben = (await addOperator(bank, "ben", "teller")).signer;
      const linesBy = async (signer: Signer, command: OperatorCommand) => {
        const answers = await Array.fromAsync(give(bank, signer, command));
        return answers.flatMap((answer) => "line" in answer ? [answer.line] : []);
      };
      const half = (lines: string[]) =>
        lines.flatMap((line) => /^your half, .*: (.{8})$/.exec(line)?.[1] ?? []);
      const reset = async () => {
        const lines = await linesBy(anna, { command: "reset_password", customer: "alice" });
        const proposal = /approve ([0-9a-f]{64})/.exec(lines[0]!)![1]!;
        const [first] = half(lines);
        const [second, ...more] = half(await linesBy(ben, { command: "approve", proposal }));
        assertEquals(more, []);
        return { first: first!, second: second! };
      };
      const logIn = async (password: string) => {
        const atm = await running.connect(running.keys.mall);
        return { atm, ...await atm.ask({ op: "log_in", username: "alice", password }) };
      };
      const before = await running.visit("alice");
      const { first, second } = await reset();
      const history = { op: "history", filter: {} } as const;
      assertEquals(await before.outcomeOf(history), "not_logged_in");
      assertEquals((await logIn(first)).outcome, "wrong_credentials");
      for (const ask of [history, { op: "balance", account: "1" }] as const) {
        const { atm, outcome, oneTime } = await logIn(first + second);
        assertEquals([outcome, oneTime], ["ok", true]);
        assertEquals(await atm.outcomeOf({ op: "touch" }), "ok");
        assertEquals(await atm.outcomeOf(ask), "not_logged_in");
      }
      const { atm } = await logIn(first + second);
      const next = "three new words";
      const change = { op: "change_password", current: first + second, next } as const;
      assertEquals(await atm.outcomeOf({ ...change, next: "short" }), "password_too_short");
      assertEquals(await atm.outcomeOf(change), "ok");
      assertEquals(await atm.outcomeOf(history), "ok");
      assertEquals((await logIn(first + second)).outcome, "wrong_credentials");
      const { oneTime, outcome } = await logIn(next);
      assertEquals([outcome, oneTime], ["ok", undefined]);
      const entries = await running.entries();
      assert(entries.some((entry) => entry === "operator ben | reset the password of alice"));
      assert(!entries.some((entry) => entry.includes(first) || entry.includes(second)));
      assertEquals((await bank.ledger.check()).problem, null);
      const nobody = { command: "reset_password", customer: "zoe" } as const;
      await assertRejects(() => linesOf(running, nobody), UsageError, "was not reset");
    }),
);

Deno.test("a single operator sees the whole of a one-time password", () =>
  RunningBank.with(async (running) => {
    const [line = ""] = await linesOf(running, { command: "reset_password", customer: "bob" });
    const password = /^bob's one-time password: (.{16})$/.exec(line)![1]!;
    const atm = await running.connect();
    const { outcome, oneTime } = await atm.ask({ op: "log_in", username: "bob", password });
    assertEquals([outcome, oneTime], ["ok", true]);
  }));

onEachBank(
  "an amount has one form: 1.500 is refused, and what was meant is echoed",
  (withBank) =>
    withBank(async (running) => {
      const add = (opening: string, username = "carol") =>
        linesOf(running, {
          command: "add_customer",
          username,
          passwordHash: "$argon2id$",
          opening,
        });
      for (const opening of ["1.500", "1,500.00", "1500,00", "1500.0", "1 500", "+5", "", "1e3"]) {
        const error = await assertRejects(() => add(opening), UsageError);
        assertEquals(error.message, `--opening ${opening}: write an amount, such as 1500.00`);
      }
      assertStringIncludes((await add("1500.00"))[0]!, " with €1,500.00");
      assertStringIncludes((await add("1500", "dave"))[0]!, " with €1,500.00");
    }),
);

onEachBank(
  "the last entries of the log alone are shown",
  (withBank) =>
    withBank(async (running) => {
      const show = (last: string) =>
        linesOf(running, { command: "show_audit", json: false, follow: false, last });
      const lines = await show("2");
      assertEquals(lines.length, 2);
      assertStringIncludes(lines[1]!, "operator test | read the audit log");
      assertEquals((await show("1")).length, 1);
      await assertRejects(() => show("0"), UsageError, "write a whole number");
    }),
);
