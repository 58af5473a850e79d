/** Adds customers; opens, lists, locks, unlocks and closes their accounts. */
import { isAccountNumber } from "../../lib/account_number.ts";
import { hex } from "../../lib/bytes.ts";
import { inWords, UsageError } from "../../lib/errors.ts";
import { accountNameLengthMax } from "../../lib/limits.ts";
import { decimalText, formatMoney } from "../../lib/money.ts";
import { newIdentity } from "../ledger/new_identity.ts";
import { isPlainLine } from "../../lib/text.ts";
import type { Handlers } from "./request.ts";
import { listed } from "./table.ts";
import { requireAmount, requireName, requireReason } from "./words.ts";

export const accountCommands: Handlers<
  "add_customer" | "open_account" | "list_accounts" | "set_account_state"
> = {
  async *add_customer(bank, { username, displayName, passwordHash, opening, operator }) {
    requireName(username);
    if (displayName !== undefined) requireShown("--display-name", displayName);
    const { randomBytes } = bank.world;
    const { outcome, account } = await bank.ledger.submit({
      op: "add_customer",
      operator,
      username,
      ...(displayName !== undefined && { displayName }),
      passwordHash,
      opening: requireAmount("--opening", opening, bank.settings.currency),
      movement: hex(randomBytes(16)),
      ...newIdentity(bank.world),
    });
    if (outcome !== "ok") {
      throw new UsageError(`customer ${username} was not added: ${inWords(outcome)}`);
    }
    const { number, balance } = account!;
    const holds = formatMoney(balance, bank.settings.currency);
    yield { line: `customer ${username} is added, account ${number} with ${holds}` };
  },

  async *open_account(bank, { username, name, opening, operator }) {
    requireShown("--name", name);
    const { outcome, account } = await bank.ledger.submit({
      op: "open_account",
      operator,
      username,
      name,
      opening: requireAmount("--opening", opening, bank.settings.currency),
      movement: hex(bank.world.randomBytes(16)),
      ...newIdentity(bank.world),
    });
    if (outcome !== "ok") {
      throw new UsageError(`no account was opened for ${username}: ${inWords(outcome)}`);
    }
    const { number, balance } = account!;
    const holds = formatMoney(balance, bank.settings.currency);
    yield { line: `${username} has a new account, ${number} with ${holds}` };
  },

  async *list_accounts(bank, { customer, json = false }) {
    const { currency } = bank.settings;
    const { read } = bank.ledger;
    const all = customer === undefined ? await read.accounts() : await read.accountsOf([customer]);
    const accounts = all.filter(({ kind }) => kind === "customer");
    const rows = accounts.map(({ number, owner, name, balance, held, state }) => ({
      cells: [
        number,
        owner,
        formatMoney(balance, currency),
        state,
        held > 0n ? formatMoney(held, currency) : "",
        name,
      ],
      facts: {
        account: number,
        customer: owner,
        balance: decimalText(balance, currency.exponent),
        held: decimalText(held, currency.exponent),
        state,
        name,
      },
    }));
    yield* listed(["account", "customer", "balance", "state", "held", "name"], rows, json);
  },

  async *set_account_state(bank, { account, state, reason, operator }) {
    if (!Object.hasOwn(stateChanged, state)) {
      throw new UsageError(`'${state}' is not a state of an account`);
    }
    const changed = stateChanged[state];
    const { outcome } = await bank.ledger.submit({
      op: "set_account_state",
      operator,
      account: requireAccountNumber(account),
      state,
      reason: requireReason(reason),
    });
    if (outcome !== "ok") {
      throw new UsageError(`account ${account} was not ${changed}: ${inWords(outcome)}`);
    }
    yield { line: `account ${account} is ${changed}` };
  },
};

/**
 * Checks a name that screens show.
 * @throws {UsageError} if it is too long, or does not show as it is
 */
function requireShown(flag: string, name: string): void {
  if (isPlainLine(name) && name.length <= accountNameLengthMax) return;
  throw new UsageError(
    `${flag}: write up to ${accountNameLengthMax} characters (an emoji has two or more), without ` +
      "|, line breaks and marks of direction",
    2,
  );
}

const stateChanged = { open: "unlocked", locked: "locked", closed: "closed" };

/**
 * Checks that a text is an account number.
 * @throws {UsageError} if it is not
 */
export function requireAccountNumber(text: string): string {
  if (isAccountNumber(text)) return text;
  throw new UsageError(`'${text}' is not an account number. See 'deno task bank account list'`, 2);
}
