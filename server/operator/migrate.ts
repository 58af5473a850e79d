/**
 * Moves a bank from its file into a PostgreSQL database. The file stays in use until the copy has
 * been read and compared; then the folder belongs to the database, and the file is renamed.
 */
import { UsageError } from "../../lib/errors.ts";
import { type BankWorld, openBank } from "../bank.ts";
import {
  BankFolder,
  closeOnFailure,
  databasePath,
  holdsBank,
  requireFiles,
} from "../folder/bank_folder.ts";
import { auditKeyRingOf } from "../folder/bank_keys.ts";
import { checkStore } from "../ledger/check.ts";
import { logCommand } from "../ledger/command.ts";
import { openPrepared } from "../ledger/postgres/connection.ts";
import { copyBank } from "../ledger/postgres/copy.ts";
import { PostgresStore } from "../ledger/postgres/store.ts";
import { SqliteStore } from "../ledger/sqlite/store.ts";
import type { ReadStore } from "../ledger/store.ts";
import type { ReadingWorld } from "./read_log.ts";
import { dayEndParts, entryParts, holdParts, movementParts, type Parts } from "../ledger/walk.ts";

type OnRows = NonNullable<Migrate["onRows"]>;

export interface Migrate {
  /** The bank's folder. */
  path: string;
  /** The PostgreSQL database, without a bank. */
  url: string;
  operator: string;
  /** The operator's signed request, for the log. */
  signed?: string;
  /** Called with the rows copied, compared, or checked in the database, and their total. */
  onRows?: (step: "copied" | "compared" | "checked again", done: number, of: number) => void;
}

/**
 * Moves the bank; returns lines for the operator.
 * @throws {UsageError} if the bank is in use or wrong, or the database refuses it: the file then
 * stays in use
 */
export async function migrateBank(
  world: BankWorld,
  { path, url, operator, signed, onRows = () => {} }: Migrate,
): Promise<string[]> {
  if (!holdsBank(world.files, path)) throw new UsageError(`${path} has ${nothingToMove}`);
  requireFiles(world.files, path);
  const folder = await BankFolder.own(world, path);
  const moved = await closeOnFailure(folder, () => moveInto(url, world, folder, onRows));
  const bank = await openBank(world, folder, url);
  try {
    const entry = logCommand(`operator ${operator}`, "move the books into PostgreSQL");
    await bank.ledger.submit({ ...entry, signed });
    const checked = await bank.ledger.check((done, of) => onRows("checked again", done, of));
    if (checked.problem !== null) {
      throw new UsageError(`the moved books are wrong: ${checked.problem}`);
    }
  } finally {
    await bank.close();
  }
  return [
    `the books are in the database, unchanged and correct: ${moved.counted}`,
    `the file is kept as ${moved.kept}; it is no longer used`,
  ];
}

/**
 * Checks a migration, and changes nothing; returns lines for the operator.
 * @throws {UsageError} if the bank is in use or wrong, or the database would refuse it
 */
export async function rehearseMigration(
  world: BankWorld & ReadingWorld,
  { path, url, onRows = () => {} }: Pick<Migrate, "path" | "url"> & {
    onRows?: (step: "checked", done: number, of: number) => void;
  },
): Promise<string[]> {
  if (!holdsBank(world.files, path)) throw new UsageError(`${path} has ${nothingToMove}`);
  requireFiles(world.files, path);
  const folder = await BankFolder.own(world, path);
  try {
    requireOwnFile(folder);
    const file = await world.openReader({ path: databasePath(path) }); // opens it read-only
    try {
      const { problem } = await checkStore(
        file,
        auditKeyRingOf(folder.keys),
        (done, of) => onRows("checked", done, of),
      );
      requireGood(problem);
      await world.rehearseBank(url, await file.settings());
    } finally {
      await file.close();
    }
  } finally {
    folder.close();
  }
  return ["the books can be moved into the database, and nothing was changed"];
}

/** @throws {UsageError} if the bank is in PostgreSQL already */
function requireOwnFile(folder: BankFolder): void {
  if (folder.bankElsewhere !== null) throw new UsageError(`${folder.path} has ${nothingToMove}`);
}

