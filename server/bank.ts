/** The bank: its ledger, keys, passwords and terminals, opened from a data folder. */
import { equalInConstantTime, fromHex } from "../lib/bytes.ts";
import { UsageError } from "../lib/errors.ts";
import type { LogEvent } from "../lib/log_event.ts";
import type { WorldWithFiles } from "../lib/world.ts";
import type { AuditKeyRing } from "./audit/keys.ts";
import { type ChainBefore, chainsBefore } from "./audit/heads.ts";
import { requireSharedKeys } from "./audit/newest_keys.ts";
import { CheckpointSigner } from "./checkpoint_signer.ts";
import { signedOf, SignedTree } from "./audit/signed_tree.ts";
import { originOf } from "./audit/tree.ts";
import { signatureTypes } from "./transparency/note.ts";
import type { Passwords } from "./credentials/passwords.ts";
import {
  BankFolder,
  chainKeyPath,
  closeOnFailure,
  databasePath,
  holdsBank,
  type KeepFirstKey,
  logFilePath,
  removeOldBackups,
  treesPath,
} from "./folder/bank_folder.ts";
import { keepReconciled, keptReconciled } from "./folder/reconciled.ts";
import { auditKeyRingOf, type BankKeys, type SharedKeys } from "./folder/bank_keys.ts";
import { Ledger } from "./ledger/ledger.ts";
import type { LinkEvents } from "./ledger/link.ts";
import type { CheckedBooks, OnProgress } from "./ledger/check.ts";
import type { Settings, Terminal } from "./ledger/model.ts";
import type { BankLink, FileToCheck, LogLink, OpenLedger, OpenStore } from "./ledger_service.ts";
import { settleMasterKey } from "./terminals/change_keys.ts";
import { followTerminals } from "./terminals/follow_terminals.ts";
import { keepTerminals } from "./terminals/kept_terminals.ts";
import { TerminalKeys, terminalSealKeys } from "./terminals/terminal_keys.ts";
import { Monitor } from "./watch/monitor.ts";

/** The world of a bank's process. */
export interface BankWorld extends WorldWithFiles {
  /** Writes a line of the operator's log. */
  log(line: string): void;
  /** Ends the process at once, after it writes this line of the operator's log. */
  giveUp(line: string): void;
  /** Writes an event of the operator's log. */
  event?(event: LogEvent): void;
  /** Facts about the host, where they can be read. */
  host?: Host;
  /** Starts the password checks, which are closed with the bank. */
  openPasswords(): Passwords;
  /**
   * Opens a bank's ledger, or creates it.
   * @throws {UsageError} as `LedgerService.open` does
   */
  openLedger(parts: OpenLedger, events: LinkEvents): Promise<BankLink>;
  /**
   * Checks that a bank with these settings could be created in a PostgreSQL database, and rolls
   * back.
   * @throws {UsageError} if it could not
   */
  rehearseBank(url: string, create: Settings): Promise<void>;
  /** Opens a store without its ledger. */
  openStore: OpenStore;
  /**
   * Recomputes the books of an unused file from its movements.
   * @throws {UsageError} if it is not a bank's file
   */
  checkFile(file: FileToCheck, onProgress?: OnProgress): Promise<CheckedBooks>;
}

export interface Host {
  /** Bytes that are free on the disk of a folder; null if unknown. */
  freeBytes(folder: string): number | null;
  /** The memory of this process. */
  memoryBytes(): number;
}

export interface Bank {
  readonly world: BankWorld;
  readonly folder: BankFolder;
  readonly keys: Readonly<BankKeys>;
  auditKeys: AuditKeyRing;
  /** The folder for backups of the server; null for none. */
  backupFolder: string | null;
  /** The file of --out, which an operator's program without a server writes; null in a server. */
  backupFile: string | null;
  readonly settings: Settings;
  readonly ledger: Ledger;
  readonly auditLog: LogLink;
  readonly passwords: Passwords;
  readonly terminals: TerminalKeys;
  readonly checkpoints: CheckpointSigner;
  /** The figures of this server. */
  readonly monitor: Monitor;
  /** Writes the present terminals to a file next to the database. */
  keepTerminals(rows: readonly Terminal[]): void;
  close(): Promise<void>;
}

