/**
 * Shows and sets limits: the bank's, and those of single accounts and terminals, which take
 * precedence.
 */
import { inWords, UsageError } from "../../lib/errors.ts";
import { decimalText, formatMoney } from "../../lib/money.ts";
import type { OperatorCommandOf } from "../../lib/operator_commands.ts";
import type { Bank } from "../bank.ts";
import type { Account } from "../ledger/model.ts";
import type { Command } from "../ledger/command.ts";
import { requireAccountNumber } from "./accounts.ts";
import type { Answers, Handlers } from "./request.ts";
import { listed } from "./table.ts";
import { fieldInWords, requireAmount } from "./words.ts";

/** The flags, and the limit of the bank, of an account and of a terminal that each one sets. */
const flags = {
  withdrawal: { bank: "withdrawalMax", account: "withdrawalMax", terminal: null },
  day: { bank: "accountDayOutMax", account: "dayOutMax", terminal: null },
  cashOut: { bank: "terminalDayOutMax", account: null, terminal: "dayOutMax" },
  cashIn: { bank: "terminalDayInMax", account: null, terminal: "dayInMax" },
} as const;
type Flag = keyof typeof flags;
const written: Record<Flag, string> = {
  withdrawal: "--withdrawal",
  day: "--day",
  cashOut: "--cash-out",
  cashIn: "--cash-in",
};

export const limitCommands: Handlers<"show_limits" | "set_limits"> = {
  show_limits: (bank, { json }) => show(bank, json),

  async *set_limits(bank, request) {
    const { operator, account, terminal } = request;
    const { whose, limits } = givenLimits(bank, request);
    const command: Command = whose === "bank"
      ? { op: "set_limits", operator, limits }
      : whose === "account"
      ? { op: "set_own_limits", operator, account: requireAccountNumber(account!), ...limits }
      : {
        op: "set_own_limits",
        operator,
        terminal: await terminalId(bank, terminal!),
        ...limits,
      };
    const { outcome } = await bank.ledger.submit(command);
    if (outcome !== "ok") throw new UsageError(`no limit was set: ${inWords(outcome)}`);
    yield* show(bank);
  },
};

type SetLimits = OperatorCommandOf<"set_limits">;

/** The limits of a command, by the name of each; null for none. */
interface GivenLimits {
  whose: "bank" | "account" | "terminal";
  limits: Record<string, bigint | null>;
}

/**
 * Parses the limits of a command.
 * @throws {UsageError} if one is not an amount, or none was given
 */
function givenLimits(bank: Bank, request: SetLimits): GivenLimits {
  const { account, terminal } = request;
  if (account !== undefined && terminal !== undefined) {
    throw new UsageError("--account and --terminal: give only one", 2);
  }
  const whose = account !== undefined ? "account" : terminal !== undefined ? "terminal" : "bank";
  const limits: Record<string, bigint | null> = {};
  for (const flag of Object.keys(flags) as Flag[]) {
    if (request[flag] === undefined) continue;
    const limit = flags[flag][whose];
    if (limit === null) {
      throw new UsageError(`${written[flag]} is not a limit of one ${whose}`, 2);
    }
    limits[limit] = limitOf(bank, written[flag], request[flag]);
  }
  if (Object.keys(limits).length === 0) {
    const names = Object.values(written).join(", ");
    throw new UsageError(`no limit given. Give an amount, or 'none', with ${names}`, 2);
  }
  return { whose, limits };
}

/** Returns whether a command raises a limit. An own limit that is removed becomes the bank's. */
export async function raisesLimits(bank: Bank, request: SetLimits): Promise<boolean> {
  return (await changedLimits(bank, request)).changes.some(({ before, after }) =>
    before !== null && (after === null || after > before)
  );
}

interface LimitChange {
  /** In words. */
  name: string;
  /** What holds before and after it; null for none. */
  before: bigint | null;
  after: bigint | null;
}

/** Returns what a command changes, and the account or terminal's account; null for the bank. */
export async function changedLimits(
  bank: Bank,
  request: SetLimits,
): Promise<{ account: Account | null | undefined; changes: LimitChange[] }> {
  const { whose, limits } = givenLimits(bank, request);
  const banks = await bank.ledger.read.limits();
  const account = whose === "bank" ? null : await limitedAccount(bank, request);
  const changes = (Object.keys(flags) as Flag[]).flatMap((flag) => {
    const name = flags[flag][whose];
    if (name === null || !Object.hasOwn(limits, name)) return [];
    const bankLimit = banks[flags[flag].bank];
    const before = account === null ? bankLimit : account?.[name as OwnLimit] ?? bankLimit;
    const after = account === null ? limits[name]! : limits[name] ?? bankLimit;
    return [{ name: fieldInWords(flag), before, after }];
  });
  return { account, changes };
}

type OwnLimit = "withdrawalMax" | "dayOutMax" | "dayInMax";

async function limitedAccount(
  bank: Bank,
  { account, terminal }: SetLimits,
): Promise<Account | undefined> {
  const { read } = bank.ledger;
  if (terminal === undefined) {
    return (await read.accountsNumbered(account!, "", 1)).find(({ number }) => number === account);
  }
  const own = await read.accountsOf([await terminalId(bank, terminal)]);
  return own.find(({ kind }) => kind === "terminal");
}

async function terminalId(bank: Bank, name: string): Promise<string> {
  const found = (await bank.ledger.read.terminals()).find((terminal) => terminal.name === name);
  if (!found) {
    throw new UsageError(`no terminal has the name ${name}. See 'deno task bank terminal list'`);
  }
  return found.id;
}

/** Parses an amount; returns null for `none`. */
function limitOf(bank: Bank, flag: string, text: string): bigint | null {
  if (text === "none") return null;
  return requireAmount(flag, text, bank.settings.currency);
}

async function* show(bank: Bank, json = false): Answers {
  const { currency } = bank.settings;
  const { withdrawalMax, accountDayOutMax, terminalDayOutMax, terminalDayInMax } = await bank
    .ledger.read.limits();
  const names = new Map(
    (await bank.ledger.read.terminals()).map(({ id, name }) => [id, name] as const),
  );
  const limits: [whose: string, limit: string, amount: bigint | null][] = [
    ["the bank", "one withdrawal", withdrawalMax],
    ["the bank", "out of one account in a day", accountDayOutMax],
    ["the bank", "out of one terminal in a day", terminalDayOutMax],
    ["the bank", "into one terminal in a day", terminalDayInMax],
    ...(await bank.ledger.read.limitedAccounts()).flatMap((account) => {
      const { kind, owner, number } = account;
      const whose = kind === "terminal"
        ? `terminal ${names.get(owner)}`
        : `account ${number} of ${owner}`;
      return ownLimits(account).map(([limit, amount]): [string, string, bigint] => [
        whose,
        limit,
        amount,
      ]);
    }),
  ];
  const rows = limits.map(([whose, limit, amount]) => ({
    cells: [whose, limit, amount === null ? "none" : formatMoney(amount, currency)],
    facts: {
      whose,
      limit,
      amount: amount === null ? null : decimalText(amount, currency.exponent),
    },
  }));
  yield* listed(["whose", "limit", "amount"], rows, json);
}

function ownLimits({ withdrawalMax, dayOutMax, dayInMax }: Account): [string, bigint][] {
  const all: [string, bigint | null][] = [
    ["one withdrawal", withdrawalMax],
    ["out in a day", dayOutMax],
    ["in in a day", dayInMax],
  ];
  return all.filter((limit): limit is [string, bigint] => limit[1] !== null);
}
