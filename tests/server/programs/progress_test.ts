/** Long operations show how far they are: copying, checking, and checking what was put back. */
import { assert, assertEquals } from "@std/assert";
import { copyPrivateFile } from "../../../lib/private_file.ts";
import { systemFiles } from "../../../lib/system.ts";
import type { Bank } from "../../../server/bank.ts";
import { SqliteConnection } from "../../../server/ledger/sqlite/connection.ts";
import { runOperatorCommand } from "../../../server/operator/commands.ts";
import { rehearseMigration } from "../../../server/operator/migrate.ts";
import { rehearseRestore, restoreBank } from "../../../server/operator/restore.ts";
import { progressLine } from "../../../server/programs/progress.ts";
import { RunningBank } from "../helpers/running_bank.ts";
import { newDatabase, onPostgres } from "../helpers/stores.ts";
import { inTemporaryFolder } from "../helpers/temporary.ts";
import { bankWorld } from "../helpers/world.ts";

Deno.test("a bar has its part, its rate and the time left", () => {
  const rows: [done: number, of: number, ranMs: number, line: string][] = [
    [0, 0, 0, "[------------------------] 0 %  checked 0  0 a second  0 s left"],
    [250, 1_000, 5_000, "[######------------------] 25 %  checked 250  50 a second  15 s left"],
    [999, 1_000, 999, "[########################] 99 %  checked 999  1000 a second  0 s left"],
    [1_200, 1_000, 600, "[########################] 100 %  checked 1200  2000 a second  0 s left"],
  ];
  for (const [done, of, ranMs, line] of rows) {
    assertEquals(progressLine("checked", done, of, ranMs), line);
  }
});

Deno.test("copying a file of several pieces reports its bytes", () =>
  inTemporaryFolder(async (folder) => {
    const connection = SqliteConnection.open(`${folder}/full.sqlite`, (connection) => {
      connection.exec("CREATE TABLE notes (text BLOB)");
      connection.exec("INSERT INTO notes VALUES (zeroblob(50000000))");
    });
    const seen: [number, number][] = [];
    try {
      await connection.copyTo(`${folder}/copy.sqlite`, (...bytes) => seen.push(bytes));
    } finally {
      connection.close();
    }
    const { size } = await Deno.stat(`${folder}/copy.sqlite`);
    assert(seen.length >= 2, `${seen.length} reports`);
    assertEquals(
      seen.map(([copied]) => copied),
      seen.map(([copied]) => copied).sort((a, b) => a - b),
    );
    for (const [copied, of] of seen) assert(copied > 0 && copied <= of && of === size);
  }));

/** Returns the bank as of one whose file is copied in four pieces. */
function inPieces(bank: Bank): Bank {
  const backUp: Bank["ledger"]["backUp"] = async (path, onCopied) => {
    for (const copied of [25, 50, 75, 100]) {
      await new Promise((resolve) => setTimeout(resolve, 0));
      onCopied?.(copied, 100);
    }
    await new Promise((resolve) => setTimeout(resolve, 0));
    await bank.ledger.backUp(path);
  };
  const ledger = new Proxy(bank.ledger, {
    get(target, name) {
      const value = name === "backUp" ? backUp : Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
  return new Proxy(bank, {
    get: (target, name) => name === "ledger" ? ledger : Reflect.get(target, name, target),
  });
}

Deno.test("a backup and a check of a running bank show the copy, and then the check", () =>
  RunningBank.with(async ({ bank }) => {
    for (const command of ["back_up", "check_ledger"] as const) {
      const request = { command, operator: "test" } as const;
      const steps = [];
      for await (const answer of runOperatorCommand(inPieces(bank), request)) {
        if ("copied" in answer) steps.push(answer.copied);
        if ("checked" in answer) steps.push("checked");
      }
      assertEquals(steps.slice(0, 4), [25, 50, 75, 100], command);
      assert(steps.slice(4).length > 0 && steps.slice(4).every((step) => step === "checked"));
    }
  }));

Deno.test("a restore shows the copy, the check of the backup, and that of the restored books", () =>
  RunningBank.with(async (running) => {
    const from = `${running.folder}-backup.sqlite`;
    for await (const answer of running.operate({ command: "back_up" })) {
      if ("fetch" in answer) copyPrivateFile(systemFiles, answer.fetch, from);
    }
    await running.stop();
    const shown: [number, number][] = [];
    const copied: [number, number][] = [];
    const onCopied = (done: number, of: number) => copied.push([done, of]);
    const { size } = Deno.statSync(from);
    await rehearseRestore(bankWorld(), { path: running.folder, from, onCopied });
    assertEquals(copied.splice(0).at(-1), [size, size]);
    await restoreBank(bankWorld(), {
      ...{ path: running.folder, from, operator: "test", keepFirstKey() {}, onCopied },
      onRows: (_, done, of) => shown.push([done, of]),
    });
    const [done, of] = shown.at(-1)!;
    assertEquals(done, Math.floor(of)); // an estimate
    assertEquals(copied.at(-1), [size, size]);
  }));

onPostgres(
  "a rehearsed migration shows the check of the file",
  () =>
    RunningBank.with(async (running) => {
      const { url } = await newDatabase();
      await running.stop();
      let last: [number, number] = [0, 1];
      await rehearseMigration(bankWorld(), {
        ...{ path: running.folder, url },
        onRows: (_, ...rows) => last = rows,
      });
      assertEquals(last[0], Math.floor(last[1])); // an estimate
    }),
);