/**
 * Creates a bank in a folder without one, or in an empty database and a folder for its first server.
 * @param keepFirstKey receives the file with the log's first key, which the bank does not keep
 * @param url the PostgreSQL database; if absent, the database is a file in the folder
 * @param begin writes the bank's first entries, before its creation is complete
 * @throws {UsageError} if there is a bank already, or either cannot be written
 */
export async function createBank(
  world: BankWorld,
  path: string,
  settings: Omit<Settings, "bankId">,
  keepFirstKey: KeepFirstKey,
  url?: string,
  begin?: (ledger: Ledger) => Promise<void>,
): Promise<Bank> {
  const create = { ...settings, bankId: world.randomBytes(16).toHex() };
  // Checked before a folder and a first key exist, which would block a second attempt.
  if (url !== undefined) await world.rehearseBank(url, create);
  const folder = await BankFolder.make(world, path, settings.bankName, keepFirstKey);
  // SQLite gives its files the mode that the first one has.
  if (url === undefined) world.files.open(databasePath(path), "create").close();
  const bank = await assemble(world, folder, { url, create });
  try {
    await begin?.(bank.ledger);
    if (url !== undefined) folder.keepBankElsewhere(create.bankId);
    folder.finish();
  } catch (error) {
    await bank.close();
    throw error;
  }
  return bank;
}

/**
 * Opens the bank of a folder, with exclusive use of the folder; a bank in PostgreSQL, as one of its
 * servers.
 * @param place the folder's path, or the folder if this process already owns it: it is closed with
 * the bank, or if the bank cannot be opened
 * @throws {UsageError} if there is no bank, it is in use, damaged or of a newer version, or other
 * users can read its keys
 */
export async function openBank(
  world: BankWorld,
  place: string | BankFolder,
  url?: string,
): Promise<Bank> {
  const folder = typeof place === "string" ? await BankFolder.open(world, place, url) : place;
  return await assemble(world, folder, { url });
}

/**
 * Creates a folder for another server of a bank in PostgreSQL; in an existing one, updates the keys
 * that all servers share.
 * @param shared from another server's `bank.keys`
 * @throws {UsageError} if they are not of this database's bank, or the folder is in use
 */
export async function joinBank(
  world: BankWorld,
  path: string,
  { master, audit }: SharedKeys,
  url: string,
  keepFirstKey: KeepFirstKey,
): Promise<Bank> {
  const shared = { master, audit };
  const isNew = !holdsBank(world.files, path);
  const folder = isNew // the database first, before anything is created
    ? await makeAnother(world, path, shared, url, keepFirstKey)
    : await BankFolder.open(world, path, url);
  const bank = await assemble(world, folder, { url, shared });
  folder.changeKeys((keys) => ({ ...keys, ...shared }));
  folder.keepBankElsewhere(bank.settings.bankId);
  folder.finish();
  return bank;
}

async function makeAnother(
  world: BankWorld,
  path: string,
  shared: SharedKeys,
  url: string,
  keepFirstKey: KeepFirstKey,
): Promise<BankFolder> {
  const { bankName, before } = await requireBankOf(world, url, shared);
  return await BankFolder.make(world, path, bankName, keepFirstKey, { shared, before });
}

/**
 * Returns a bank's name and its chains.
 * @throws {UsageError} if the database has no bank whose newest keys these are
 */
async function requireBankOf(
  world: BankWorld,
  url: string,
  keys: SharedKeys,
): Promise<{ bankName: string; before: ChainBefore[] }> {
  const store = await world.openStore({ url });
  try {
    await requireSharedKeys(store, auditKeyRingOf(keys));
    const settings = await store.settings();
    terminalKeysOf(world, keys, settings, await store.terminals());
    return { bankName: settings.bankName, before: await chainsBefore(store) };
  } finally {
    await store.close();
  }
}

/**
 * Loads the terminals' keys.
 * @throws {UsageError} if these terminals' keys do not open under this master key
 */
function terminalKeysOf(
  { randomBytes }: BankWorld,
  { master, nextMaster }: Pick<BankKeys, "master" | "nextMaster">,
  { bankId }: Settings,
  rows: readonly Terminal[],
): TerminalKeys {
  const terminals = new TerminalKeys(
    terminalSealKeys(master),
    fromHex(bankId, 16)!,
    randomBytes(32),
  );
  if (nextMaster) terminals.nextSealKeys = terminalSealKeys(nextMaster);
  try {
    for (const terminal of rows) terminals.put(terminal);
  } catch (error) {
    throw new UsageError(`${(error as Error).message}. Copy the bank's newest bank.keys here`);
  }
  return terminals;
}

