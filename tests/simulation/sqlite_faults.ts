/**
 * SQLite's commits in doubt: COMMIT fails, and the file has the transaction, or has it not. JavaScript
 * cannot make the disk below SQLite fail, so this is between the store and its connection. Copies are
 * made at once: SQLite's own take real time, which no seed decides.
 */
import { CommitFailed, SqliteConnection } from "../../server/ledger/sqlite/connection.ts";

type Fate = "good" | "fails, is there" | "fails, is not there";

/** The outcome of a commit, by the folder of its file. */
const fates = new Map<string, () => Fate>();

class NotThere extends Error {}

const { transaction } = SqliteConnection.prototype;

SqliteConnection.prototype.transaction = function (this: SqliteConnection, act: () => void): void {
  const fate = fates.get(folderOf(this.path))?.() ?? "good";
  if (fate === "good") return transaction.call(this, act);
  try {
    transaction.call(this, () => {
      act();
      if (fate === "fails, is not there") throw new NotThere();
    });
  } catch (error) {
    if (!(error instanceof NotThere)) throw error;
  }
  throw new CommitFailed("disk I/O error");
};

SqliteConnection.prototype.copyTo = function (this: SqliteConnection, path: string): Promise<void> {
  this.exec(`VACUUM INTO '${path}'`);
  return Promise.resolve();
};

/** Lets `fate` decide the outcome of commits of files in this folder. */
export function failCommits(folder: string, fate: () => Fate): void {
  fates.set(folder, fate);
}

export function endCommitFaults(folder: string): void {
  fates.delete(folder);
}

const folderOf = (path: string) => path.slice(0, path.lastIndexOf("/"));
