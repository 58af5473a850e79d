/** Checks and copies the books; ends a restore; confirms the bank's clock. */
import { hex } from "../../lib/bytes.ts";
import { inWords, UsageError } from "../../lib/errors.ts";
import { clockAwayMsMax } from "../../lib/limits.ts";
import { copyPrivateFile, removeIfThere } from "../../lib/private_file.ts";
import type { Bank } from "../bank.ts";
import { requireNewestKeys } from "../audit/newest_keys.ts";
import { newBackupPath } from "../folder/bank_folder.ts";
import { setMark } from "../folder/marks.ts";
import { logCommand } from "../ledger/command.ts";
import { faultInWords } from "../ledger/faults.ts";
import { checkedInWords, withProgress } from "./check_books.ts";
import type { Handlers } from "./request.ts";
import { requireReason } from "./words.ts";

type BookCommand =
  | "check_ledger"
  | "show_clock"
  | "confirm_clock"
  | "set_back_clock"
  | "back_up"
  | "end_restore";

const instant = (ms: number) => new Date(ms).toISOString();

export const bookCommands: Handlers<BookCommand> = {
  /** Refused with older keys than another server's, under which a good log does not open. */
  async *check_ledger(bank, { json = false }) {
    await requireNewestKeys(bank.ledger.read, bank.auditKeys);
    yield* checkedInWords((onProgress) => bank.ledger.check(onProgress), json);
  },

  async *show_clock(bank, { json = false }) {
    const { lastMs, clockMs } = await bank.ledger.read.times();
    const serverMs = bank.world.nowMs();
    const storeMs = clockMs ?? serverMs;
    if (json) {
      const bankMs = Math.max(lastMs, storeMs);
      const facts = {
        bankMs,
        databaseMs: clockMs,
        serverMs,
        isAhead: lastMs > storeMs + clockAwayMsMax,
      };
      yield { line: JSON.stringify(facts) };
      return;
    }
    yield { line: `the bank's time    ${instant(Math.max(lastMs, storeMs))}` };
    if (clockMs !== null) yield { line: `database's clock   ${instant(clockMs)}` };
    yield { line: `server's clock     ${instant(serverMs)}` };
    if (lastMs > storeMs + clockAwayMsMax) {
      yield {
        line:
          "the bank's time is ahead of the clock, and does not move until the clock is there: " +
          "if the clock is right, 'deno task bank clock back' sets the bank's time back to it",
      };
    }
  },

  async *confirm_clock(bank, { operator }) {
    const { outcome, timeMs } = await bank.ledger.submit({ op: "confirm_clock", operator });
    if (outcome !== "ok") {
      throw new UsageError(`the clock was not confirmed: ${inWords(outcome)}`);
    }
    const aheadMs = timeMs - bank.world.nowMs();
    const until = instant(timeMs);
    const waits = aheadMs > 60_000
      ? `; the books are ahead of it, and stay at ${until} until it is there`
      : "";
    yield { line: `the clock is confirmed: movements use it${waits}` };
  },

  async *set_back_clock(bank, { operator }) {
    const { outcome, timeMs } = await bank.ledger.submit({ op: "set_back_clock", operator });
    if (outcome !== "ok") {
      throw new UsageError(`the bank's time was not set back: ${inWords(outcome)}`);
    }
    yield { line: `the bank's time is set back to ${instant(timeMs)}` };
  },

  /**
   * Copies the books into the bank's folder, from where the operator's program moves the copy, and
   * checks it. Movements wait while the copy is made, not while it is checked.
   */
  async *back_up(bank, { operator, inFolder = false }) {
    const { ledger, auditKeys, folder, world, backupFolder } = bank;
    if (inFolder && backupFolder === null && !ledger.isShared) {
      throw new UsageError(
        "no backup was made: no server with a folder for backups runs. Start it with " +
          "'deno task server --backups DIR', or give --out FILE",
      );
    }
    const { outcome } = await ledger.submit(
      logCommand(`operator ${operator}`, "back up the books"),
    );
    if (outcome !== "ok") throw new UsageError(`no backup was made: ${inWords(outcome)}`);
    const path = newBackupPath(folder.path, hex(world.randomBytes(8)));
    let isMoved = false;
    try {
      await ledger.backUp(path).catch((error) => {
        if (faultInWords(error) === null) throw error;
        throw new UsageError(
          `no backup was made: the copy is made in ${folder.path} first, and cannot be written there ` +
            `(${error.message}). Make room, or stop the server and copy that folder`,
        );
      });
      const file = { path, keys: auditKeys.versions };
      const { problem, accounts, movements, entries } = yield* withProgress((onProgress) =>
        world.checkFile(file, onProgress)
      );
      if (problem !== null) {
        throw new UsageError(`the books are wrong, and so is their copy: ${problem}`);
      }
      if (inFolder) yield { line: `the copy is ${keepIn(backupFolder!, world, path)}` };
      else yield { fetch: path };
      isMoved = !inFolder;
      setMark(world.files, folder.path, "backup", world.nowMs());
      yield {
        line: `the books are copied, and the copy is good: ${accounts} accounts, ` +
          `${movements} rows of movements, ${entries} entries of the log`,
      };
    } finally {
      if (!isMoved) removeIfThere(world.files, path);
    }
  },

  async *end_restore(bank, { reason, operator }) {
    const restoring = await bank.ledger.read.restoring();
    const missing = restoring?.waiting ?? [];
    const { outcome } = await bank.ledger.submit({
      op: "end_restore",
      operator,
      reason: requireReason(reason),
    });
    if (outcome !== "ok") throw new UsageError(`the restore was not ended: ${inWords(outcome)}`);
    const terminals = await bank.ledger.read.terminals();
    for (const { id, name } of terminals) {
      if (missing.includes(id)) {
        yield { line: `${name} has not reported its movements since the backup` };
      }
    }
    yield { line: "customers are served again" };
  },
};

/**
 * Copies a backup into the server's folder for them, under its time; returns its path.
 * @throws {UsageError} if it cannot be written there
 */
function keepIn(folder: string, { files, nowMs }: Bank["world"], path: string): string {
  const time = new Date(nowMs()).toISOString().replace(/[-:.]/g, "");
  const kept = `${folder}/bank-${time}.sqlite`;
  files.makeFolder(folder);
  copyPrivateFile(files, path, kept);
  return kept;
}