interface Opening {
  url?: string;
  create?: Settings;
  /** Used instead of those in the folder. */
  shared?: SharedKeys;
}

/** Opens the bank of an owned folder; closes the folder if that fails. */
function assemble(world: BankWorld, folder: BankFolder, opening: Opening): Promise<Bank> {
  return closeOnFailure(folder, async () => {
    // before the ledger is opened, which changes its files
    signedOf(world.files, treesPath(folder.path), folder.keys.chainId);
    const onTrouble = (trouble: string) => world.log(`ledger: ${trouble}`);
    const onMoved = (path: string) =>
      world.giveUp(
        `the server ends: ${path} is no longer in its folder, and commits would be lost. ` +
          "Put the bank's folder back, with all of its files, and start the server again",
      );
    const kept = keptReconciled(world.files, folder.path);
    const monitor = new Monitor(world, world.event, kept, (results) => {
      try {
        keepReconciled(world.files, folder.path, results);
      } catch (error) {
        world.log(`writing the results of a reconciliation failed: ${(error as Error).message}`);
      }
    });
    const { ledger, link } = await Ledger.open(
      (events) => openLink(world, folder, opening, events),
      { world, onTrouble, onMoved, shared: opening.url !== undefined, onBatch: monitor.onBatch },
    );
    try {
      return await assembleOn({ ledger, auditLog: link, monitor }, world, folder, opening);
    } catch (error) {
      await ledger.close();
      throw error;
    }
  });
}

function openLink(
  world: BankWorld,
  { path, keys, bankElsewhere }: BankFolder,
  { url, create, shared }: Opening,
  events: LinkEvents,
): Promise<BankLink> {
  const { audit, chainId } = { ...keys, ...shared };
  return world.openLedger(
    {
      place: url === undefined ? { path: databasePath(path) } : { url },
      keys: auditKeyRingOf({ audit }).versions,
      chainId,
      chainKeyPath: chainKeyPath(path),
      logFilePath: logFilePath(path),
      bankId: bankElsewhere ?? undefined,
      create,
    },
    events,
  );
}

async function assembleOn(
  { ledger, auditLog, monitor }: Pick<Bank, "ledger" | "auditLog" | "monitor">,
  world: BankWorld,
  folder: BankFolder,
  { url, shared }: Opening,
): Promise<Bank> {
  const { files, log } = world;
  const settings = await ledger.read.settings();
  const rows = await ledger.read.terminals();
  settleMasterKey(folder, rows);
  const terminals = terminalKeysOf(world, { ...folder.keys, ...shared }, settings, rows);
  const atStart = new Set(rows.map(({ id }) => id));
  terminals.watch((id) => {
    if (!atStart.has(id)) monitor.onEnrolled(id);
  });
  const keep = (terminals: readonly Terminal[]) => {
    try {
      keepTerminals(files, folder.path, terminals);
    } catch (error) {
      log(`writing the list of terminals for a restore failed: ${(error as Error).message}`);
    }
  };
  keep(rows);
  removeOldBackups(files, folder.path);
  const following = url === undefined ? null : followTerminals(world, ledger, terminals, keep);
  const passwords = world.openPasswords();
  const { tree, checkpoints } = await openTree(world, folder, ledger, settings);
  return {
    world,
    folder,
    get keys() {
      return folder.keys;
    },
    auditKeys: auditKeyRingOf({ ...folder.keys, ...shared }),
    backupFolder: null,
    backupFile: null,
    settings,
    ledger,
    auditLog,
    passwords,
    terminals,
    checkpoints,
    monitor,
    keepTerminals: keep,
    async close() {
      await following?.stop();
      passwords.close();
      await ledger.close();
      tree.close();
      folder.close();
    },
  };
}

/** Opens the tree of the folder's chain, and the signer of its checkpoints. */
async function openTree(
  { files }: BankWorld,
  { path, keys: { chainId, checkpoint } }: BankFolder,
  { read }: Ledger,
  { bankName }: Settings,
) {
  const chains = await read.chains();
  const chain = chains.find(({ id }) => equalInConstantTime(id, chainId))!;
  const tree = new SignedTree(files, treesPath(path), read, chain);
  const type = signatureTypes.note;
  const signer = { name: originOf(bankName, chainId), type, secretKey: checkpoint };
  return { tree, checkpoints: new CheckpointSigner(tree, signer) };
}
