/** Checks and copies the books; ends a restore; confirms the bank's clock. */
import { hex } from "../../lib/bytes.ts";
import { formatMoney } from "../../lib/money.ts";
import { inWords, type Outcome, UsageError } from "../../lib/errors.ts";
import { backupEntryMs, operatorFaultMsMax } from "../../lib/limits.ts";
import { removeIfThere, writePrivateFile } from "../../lib/private_file.ts";
import { pause, type WorldWithFiles } from "../../lib/world.ts";
import type { Bank } from "../bank.ts";
import { requireNewestKeys } from "../audit/newest_keys.ts";
import {
  BankFolder,
  databasePath,
  newBackupPath,
  removeStrayBackupFiles,
} from "../folder/bank_folder.ts";
import { auditKeyRingOf } from "../folder/bank_keys.ts";
import { setMark } from "../folder/marks.ts";
import { isAhead, jumpOf } from "../ledger/clock.ts";
import { endEntry, type LogCommand, logCommand } from "../ledger/command.ts";
import { faultInWords, whyInWords } from "../ledger/faults.ts";
import type { FileToCheck } from "../ledger_service.ts";
import { checkedInWords, withProgress } from "./check_books.ts";
import { type Answers, CommandRefused, type Handlers, type OperatorAnswer } from "./request.ts";
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
  /**
   * Checks a copy where the bank is in a file: the check reads for minutes at one moment, and movements
   * would wait for it. Refused with older keys than another server's, under which a good log does not
   * open.
   */
  async *check_ledger(bank, { json = false }) {
    await requireNewestKeys(bank.ledger.read, bank.auditKeys);
    if (bank.ledger.isShared) {
      yield* checkedInWords((onProgress) => bank.ledger.check(onProgress), json);
      return;
    }
    const { folder, world, auditKeys } = bank;
    const path = newBackupPath(folder.path, hex(world.randomBytes(8)));
    const file = { path, keys: auditKeys.versions };
    try {
      yield* copyTo(bank, path, (error) => {
        throw new UsageError(
          `a running bank is checked as a copy, which cannot be written to ${folder.path} ` +
            `(${error.message}). Make room there, or stop the server and check again`,
        );
      });
      yield* checkedInWords((onProgress) => world.checkFile(file, onProgress), json);
    } finally {
      removeIfThere(world.files, path);
    }
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
        isAhead: isAhead(lastMs, storeMs),
      };
      yield { line: JSON.stringify(facts) };
      return;
    }
    yield { line: `the bank's time    ${instant(Math.max(lastMs, storeMs))}` };
    if (clockMs !== null) yield { line: `database's clock   ${instant(clockMs)}` };
    yield { line: `server's clock     ${instant(serverMs)}` };
    if (isAhead(lastMs, storeMs)) {
      yield {
        line:
          "the bank's time is ahead of the clock, and does not move until the clock is there: " +
          "if the clock is right, 'deno task bank clock back' sets the bank's time back to it",
      };
    }
  },

  async *confirm_clock(bank, { operator, jump }) {
    const jumpMs = jump === undefined ? undefined : jumpOf(jump);
    if (jumpMs === null) throw new UsageError(`jump ${jump}: write such as +2:03:59, or none`, 2);
    const confirm = { op: "confirm_clock", operator, jumpMs } as const;
    const { outcome, timeMs } = await bank.ledger.submit(confirm);
    if (outcome === "another_clock") {
      throw new UsageError(
        "the clock was not confirmed: it is another one now than when this was proposed. If it " +
          "is right, propose it again",
      );
    }
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
   * Copies the books to where the copy is kept, if this process may write there, and checks the copy;
   * otherwise into the bank's folder, from where the operator's program moves it. Movements wait while
   * the copy is made, not while it is checked. While nothing can be committed, the entry waits.
   */
  async *back_up(bank, { operator, inFolder = false }) {
    const { ledger, auditKeys, folder, world, backupFolder, backupFile } = bank;
    if (inFolder && backupFolder === null && !ledger.isShared) {
      throw new UsageError(
        "no backup was made: no server with a folder for backups runs. Start it with " +
          "'deno task server --backups DIR', or give --out FILE",
      );
    }
    const begin = logCommand(`operator ${operator}`, "begin a backup of the books");
    const outcome = await logBackup(bank, begin);
    if (outcome !== "ok" && outcome !== null) {
      throw noBackup(bank, inWords(outcome));
    }
    const place = inFolder ? backupFolder ?? folder.path : folder.path;
    const path = backupFile ?? newBackupPath(place, hex(world.randomBytes(8)));
    const isThroughFolder = !inFolder && backupFile === null;
    let isKept = false;
    let why = "the copy was not fetched";
    try {
      if (outcome === null && isThroughFolder && !ledger.isShared) {
        throw noBackup(bank, `${throughFolder(folder.path)}. ${otherCommands}`);
      }
      if (inFolder) world.files.makeFolder(place);
      yield* copyTo(bank, path, (error) => {
        if (faultInWords(error) === null) throw error;
        throw noBackup(
          bank,
          isThroughFolder
            ? `${throughFolder(folder.path)}, and cannot be written there (${error.message}). ` +
              `Make room there. ${otherCommands}`
            : `the copy cannot be written to ${path} (${error.message}). Make room on its disk, ` +
              "or choose another one",
        );
      });
      const line = yield* checkedCopy(world, { path, keys: auditKeys.versions });
      if (inFolder) yield { line: `the copy is ${keepIn(place, world, path)}` };
      else yield { fetch: path };
      isKept = true;
      yield { line };
      if (outcome === null) {
        yield {
          line:
            "its entries in the log wait until commits succeed: they are lost if the bank ends before",
        };
      }
      yield* noteBackup(world, folder.path);
    } catch (error) {
      why = whyInWords(error as Error);
      throw error;
    } finally {
      try {
        if (!isKept && path !== backupFile) removeIfThere(world.files, path);
        removeStrayBackupFiles(world.files, place);
      } finally {
        await logBackup(bank, endEntry(operator, "back up the books", isKept ? null : why));
      }
    }
  },

  async *end_restore(bank, { reason, operator }) {
    const restoring = await bank.ledger.read.restoring();
    const { waiting: missing = [], unknown = [] } = restoring ?? {};
    const { outcome } = await bank.ledger.submit({
      op: "end_restore",
      operator,
      reason: requireReason(reason),
      paid: unknown.map(({ terminal }) => terminal),
    });
    if (outcome !== "ok") throw new UsageError(`the restore was not ended: ${inWords(outcome)}`);
    const terminals = await bank.ledger.read.terminals();
    for (const { id, name } of terminals) {
      if (missing.includes(id)) {
        yield { line: `${name} has not reported its movements since the backup` };
      }
      for (const { amount } of unknown.filter(({ terminal }) => terminal === id)) {
        const money = formatMoney(amount, bank.settings.currency);
        yield { line: `${name} had paid ${money} without a record: in the differences account` };
      }
    }
    yield { line: "customers are served again" };
  },
};

