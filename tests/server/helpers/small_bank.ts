/**
 * A small bank for tests of the rules: its books, and a language of one command a line, each ending
 * in what must come of it.
 *
 *     lobby alice withdraw w1 alice 4000 EUR -> ok
 *     lobby complete w1 4000                 -> ok 4000
 *     alice has 6000, 0 held
 */
import { assert, assertEquals } from "@std/assert";
import {
  type Account,
  type AccountKind,
  Books,
  type Loaded,
  type Settings,
} from "../../../server/ledger/books.ts";
import type { AuditEntry, Command, Reply } from "../../../server/ledger/command.ts";
import { applyCommands } from "../../../server/ledger/rules.ts";

export const settings: Settings = {
  bankId: "ba".repeat(16),
  bankName: "Test Bank",
  currency: { code: "EUR", exponent: 2 },
  timeZone: "UTC",
  withdrawalMax: 50_000n,
};

/** 32 hex digits that stand for a short name. */
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

/** The account's number. */
export const accountIdOf = (name: string): number => names.indexOf(name) + 1 || 999;

export function smallBank(): Loaded {
  return {
    settings,
    accountIdNext: names.length + 1,
    accounts: Object.entries(accountSpecs).map(([name, spec]) => {
      const { kind = "customer", balance = 0n, state = "open", currency = "EUR" } = spec;
      const owner = kind === "terminal" ? idOf(name) : kind === "customer" ? name : "";
      return { id: accountIdOf(name), kind, owner, balance, state, currency, held: 0n, version: 0 };
    }),
    movements: [],
    customers: names.filter((name) => !accountSpecs[name]!.kind)
      .map((username) => ({ username, passwordHash: `hash of ${username}` })),
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

/** The command of a line, without its outcome. */
export function commandOf(line: string): Command {
  const words = line.trim().split(/\s+/);
  const [at, verb] = words as [string, string];
  const terminal = idOf(at);
  if (verb === "complete") {
    return { op: verb, terminal, movement: idOf(words[2]!), amount: BigInt(words[3]!) };
  }
  if (verb === "reverse" || verb === "void") {
    return { op: verb, terminal, movement: idOf(words[2]!) };
  }
  if (verb === "load") {
    const [movement, amount, currency] = words.slice(2) as [string, string, string];
    return {
      op: "load_cash",
      terminal,
      movement: idOf(movement),
      amount: BigInt(amount),
      currency,
    };
  }
  const [customer, action, movement, account, amount, currency] = words.slice(1) as string[];
  return {
    op: "authorise",
    kind: action === "withdraw" ? "withdrawal" : "deposit",
    terminal,
    customer: customer!,
    movement: idOf(movement!),
    account: accountIdOf(account!),
    amount: BigInt(amount!),
    currency: currency!,
  };
}

/** Runs a table against a fresh bank; gives the audit entries it wrote. */
export function play(table: string): AuditEntry[] {
  const books = new Books(smallBank());
  const entries: AuditEntry[] = [];
  const lines = table.split("\n").map((line) => line.replace(/#.*/, "").trim()).filter(Boolean);
  for (const line of lines) {
    const state = /^(\w+) has (-?\d+)(?:, (\d+) held)?$/.exec(line);
    if (state) {
      const { balance, held } = books.account(accountIdOf(state[1]!))!;
      assertEquals([balance, held], [BigInt(state[2]!), BigInt(state[3] ?? 0)], line);
      continue;
    }
    const [asked = "", expected] = line.split("->").map((part) => part.trim());
    assert(expected, `no outcome: ${line}`);
    const result = applyCommands(books, [commandOf(asked)], 1_000);
    entries.push(...result.entries);
    assertEquals(outcomeOf(result.replies[0]!), expected, `${line}\n${table}`);
    const sum = names.reduce(
      (total, name) => total + books.account(accountIdOf(name))!.balance,
      0n,
    );
    assertEquals(sum, 0n, `the books after: ${line}`);
  }
  return entries;
}

function outcomeOf({ outcome, booked }: Reply): string {
  return booked === undefined ? outcome : `${outcome} ${booked}`;
}
