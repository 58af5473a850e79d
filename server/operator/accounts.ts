/** Customers' accounts: opened, listed, locked and closed. */
import { hex } from "../../lib/bytes.ts";
import { inWords, UsageError } from "../../lib/errors.ts";
import { decimalText, formatMoney, parseAmount } from "../../lib/money.ts";
import type { Bank } from "../bank.ts";
import type { OperatorAnswer, OperatorRequest } from "./commands.ts";
import { requireReason } from "./words.ts";

type Answers = AsyncGenerator<OperatorAnswer, void, void>;
type Asked<C extends OperatorRequest["command"]> = Extract<OperatorRequest, { command: C }>;

/** @throws {UsageError} when it is no amount of zero or more */
export function openingOf(bank: Bank, opening: string): bigint {
  const { exponent } = bank.settings.currency;
  const amount = parseAmount(opening, exponent);
  if (amount === null) {
    const example = decimalText(1000n * 10n ** BigInt(exponent), exponent);
    throw new UsageError(`--opening ${opening}: write an amount, such as ${example}`, 2);
  }
  return amount;
}

/** @throws {UsageError} when it is no account's number */
export function accountNumber(text: string): number {
  if (!/^[1-9][0-9]{0,14}$/.test(text)) {
    throw new UsageError(
      `'${text}' is no account's number: see 'deno task bank account list'`,
      2,
    );
  }
  return Number(text);
}

export async function* open(
  bank: Bank,
  { username, name, opening, operator }: Asked<"open_account">,
): Answers {
  if (!/^[^|\p{Cc}]{1,32}$/u.test(name)) {
    throw new UsageError("--name: write up to 32 characters, without | and line breaks", 2);
  }
  const { outcome, account } = await bank.ledger.submit({
    op: "open_account",
    operator,
    username,
    name,
    opening: openingOf(bank, opening),
    movement: hex(bank.world.randomBytes(16)),
  });
  if (outcome !== "ok") {
    throw new UsageError(`no account was opened for ${username}: ${inWords(outcome)}`);
  }
  yield { line: `${username} has a new account, ${account!.id}` };
}

export async function* list(bank: Bank, { customer }: Asked<"list_accounts">): Answers {
  const { currency } = bank.settings;
  for (const account of await bank.ledger.read.accounts()) {
    if (account.kind !== "customer" || (customer !== undefined && account.owner !== customer)) {
      continue;
    }
    const { id, owner, name, balance, held, state } = account;
    const parts = [id, owner, formatMoney(balance, currency), state];
    if (held > 0n) parts.push(`${formatMoney(held, currency)} held`);
    if (name) parts.push(name);
    yield { line: parts.join("  ") };
  }
}

const done: Record<string, string> = { open: "unlocked", locked: "locked", closed: "closed" };

export async function* setState(
  bank: Bank,
  { account, state, reason, operator }: Asked<"set_account_state">,
): Answers {
  if (!Object.hasOwn(done, state)) throw new UsageError(`'${state}' is no state of an account`);
  const { outcome } = await bank.ledger.submit({
    op: "set_account_state",
    operator,
    account: accountNumber(account),
    state,
    reason: requireReason(reason),
  });
  if (outcome !== "ok") {
    throw new UsageError(`account ${account} was not ${done[state]}: ${inWords(outcome)}`);
  }
  yield { line: `account ${account} is ${done[state]}` };
}
