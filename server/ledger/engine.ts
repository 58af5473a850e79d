/**
 * The engine: load → pure rules → commit, one batch at a time. Changes and their audit entries
 * commit together, before any reply.
 */
import { batchTriesMax, batchTriesMsMax } from "../../lib/limits.ts";
import type { Clock } from "../../lib/world.ts";
import {
  type AuditEntry,
  type EntryWithRows,
  loggedAt,
  type LoggedRow,
  type SealedEntry,
} from "../audit/entry.ts";
import { Books } from "./books.ts";
import { firstRows } from "./canonical.ts";
import {
  BankClock,
  type ClockDoubt,
  type ClockReading,
  type ClockState,
  clockStateOf,
  doubtInWords,
  isAhead,
} from "./clock.ts";
import { type Command, type LogCommand, logCommand } from "./command.ts";
import type { BatchOutcome } from "./link.ts";
import type { Changes, Loaded } from "./model.ts";
import { applyCommands, type BatchResult } from "./rules/rules.ts";
import { InDoubt, Refused, type Store, TryAgain } from "./store.ts";
import { touchOf } from "./touch.ts";

/** The log's interface for a batch: its entries commit with the batch. */
export interface BatchLog {
  /** Whether the present epoch has an entry, and must end soon. */
  readonly epochOpen: boolean;
  /** Whether no chain of the log has an entry. */
  readonly isEmpty: boolean;
  /**
   * Seals entries for the log's next places; changes no state.
   * @param endEpoch whether the epoch ends with them
   */
  seal(entries: readonly EntryWithRows[], endEpoch: boolean): SealedEntry[];
  /** Called after the result of `seal` is durable. */
  committed(sealed: readonly SealedEntry[]): void;
}

export interface EngineDependencies {
  store: Pick<Store, "load" | "commit" | "outcomeOf" | "times">;
  log: BatchLog;
  clock: Clock;
  /** Called after each commit. Errors are reported; the commit is not rolled back. */
  onCommitted?: (entries: readonly SealedEntry[]) => void | Promise<void>;
  /** Called with true when a commit is in doubt, and with false when its outcome is known. */
  onDoubt?: (inDoubt: boolean) => void;
}

/** A durable batch, and the data for its replies. */
interface CommittedBatch {
  commands: readonly Command[];
  /** The engine's own commands, before the others. */
  noticed: readonly LogCommand[];
  reading: ClockReading;
  books: Books;
  result: BatchResult;
  sealed: readonly SealedEntry[];
  changes: Changes;
}

/** Returns the entry for a clock that has become untrusted, or trusted again. */
function doubtLogged(doubt: ClockDoubt | null): LogCommand {
  const action = doubt === null
    ? "the clock is right again - money moves"
    : `${doubtInWords(doubt)} - money stops`;
  return logCommand("bank", action);
}

/** Returns the step of the entry that a movement's command writes; undefined for other commands. */
function stepOf(op: Command["op"]): AuditEntry["step"] {
  if (op === "authorise") return "authorise";
  if (op === "transfer") return "book";
  return op === "complete" || op === "reverse" || op === "void" ? "settle" : undefined;
}

export class Engine {
  /** Whether the log's newest entry about the clock stops movements. */
  #stopped = false;
  /** How many batches were committed, and how the clock was with the last one. */
  #batches = 0;
  #state: ClockState = { timeMs: 0, jumpMs: 0, doubt: null };

  private constructor(
    private readonly dependencies: EngineDependencies,
    private readonly clock: BankClock,
  ) {}

  /** Opens the engine with the state of the log. */
  static async open(dependencies: EngineDependencies): Promise<Engine> {
    const { clock, store } = dependencies;
    return new Engine(dependencies, new BankClock(clock, await store.times()));
  }

  /**
   * Runs one batch. Replies are returned once it is durable, or once it certainly has no effect:
   * those are `try_later`.
   * @param onError called with the store's errors
   * @param endEpoch whether the log's epoch ends with it; if that fails it stays open
   * @throws if the store is closed while the batch is in doubt: its outcome is unknown
   */
  async run(
    commands: readonly Command[],
    onError: (error: Error) => void,
    endEpoch = false,
  ): Promise<BatchOutcome> {
    const untilMs = this.dependencies.clock.monotonicMs() + batchTriesMsMax;
    return await this.#runUntil(untilMs, commands, onError, endEpoch);
  }

