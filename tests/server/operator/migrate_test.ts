/** A bank moves from its file into PostgreSQL, and nothing of it is lost or another. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { systemFiles } from "../../../lib/system.ts";
import { UsageError } from "../../../lib/errors.ts";
import { systemWithFiles } from "../../../lib/system.ts";
import { ChainKeyFile } from "../../../server/audit/chain_key.ts";
import { parseFirstKey } from "../../../server/audit/first_key.ts";
import { LogVerifier } from "../../../server/audit/verify.ts";
import { openBank } from "../../../server/bank.ts";
import { chainKeyPath, databasePath } from "../../../server/folder/bank_folder.ts";
import type { ReadStore } from "../../../server/ledger/store.ts";
import { SqliteStore } from "../../../server/ledger/sqlite/store.ts";
import { type Migrate, migrateBank, requireSame } from "../../../server/operator/migrate.ts";
import { newId, RunningBank } from "../helpers/running_bank.ts";
import { newDatabase, onPostgres } from "../helpers/stores.ts";
import { bankWorld } from "../helpers/world.ts";

/**
 * Returns a bank with some of everything: holds, refusals, counted failures, limits, a renewed key.
 */
async function live(running: RunningBank): Promise<{ open: string }> {
  const alice = await running.visit("alice");
  const [done, open] = [newId(), newId()];
  await alice.authorise("withdrawal", done, "2000");
  await alice.ask({ op: "complete", movement: done, amount: "1000" });
  await alice.authorise("withdrawal", open, "3000");
  await alice.authorise("withdrawal", newId(), "99900000");
  const stranger = await running.connect(running.keys.mall);
  await stranger.ask({ op: "log_in", username: "bob", password: "another password" });
  const commands = [
    { command: "set_limits", withdrawal: "300.00" },
    { command: "rotate_terminal", name: "mall", now: false },
    { command: "rotate_audit_key" },
    { command: "open_account", username: "bob", name: "savings", opening: "7.00" },
  ] as const;
  for (const command of commands) await Array.fromAsync(running.operate(command));
  return { open };
}

const moved = (running: RunningBank, url: string, onRows?: Migrate["onRows"]) =>
  migrateBank(bankWorld(), { path: running.folder, url, operator: "root", onRows });

onPostgres(
  "a whole bank is moved: books, keys, holds, counters and a log that still verifies",
  () =>
    RunningBank.with(async (running) => {
      const { open } = await live(running);
      const { url } = await newDatabase();
      await assertRejects(() => moved(running, url), UsageError, "in use by another process");
      const history = { customer: "alice", filter: {} };
      await running.reopen(); // everybody has left
      const before = await running.bank.auditLog.history(history);
      await running.stop();
      const shown: Record<string, [number, number]> = {};
      const [line] = await moved(running, url, (step, done, of) => shown[step] = [done, of]);
      assert(/^the books are in the database.*: \d+ accounts, \d+ rows of mov/.test(line!), line);
      const [, movements, entries] = line!.match(/(\d+) rows of movements, (\d+) entries/)!;
      const all = Number(movements) + Number(entries);
      const { "checked again": [checked, of] = [], ...rows } = shown;
      assertEquals(rows, { copied: [all, all], compared: [all, all] });
      assert(checked !== undefined && checked === Math.floor(of!));

      await assertRejects(
        () => openBank(bankWorld(), running.folder),
        UsageError,
        "is in a PostgreSQL",
      );
      const bank = await openBank(bankWorld(), running.folder, url);
      const { read } = bank.ledger;
      assertEquals((await bank.auditLog.history(history)).entries, before.entries);
      const holds = await read.holdsAfter("00".repeat(16), 10);
      assertEquals(holds.map(({ id }) => id), [open]);
      const lobby = running.keys.lobby.terminal.toHex();
      const settled = await bank.ledger.submit({ op: "reverse", terminal: lobby, movement: open });
      assertEquals(settled.outcome, "ok");
      const firstKey = parseFirstKey(running.firstKey, "first.key");
      const verifier = new LogVerifier({
        firstKeys: [firstKey],
        keyFile: ChainKeyFile.read(systemFiles, chainKeyPath(running.folder), firstKey.chainId),
      });
      for (const { number, id } of await read.chains()) {
        for (const entry of await read.entriesAfter(number, 0, 10_000)) {
          verifier.next({ chainId: id, entry });
        }
      }
      verifier.end();
      assertEquals((await bank.ledger.check()).problem, null);
      await bank.close();
      await assertRejects(() => moved(running, url), UsageError, "no bank in a file");
    }),
);

onPostgres(
  "where the copy cannot be made, the file counts as before",
  () =>
    RunningBank.with(async (running) => {
      const { url } = await newDatabase();
      await RunningBank.with(() => Promise.resolve(), {}, url);
      await running.stop();
      await assertRejects(() => moved(running, url), UsageError, "already contains a bank");
      const nowhere = "postgresql://bank:sesame@127.0.0.1:1/bank";
      const error = await assertRejects(
        () => moved(running, nowhere),
        UsageError,
        "cannot be used",
      );
      assert(!error.message.includes("sesame"), error.message);
      await running.reopen();
      assertEquals((await running.visit("alice")).logIn.outcome, "ok");
    }),
);

onPostgres(
  "a copy that is not the same is never taken for one",
  () =>
    RunningBank.with(async (running) => {
      await live(running);
      await running.stop();
      const file = SqliteStore.open(systemWithFiles, databasePath(running.folder));
      assert((await requireSame(file, file)).includes("accounts"));
      const lists = [
        "settings",
        "limits",
        "accounts",
        "customers",
        "terminals",
        "failures",
      ] as const;
      const others = [
        "chains",
        "dayEndsAfter",
        "holdsAfter",
        "movementsAfter",
        "entriesAfter",
      ] as const;
      for (const name of [...lists, ...others]) {
        const other = new Proxy(file, {
          get(_, asked: keyof ReadStore) {
            const read = (file[asked] as (...args: unknown[]) => unknown).bind(file);
            if (asked !== name) return read;
            return (...args: unknown[]) => {
              const found = read(...args);
              return Array.isArray(found) ? found.slice(1) : { ...found as object, more: 1n };
            };
          },
        });
        await assertRejects(() => requireSame(file, other), UsageError, "the copy differs", name);
      }
      file.close();
    }),
);