/** @throws {UsageError} if the books have a problem */
function requireGood(problem: string | null): void {
  if (problem === null) return;
  throw new UsageError(`the books are wrong, and were not moved: ${problem}`);
}

const nothingToMove = "no bank in a file that could be moved";

interface Moved {
  /** The numbers of rows, in words. */
  counted: string;
  /** The file's new path. */
  kept: string;
}

async function moveInto(
  url: string,
  world: BankWorld,
  folder: BankFolder,
  onRows: OnRows,
): Promise<Moved> {
  requireOwnFile(folder);
  const path = databasePath(folder.path);
  const keys = auditKeyRingOf(folder.keys).versions;
  const { problem, movements, entries } = await world.checkFile({ path, keys });
  requireGood(problem);
  const counting = (step: "copied" | "compared") => {
    let done = 0;
    return (count: number) => onRows(step, done += count, movements + entries);
  };
  const file = SqliteStore.open(world, path);
  let counted;
  try {
    counted = await copyInto(url, file, world, folder, counting);
  } finally {
    file.close();
  }
  const now = new Date(world.nowMs()).toISOString().replace(/[:.]/g, "-");
  const kept = `${path}.moved-${now}`;
  world.files.rename(path, kept);
  return { counted, kept };
}

/** Copies the file, and records where the bank is; returns the numbers of rows, in words. */
async function copyInto(
  url: string,
  file: SqliteStore,
  world: BankWorld,
  folder: BankFolder,
  counting: (step: "copied" | "compared") => (count: number) => void,
): Promise<string> {
  const onCopied = counting("copied");
  (await openPrepared(url, (connection) => copyBank(file, connection, onCopied))).close();
  const copy = await PostgresStore.open(world, url);
  try {
    const counted = await requireSame(file, copy, counting("compared"));
    folder.keepBankElsewhere(file.settings().bankId);
    return counted;
  } finally {
    copy.close();
  }
}

/**
 * Compares both, row by row; returns the numbers of rows.
 * @param onRows called with the number of movements or entries of each part that is the same
 * @throws {UsageError} if anything differs
 */
export async function requireSame(
  file: ReadStore,
  copy: ReadStore,
  onRows: (count: number) => void = () => {},
): Promise<string> {
  const counts = { accounts: (await file.accounts()).length, movements: 0, entries: 0 };
  const require = (what: string, one: unknown, other: unknown) => {
    if (textOf(one) !== textOf(other)) {
      throw new UsageError(`the copy differs: ${what}. The file stays in use`);
    }
  };
  const lists = [
    "settings",
    "limits",
    "restoring",
    "staff",
    "accounts",
    "customers",
    "terminals",
    "failures",
    "chains",
  ] as const;
  for (const list of lists) require(list, await file[list](), await copy[list]());
  for (const { id } of await file.terminals()) {
    require("terminals' books", await file.booksOf(id), await copy.booksOf(id));
  }
  const [{ clockMs: _, ...times }, { clockMs: _database, ...copied }] = [
    await file.times(),
    await copy.times(),
  ];
  require("times", times, copied);
  const requireParts = async <T>(
    what: string,
    one: Parts<T>,
    other: Parts<T>,
    onPart: (count: number) => void = () => {},
  ) => {
    let count = 0;
    for await (const rows of one) {
      require(what, rows, (await other.next()).value);
      count += rows.length;
      onPart(rows.length);
    }
    require(what, true, (await other.next()).done);
    return count;
  };
  await requireParts("days", dayEndParts(file), dayEndParts(copy));
  await requireParts("holds", holdParts(file), holdParts(copy));
  const bothMovements = [movementParts(file), movementParts(copy)] as const;
  counts.movements = await requireParts("movements", ...bothMovements, onRows);
  for (const { number } of await file.chains()) {
    const parts = [entryParts(file, number), entryParts(copy, number)] as const;
    counts.entries += await requireParts("entries of the log", ...parts, onRows);
  }
  const { accounts, movements, entries } = counts;
  return `${accounts} accounts, ${movements} rows of movements, ${entries} entries of the log`;
}

/** Returns a value as text. */
function textOf(value: unknown): string {
  return JSON.stringify(
    value,
    (_, part) =>
      typeof part === "bigint" ? `${part}n` : part instanceof Uint8Array ? part.toHex() : part,
  );
}
