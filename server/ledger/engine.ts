/**
 * The engine: load → pure rules → commit, one batch at a time. Changes and their audit entries commit
 * together, and nobody is answered before.
 */
import { batchTriesMax, batchTriesMsMax } from "../../lib/limits.ts";
import type { Clock } from "../../lib/world.ts";
import { type AuditEntry, loggedAt, type LoggedRow, type SealedEntry } from "../audit/entry.ts";
import { Books } from "./books.ts";
import { BankClock, type ClockReading, jumpInWords } from "./clock.ts";
import { type Command, type LogCommand, logCommand, type Reply } from "./command.ts";
import type { BatchOutcome } from "./link.ts";
import type { Changes } from "./model.ts";
import { applyCommands, type BatchResult } from "./rules/rules.ts";
import { InDoubt, type Store, TryAgain } from "./store.ts";
import { touchOf } from "./touch.ts";

/** The log, as far as a batch writes it: its entries commit with the batch. */
export interface BatchLog {
  /** Whether the present epoch has an entry: it must end before long. */
  readonly epochOpen: boolean;
  /**
   * The entries, sealed for the log's next places; changes nothing.
   * @param endEpoch whether the epoch ends with them
   */
  seal(entries: readonly AuditEntry[], endEpoch: boolean): SealedEntry[];
  /** Called when what `seal` gave is durable. */
  committed(sealed: readonly SealedEntry[]): void;
  /**
   * Reads the log's end again, after a batch that failed.
   * @returns the time of its newest entry
   */
  lookAgain(): Promise<number>;
}

export interface EngineDependencies {
  store: Pick<Store, "load" | "commit" | "outcomeOf" | "confirmedClock">;
  log: BatchLog;
  /** The time of the last committed batch, as the log has it. */
  lastMs: number;
  clock: Clock;
  /** Called after each commit. Errors are reported; the commit is not rolled back. */
  onCommitted?: (entries: readonly SealedEntry[]) => void | Promise<void>;
}

/** A batch on disk, and what its replies are made of. */
interface CommittedBatch {
  commands: readonly Command[];
  /** Commands of the engine's own, before the others. */
  noticed: readonly LogCommand[];
  reading: ClockReading;
  books: Books;
  result: BatchResult;
  sealed: readonly SealedEntry[];
  changes: Changes;
}

/** The entry for a clock that is no longer believed, or is believed again. */
function jumpLogged(jumpMs: number | null): LogCommand {
  const action = jumpMs === null
    ? "the clock is right again - money moves"
    : `the clock jumped ${jumpInWords(jumpMs)} - money stops`;
  return logCommand("bank", action);
}

/** The kind of entry that a movement's command writes; undefined for other commands. */
function stepOf(op: Command["op"]): AuditEntry["step"] {
  if (op === "authorise") return "authorise";
  if (op === "transfer") return "book";
  return op === "complete" || op === "reverse" || op === "void" ? "settle" : undefined;
}

export class Engine {
  /** Whether the newest entry about the clock says that money is stopped. */
  #stopped = false;
  #lastMs: number;
  /** The log could not be read after a commit that failed: where it ends is not known. */
  #adrift = false;

  private constructor(
    private readonly dependencies: EngineDependencies,
    private readonly clock: BankClock,
  ) {
    this.#lastMs = dependencies.lastMs;
  }

  /** Takes up where the log left off. */
  static async open(dependencies: EngineDependencies): Promise<Engine> {
    const { clock, lastMs, store } = dependencies;
    return new Engine(dependencies, new BankClock(clock, lastMs, await store.confirmedClock()));
  }

  /**
   * Runs one batch.
   * @param onError called with whatever the store refused
   * @param endEpoch whether the log's epoch is to end with it; where that fails it stays open
   */
  async run(
    commands: readonly Command[],
    onError: (error: Error) => void,
    endEpoch = false,
  ): Promise<BatchOutcome> {
    let batch: CommittedBatch;
    try {
      if (this.#adrift && !await this.#lookAgain(onError)) return this.#nothingDone(commands);
      batch = await this.#commitUntilThrough(commands, onError, endEpoch);
    } catch (error) {
      onError(error as Error);
      if (error instanceof InDoubt) throw error; // the store was closed before the outcome was known
      return await this.#afterFailure(commands, onError, endEpoch);
    }
    return await this.#afterCommit(batch, onError);
  }

  async #afterFailure(
    commands: readonly Command[],
    onError: (error: Error) => void,
    endEpoch: boolean,
  ): Promise<BatchOutcome> {
    const reached = await this.#lookAgain(onError);
    if (reached && endEpoch) return await this.run(commands, onError);
    if (!reached || commands.length <= 1) return this.#nothingDone(commands);
    // One bad command must not take the others with it.
    const all = this.#nothingDone([]);
    for (const [index, command] of commands.entries()) {
      const { replies, repeated, accounts } = await this.run([command], onError);
      all.replies.push(...replies);
      all.repeated.push(...repeated.map(({ row }) => ({ index, row })));
      all.accounts.push(...accounts);
    }
    return { ...all, epochOpen: this.dependencies.log.epochOpen };
  }