  /**
   * Runs a batch until a deadline.
   * @param untilMs by the monotonic clock: no retries afterwards, since no ATM waits longer
   */
  async #runUntil(
    untilMs: number,
    commands: readonly Command[],
    onError: (error: Error) => void,
    endEpoch: boolean,
  ): Promise<BatchOutcome> {
    let batch: CommittedBatch;
    try {
      batch = await this.#commitUntilThrough(untilMs, commands, onError, endEpoch);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      onError(error);
      if (endEpoch) return await this.#runUntil(untilMs, commands, onError, false);
      return await this.#oneByOne(untilMs, commands, onError);
    }
    return await this.#afterCommit(batch, onError);
  }

  /**
   * Runs the commands of an uncommitted batch separately, so that one bad command does not fail the
   * others.
   */
  async #oneByOne(
    untilMs: number,
    commands: readonly Command[],
    onError: (error: Error) => void,
  ): Promise<BatchOutcome> {
    const { clock, log } = this.dependencies;
    const all: BatchOutcome = { replies: [], repeated: [], accounts: [], epochOpen: false };
    for (const [index, command] of commands.entries()) {
      if (commands.length === 1 || clock.monotonicMs() > untilMs) {
        all.replies.push({ outcome: "try_later", timeMs: clock.nowMs() });
        continue;
      }
      const { replies, repeated, accounts } = await this.#runUntil(
        untilMs,
        [command],
        onError,
        false,
      );
      all.replies.push(...replies);
      all.repeated.push(...repeated.map(({ row }) => ({ index, row })));
      all.accounts.push(...accounts);
    }
    return { ...all, epochOpen: log.epochOpen };
  }

  /**
   * Retries a batch, with the same ids, while it conflicts with others.
   * @throws {Refused} if it is not committed
   */
  async #commitUntilThrough(
    untilMs: number,
    commands: readonly Command[],
    onError: (error: Error) => void,
    endEpoch: boolean,
  ): Promise<CommittedBatch> {
    for (let tries = 1;; tries++) {
      try {
        return await this.#commit(commands, onError, endEpoch);
      } catch (error) {
        const late = tries === batchTriesMax || this.dependencies.clock.monotonicMs() > untilMs;
        if (!(error instanceof TryAgain) || late) throw error;
      }
    }
  }

  /** Commits one batch. @throws {Refused} if it is not committed */
  async #commit(
    commands: readonly Command[],
    onError: (error: Error) => void,
    endEpoch: boolean,
  ): Promise<CommittedBatch> {
    let batch: CommittedBatch;
    try {
      batch = await this.#prepare(commands, endEpoch);
    } catch (error) {
      throw error instanceof Refused
        ? error
        : new Refused((error as Error).message, { cause: error });
    }
    try {
      await this.dependencies.store.commit(batch.changes, batch.sealed);
    } catch (error) {
      if (!(error instanceof InDoubt)) throw error;
      onError(error);
      await this.#resolve(error);
    }
    return batch;
  }

  /** Prepares a batch for its commit. A failure here has changed nothing. */
  async #prepare(commands: readonly Command[], endEpoch: boolean): Promise<CommittedBatch> {
    const { store, log } = this.dependencies;
    const asked = this.clock.instant();
    const loaded = await store.load(touchOf(commands));
    const books = new Books(loaded);
    const reading = this.clock.read(loaded, asked);
    const { nowMs, steadyMs, doubt } = reading;
    const setsBack = isAhead(loaded.lastMs, nowMs) &&
      commands.some(({ op }) => op === "set_back_clock");
    const timeMs = setsBack ? nowMs : reading.timeMs;
    const stopped = doubt !== null;
    const noticed = stopped === this.#stopped ? [] : [doubtLogged(doubt)];
    const setBackFromMs = setsBack ? loaded.lastMs : null;
    const clocks = { nowMs, steadyMs, setBackFromMs, stopped };
    const result = applyCommands(books, [...noticed, ...commands], timeMs, clocks);
    const entries = log.isEmpty ? withFirstRows(result.entries, loaded) : result.entries;
    const sealed = log.seal(entries, endEpoch);
    const changes = { ...books.changes(), timeMs };
    return { commands, noticed, reading, books, result, sealed, changes };
  }

  /**
   * Waits until a batch in doubt is known to be committed.
   * @throws {TryAgain} if it is not, and never will be
   */
  async #resolve({ batchId }: InDoubt): Promise<void> {
    const { store, onDoubt } = this.dependencies;
    onDoubt?.(true);
    const outcome = await store.outcomeOf(batchId);
    onDoubt?.(false);
    if (outcome !== "committed") throw new TryAgain("the commit in doubt did not happen");
  }

  /** Runs after a commit. It never throws, since a committed batch must be answered. */
  async #afterCommit(
    batch: CommittedBatch,
    onError: (error: Error) => void,
  ): Promise<BatchOutcome> {
    const { noticed, reading, sealed, changes } = batch;
    const { log, onCommitted } = this.dependencies;
    if (changes.clock) this.clock.confirm(reading, changes.clock);
    const { doubt } = reading;
    this.#stopped = doubt !== null && !(changes.clock && doubt.kind === "jumped");
    const { jumpMs, doubt: words } = clockStateOf(reading);
    this.#state = {
      timeMs: changes.timeMs,
      jumpMs: changes.clock ? 0 : jumpMs,
      doubt: this.#stopped ? words : null,
    };
    this.#batches++;
    try {
      log.committed(sealed);
    } catch (error) {
      onError(error as Error); // a key that could not be erased yet
    }
    try {
      await onCommitted?.(sealed);
    } catch (error) {
      onError(error as Error); // the log's file could not be written
    }
    for (const { action } of noticed) onError(new Error(action));
    return {
      ...repliesOf(batch),
      accounts: changes.accounts.filter(({ kind }) => kind === "customer"),
      epochOpen: log.epochOpen,
      ...(this.#state.doubt !== null && { clockDoubt: this.#state.doubt }),
    };
  }

  /** Returns the clocks as they are now. */
  async clockState(): Promise<ClockState> {
    const batches = this.#batches;
    const asked = this.clock.instant();
    const times = await this.dependencies.store.times();
    if (batches !== this.#batches) return this.#state; // these times may be older than the batch's
    return clockStateOf(this.clock.read(times, asked));
  }
}

