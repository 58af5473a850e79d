/** A rehearsed restore or migration finds what the real one would, and changes no file. */
import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { sha256 } from "@noble/hashes/sha2.js";
import { hex } from "../../../lib/bytes.ts";
import { UsageError } from "../../../lib/errors.ts";
import { copyPrivateFile } from "../../../lib/private_file.ts";
import { systemFiles } from "../../../lib/system.ts";
import { rehearseMigration } from "../../../server/operator/migrate.ts";
import { rehearseRestore } from "../../../server/operator/restore.ts";
import { addOperator, give } from "../helpers/operators.ts";
import { RunningBank } from "../helpers/running_bank.ts";
import { newDatabase, onPostgres } from "../helpers/stores.ts";
import { bankWorld } from "../helpers/world.ts";

/** Returns the names of a folder's files, and what is in them. */
const filesIn = (folder: string) =>
  [...Deno.readDirSync(folder)].filter(({ isFile }) => isFile).map(({ name }) =>
    `${name} ${hex(sha256(Deno.readFileSync(`${folder}/${name}`)))}`
  ).sort();

async function backUp(running: RunningBank): Promise<string> {
  const backup = `${running.folder}-backup.sqlite`;
  for await (const answer of running.operate({ command: "back_up" })) {
    if ("fetch" in answer) copyPrivateFile(systemFiles, answer.fetch, backup);
  }
  return backup;
}

Deno.test("the server writes a backup into its folder for them, also for a timer", () =>
  RunningBank.with(async (running) => {
    const { bank, folder } = running;
    const { signer } = await addOperator(bank, "night", "timer");
    const backUp = async () => {
      const answers = await Array.fromAsync(
        give(bank, signer, { command: "back_up", inFolder: true }),
      );
      return answers.map((answer) => "line" in answer ? answer.line : "");
    };
    await assertRejects(backUp, UsageError, "no server with a folder for backups");
    bank.backupFolder = `${folder}-backups`;
    const [line = "", checked = ""] = (await backUp()).filter((line) => line !== "");
    assertStringIncludes(checked, "the copy is good");
    const from = line.slice("the copy is ".length);
    assertEquals(filesIn(bank.backupFolder).length, 1);
    assert(!filesIn(folder).some((file) => file.startsWith("bank.backup-")));
    await running.stop();
    const [restored] = await rehearseRestore(bankWorld(), { path: folder, from });
    assertStringIncludes(restored!, "the restore can be done");
  }));

Deno.test("the log has the begin of a backup and its end, and no file of an unfinished one remains", () =>
  RunningBank.with(async (running) => {
    const { bank, folder } = running;
    const backups = bank.backupFolder = `${folder}-backups`;
    const backUp = () => Array.fromAsync(running.operate({ command: "back_up", inFolder: true }));
    const ends = async () =>
      (await running.entries()).slice(-2).map((entry) => entry.slice(entry.indexOf("operator")));
    const { ledger } = bank;
    const copy = ledger.backUp.bind(ledger);
    ledger.backUp = (path) => {
      for (const end of ["", "-wal", "-shm"]) Deno.writeTextFileSync(path + end, "x");
      return Promise.reject(new Error("database or disk is full"));
    };
    await assertRejects(backUp, UsageError, "no backup was made: the copy cannot be written");
    const [begin = "", end = ""] = await ends();
    assertStringIncludes(begin, "operator test | begin a backup of the books");
    assertStringIncludes(end, "operator test | back up the books (no backup was made: ");
    assertEquals(filesIn(backups), []);
    ledger.backUp = copy;
    for (const end of ["-wal", "-shm", "-journal"]) {
      Deno.writeTextFileSync(`${backups}/bank.backup-00ff${end}`, "x");
    }
    await backUp();
    assertEquals(filesIn(backups).length, 1);
    assertMatch((await ends())[1]!, /^operator test \| back up the books(?! \()/);
  }));

Deno.test("a rehearsed restore names what is missing, and changes nothing", () =>
  RunningBank.with(async (running) => {
    const from = await backUp(running);
    await running.addCustomer("carol", "carol's password");
    await running.stop();
    const before = filesIn(running.folder);
    const request = { path: running.folder, from };
    const [line] = await rehearseRestore(bankWorld(), request);
    assertStringIncludes(
      line!,
      "the restore can be done, and nothing was changed: what was booked",
    );
    assertEquals(filesIn(running.folder), before);
    await Deno.truncate(from, 8_192);
    await assertRejects(() => rehearseRestore(bankWorld(), request), UsageError);
    assertEquals(filesIn(running.folder), before);
    await running.reopen();
  }));

onPostgres(
  "a rehearsed migration finds a database that has a bank, and changes nothing",
  () =>
    RunningBank.with(async (running) => {
      await running.stop();
      const before = filesIn(running.folder);
      const rehearse = async (url: string) =>
        await rehearseMigration(bankWorld(), { path: running.folder, url });
      const { url } = await newDatabase();
      assert((await rehearse(url))[0]!.startsWith("the books can be moved"));
      assert((await rehearse(url))[0]!.startsWith("the books can be moved"), "again");
      await RunningBank.with(() => Promise.resolve(), {}, url);
      await assertRejects(() => rehearse(url), UsageError);
      assertEquals(filesIn(running.folder), before);
      await running.reopen();
    }),
);
