/**
 * Whether a bank grows slower with its age: what a movement, a balance and a page of history cost
 * with few accounts and movements in the tables, and with many. The many are written straight into
 * the tables, as refused withdrawals and entries of random bytes: they are of the right size and in
 * the right place, and are nobody's.
 */
import { DatabaseSync } from "node:sqlite";
import { newMovementId } from "../../client/movement_id.ts";
import { historyPage } from "../../server/audit/history.ts";
import { system, systemWithFiles } from "../../lib/system.ts";
import type { Command } from "../../server/ledger/command.ts";
import { SqliteStore } from "../../server/ledger/sqlite/store.ts";
import { addCustomer, engineOn, enrolTerminal, keyRing } from "../server/helpers/engine.ts";
import { idOf, numberOf, settings } from "../server/helpers/small_bank.ts";
import { inTemporaryFolder } from "../server/helpers/temporary.ts";
import type { Bench } from "./harness.ts";

/** Customers that are at work, of all that there are. */
const activeCount = 1_000;
const batch = 64;

export async function benchGrowth(bench: Bench): Promise<void> {
  const young = { accounts: 1_000, movements: 10_000 };
  const grown = {
    accounts: bench.size(1_000_000, 2_000),
    movements: bench.size(2_000_000, 20_000, 10_000_000),
  };
  for (const [name, sizes] of Object.entries({ young, grown })) {
    await inTemporaryFolder(async (folder) => {
      const path = `${folder}/bank.sqlite`;
      SqliteStore.open(systemWithFiles, path, settings).close();
      fill(path, sizes);
      const to = (what: string) => name === "grown" ? `growth.young.${what}` : null;
      await measure(bench, path, (what) => ({ id: `growth.${name}.${what}`, to: to(what) }));
    });
  }
}

function fill(path: string, { accounts, movements }: { accounts: number; movements: number }) {
  const database = new DatabaseSync(path);
  database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF; PRAGMA cache_size = -262144");
  const numbers = (count: number) =>
    `WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ${count})`;
  database.exec(`BEGIN;
    INSERT INTO accounts (number, uid, kind, owner, currency, balance, held, version, state)
      ${numbers(accounts)}
      SELECT printf('%d%02d', 1000000000 + n, 98 - (1000000000 + n) * 100 % 97), randomblob(16),
        'customer', 'old-' || n, 'EUR', 0, 0, 0, 'open' FROM numbers;
    INSERT INTO movements
      ${numbers(movements)}
      SELECT unhex(printf('%012x', n) || hex(randomblob(10))), 1, 'authorise', 'withdrawal', 'old-terminal',
        'old-' || n, '', 3 + n % ${accounts}, 1, 2000, 0, 'EUR', 'insufficient_funds', 0, 0, 20000,
        1700000000000 + n, '', '' FROM numbers;
    INSERT INTO audit_chains (id) VALUES (x'${"c4".repeat(16)}');
    INSERT INTO audit
      ${numbers(movements)}
      SELECT (1 << 40) + n, 0, 1, randomblob(16), randomblob(32), randomblob(272), randomblob(32)
      FROM numbers;
    COMMIT;
    PRAGMA wal_checkpoint(TRUNCATE);`);
  database.close();
}

async function measure(
  bench: Bench,
  path: string,
  named: (what: string) => { id: string; to: string | null },
): Promise<void> {
  const store = SqliteStore.open(systemWithFiles, path);
  try {
    const { run } = await engineOn(store, Date.now());
    const count = bench.size(activeCount, 20);
    const customers = Array.from({ length: count }, (_, index) => `customer-${index}`);
    for (const name of customers) await run(addCustomer(name, 10n ** 9n), enrolTerminal(name));
    const first = store.load(touching(customers[0]!)).accounts.at(-1)!.id;
    const accountOf = (index: number) => first + 2 * index;
    const rounds = bench.size(40, 2);
    let next = 0;
    await bench.median({ ...named("movement"), unit: "µs, authorised and completed" }, async () => {
      const startMs = performance.now();
      for (let round = 0; round < rounds; round++) {
        const moves = Array.from({ length: batch }, () => {
          const index = next++ % count;
          const movement = newMovementId(system);
          return { index, movement, terminal: idOf(customers[index]!), amount: 2_000n };
        });
        const halves: Command[][] = [
          moves.map(({ index, ...move }): Command => ({
            op: "authorise",
            kind: "withdrawal",
            customer: customers[index]!,
            passwordVersion: 1,
            account: numberOf(customers[index]!),
            currency: "EUR",
            ...move,
          })),
          moves.map(({ movement, terminal, amount }): Command => ({
            op: "complete",
            movement,
            terminal,
            amount,
          })),
        ];
        for (const half of halves) {
          const [failed] = (await run(...half)).filter(({ outcome }) => outcome !== "ok");
          if (failed) throw new Error(`the ledger answered ${failed.outcome}`);
        }
      }
      return (performance.now() - startMs) * 1_000 / rounds / batch;
    });
    const looks = bench.size(5_000, 100);
    await bench.median({ ...named("balance"), unit: "µs" }, () => {
      const startMs = performance.now();
      for (let look = 0; look < looks; look++) store.account(accountOf(next++ % count));
      return (performance.now() - startMs) * 1_000 / looks;
    });
    const pages = bench.size(100, 2);
    await bench.median({ ...named("page"), unit: "ms" }, async () => {
      const startMs = performance.now();
      for (let page = 0; page < pages; page++) {
        const customer = customers[next++ % count]!;
        const { entries } = await historyPage(store, keyRing, { customer, filter: {} });
        if (entries.length === 0) throw new Error(`${customer} has no history`);
      }
      return (performance.now() - startMs) / pages;
    });
  } finally {
    store.close();
  }
}

const touching = (customer: string) => ({
  movements: new Set<string>(),
  accountNumbers: new Set<string>(),
  accounts: new Set<number>(),
  terminals: new Set<string>(),
  terminalNames: new Set<string>(),
  closing: new Set<string>(),
  customers: new Set([customer]),
  failureSources: new Set<string>(),
  devices: new Set<string>(),
});
