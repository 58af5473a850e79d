/** The bank: its ledger, keys, passwords and terminals, opened from a data folder. */
import { type Bytes, fromHex } from "../lib/bytes.ts";
import { UsageError } from "../lib/errors.ts";
import { system } from "../lib/system.ts";
import { databaseUrlVariable } from "../lib/database_url.ts";
import { systemWithFiles } from "../lib/system.ts";
import { requireNewestKeys } from "./audit/newest_keys.ts";
import { AuditKeyRing, auditKeysOf } from "./audit/keys.ts";
import { Passwords } from "./credentials/passwords.ts";
import {
  bankElsewhere,
  type BankKeys,
  chainKeyPath,
  createDataFolder,
  databasePath,
  firstKeyPath,
  holdsBank,
  isThere,
  keepBankElsewhere,
  logFilePath,
  openDataFolder,
  ownFolder,
  readKeys,
  removeOldBackups,
  replaceKeys,
} from "./folder/bank_folder.ts";
import type { Settings, Terminal } from "./ledger/model.ts";
import { Ledger } from "./ledger/ledger.ts";
import type { LogLink } from "./ledger_service.ts";
import { openLedgerThread } from "./ledger_thread.ts";
import { openStore, rehearseBank, type StorePlace } from "./ledger/open_store.ts";
import { settleMasterKey } from "./terminals/change_keys.ts";
import { followTerminals } from "./terminals/follow_terminals.ts";
import { keepTerminals } from "./terminals/kept_terminals.ts";
import { TerminalKeys, terminalSealKeys } from "./terminals/terminal_keys.ts";

/** Randomness that no one can foresee. */
export const randomBytes = (length: number): Bytes =>
  crypto.getRandomValues(new Uint8Array(length));

export interface Bank {
  readonly folder: string;
  readonly keys: BankKeys;
  auditKeys: AuditKeyRing;
  readonly settings: Settings;
  readonly ledger: Ledger;
  readonly auditLog: LogLink;
  readonly passwords: Passwords;
  readonly terminals: TerminalKeys;
  /** Writes the terminals down beside the database, as they are now. */
  keepTerminals(rows: readonly Terminal[]): void;
  close(): Promise<void>;
}

/**
 * Makes a bank in an empty folder, or in an empty database and a folder for its first server.
 * @param keepFirstKey is given the text of the file with the log's first key, which the bank forgets
 * @param url the PostgreSQL database; without, the database is a file in the folder
 * @throws {UsageError} when there is one already, or either cannot be written
 */
export async function createBank(
  folder: string,
  settings: Omit<Settings, "bankId">,
  log: (line: string) => void,
  keepFirstKey: (text: string) => void,
  url?: string,
): Promise<Bank> {
  const create = { ...settings, bankId: randomBytes(16).toHex() };
  // Before there is a folder and a first key, over which a second try would stumble.
  if (url !== undefined) await rehearseBank(url, create);
  const keys = createDataFolder(folder, randomBytes, keepFirstKey);
  if (url === undefined) {
    // SQLite gives its files the mode that the first one has.
    Deno.openSync(databasePath(folder), { write: true, create: true, mode: 0o600 }).close();
  }
  const bank = await assemble({ folder, keys, log, url, create });
  if (url !== undefined) keepBankElsewhere(folder, create.bankId);
  return bank;
}

/**
 * Opens the bank of a folder, for this process alone; where it is in a database elsewhere, as one of its
 * servers.
 * @throws {UsageError} when there is none, it is in use, damaged or newer, or its keys are not private
 */
export async function openBank(
  folder: string,
  log: (line: string) => void,
  url?: string,
): Promise<Bank> {
  const keys = openDataFolder(folder, randomBytes);
  const bankId = bankElsewhere(folder);
  if (bankId === null && url !== undefined) {
    throw new UsageError(
      `${folder} has a bank of its own in ${
        databasePath(folder)
      }, and a database is named beside it: ` +
        `unset ${databaseUrlVariable}, or give another folder with --data`,
    );
  }
  if (bankId !== null && url === undefined) {
    throw new UsageError(
      `the bank of ${folder} is in a PostgreSQL database: name it in ${databaseUrlVariable}, or in a ` +
        "file with --database-url-file",
    );
  }
  const bank = await assemble({ folder, keys, log, url, bankId: bankId ?? undefined });
  if (isThere(firstKeyPath(folder))) {
    log(`${firstKeyPath(folder)} is the first key of the log: take it away, and keep it elsewhere`);
  }
  return bank;
}