/** Returns a refusal that names the fault for which nothing can be committed, too. */
const noBackup = ({ ledger: { fault } }: Bank, why: string) =>
  new CommandRefused(`no backup was made: ${why}${fault === null ? "" : `: ${fault}`}`);

const throughFolder = (folder: string) =>
  `with --out and a running server the copy is made in ${folder} first`;

const otherCommands =
  "To copy to another disk, run 'deno task bank backup' without --out if the server runs with " +
  "'--backups DIR' there; otherwise stop the server and run 'deno task bank backup --out FILE'";

/**
 * Submits the entry of a backup's begin or end.
 * @returns its outcome; null if it waits, since nothing can be committed
 */
async function logBackup({ ledger, world }: Bank, entry: LogCommand): Promise<Outcome | null> {
  const submitted = ledger.submit(entry);
  const answered = new AbortController();
  try {
    for (;;) {
      const late = pause(world, backupEntryMs, answered.signal).then(() => null);
      const reply = await Promise.race([submitted, late]);
      if (ledger.fault === null || reply?.outcome === "ok") {
        if (reply) return reply.outcome;
        continue;
      }
      // A batch that was in doubt for long is answered with try_later at the end of the fault.
      submitted.then(({ outcome }) => outcome === "try_later" ? ledger.submit(entry) : null)
        .catch(() => world.log(`the log has no entry '${entry.action}' of ${entry.who}`));
      return null;
    }
  } finally {
    answered.abort();
  }
}

