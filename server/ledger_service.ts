/** One bank's engine, store and log, combined. It runs in a thread, or in the caller's process. */
import type { HistoryPage, LoggedAt, Statement, Usual } from "../lib/atm.ts";
import { equalInConstantTime } from "../lib/bytes.ts";
import { UsageError } from "../lib/errors.ts";
import type { OnCopied } from "../lib/private_file.ts";
import type { Files, World } from "../lib/world.ts";
import { ChainKeyFile } from "./audit/chain_key.ts";
import type { LoggedRow } from "./audit/entry.ts";
import {
  historyPage,
  type HistoryQuery,
  statementOf,
  type StatementQuery,
  usualOf,
} from "./audit/history.ts";
import { AuditKeyRing, type AuditKeys } from "./audit/keys.ts";
import { LogFile, type LogSource } from "./audit/log_file.ts";
import { LogTurns } from "./audit/log_turns.ts";
import { requireNewestKeys, requireSharedKeys } from "./audit/newest_keys.ts";
import { findEntry } from "./audit/places.ts";
import { ChainWriter } from "./audit/writer.ts";
import { type CheckedBooks, checkStore, type OnProgress } from "./ledger/check.ts";
import type { ClockState } from "./ledger/clock.ts";
import type { Command } from "./ledger/command.ts";
import { Engine } from "./ledger/engine.ts";
import { Faults } from "./ledger/faults.ts";
import type { BatchOutcome, LedgerLink, LinkEvents } from "./ledger/link.ts";
import { noChanges, type Settings } from "./ledger/model.ts";
import type { StorePlace } from "./ledger/open_store.ts";
import { InDoubt, type ReadStore, type Store } from "./ledger/store.ts";

/** The parameters of opening a ledger: plain values, which can be sent to threads. */
export interface OpenLedger {
  place: StorePlace;
  /** Every version of the AUDIT_KEY. */
  keys: readonly AuditKeys[];
  chainId: Uint8Array;
  /** The path of the chain's key file. */
  chainKeyPath: string;
  /** The path of the log's file; no file is kept if absent. */
  logFilePath?: string;
  /** The id of the bank that is expected. */
  bankId?: string;
  /** The settings of a new bank. */
  create?: Settings;
}

export type OpenStore = (place: StorePlace, create?: Settings) => Promise<Store>;

/** The world of a ledger. */
export interface LedgerSurroundings extends LinkEvents {
  openStore: OpenStore;
  files: Files;
  world: World;
}

/** The calls about the log, which is in the ledger's thread. */
export interface LogLink {
  /** Returns one page of a customer's history. */
  history(query: HistoryQuery): Promise<Omit<HistoryPage, "outcome">>;
  /** Returns what a customer did lately. */
  usual(customer: string): Promise<Usual>;
  /** Returns an account's last bookings and sums. */
  statement(query: StatementQuery): Promise<Statement>;
  /** Seals new entries under the newest of these keys from now on. */
  useKeys(keys: readonly AuditKeys[]): Promise<void>;
}

/** The ledger and the log behind one link. */
export interface BankLink extends LedgerLink, LogLink {}

/** The calls of a thread: first `open`, or only `checkFile`. */
export interface ThreadCalls extends Omit<BankLink, "check" | "backUp"> {
  open(parts: OpenLedger): Promise<void>;
  /** This and the next two report their progress in separate messages. */
  check(): Promise<CheckedBooks>;
  checkFile(file: FileToCheck): Promise<CheckedBooks>;
  backUp(path: string): Promise<void>;
}

export interface ToLedgerThread {
  id: number;
  name: keyof ThreadCalls;
  args: unknown[];
}

export type FromLedgerThread =
  | { id: number; value: unknown }
  | { id: number; error: { message: string; usage: boolean; fault?: string } }
  | { id: number; done: number; of: number }
  | { trouble: string }
  | { inDoubt: boolean }
  | { fault: string | null }
  | { moved: string };

interface ServiceDependencies {
  store: Store;
  /** Reads the log for customers. */
  turns: LogTurns;
  log: ChainWriter;
  keys: AuditKeyRing;
  logFile: LogFile | null;
  engine: Engine;
}

export class LedgerService implements BankLink {
  readonly #faults: Faults;

  private constructor(
    private readonly dependencies: ServiceDependencies,
    { onTrouble, onFault }: Pick<LinkEvents, "onTrouble" | "onFault">,
  ) {
    this.#faults = new Faults(onTrouble, onFault);
  }

