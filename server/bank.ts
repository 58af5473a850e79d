/** The bank: its ledger, keys, passwords and terminals, opened from a data folder. */
import { randomBytes as nodeRandomBytes } from "node:crypto";
import { type Bytes, fromHex } from "../lib/bytes.ts";
import { AuditKeyRing, auditKeysOf } from "./audit/seal.ts";
import { Passwords } from "./credentials/passwords.ts";
import {
  type BankKeys,
  chainKeyPath,
  createDataFolder,
  databasePath,
  firstKeyPath,
  isThere,
  logFilePath,
  openDataFolder,
  removeOldBackups,
} from "./data_folder.ts";
import type { Settings, Terminal } from "./ledger/books.ts";
import { Ledger } from "./ledger/ledger.ts";
import { settleMasterKey } from "./terminals/change_keys.ts";
import { keepTerminals } from "./terminals/kept_terminals.ts";
import { TerminalKeys, terminalSealKeys } from "./terminals/terminal_keys.ts";

/** Randomness that no one can foresee. */
export const randomBytes = (length: number): Bytes => new Uint8Array(nodeRandomBytes(length));

export interface Bank {
  readonly folder: string;
  readonly keys: BankKeys;
  auditKeys: AuditKeyRing;
  readonly settings: Settings;
  readonly ledger: Ledger;
  readonly passwords: Passwords;
  readonly terminals: TerminalKeys;
  /** Writes the terminals down beside the database, as they are now. */
  keepTerminals(rows: readonly Terminal[]): void;
  close(): Promise<void>;
}

/**
 * Makes a bank in an empty folder.
 * @param keepFirstKey is given the text of the file with the log's first key, which the bank forgets
 * @throws {UsageError} when the folder has one or cannot be written
 */
export async function createBank(
  folder: string,
  settings: Omit<Settings, "bankId">,
  log: (line: string) => void,
  keepFirstKey: (text: string) => void,
): Promise<Bank> {
  const keys = createDataFolder(folder, randomBytes, keepFirstKey);
  // SQLite gives its files the mode that the first one has.
  Deno.openSync(databasePath(folder), { write: true, create: true, mode: 0o600 }).close();
  return await assemble(folder, keys, log, { ...settings, bankId: randomBytes(16).toHex() });
}

/**
 * Opens the bank of a folder, for this process alone.
 * @throws {UsageError} when there is none, it is in use, damaged or newer, or its keys are not private
 */
export async function openBank(folder: string, log: (line: string) => void): Promise<Bank> {
  const bank = await assemble(folder, openDataFolder(folder, randomBytes), log);
  if (isThere(firstKeyPath(folder))) {
    log(`${firstKeyPath(folder)} is the first key of the log: take it away, and keep it elsewhere`);
  }
  return bank;
}

async function assemble(
  folder: string,
  keys: BankKeys,
  log: (line: string) => void,
  create?: Settings,
): Promise<Bank> {
  const auditKeys = new AuditKeyRing(
    keys.audit.map(({ version, key }) => auditKeysOf(key, version)),
  );
  const ledger = await Ledger.open(
    {
      type: "open",
      place: { path: databasePath(folder) },
      keys: auditKeys.versions,
      chainId: keys.chainId,
      chainKeyPath: chainKeyPath(folder),
      logFilePath: logFilePath(folder),
      create,
    },
    (trouble) => log(`ledger: ${trouble}`),
  );
  const settings = await ledger.read.settings();
  const bankId = fromHex(settings.bankId, 16)!;
  const rows = await ledger.read.terminals();
  settleMasterKey({ keys, folder }, rows);
  const terminals = new TerminalKeys(terminalSealKeys(keys.master), bankId, randomBytes(32));
  for (const terminal of rows) terminals.put(terminal);
  const keep = (terminals: readonly Terminal[]) => {
    try {
      keepTerminals(folder, terminals);
    } catch (error) {
      log(`the terminals could not be written down for a restore: ${(error as Error).message}`);
    }
  };
  keep(rows);
  removeOldBackups(folder);
  const threads = Math.max(1, Math.min(4, navigator.hardwareConcurrency - 1));
  const passwords = new Passwords(threads);
  return {
    folder,
    keys,
    auditKeys,
    settings,
    ledger,
    passwords,
    terminals,
    keepTerminals: keep,
    async close() {
      passwords.close();
      await ledger.close();
    },
  };
}
