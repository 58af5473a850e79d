/** The commands that wait for a second operator, each with the facts that its approval depends on. */
import type { ProposalFact, ProposalNews } from "../../lib/console.ts";
import { proposalMsMax } from "../../lib/limits.ts";
import { formatMoney, parsePlainAmount } from "../../lib/money.ts";
import { type OperatorCommand, operatorCommandFrom } from "../../lib/operator_commands.ts";
import { visibleText } from "../../lib/text.ts";
import type { Bank } from "../bank.ts";
import { approvalsLost } from "../ledger/approvals.ts";
import { bookedBy, movementRows, ownSideOf } from "../ledger/booked.ts";
import { jumpInWords } from "../ledger/clock.ts";
import type { Staff } from "../ledger/model.ts";
import { terminalNamed } from "../terminals/change_keys.ts";
import { changedLimits } from "./limits.ts";
import { fieldsOf } from "./words.ts";

/** Returns the proposals that have not lapsed, oldest first. */
export async function openProposals(
  bank: Bank,
  staff: Staff,
): Promise<{ news: ProposalNews; command: OperatorCommand }[]> {
  // A clock in doubt ends none.
  const { timeMs: nowMs } = await bank.ledger.clockState();
  const open = staff.proposals.filter(({ timeMs }) => timeMs + proposalMsMax > nowMs)
    .toSorted((one, other) => one.timeMs - other.timeMs);
  return await Promise.all(open.map(async ({ id, operator, command: text, timeMs }) => {
    const command = operatorCommandFrom(JSON.parse(text))!;
    const news = {
      id,
      operator,
      command: command.command,
      fields: fieldsOf(command).map(({ name, value, isAmount }) => ({
        name,
        value: isAmount ? amountInWords(bank, value) : visibleText(value),
      })),
      facts: await factsOf(bank, command, staff),
      sinceMs: timeMs,
      untilMs: timeMs + proposalMsMax,
    };
    return { news, command };
  }));
}

function amountInWords({ settings: { currency } }: Bank, text: string): string {
  const amount = parsePlainAmount(text, currency.exponent);
  return amount === null ? visibleText(text) : formatMoney(amount, currency);
}

/** Returns what the bank has at present of the things that a command changes. */
async function factsOf(
  bank: Bank,
  command: OperatorCommand,
  staff: Staff,
): Promise<ProposalFact[]> {
  switch (command.command) {
    case "correct_movement":
    case "settle_hold":
      return await factsOfMovement(bank, command.movement);
    case "set_limits":
      return await factsOfLimits(bank, command);
    case "open_account":
      return await factsOfCustomer(bank, command.username);
    case "reset_password":
      return await factsOfCustomer(bank, command.customer);
    case "write_off_terminal":
      return await factsOfTerminal(bank, command.name);
    case "confirm_clock": {
      const { jumpMs } = await bank.ledger.clockState();
      return [{ name: "jump now", value: jumpInWords(jumpMs) }];
    }
    case "add_operator":
    case "remove_operator": {
      const lost = approvalsLost(staff, command);
      return [
        ...staff.operators.filter(({ name }) => name === command.name).flatMap((found) => [
          { name: "role now", value: found.role },
          { name: "public key now", value: found.publicKey },
        ]),
        ...(lost === null ? [] : [{ name: "nobody could then approve", value: lost }]),
      ];
    }
    default:
      return [];
  }
}

const ofCustomer = (customer: string): ProposalFact => ({
  name: "customer",
  value: customer,
  customer,
});

async function factsOfMovement(
  { ledger: { read }, settings: { currency } }: Bank,
  movement: string,
): Promise<ProposalFact[]> {
  const rows = await movementRows(read, movement);
  const [first] = rows;
  if (!first) return [];
  const { kind, customer, amount, debit, credit } = first;
  const isOpen = first.action === "authorise" && rows.every(({ step }) => step !== 2);
  const ids = [debit, credit].filter((id) => id !== null);
  const accounts = (await read.accountsAmong(ids)).filter(({ kind }) => kind === "customer");
  const numbers = [first[ownSideOf(first)], ...ids].flatMap((id) =>
    accounts.find((account) => account.id === id)?.number ?? []
  );
  return [
    isOpen
      ? { name: "authorised", value: formatMoney(amount, currency) }
      : { name: "booked", value: formatMoney(bookedBy(rows), currency) },
    { name: "kind", value: kind },
    ...(customer === "" ? [] : [ofCustomer(customer)]),
    ...[...new Set(numbers)].map((value, index) => ({
      name: index === 0 ? "account" : "to account",
      value,
    })),
  ];
}

async function factsOfLimits(
  bank: Bank,
  command: OperatorCommand & { command: "set_limits" },
): Promise<ProposalFact[]> {
  const { account, changes } = await changedLimits(bank, command);
  return [
    ...changes.map(({ name, before }) => ({
      name: `${name} now`,
      value: before === null ? "none" : formatMoney(before, bank.settings.currency),
    })),
    ...(account?.kind === "customer" ? [ofCustomer(account.owner)] : []),
  ];
}

async function factsOfCustomer({ ledger: { read } }: Bank, name: string): Promise<ProposalFact[]> {
  const customer = await read.customer(name);
  if (!customer) return [];
  const accounts = (await read.accountsOf([name])).filter(({ kind }) => kind === "customer");
  return [
    ofCustomer(name),
    ...(customer.displayName === undefined
      ? []
      : [{ name: "shown as", value: visibleText(customer.displayName) }]),
    { name: "accounts", value: String(accounts.length) },
  ];
}

async function factsOfTerminal(bank: Bank, name: string): Promise<ProposalFact[]> {
  const terminal = await terminalNamed(bank, name);
  const books = terminal && await bank.ledger.read.booksOf(terminal.id);
  return books
    ? [{ name: "notes in the books", value: formatMoney(books.cash, bank.settings.currency) }]
    : [];
}