  /**
   * Opens a bank's ledger, or creates it.
   * @throws {UsageError} if the store is missing, damaged, of a newer version, in use, or another
   * bank's
   */
  static async open(
    { place, create, bankId, chainId, chainKeyPath, logFilePath, ...given }: OpenLedger,
    { openStore, files, world, onTrouble, onDoubt, onFault }: LedgerSurroundings,
  ): Promise<LedgerService> {
    const keys = new AuditKeyRing(given.keys);
    const store = await openStore(place, create);
    try {
      if ("url" in place) await requireOwn(store, keys, bankId);
      await requireNewestKeys(store, keys);
      const openKey = (epoch: number) => ChainKeyFile.open(files, chainKeyPath, chainId, epoch);
      const { randomBytes } = world;
      const log = await ChainWriter.open(store, { chainId, openKey, keys, randomBytes });
      const start = log.start();
      if (start.length > 0) {
        const { lastMs: timeMs } = await store.times();
        await store.commit({ ...noChanges, timeMs }, start);
        log.committed(start);
      }
      const source = "url" in place ? chainOf(store, chainId) : store;
      const logFile = logFilePath === undefined
        ? null
        : await LogFile.open({ files, nowMs: world.nowMs }, logFilePath, source, onTrouble)
          .catch(({ message }: Error) => {
            onTrouble(`writing ${logFilePath} failed: ${message}`); // the bank works without it
            return null;
          });
      const turns = new LogTurns(store, world);
      const engine = await Engine.open({
        store,
        log,
        clock: world,
        onCommitted: (entries) => logFile?.append(chainId, entries),
        onDoubt,
      });
      return new LedgerService({ store, turns, log, keys, logFile, engine }, {
        onTrouble,
        onFault,
      });
    } catch (error) {
      await store.close(); // or the file stays in use while a thread ends
      throw error;
    }
  }

  async run(commands: readonly Command[], endEpoch: boolean): Promise<BatchOutcome> {
    const errors: Error[] = [];
    const outcome = await this.dependencies.engine.run(
      commands,
      (error) => {
        if (error instanceof InDoubt) this.#faults.begin(error);
        errors.push(error);
      },
      endEpoch,
    );
    this.#faults.after(errors);
    return outcome;
  }

  async placeOf(row: LoggedRow): Promise<LoggedAt | undefined> {
    return await findEntry(this.dependencies.store, this.dependencies.keys, row);
  }

  async read(name: keyof ReadStore, args: readonly unknown[]): Promise<unknown> {
    return await (this.dependencies.store[name] as (...args: unknown[]) => unknown)(...args);
  }

  clockState(): Promise<ClockState> {
    return this.dependencies.engine.clockState();
  }

  async check(onProgress: OnProgress): Promise<CheckedBooks> {
    const { store, keys } = this.dependencies;
    return await store.snapshot((store) => checkStore(store, keys, onProgress));
  }

  async backUp(path: string, onCopied?: OnCopied): Promise<void> {
    await this.dependencies.store.backUp(path, onCopied);
  }

  async history(query: HistoryQuery): Promise<Omit<HistoryPage, "outcome">> {
    return await historyPage(this.dependencies.turns, this.dependencies.keys, query);
  }

  async usual(customer: string): Promise<Usual> {
    return await usualOf(this.dependencies.turns, this.dependencies.keys, customer);
  }

  async statement(query: StatementQuery): Promise<Statement> {
    return await statementOf(this.dependencies.turns, this.dependencies.keys, query);
  }

  useKeys(keys: readonly AuditKeys[]): Promise<void> {
    this.dependencies.log.keys = this.dependencies.keys = new AuditKeyRing(keys);
    return Promise.resolve();
  }

  async close(): Promise<void> {
    const { store, log, logFile } = this.dependencies;
    logFile?.close();
    log.close();
    await store.close();
  }
}

/** A bank's file that no process has open. */
export interface FileToCheck {
  path: string;
  keys: readonly AuditKeys[];
}

/**
 * Recomputes the books of a file from its movements.
 * @throws {UsageError} if it is not a bank's file
 */
export async function checkFile(
  { path, keys }: FileToCheck,
  openStore: OpenStore,
  onProgress: OnProgress = () => {},
): Promise<CheckedBooks> {
  const store = await openStore({ path });
  try {
    return await checkStore(store, new AuditKeyRing(keys), onProgress);
  } finally {
    await store.close();
  }
}

/**
 * Checks that a PostgreSQL database is this bank's, before a chain is added to it.
 * @throws {UsageError} if it is not, or another server has changed the log's keys
 */
async function requireOwn(
  store: Store,
  keys: AuditKeyRing,
  bankId: string | undefined,
): Promise<void> {
  if (bankId !== undefined && (await store.settings()).bankId !== bankId) {
    throw new UsageError("the database holds a different bank from this folder's. Check the URL");
  }
  await requireSharedKeys(store, keys);
}

/** Returns a log of one chain: other servers keep the files of theirs. */
function chainOf(store: ReadStore, only: Uint8Array): LogSource {
  return {
    chains: async () => (await store.chains()).filter(({ id }) => equalInConstantTime(id, only)),
    entriesAfter: async (...place) => await store.entriesAfter(...place),
  };
}
