/**
 * A small bank for tests of the rules: its books, and a language of one command a line, each ending
 * in what must result.
 *
 *     lobby alice withdraw w1 alice 4000 EUR -> ok
 *     lobby complete w1 4000                 -> ok 4000
 *     alice has 6000, 0 held
 *     at 2026-11-24T00:30:00Z                # what follows happens then
 *     root limit accountDayOutMax 5000       -> ok
 */
import { assert, assertEquals } from "@std/assert";
import { accountNumberOf } from "../../../lib/account_number.ts";
import { hex, utf8 } from "../../../lib/bytes.ts";
import { sha256 } from "../../../lib/hmac.ts";
import { type AmountFault, minorOrFault } from "../../../lib/money.ts";
import { Books } from "../../../server/ledger/books.ts";
import {
  type Account,
  type AccountIdentity,
  type AccountKind,
  cashIdentity,
  type Limits,
  type Loaded,
  newAccount,
  noLimits,
  noStaff,
  type Settings,
} from "../../../server/ledger/model.ts";
import type { AuditEntry } from "../../../server/audit/entry.ts";
import { type Command, type Reply, visitOf } from "../../../server/ledger/command.ts";
import { applyCommands } from "../../../server/ledger/rules/rules.ts";

export const settings: Settings = {
  bankId: "ba".repeat(16),
  bankName: "Test Bank",
  currency: { code: "EUR", exponent: 2 },
  timeZone: "UTC",
  smallestNote: 1n,
};

/** The small bank's: one withdrawal has a limit. */
export const limits: Limits = { ...noLimits, withdrawalMax: 50_000n };

/** Returns 32 hex digits that stand for a short name. */
export function idOf(name: string): string {
  return new TextEncoder().encode(name).toHex().padEnd(32, "0");
}

interface Spec {
  kind?: AccountKind;
  balance?: bigint;
  state?: Account["state"];
  currency?: string;
}

/** Every account, by name; a terminal's is its cash. `ghost` is no account at all. */
const accountSpecs: Record<string, Spec> = {
  vault: { kind: "vault", balance: -1_060_000n },
  differences: { kind: "differences" },
  alice: { balance: 10_000n },
  bob: { balance: 1_000_000n },
  lena: { balance: 100_000n, state: "locked" },
  carl: { balance: 100_000n, state: "closed" },
  dora: { balance: 100_000n, currency: "USD" },
  lobby: { kind: "terminal", balance: -200_000n },
  mall: { kind: "terminal", balance: -50_000n },
};
const names = Object.keys(accountSpecs);

/** The key of the account in the books. */
export const accountIdOf = (name: string): number => names.indexOf(name) + 1 || 999;

/** Returns what the account is called. */
export function identityOf(name: string): AccountIdentity {
  const kind = accountSpecs[name]?.kind ?? "customer";
  if (kind === "terminal") return cashIdentity(idOf(name));
  const hash = sha256(utf8(name));
  return { number: kind === "customer" ? accountNumberOf(hash) : kind, uid: hex(hash.slice(16)) };
}
export const numberOf = (name: string): string => identityOf(name).number;

/** An account as it begins. */
export const emptyAccount: Omit<Account, "id" | "kind" | "owner" | keyof AccountIdentity> = {
  ...newAccount,
  name: "",
  currency: "EUR",
};

