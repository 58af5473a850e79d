/** Rows of the log that reading its chains in order does not reach: `verify` and the books' check find them. */
import { noSigner } from "../helpers/operators.ts";
import { assertEquals, assertRejects } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { writePrivateFile } from "../../../lib/private_file.ts";
import { systemFiles } from "../../../lib/system.ts";
import { BadLog } from "../../../server/audit/verify.ts";
import { databasePath } from "../../../server/folder/bank_folder.ts";
import { goodLogInWords, verifyLog } from "../../../server/operator/log_programs.ts";
import { systemOperator } from "../../../server/programs/system_bank.ts";
import { postgres } from "../helpers/postgres.ts";
import { onEachBank, type RunningBank } from "../helpers/running_bank.ts";

/** Inserts a copy of the first chain's second entry at another place, as a superuser can. */
async function insert(
  running: RunningBank,
  chain: number,
  sequence: number,
  ...before: string[]
): Promise<void> {
  const columns = "epoch, key_version, who, commitment, sealed, tag";
  if (running.url) {
    const { run } = await postgres();
    await run(
      running.url,
      "SET session_replication_role = replica",
      "ALTER TABLE audit DROP CONSTRAINT IF EXISTS audit_sequence_check",
      ...before,
      `INSERT INTO audit (chain, sequence, ${columns})
        SELECT ${chain}, ${sequence}, ${columns} FROM audit WHERE chain = 1 AND sequence = 2`,
    );
  } else {
    const database = new DatabaseSync(databasePath(running.folder), {
      enableForeignKeyConstraints: false,
    });
    database.exec("PRAGMA ignore_check_constraints = ON");
    database.exec(`INSERT INTO audit (place, ${columns})
      SELECT (${chain} << 40) + ${sequence}, ${columns} FROM audit WHERE place = (1 << 40) + 2`);
    database.close();
  }
}

/** Each with what `verify` says of it. */
const strays: [chain: number, sequence: number, problem: string][] = [
  [1, 0, "a row at place 0 of chain number 1 belongs to no chain of the log"],
  [7, 3, "a row at place 3 of chain number 7 belongs to no chain of the log"],
  [0, 5, "a row at place 5 of chain number 0 belongs to no chain of the log"],
];

for (const [chain, sequence, problem] of strays) {
  onEachBank(
    `a row at ${chain}.${sequence} is found, and named`,
    (withBank) =>
      withBank(async (running) => {
        await running.stop();
        assertEquals((await verified(running)).slice(0, 21), "the audit log is good");
        await insert(running, chain, sequence);
        await assertRejects(() => verified(running), BadLog, problem);
        await running.reopen();
        const found = (await running.bank.ledger.check()).problem ?? "";
        assertEquals(
          running.url ? found : found.replace(/^the database is damaged: .*/, problem),
          problem,
        );
      }),
  );
}

onEachBank(
  "of two rows at one place neither is read unseen",
  (withBank) =>
    withBank(async (running) => {
      if (!running.url) return; // a place is the key of SQLite's rows
      await running.stop();
      await insert(running, 1, 2, "ALTER TABLE audit DROP CONSTRAINT audit_pkey");
      await assertRejects(() => verified(running), BadLog, "entry 2 is repeated");
      await running.reopen();
      assertEquals(
        (await running.bank.ledger.check()).problem,
        "the log's table has lost its key: rows may be doubled",
      );
    }),
);

/** Verifies as `audit verify` does. */
async function verified({ folder, url, firstKey }: RunningBank): Promise<string> {
  const path = `${folder}-first.key`;
  if (systemFiles.facts(path) === null) writePrivateFile(systemFiles, path, firstKey);
  const request = { folder, url, signer: noSigner, firstKeyPaths: [path] };
  return goodLogInWords(await verifyLog(systemOperator, request, () => {}));
}