  /** What is answered when a commit failed: the same ids may be tried again. */
  #nothingDone(commands: readonly Command[]): BatchOutcome {
    const { clock, log } = this.dependencies;
    const tryLater: Reply = { outcome: "try_later", timeMs: clock.nowMs() };
    const replies = commands.map(() => tryLater);
    return { replies, repeated: [], accounts: [], epochOpen: log.epochOpen };
  }

  /**
   * A commit that failed may have happened: reads the log's end.
   * @returns whether it could be read
   */
  async #lookAgain(onError: (error: Error) => void): Promise<boolean> {
    try {
      this.#lastMs = await this.dependencies.log.lookAgain();
      this.#adrift = false;
    } catch (error) {
      onError(error as Error);
      this.#adrift = true; // the next batch looks first
    }
    return !this.#adrift;
  }

  /** Runs a batch again, with the same ids, while others get in its way. */
  async #commitUntilThrough(
    commands: readonly Command[],
    onError: (error: Error) => void,
    endEpoch: boolean,
  ): Promise<CommittedBatch> {
    const { clock } = this.dependencies;
    const endMs = clock.monotonicMs() + batchTriesMsMax;
    for (let tries = 1;; tries++) {
      try {
        return await this.#commit(commands, onError, endEpoch);
      } catch (error) {
        const late = tries === batchTriesMax || clock.monotonicMs() > endMs;
        if (!(error instanceof TryAgain) || late) throw error;
      }
    }
  }

  async #commit(
    commands: readonly Command[],
    onError: (error: Error) => void,
    endEpoch: boolean,
  ): Promise<CommittedBatch> {
    const { store, log } = this.dependencies;
    const loaded = await store.load(touchOf(commands));
    const books = new Books(loaded);
    const reading = this.clock.read(Math.max(this.#lastMs, loaded.lastMs));
    const { timeMs, nowMs, jumpMs } = reading;
    const stopped = jumpMs !== null;
    const noticed = stopped === this.#stopped ? [] : [jumpLogged(jumpMs)];
    const result = applyCommands(books, [...noticed, ...commands], timeMs, stopped);
    const sealed = log.seal(result.entries, endEpoch);
    const clock = confirmsClock(commands) ? { confirmedMs: nowMs, timeMs } : null;
    const changes = { ...books.changes(), clock, timeMs };
    await this.#commitSurely(changes, sealed, onError);
    return { commands, noticed, reading, books, result, sealed, changes };
  }

  /**
   * Commits, and finds out what became of a commit in doubt.
   * @throws {Refused}
   * @throws {InDoubt} when the store is closed before that is known
   */
  async #commitSurely(
    changes: Changes,
    sealed: readonly SealedEntry[],
    onError: (error: Error) => void,
  ): Promise<void> {
    const { store } = this.dependencies;
    try {
      await store.commit(changes, sealed);
    } catch (error) {
      if (!(error instanceof InDoubt)) throw error;
      onError(error);
      const outcome = await store.outcomeOf(error.batchId).catch(() => {
        throw error;
      });
      if (outcome === "not_committed") throw new TryAgain("a commit in doubt had failed");
    }
  }

  /** What follows a commit. Nothing of it throws: what is committed is answered. */
  async #afterCommit(
    batch: CommittedBatch,
    onError: (error: Error) => void,
  ): Promise<BatchOutcome> {
    const { commands, noticed, reading: { timeMs, jumpMs }, result, sealed, changes } = batch;
    const { log, onCommitted } = this.dependencies;
    if (result.entries.length > 0) this.#lastMs = timeMs;
    this.#stopped = jumpMs !== null;
    if (confirmsClock(commands)) {
      this.clock.confirm();
      this.#stopped = false;
    }
    try {
      log.committed(sealed);
      await onCommitted?.(sealed);
    } catch (error) {
      onError(error as Error); // a key that could not be erased yet, or a copy that is not kept
    }
    for (const { action } of noticed) onError(new Error(action));
    return { ...repliesOf(batch), accounts: changes.accounts, epochOpen: log.epochOpen };
  }
}

const confirmsClock = (commands: readonly Command[]) =>
  commands.some(({ op }) => op === "confirm_clock");

/** Each command's reply, with the place of its entry. */
function repliesOf(
  { commands, noticed, books, result, sealed }: CommittedBatch,
): Pick<BatchOutcome, "replies" | "repeated"> {
  const repeated: BatchOutcome["repeated"] = [];
  const replies = commands.map((command, index) => {
    const reply = result.replies[noticed.length + index]!;
    const entry = result.firstEntries[noticed.length + index];
    const step = stepOf(command.op);
    if (step === undefined && command.op !== "log") return reply;
    if (typeof entry === "number") return { ...reply, logged: loggedAt(sealed[entry]!) };
    const row = step && loggedRowOf(command, step, books);
    if (row) repeated.push({ index, row });
    return reply;
  });
  return { replies, repeated };
}

/** The row whose entry was written when the same was asked before. */
function loggedRowOf(
  command: Command,
  step: AuditEntry["step"],
  books: Books,
): LoggedRow | undefined {
  if (!("movement" in command)) return undefined;
  const customer = books.movement(command.movement, 1)?.customer;
  return customer ? { customer, movement: command.movement, step } : undefined;
}