export function smallBank(): Loaded {
  return {
    settings,
    limits,
    restoring: null,
    staff: noStaff,
    accountIdNext: names.length + 1,
    lastMs: 0,
    clockMs: null,
    confirmed: null,
    accounts: Object.entries(accountSpecs).map(([name, spec]) => {
      const { kind = "customer", balance = 0n, state = "open", currency = "EUR" } = spec;
      const owner = kind === "terminal" ? idOf(name) : kind === "customer" ? name : "";
      const named = { id: accountIdOf(name), ...identityOf(name) };
      return { ...emptyAccount, ...named, kind, owner, balance, state, currency };
    }),
    movements: [],
    customers: names.filter((name) => !accountSpecs[name]!.kind)
      .map((username) => ({
        username,
        passwordHash: `hash of ${username}`,
        passwordVersion: 1,
        oneTime: null,
        knownTerminals: [],
      })),
    terminals: ["lobby", "mall"].map((name) => ({
      id: idOf(name),
      name,
      keyVersion: 1,
      sealedKey: new Uint8Array(80),
      state: "active",
      next: null,
    })),
    failures: [],
  };
}

/** Returns what an operator does, in one line. */
function operatorCommandOf([verb = "", what = "", ...rest]: string[]): Command {
  const operator = "root";
  const amount = (text: string | undefined) => text === "none" ? null : BigInt(text!);
  switch (verb) {
    case "limit":
      return { op: "set_limits", operator, limits: { [what]: amount(rest[0]) } };
    case "settle":
      return {
        op: "settle_hold",
        operator,
        movement: idOf(what),
        amount: BigInt(rest[0]!),
        reason: "seen",
      };
    case "own": {
      const limit = { [rest[0]!]: amount(rest[1]) };
      const whose = accountSpecs[what]?.kind === "terminal"
        ? { terminal: idOf(what) }
        : { account: numberOf(what) };
      return { op: "set_own_limits", operator, ...whose, ...limit };
    }
    case "end":
      return { op: "end_restore", operator, reason: "seen", paid: [] };
    case "revoke":
      return { op: "revoke_terminal", operator, terminal: idOf(what) };
    default: {
      const state = ({ lock: "locked", unlock: "open", close: "closed" } as const)[verb]!;
      return {
        op: "set_account_state",
        operator,
        account: numberOf(what),
        state,
        reason: "asked",
      };
    }
  }
}

/** Returns the command of a line, without its outcome. */
export function commandOf(line: string): Command {
  const words = line.trim().split(/\s+/);
  const [at, verb] = words as [string, string];
  if (at === "root") return operatorCommandOf(words.slice(1));
  const terminal = idOf(at);
  if (verb === "complete") {
    return { op: verb, terminal, movement: idOf(words[2]!), amount: BigInt(words[3]!) };
  }
  if (verb === "reverse" || verb === "void") {
    return { op: verb, terminal, movement: idOf(words[2]!) };
  }
  if (verb === "retold") return { op: "retold", terminal };
  if (verb === "retell" && words[2] === "transfer") {
    const [movement, account, to, amount, currency, vouched] = words.slice(3) as string[];
    const [[numbered, meant], [toNumbered, toMeant]] = [account!, to!].map((text) => {
      const [number = "", uid = number] = text.split("/");
      return [numberOf(number), identityOf(uid).uid] as const;
    }) as [readonly [string, string], readonly [string, string]];
    return {
      op: "retell_transfer",
      terminal,
      movement: idOf(movement!),
      account: numbered,
      uid: meant,
      to: toNumbered,
      toUid: toMeant,
      amount: BigInt(amount!),
      currency: currency!,
      vouched: vouched === "vouched",
    };
  }
  if (verb === "retell") {
    const [kind, movement, account = "", amount, currency, time] = words.slice(2) as string[];
    // alice/bob: her number, and the uid of his account
    const [numbered = "", meant = numbered] = account.split("/");
    return {
      op: "retell",
      terminal,
      kind: kind === "withdraw" ? "withdrawal" : kind as "deposit" | "load" | "count",
      movement: idOf(movement!),
      account: account === "none" ? "" : numberOf(numbered),
      uid: account === "none" ? "" : identityOf(meant).uid,
      amount: BigInt(amount!),
      currency: currency!,
      timeMs: time && time !== "open" ? Date.parse(time) : null,
      open: time === "open",
    };
  }
  if (verb === "load" || verb === "count") {
    const [movement, amount, currency] = words.slice(2) as [string, string, string];
    return {
      op: `${verb}_cash`,
      terminal,
      movement: idOf(movement),
      amount: BigInt(amount),
      currency,
    };
  }
  const [customer, action, ...rest] = words.slice(1) as string[];
  if (action === "look-up") {
    return {
      op: "look_up",
      terminal,
      customer: customer!,
      passwordVersion: 1,
      account: numberOf(rest[0]!),
      from: numberOf(customer!),
    };
  }
  if (action === "transfer") {
    const [movement, account, to, amount, currency, ...message] = rest as string[];
    return {
      op: "transfer",
      terminal,
      customer: customer!,
      passwordVersion: 1,
      movement: idOf(movement!),
      account: numberOf(account!),
      to: numberOf(to!),
      ...amountOf(amount!),
      currency: currency!,
      ...(message.length > 0 && { message: message.join(" ") }),
    };
  }
  const [movement, account, amount, currency] = rest as string[];
  return {
    op: "authorise",
    kind: action === "withdraw" ? "withdrawal" : "deposit",
    terminal,
    customer: customer!,
    passwordVersion: 1,
    movement: idOf(movement!),
    account: numberOf(account!),
    ...amountOf(amount!),
    currency: currency!,
  };
}