/**
 * Copies the books to a new private file, or to the one that an operator's program has created. Yields
 * the progress, and in time for an operator of a bank that cannot commit.
 * @param failed throws the error that the operator gets for one of the copy
 */
async function* copyTo(
  { ledger, world, backupFile }: Bank,
  path: string,
  failed: (error: Error) => never,
): Answers {
  let progress = { copied: 0, of: 1 };
  let wake = () => {};
  const copy = async () => {
    if (path !== backupFile) writePrivateFile(world.files, path, ""); // SQLite keeps its mode
    await ledger.backUp(path, (copied, of) => {
      progress = { copied, of };
      wake();
    });
    return true;
  };
  const copying = copy().catch(failed);
  const done = new AbortController();
  try {
    for (;;) {
      const moved = new Promise<false>((resolve) => wake = () => resolve(false));
      const late = pause(world, operatorFaultMsMax / 2, done.signal).then(() => false);
      if (await Promise.race([copying, moved, late])) return;
      yield progress;
    }
  } finally {
    done.abort();
  }
}

/**
 * Checks a copy of the books; returns a line about it.
 * @throws {UsageError} if they are wrong
 */
async function* checkedCopy(
  world: Pick<Bank["world"], "checkFile">,
  file: FileToCheck,
): AsyncGenerator<OperatorAnswer, string, void> {
  const { problem, accounts, movements, entries } = yield* withProgress((onProgress) =>
    world.checkFile(file, onProgress)
  );
  if (problem !== null) {
    throw new UsageError(`the books are wrong, and so is their copy: ${problem}`);
  }
  return `the books are copied, and the copy is good: ${accounts} accounts, ` +
    `${movements} rows of movements, ${entries} entries of the log`;
}

/** Stores when the last backup was made; yields a line if the bank's disk takes no file. */
function* noteBackup(
  { files, nowMs }: Pick<Bank["world"], "files" | "nowMs">,
  folder: string,
): Generator<OperatorAnswer, void, void> {
  try {
    setMark(files, folder, "backup", nowMs());
  } catch (error) {
    yield {
      line: `the backup is good; its time could not be noted (${(error as Error).message}): ` +
        "'deno task bank status' shows the backup before it",
    };
  }
}

/**
 * Copies the books of a bank that no server has open and that cannot be opened, as on a full disk.
 * The copy leaves no entry in the log: the bank's own account can copy the folder, too.
 * @throws {UsageError} if the bank is in use, or its books cannot be copied or are wrong
 */
export async function* backUpClosedBank(
  world: Pick<Bank["world"], "checkFile"> & WorldWithFiles & {
    copyStore(from: string, to: string): Promise<void>;
  },
  path: string,
  out: string,
): Answers {
  const folder = await BankFolder.open(world, path);
  try {
    const keys = auditKeyRingOf(folder.keys).versions;
    await world.copyStore(databasePath(path), out).catch((error: Error) => {
      throw new UsageError(
        `no backup was made: ${
          databasePath(path)
        } cannot be copied to ${out} (${error.message}). ` +
          "Check both disks",
      );
    });
    const line = yield* checkedCopy(world, { path: out, keys });
    yield { fetch: out };
    yield { line };
    yield { line: "nothing could be committed: the log has no entry of this backup" };
    yield* noteBackup(world, path);
  } finally {
    folder.close();
  }
}

/** Gives a checked copy in the server's folder for backups its name, with the time; returns its path. */
function keepIn(folder: string, { files, nowMs }: Bank["world"], path: string): string {
  const time = new Date(nowMs()).toISOString().replace(/[-:.]/g, "");
  const kept = `${folder}/bank-${time}.sqlite`;
  files.rename(path, kept);
  files.syncFolder(folder);
  return kept;
}