/** Returns the first entries of a log: the first one also covers the rows of the new bank. */
function withFirstRows(entries: readonly EntryWithRows[], loaded: Loaded): EntryWithRows[] {
  return entries.map((entry, index) =>
    index > 0 ? entry : { ...entry, rows: [...entry.rows ?? [], ...firstRows(loaded)] }
  );
}

/** Returns each command's reply, with the place of its entry. */
function repliesOf(
  { commands, noticed, books, result, sealed }: CommittedBatch,
): Pick<BatchOutcome, "replies" | "repeated"> {
  const repeated: BatchOutcome["repeated"] = [];
  const replies = commands.map((command, index) => {
    const reply = result.replies[noticed.length + index]!;
    const entry = result.firstEntries[noticed.length + index];
    const step = stepOf(command.op);
    if (step === undefined && command.op !== "log" && !("operator" in command)) return reply;
    if (typeof entry === "number") return { ...reply, logged: loggedAt(sealed[entry]!) };
    const row = step && loggedRowOf(command, step, books);
    if (row) repeated.push({ index, row });
    return reply;
  });
  return { replies, repeated };
}

/** Returns the row of the entry that was written for the same earlier command. */
function loggedRowOf(
  command: Command,
  step: AuditEntry["step"],
  books: Books,
): LoggedRow | undefined {
  if (!("movement" in command)) return undefined;
  const customer = books.movement(command.movement, 1)?.customer;
  return customer ? { customer, movement: command.movement, step } : undefined;
}