function amountOf(text: string): { amount: bigint; fault?: AmountFault } {
  const amount = minorOrFault(text);
  return typeof amount === "bigint" ? { amount } : { amount: 0n, fault: amount };
}

/** Runs a table against a fresh bank; gives the audit entries it wrote. */
export function play(table: string, bank: Loaded = smallBank()): AuditEntry[] {
  const books = new Books(bank);
  const entries: AuditEntry[] = [];
  const lines = table.split("\n").map((line) => line.replace(/#.*/, "").trim()).filter(Boolean);
  let timeMs = 1_000;
  for (const line of lines) {
    const at = /^at (\S+)$/.exec(line);
    if (at) {
      timeMs = Date.parse(at[1]!);
      continue;
    }
    const state = /^(\w+) has (-?\d+)(?:, (\d+) held)?$/.exec(line);
    if (state) {
      const { balance, held } = books.account(accountIdOf(state[1]!))!;
      assertEquals([balance, held], [BigInt(state[2]!), BigInt(state[3] ?? 0)], line);
      continue;
    }
    const [asked = "", expected] = line.split("->").map((part) => part.trim());
    assert(expected, `no outcome: ${line}`);
    const result = applyCommands(books, [ofNewVisit(books, commandOf(asked))], timeMs);
    entries.push(...result.entries);
    assertEquals(outcomeOf(result.replies[0]!), expected, `${line}\n${table}`);
    const sum = names.reduce(
      (total, name) => total + books.account(accountIdOf(name))!.balance,
      0n,
    );
    assertEquals(sum, 0n, `the books after: ${line}`);
  }
  requireStorable(books);
  return entries;
}

/** Returns the same, of a visit that began with the customer's present password. */
function ofNewVisit(books: Books, command: Command): Command {
  const visit = visitOf(command);
  const passwordVersion = visit && books.customer(visit.customer)?.passwordVersion;
  return passwordVersion ? { ...command, passwordVersion } as Command : command;
}

/**
 * Limits an amount to the 64 bits of a statement: a larger one would fail every command of its batch.
 */
function requireStorable(books: Books): void {
  const { accounts, movements } = books.changes();
  for (const row of [...accounts, ...movements]) {
    for (const [name, value] of Object.entries(row)) {
      if (typeof value === "bigint") assertEquals(BigInt.asIntN(64, value), value, name);
    }
  }
}

function outcomeOf({ outcome, booked, recipient }: Reply): string {
  if (recipient !== undefined) return `${outcome} ${recipient}`;
  return booked === undefined ? outcome : `${outcome} ${booked}`;
}
