/**
 * The ledger, as the rest of the server sees it: commands in, replies out once they are on disk.
 * Batches form by themselves: while one commits in the ledger's thread, the next one fills here.
 */
import { UsageError } from "../../lib/errors.ts";
import { batchCommandsMax, commandsPendingMax, epochMs, otherServersMs } from "../../lib/limits.ts";
import type { HistoryPage } from "../../lib/atm.ts";
import type { HistoryQuery } from "../audit/history.ts";
import type { AuditKeys } from "../audit/keys.ts";
import type { AccountState, Settings } from "./model.ts";
import type { Command, Reply } from "./command.ts";
import type { CheckedBooks } from "./check.ts";
import type { BatchOutcome } from "./engine.ts";
import type { StorePlace } from "./open_store.ts";
import type { ReadStore } from "./store.ts";

export interface OpenLedger {
  type: "open";
  place: StorePlace;
  /** Every version of the AUDIT_KEY. */
  keys: readonly AuditKeys[];
  chainId: Uint8Array;
  /** Where the chain's key is kept. */
  chainKeyPath: string;
  /** Where the log is kept as a file, too; nowhere without. */
  logFilePath?: string;
  /** The bank that is expected there. */
  bankId?: string;
  /** Given when the bank is made. */
  create?: Settings;
}

/** A bank's file that nobody has open. */
export type FileToCheck = Pick<OpenLedger, "keys"> & { path: string };

export type ToLedger =
  & { id: number }
  & (
    | OpenLedger
    | { type: "check" }
    | { type: "batch"; commands: Command[]; endEpoch: boolean }
    | { type: "audit_keys"; keys: readonly AuditKeys[] }
    | ({ type: "check_file" } & FileToCheck)
    | { type: "back_up"; path: string }
    | { type: "history"; query: HistoryQuery }
    | { type: "read"; name: keyof ReadStore; args: unknown[] }
    | { type: "close" }
  );

export type FromLedger =
  | { id: number; value: unknown }
  | { id: number; error: { message: string; usage: boolean } }
  | { trouble: string };

type Read = {
  [K in keyof ReadStore]: (
    ...args: Parameters<ReadStore[K]>
  ) => Promise<Awaited<ReturnType<ReadStore[K]>>>;
};
type Unnumbered<T> = T extends unknown ? Omit<T, "id"> : never;

export class Ledger {
  readonly #worker: Worker;
  readonly #calls = new Map<number, PromiseWithResolvers<unknown>>();
  readonly #watchers = new Map<number, Set<(account: AccountState) => void>>();
  #nextId = 0;
  #waiting: { command: Command; reply: PromiseWithResolvers<Reply> }[] = [];
  #committing = false;
  /** Ends the log's present epoch when its time has come. */
  #epochTimer: ReturnType<typeof setTimeout> | undefined;
  #epochDue = false;

  /** Reads outside batches, by the store's own names. */
  readonly read: Read = new Proxy({} as Read, {
    get: (_, name: keyof ReadStore) => (...args: unknown[]) =>
      this.#call({ type: "read", name, args }),
  });

  /** Of each account that is watched, the version that was told of last. */
  readonly #told = new Map<number, number>();
  #lookTimer: ReturnType<typeof setTimeout> | undefined;

  /** @param shared whether other servers change the books, too */
  private constructor(
    private readonly onTrouble: (message: string) => void,
    private readonly shared = false,
  ) {
    this.#worker = new Worker(import.meta.resolve("./worker.ts"), { type: "module" });
    this.#worker.onmessage = ({ data }: MessageEvent<FromLedger>) => this.#take(data);
  }

  /**
   * Opens a bank's ledger, or makes it.
   * @param onTrouble hears what the database refused, for the operator's log
   * @throws {UsageError} when the file is missing, damaged, newer, or in use
   */
  static async open(parts: OpenLedger, onTrouble: (message: string) => void): Promise<Ledger> {
    const ledger = new Ledger(onTrouble, "url" in parts.place);
    try {
      await ledger.#call(parts);
      return ledger;
    } catch (error) {
      ledger.#worker.terminate();
      throw error;
    }
  }

