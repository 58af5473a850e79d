/**
 * Runs a bank's ledger in a thread: each call is a message to it, and its result a message back.
 */
import { UsageError } from "../lib/errors.ts";
import { startThread } from "../lib/system.ts";
import type { CheckedBooks, OnProgress } from "./ledger/check.ts";
import type { LinkEvents } from "./ledger/link.ts";
import { UnusableFile } from "./ledger/store.ts";
import type {
  BankLink,
  FileToCheck,
  FromLedgerThread,
  OpenLedger,
  ThreadCalls,
  ToLedgerThread,
} from "./ledger_service.ts";

class LedgerThread {
  readonly #worker: Worker;
  readonly #calls = new Map<number, PromiseWithResolvers<unknown>>();
  readonly #progress = new Map<number, OnProgress>();
  #nextId = 0;
  /** Why no more calls are answered. */
  #ended: Error | null = null;

  constructor(private readonly events: LinkEvents) {
    this.#worker = startThread(import.meta.resolve("./ledger_worker.ts"), { type: "module" });
    this.#worker.onmessage = ({ data }: MessageEvent<FromLedgerThread>) => this.#take(data);
    this.#worker.onerror = (event) => {
      event.preventDefault();
      this.events.onTrouble(`the ledger's thread failed: ${event.message}`);
      this.end("the ledger's thread failed");
    };
  }

  async call<Name extends keyof ThreadCalls>(
    name: Name,
    ...args: Parameters<ThreadCalls[Name]>
  ): Promise<Awaited<ReturnType<ThreadCalls[Name]>>> {
    return await this.#send(this.#nextId++, name, args) as Awaited<ReturnType<ThreadCalls[Name]>>;
  }

  /** Calls as `call` does, and reports the progress. */
  async callLong<Name extends "check" | "checkFile" | "backUp">(
    onProgress: OnProgress,
    name: Name,
    ...args: Parameters<ThreadCalls[Name]>
  ): Promise<Awaited<ReturnType<ThreadCalls[Name]>>> {
    const id = this.#nextId++;
    this.#progress.set(id, onProgress);
    try {
      return await this.#send(id, name, args) as Awaited<ReturnType<ThreadCalls[Name]>>;
    } finally {
      this.#progress.delete(id);
    }
  }

  async #send(id: number, name: keyof ThreadCalls, args: unknown[]): Promise<unknown> {
    if (this.#ended) throw this.#ended;
    const call = Promise.withResolvers<unknown>();
    this.#calls.set(id, call);
    this.#worker.postMessage({ id, name, args } satisfies ToLedgerThread);
    return await call.promise;
  }

  /** Ends the thread, and rejects every unanswered call. */
  end(why: string): void {
    const ended = this.#ended ??= new Error(why);
    for (const call of this.#calls.values()) call.reject(ended);
    this.#calls.clear();
    this.#worker.terminate();
  }

  get hasEnded(): boolean {
    return this.#ended !== null;
  }

  #take(message: FromLedgerThread): void {
    if ("trouble" in message) return this.events.onTrouble(message.trouble);
    if ("moved" in message) return this.events.onMoved(message.moved);
    if ("inDoubt" in message) return this.events.onDoubt(message.inDoubt);
    if ("fault" in message) return this.events.onFault(message.fault);
    if ("of" in message) return this.#progress.get(message.id)?.(message.done, message.of);
    const call = this.#calls.get(message.id);
    this.#calls.delete(message.id);
    if ("value" in message) return call?.resolve(message.value);
    const { message: text, usage, fault } = message.error;
    if (fault !== undefined) call?.reject(new UnusableFile(text, fault));
    else call?.reject(usage ? new UsageError(text) : new Error(text));
  }
}

/**
 * Opens a bank's ledger in a thread.
 * @throws {UsageError} as `LedgerService.open` does
 */
export async function openLedgerThread(parts: OpenLedger, events: LinkEvents): Promise<BankLink> {
  const thread = new LedgerThread(events);
  try {
    await thread.call("open", parts);
  } catch (error) {
    thread.end("the ledger was not opened");
    throw error;
  }
  return {
    run: (...args) => thread.call("run", ...args),
    placeOf: (...args) => thread.call("placeOf", ...args),
    read: (...args) => thread.call("read", ...args),
    clockState: () => thread.call("clockState"),
    check: (onProgress) => thread.callLong(onProgress, "check"),
    backUp: (path, onCopied = () => {}) => thread.callLong(onCopied, "backUp", path),
    history: (...args) => thread.call("history", ...args),
    usual: (...args) => thread.call("usual", ...args),
    statement: (...args) => thread.call("statement", ...args),
    useKeys: (...args) => thread.call("useKeys", ...args),
    async close() {
      if (thread.hasEnded) return;
      await thread.call("close").finally(() => thread.end("the ledger is closed"));
    },
  };
}

const noEvents: LinkEvents = { onTrouble() {}, onDoubt() {}, onFault() {}, onMoved() {} };

/**
 * Recomputes the books of a file from its movements, in a thread.
 * @throws {UsageError} if it is not a bank's file
 */
export async function checkFileInThread(
  file: FileToCheck,
  onProgress: OnProgress = () => {},
): Promise<CheckedBooks> {
  const thread = new LedgerThread(noEvents);
  try {
    return await thread.callLong(onProgress, "checkFile", file);
  } finally {
    thread.end("the file is checked");
  }
}
