/** Lists customers, prints their statements, and locks, unlocks and closes all of their accounts. */
import { inWords, UsageError } from "../../lib/errors.ts";
import { oneTimeHalfLength, statementTriesMax } from "../../lib/limits.ts";
import { decimalText, formatMoney } from "../../lib/money.ts";
import type { Bank } from "../bank.ts";
import { halfOf, proposersHalf } from "../credentials/one_time.ts";
import type { Account } from "../ledger/model.ts";
import { statementOf } from "../ledger/statement.ts";
import { movementParts } from "../ledger/walk.ts";
import type { Answers, Handlers } from "./request.ts";
import { listed } from "./table.ts";
import { requireReason } from "./words.ts";

export const customerCommands: Handlers<
  "list_customers" | "show_statement" | "set_customer_state" | "reset_password"
> = {
  async *list_customers(bank, { json = false }) {
    const { currency } = bank.settings;
    const accounts = Map.groupBy(await bank.ledger.read.accounts(), ({ owner }) => owner);
    const rows = (await bank.ledger.read.customers()).map(({ username }) => {
      const own = accounts.get(username) ?? [];
      const states = [...new Set(own.map(({ state }) => state))].join(", ");
      const balance = own.reduce((sum, account) => sum + account.balance, 0n);
      return {
        cells: [username, String(own.length), formatMoney(balance, currency), states],
        facts: {
          customer: username,
          accounts: own.map(({ number }) => number),
          balance: decimalText(balance, currency.exponent),
          states,
        },
      };
    });
    yield* listed(["customer", "accounts", "balance", "state"], rows, json);
  },

  async *show_statement(bank, { customer, account, json = false }) {
    await accountsOf(bank, customer, account);
    const headers = ["account", "time", "movement", "kind", "amount", "balance", "terminal"];
    const rows = await statement(bank, customer, account);
    if (!json) yield { line: headers.join(",") };
    for (const row of rows) {
      const facts = Object.fromEntries(headers.map((header, index) => [header, row[index]]));
      yield { line: json ? JSON.stringify(facts) : row.join(",") };
    }
  },

  async *set_customer_state(bank, { customer, state, reason, operator }): Answers {
    const why = requireReason(reason);
    const accounts = (await accountsOf(bank, customer)).filter(({ state }) => state !== "closed");
    if (accounts.length === 0) throw new UsageError(`${customer} has no account that is open`);
    const full = accounts.find(({ balance }) => balance !== 0n);
    if (state === "closed" && full) {
      throw new UsageError(
        `${customer} was not closed: account ${full.number} has ` +
          `${formatMoney(full.balance, bank.settings.currency)}. Pay it out first`,
      );
    }
    const changed = { open: "unlocked", locked: "locked", closed: "closed" }[state];
    for (const { number: account } of accounts) {
      const command = { op: "set_account_state", operator, account, state, reason: why } as const;
      const { outcome } = await bank.ledger.submit(command);
      if (outcome !== "ok") {
        throw new UsageError(
          `account ${account} of ${customer} was not ${changed}: ${inWords(outcome)}. ` +
            "Run the command again",
        );
      }
      yield { line: `account ${account} of ${customer} is ${changed}` };
    }
  },

  async *reset_password(bank, { customer, operator, approved }) {
    const { passwords, world, ledger, keys } = bank;
    const random = () => halfOf(world.randomBytes(oneTimeHalfLength));
    const first = approved === undefined ? random() : proposersHalf(keys.audit, approved);
    const second = random();
    const passwordHash = await passwords.hashLater(first + second, world.randomBytes(16));
    const { outcome } = await ledger.submit({
      op: "reset_password",
      operator,
      username: customer,
      passwordHash,
    });
    if (outcome !== "ok") {
      throw new UsageError(`the password of ${customer} was not reset: ${inWords(outcome)}`);
    }
    yield {
      line: approved === undefined
        ? `${customer}'s one-time password: ${first}${second}`
        : `your half, the second, of ${customer}'s one-time password: ${second}`,
    };
    yield {
      line: "it is valid for 24 hours, for one change of the password; the earlier one is invalid",
    };
  },
};

/**
 * Returns a customer's accounts, or one of them.
 * @throws {UsageError} if no customer has this name, or not this account
 */
export async function accountsOf(
  bank: Bank,
  customer: string,
  number?: string,
): Promise<Account[]> {
  const all = await bank.ledger.read.accountsOf([customer]);
  const own = all.filter(({ kind }) => kind === "customer");
  if (own.length === 0) {
    throw new UsageError(
      `no customer has the name ${customer}. See 'deno task bank customer list'`,
    );
  }
  const wanted = own.filter((account) => number === undefined || account.number === number);
  if (wanted.length > 0) return wanted;
  throw new UsageError(
    `${customer} has no account ${number}. See 'deno task bank account list --customer ${customer}'`,
  );
}

/**
 * Returns the rows of a statement, whose amounts sum to the balance.
 * @throws {UsageError} if they do not
 */
async function statement(bank: Bank, customer: string, number?: string): Promise<string[][]> {
  const { ledger: { read }, settings: { currency: { exponent } } } = bank;
  const names = new Map((await read.terminals()).map(({ id, name }) => [id, name]));
  // Money may move between the reads: they are repeated until they agree.
  for (let tries = 1;; tries++) {
    const accounts = await accountsOf(bank, customer, number);
    const statements = await statementOf(accounts, movementParts(read));
    if (statements !== null) {
      return statements.map(({ account, movement, amount, balance }) => [
        account,
        new Date(movement.timeMs).toISOString(),
        movement.id,
        movement.action === "correct" ? "correction" : movement.kind,
        decimalText(amount, exponent),
        decimalText(balance, exponent),
        names.get(movement.terminal) ?? "",
      ]);
    }
    if (tries === statementTriesMax) {
      throw new UsageError(
        `the movements of ${customer} do not sum to the balance: money moves, or the books are ` +
          "wrong. Try again, or run 'deno task bank ledger check'",
      );
    }
  }
}