  /** Runs a command; the reply comes when it is durable, or names why nothing happened. */
  submit(command: Command): Promise<Reply> {
    if (this.#waiting.length >= commandsPendingMax) {
      return Promise.resolve({ outcome: "try_later", timeMs: Date.now() });
    }
    const reply = Promise.withResolvers<Reply>();
    this.#waiting.push({ command, reply });
    if (!this.#committing) this.#commitSoon();
    return reply.promise;
  }

  /** New entries of the log are sealed under the newest of these keys. */
  async useAuditKeys(keys: readonly AuditKeys[]): Promise<void> {
    await this.#call({ type: "audit_keys", keys });
  }

  /** One page of a customer's history. */
  history(query: HistoryQuery): Promise<Omit<HistoryPage, "outcome">> {
    return this.#call({ type: "history", query }) as Promise<Omit<HistoryPage, "outcome">>;
  }

  /** Works the books out anew from their movements, while all else waits. */
  check(): Promise<CheckedBooks> {
    return this.#call({ type: "check" }) as Promise<CheckedBooks>;
  }

  /** Copies the books into a file of this path, while all else waits. */
  async backUp(path: string): Promise<void> {
    await this.#call({ type: "back_up", path });
  }

  /**
   * Works the books of a file out anew, in a thread of its own.
   * @throws {UsageError} when it is no bank's file
   */
  static async checkFile(file: FileToCheck): Promise<CheckedBooks> {
    const ledger = new Ledger(() => {});
    try {
      return await ledger.#call({ type: "check_file", ...file }) as CheckedBooks;
    } finally {
      ledger.#worker.terminate();
    }
  }

  /** Tells of every committed change of an account, in order; call what is returned to stop. */
  watch(account: number, listener: (account: AccountState) => void): () => void {
    const watchers = this.#watchers.get(account) ?? new Set();
    this.#watchers.set(account, watchers.add(listener));
    if (this.shared && !this.#told.has(account)) this.#beginLooking(account);
    return () => {
      watchers.delete(listener);
      if (watchers.size > 0) return;
      this.#watchers.delete(account);
      this.#told.delete(account);
    };
  }

  /** What whoever watches reads next is no older than this. */
  #beginLooking(account: number): void {
    this.#told.set(account, 0);
    this.read.account(account).then((state) => {
      const told = this.#told.get(account);
      if (state && told !== undefined) this.#told.set(account, Math.max(told, state.version));
    }, () => {}).finally(() => this.#lookSoon());
  }

  #lookSoon(): void {
    this.#lookTimer ??= setTimeout(async () => {
      try {
        const states = await this.read.accountsAmong([...this.#told.keys()]);
        states.forEach((state) => this.#tell(state));
      } catch (error) {
        this.onTrouble(`what other servers changed cannot be seen: ${(error as Error).message}`);
      }
      this.#lookTimer = undefined;
      if (this.#told.size > 0) this.#lookSoon();
    }, otherServersMs);
  }

  /** Each change once, whoever made it; of several at once, perhaps only the last. */
  #tell(account: AccountState): void {
    const told = this.#told.get(account.id);
    if (told !== undefined) {
      if (account.version <= told) return;
      this.#told.set(account.id, account.version);
    }
    this.#watchers.get(account.id)?.forEach((listener) => listener(account));
  }

  /** Waits for what is under way, ends the log's epoch, then lets the file go. */
  async close(): Promise<void> {
    clearTimeout(this.#epochTimer);
    this.#epochDue = true;
    if (!this.#committing) this.#commitSoon();
    while (this.#committing || this.#waiting.length > 0) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    clearTimeout(this.#epochTimer);
    clearTimeout(this.#lookTimer);
    this.#told.clear();
    await this.#call({ type: "close" });
    this.#worker.terminate();
  }

  #commitSoon(): void {
    this.#committing = true;
    // What arrives in the same turn of the event loop shares the batch.
    queueMicrotask(() => this.#commit());
  }

  async #commit(): Promise<void> {
    const batch = this.#waiting.splice(0, batchCommandsMax);
    try {
      const commands = batch.map(({ command }) => command);
      const endEpoch = this.#epochDue;
      this.#epochDue = false;
      const outcome = await this.#call({ type: "batch", commands, endEpoch }) as BatchOutcome;
      if (outcome.epochOpen) this.#endEpochInTime();
      batch.forEach(({ reply }, index) => reply.resolve(outcome.replies[index]!));
      outcome.accounts.forEach((account) => this.#tell(account));
    } catch (error) {
      this.onTrouble((error as Error).message);
      batch.forEach(({ reply }) => reply.resolve({ outcome: "try_later", timeMs: Date.now() }));
    }
    this.#committing = false;
    if (this.#waiting.length > 0 || this.#epochDue) this.#commitSoon();
  }

  #endEpochInTime(): void {
    this.#epochTimer ??= setTimeout(() => {
      this.#epochTimer = undefined;
      this.#epochDue = true;
      if (!this.#committing) this.#commitSoon();
    }, epochMs);
  }

  #call(message: Unnumbered<ToLedger>): Promise<unknown> {
    const id = this.#nextId++;
    const call = Promise.withResolvers<unknown>();
    this.#calls.set(id, call);
    this.#worker.postMessage({ ...message, id });
    return call.promise;
  }

  #take(message: FromLedger): void {
    if ("trouble" in message) return this.onTrouble(message.trouble);
    const call = this.#calls.get(message.id)!;
    this.#calls.delete(message.id);
    if ("value" in message) return call.resolve(message.value);
    const { message: text, usage } = message.error;
    call.reject(usage ? new UsageError(text) : new Error(text));
  }
}
