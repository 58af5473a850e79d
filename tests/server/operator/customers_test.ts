/** Customers as operators see them: lists, statements that sum to the balance, and locks. */
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { UsageError } from "../../../lib/errors.ts";
import type { OperatorCommand } from "../../../lib/operator_commands.ts";
import { newId, onEachBank, type RunningBank } from "../helpers/running_bank.ts";

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