/**
 * Makes a folder for another server of a bank that is in a PostgreSQL database; in a folder that is one
 * already, brings the keys that all servers share up to date.
 * @param shared of another server's `bank.keys`
 * @throws {UsageError} when they are not of this database's bank, or the folder is in use
 */
export async function joinBank(
  folder: string,
  shared: BankKeys,
  url: string,
  log: (line: string) => void,
  keepFirstKey: (text: string) => void,
): Promise<Bank> {
  const { master, audit, checkpoint } = shared;
  const isNew = !holdsBank(folder);
  if (isNew) {
    await requireBankOf(url, shared); // before anything is made, as above
    createDataFolder(folder, randomBytes, keepFirstKey, shared);
  }
  const keys = { ...readKeys(folder), master, audit, checkpoint };
  const bank = await assemble({ folder, keys, log, url });
  replaceKeys(folder, keys);
  keepBankElsewhere(folder, bank.settings.bankId);
  return bank;
}

/** @throws {UsageError} when the database has no bank that these are the newest keys of */
async function requireBankOf(url: string, { master, audit }: BankKeys): Promise<void> {
  const store = await openStore(systemWithFiles, { url });
  try {
    await requireNewestKeys(store, ringOf(audit));
    terminalKeysOf(master, await store.settings(), await store.terminals());
  } finally {
    await store.close();
  }
}

/** @throws {UsageError} when the keys of these terminals do not open under this master key */
function terminalKeysOf(
  master: Uint8Array,
  { bankId }: Settings,
  rows: readonly Terminal[],
): TerminalKeys {
  const terminals = new TerminalKeys(
    terminalSealKeys(master),
    fromHex(bankId, 16)!,
    randomBytes(32),
  );
  try {
    for (const terminal of rows) terminals.put(terminal);
  } catch (error) {
    throw new UsageError(`${(error as Error).message}: bring the bank's newest bank.keys`);
  }
  return terminals;
}

const ringOf = (audit: BankKeys["audit"]) =>
  new AuditKeyRing(audit.map(({ version, key }) => auditKeysOf(key, version)));

interface Parts {
  folder: string;
  keys: BankKeys;
  log: (line: string) => void;
  url?: string;
  /** The bank that is expected there. */
  bankId?: string;
  create?: Settings;
}

async function assemble(parts: Parts): Promise<Bank> {
  const { folder, url } = parts;
  if (url === undefined) return await assembleOn({ path: databasePath(folder) }, parts, () => {});
  const owned = ownFolder(folder);
  try {
    return await assembleOn({ url }, parts, () => owned.close());
  } catch (error) {
    owned.close();
    throw error;
  }
}

/** @param release lets the folder go */
async function assembleOn(
  place: StorePlace,
  { folder, keys, log, bankId: expected, create }: Parts,
  release: () => void,
): Promise<Bank> {
  const auditKeys = ringOf(keys.audit);
  const onTrouble = (trouble: string) => log(`ledger: ${trouble}`);
  const link = await openLedgerThread(
    {
      place,
      keys: auditKeys.versions,
      chainId: keys.chainId,
      chainKeyPath: chainKeyPath(folder),
      logFilePath: logFilePath(folder),
      bankId: expected,
      create,
    },
    onTrouble,
  );
  const ledger = new Ledger({ link, world: system, onTrouble, shared: "url" in place });
  const settings = await ledger.read.settings();
  const rows = await ledger.read.terminals();
  settleMasterKey({ keys, folder }, rows);
  let terminals: TerminalKeys;
  try {
    terminals = terminalKeysOf(keys.master, settings, rows);
  } catch (error) {
    await ledger.close();
    throw error;
  }
  const keep = (terminals: readonly Terminal[]) => {
    try {
      keepTerminals(folder, terminals);
    } catch (error) {
      log(`the terminals could not be written down for a restore: ${(error as Error).message}`);
    }
  };
  keep(rows);
  removeOldBackups(folder);
  const following = "url" in place ? followTerminals(ledger, terminals, keep, log) : null;
  const threads = Math.max(1, Math.min(4, navigator.hardwareConcurrency - 1));
  const passwords = new Passwords(threads);
  return {
    folder,
    keys,
    auditKeys,
    settings,
    ledger,
    auditLog: link,
    passwords,
    terminals,
    keepTerminals: keep,
    async close() {
      await following?.stop();
      passwords.close();
      await ledger.close();
      release();
    },
  };
}
