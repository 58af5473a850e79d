/** What a console shows of customers: a page of those found, one with the accounts, and bookings. */
import type {
  AccountNews,
  BookingNews,
  CardNews,
  CustomerFacts,
  CustomerNews,
  LimitNews,
} from "../../lib/console.ts";
import { UsageError } from "../../lib/errors.ts";
import {
  balanceEntriesExaminedMax,
  bookingEntriesExaminedMax,
  consoleFindLengthMax,
  consoleRowsMax,
} from "../../lib/limits.ts";
import type { Bank } from "../bank.ts";
import { bookingsOf } from "../audit/bookings.ts";
import { placeText } from "../audit/entry.ts";
import { type Account, cardSource, type Customer, type Limits } from "../ledger/model.ts";
import { blockedSources } from "./cards.ts";
import { accountsOf } from "./customers.ts";
import type { Handlers } from "./request.ts";
import { requirePlace } from "./words.ts";

export const customerPageCommands: Handlers<
  "find_customers" | "show_customer" | "show_bookings"
> = {
  async *find_customers(bank, { find, after = "" }) {
    const { read } = bank.ledger;
    const { customers, next } = await found(read, find, after);
    const all = await read.accountsOf(customers.map(({ username }) => username));
    const accounts = Map.groupBy(
      all.filter(({ kind }) => kind === "customer"),
      ({ owner }) => owner,
    );
    const blocked = await blockedSources(bank);
    for (const customer of customers) {
      const row = rowOf(customer, accounts.get(customer.username) ?? [], blocked);
      yield { line: JSON.stringify(row) };
    }
    if (next !== null) yield { next };
  },

  async *show_customer(bank, { customer: username }) {
    const { read } = bank.ledger;
    const accounts = await accountsOf(bank, username);
    const customer = (await read.customer(username))!;
    const terminals = await read.terminals();
    const limits = await read.limits();
    const [last] = customer.knownTerminals;
    const facts: CustomerFacts = {
      customer: username,
      shown: customer.displayName ?? "",
      lastMs: last?.lastMs ?? null,
      lastTerminal: terminals.find(({ id }) => id === last?.terminal)?.name ?? "",
      oneTimeMs: customer.oneTime?.untilMs ?? null,
      card: cardNews(customer, await blockedSources(bank)),
      accounts: accounts.map((account) => accountNews(account, limits)),
    };
    yield { line: JSON.stringify(facts) };
  },

  async *show_bookings(bank, { customer, account, before }) {
    await accountsOf(bank, customer, account);
    const { rows, next } = await bookingsOf(bank.ledger.read, bank.auditKeys, {
      customer,
      ...(account !== undefined && { account }),
      before: before === undefined ? null : requirePlace(before),
      rowsMax: consoleRowsMax,
      examinedMax: bookingEntriesExaminedMax,
      balancesExaminedMax: balanceEntriesExaminedMax,
    });
    for (const { stored, entry, change } of rows) {
      const row: BookingNews = {
        place: placeText(stored),
        timeMs: entry.timeMs,
        action: entry.action,
        account: entry.account,
        amount: change === null ? null : String(change),
        balance: String(entry.balance),
        terminal: entry.terminal,
        movement: entry.movement ?? "",
      };
      yield { line: JSON.stringify(row) };
    }
    if (next !== null) yield { next: placeText(next) };
  },
};

type FindReads = Pick<
  Bank["ledger"]["read"],
  "customer" | "customersNamed" | "customersShown" | "accountsNumbered"
>;

/** Where customers are looked for, in this order; each has its index. */
const places = ["username", "shown", "number"] as const;
type Place = typeof places[number];

/**
 * Returns a page of the customers whose username, display name or account number begins so, each
 * once, and where the next page begins; null after the last.
 * @param after "", or such a beginning: a place, and the key of its last row: "number 100000000093"
 * @throws {UsageError} if it is neither, or the text is too long
 */
async function found(
  read: FindReads,
  find: string,
  after: string,
): Promise<{ customers: Customer[]; next: string | null }> {
  if (find.length > consoleFindLengthMax) {
    throw new UsageError(`write up to ${consoleFindLengthMax} characters of a name or a number`);
  }
  const [, from = places[0], key = ""] = /^(\w+) (.*)$/s.exec(after) ?? [];
  if (after !== "" && !places.includes(from as Place)) {
    throw new UsageError(`'${after}' is not where a page of customers begins`);
  }
  const customers: Customer[] = [];
  let last = key;
  for (const place of places.slice(places.indexOf(from as Place))) {
    for (;;) {
      const left = consoleRowsMax + 1 - customers.length;
      const some = await lookIn[place](read, find, last, left);
      for (const { customer, key } of some) {
        if (customers.length === consoleRowsMax) return { customers, next: `${place} ${last}` };
        last = key;
        if (!foundBefore(place, customer, find)) customers.push(customer);
      }
      if (some.length < left) break;
    }
    last = "";
  }
  return { customers, next: null };
}

interface FoundCustomer {
  customer: Customer;
  /** Where it is in the order of the place. */
  key: string;
}

const byUsername = (customer: Customer) => ({ customer, key: customer.username });

const lookIn: Record<
  Place,
  (read: FindReads, find: string, after: string, limit: number) => Promise<FoundCustomer[]>
> = {
  username: async (read, find, after, limit) =>
    (await read.customersNamed(find.toLowerCase(), after, limit)).map(byUsername),
  shown: async (read, find, after, limit) =>
    find === "" ? [] : (await read.customersShown(find, after, limit)).map(byUsername),
  async number(read, find, after, limit) {
    if (!/^[0-9]+$/.test(find)) return [];
    const accounts = await read.accountsNumbered(find, after, limit);
    return await Promise.all(accounts.map(async ({ owner, number }) => ({
      customer: (await read.customer(owner))!,
      key: number,
    })));
  },
};

/** Returns whether a place that comes before has this customer, too. */
function foundBefore(place: Place, { username, displayName = "" }: Customer, find: string) {
  if (place === "username") return false;
  if (username.startsWith(find.toLowerCase())) return true;
  return place === "number" && displayName.startsWith(find);
}

function rowOf(
  customer: Customer,
  accounts: readonly Account[],
  blocked: ReadonlySet<string>,
): CustomerNews {
  const { username, displayName = "" } = customer;
  const [first, ...others] = new Set(accounts.map(({ state }) => state));
  return {
    customer: username,
    shown: displayName,
    accounts: accounts.map(({ number }) => number),
    balance: String(accounts.reduce((sum, { balance }) => sum + balance, 0n)),
    state: others.length > 0 ? "mixed" : first ?? "closed",
    card: cardNews(customer, blocked),
  };
}

function cardNews({ username, card }: Customer, blocked: ReadonlySet<string>): CardNews | null {
  if (!card) return null;
  const isBlocked = blocked.has(cardSource(username));
  return { sinceMs: card.sinceMs, hasPin: card.pinHash !== null, isBlocked };
}

function accountNews(account: Account, limits: Limits): AccountNews {
  const { number, name, balance, held, state, withdrawalMax, dayOutMax } = account;
  return {
    number,
    name,
    balance: String(balance),
    held: String(held),
    state,
    withdrawalMax: limitNews(withdrawalMax, limits.withdrawalMax),
    dayOutMax: limitNews(dayOutMax, limits.accountDayOutMax),
  };
}

function limitNews(own: bigint | null, banks: bigint | null): LimitNews {
  const amount = own ?? banks;
  return { amount: amount === null ? null : String(amount), isOwn: own !== null };
}
