/**
 * A log whose end was cut off, and one that is good: looking at either changes nothing, and no command
 * makes the one pass for the other.
 */
import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { UsageError } from "../../../lib/errors.ts";
import type { OperatorCommand } from "../../../lib/operator_commands.ts";
import { writePrivateFile } from "../../../lib/private_file.ts";
import { systemFiles } from "../../../lib/system.ts";
import { BadLog } from "../../../server/audit/verify.ts";
import { databasePath, treesPath } from "../../../server/folder/bank_folder.ts";
import {
  anotherChain,
  answersOf,
  goodLogInWords,
  verifyLog,
} from "../../../server/operator/log_programs.ts";
import { systemOperator } from "../../../server/programs/system_bank.ts";
import { noSigner } from "../helpers/operators.ts";
import { postgres } from "../helpers/postgres.ts";
import { onEachBank, type RunningBank } from "../helpers/running_bank.ts";

const keyOf = ({ folder }: RunningBank) => `${folder}-first.key`;

/** Verifies as `audit verify` does. */
async function verified({ folder, url }: RunningBank, ...firstKeyPaths: string[]): Promise<string> {
  const request = { folder, url, signer: noSigner, firstKeyPaths };
  return goodLogInWords(await verifyLog(systemOperator, request, () => {}));
}

/** Returns a stopped bank, whose log has several epochs. */
async function stopped(running: RunningBank): Promise<void> {
  writePrivateFile(systemFiles, keyOf(running), running.firstKey);
  await running.stop();
  await running.reopen();
  await running.visit("alice");
  await running.stop();
}

/** Removes the first chain's last entries, as a superuser can. */
async function cutOff({ url, folder }: RunningBank, count: number): Promise<void> {
  if (url) {
    const { run } = await postgres();
    await run(
      url,
      `DELETE FROM audit WHERE chain = 1 AND sequence >
        (SELECT max(sequence) FROM audit WHERE chain = 1) - ${count}`,
    );
    return;
  }
  const database = new DatabaseSync(databasePath(folder));
  database.exec("DROP TRIGGER audit_is_never_deleted");
  database.exec(
    `DELETE FROM audit WHERE place IN (SELECT place FROM audit ORDER BY place DESC LIMIT ${count})`,
  );
  database.close();
}

/** Returns the bytes of the bank's files, and the rows of its log. */
async function stateOf({ folder, url }: RunningBank): Promise<Record<string, string>> {
  const state: Record<string, string> = {};
  const inFolder = [...Deno.readDirSync(folder)].filter(({ isFile }) => isFile);
  const trees = [...Deno.readDirSync(treesPath(folder))].map(({ name }) => `trees/${name}`);
  for (const name of [...inFolder.map(({ name }) => name), ...trees]) {
    // SQLite makes the first two where a file is read, too; the third has the time of a good check
    if (/-(shm|wal)$/.test(name) || name === "last_verification") continue;
    state[name] = new Uint8Array(
      await crypto.subtle.digest("SHA-256", Deno.readFileSync(`${folder}/${name}`)),
    ).toHex();
  }
  if (!url) return state;
  const { run } = await postgres();
  const rows = await run(url, "SELECT count(*) AS entries, max(position) AS last FROM audit");
  return { ...state, rows: JSON.stringify(rows) };
}

async function ask({ folder, url }: RunningBank, command: OperatorCommand) {
  return await Array.fromAsync(answersOf(systemOperator, folder, command, noSigner, url));
}

const show: OperatorCommand = { command: "show_audit", json: false, follow: false };

async function shown(running: RunningBank): Promise<string[]> {
  return (await ask(running, show)).flatMap((answer) => "line" in answer ? answer.line : []);
}

async function exported(running: RunningBank): Promise<string[]> {
  const answers = await ask(running, { command: "read_audit" });
  return answers.flatMap((answer) => "lines" in answer ? answer.lines : []);
}

onEachBank(
  "looking at a good log changes nothing of the bank",
  (withBank) =>
    withBank(async (running) => {
      await stopped(running);
      const before = await stateOf(running);
      assertMatch(await verified(running, keyOf(running)), /^the audit log is good: \d+ entries$/);
      const lines = await exported(running);
      assert(lines.length > 10);
      assert((await shown(running)).some((line) => line.startsWith("alice | log in |")));
      assertEquals(await stateOf(running), before);

      const mark = `${running.folder}/last_verification`;
      Deno.removeSync(mark);
      Deno.mkdirSync(mark); // no file can be written there
      const answer = await verified(running, keyOf(running));
      assertMatch(answer, /^the audit log is good: .*the time of this check could not be written/);
    }),
);

onEachBank(
  "a log that was cut off is bad, readable, and stays bad with another chain",
  (withBank) =>
    withBank(async (running) => {
      await stopped(running);
      const whole = await exported(running);
      await cutOff(running, 3);
      const before = await stateOf(running);
      const place = `entry ${whole.length - 2} is missing: the chain ends before it, in epoch`;
      await assertRejects(() => verified(running, keyOf(running)), BadLog, place);
      assertEquals(await exported(running), whole.slice(0, -3));
      assert((await shown(running)).length > 0);
      assertEquals(await stateOf(running), before);

      const advice = /the end of the log is missing, as '.* audit verify' shows.*bank restore'/;
      const error = await assertRejects(() => running.reopen(), UsageError);
      assertMatch(error.message, advice);

      const second = `${running.folder}-second.key`;
      const { folder: path, url } = running;
      await anotherChain(systemOperator, { path, firstKeyPath: second, operator: "test", url });
      await assertRejects(() => verified(running, keyOf(running), second), BadLog, place);
      const third = `${running.folder}-third.key`;
      await anotherChain(systemOperator, { path, firstKeyPath: third, operator: "test", url });
      await assertRejects(() => verified(running, keyOf(running), second, third), BadLog, place);
      await assertRejects(() => verified(running, third), UsageError, "give its first key, too");
    }),
);

onEachBank(
  "of a log that is gone altogether, another chain's first key says what there was",
  (withBank) =>
    withBank(async (running) => {
      await stopped(running);
      await cutOff(running, 1_000);
      const second = `${running.folder}-second.key`;
      const { folder: path, url } = running;
      await anotherChain(systemOperator, { path, firstKeyPath: second, operator: "test", url });
      await assertRejects(() => verified(running, second), UsageError, "give its first key, too");
      await assertRejects(() => verified(running, keyOf(running), second), BadLog, "is missing");
    }),
);
