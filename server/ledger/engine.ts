/**
 * The engine: load → pure rules → commit, one batch at a time. Changes and the audit entries that
 * speak of them commit together, and nobody is answered before.
 */
import type { LoggedAt } from "../../lib/atm.ts";
import { batchTriesMax, batchTriesMsMax } from "../../lib/limits.ts";
import { type AuditEntry, loggedAt, type SealedEntry } from "../audit/entry.ts";
import type { ChainWriter } from "../audit/writer.ts";
import { Books } from "./books.ts";
import { touchOf } from "./touch.ts";
import { Clock, jumpInWords } from "./clock.ts";
import { type Command, type LogCommand, logCommand, type Reply } from "./command.ts";
import type { AccountState, MovementId } from "./model.ts";
import { applyCommands, type BatchResult } from "./rules/rules.ts";
import { type Store, TryAgain } from "./store.ts";

/** What the engine needs beside its store. */
export interface EngineParts {
  store: Store;
  log: ChainWriter;
  /** The time of the last committed batch, as the log has it. */
  lastMs: number;
  /** Where the log speaks of a movement's row, as far as it looks back. */
  findEntry?: (
    customer: string,
    movement: MovementId,
    step: AuditEntry["step"],
  ) => LoggedAt | undefined | Promise<LoggedAt | undefined>;
  /** Hears of what is committed; what it throws is told and takes nothing back. */
  onCommitted?: (entries: readonly SealedEntry[]) => void | Promise<void>;
  nowMs: () => number;
  monotonicMs: () => number;
}

/** What is known once a batch is on disk: a reply for each command, and every account it changed. */
export interface BatchOutcome {
  replies: Reply[];
  accounts: AccountState[];
  /** Whether the log's epoch has entries, and must end before long. */
  epochOpen: boolean;
}

/** What the log is told when the clock stops being believed, or is believed again. */
function jumpLogged(jumpMs: number | null): LogCommand {
  const action = jumpMs === null
    ? "the clock is right again - money moves"
    : `the clock jumped ${jumpInWords(jumpMs)} - money stops`;
  return logCommand("bank", action);
}

/** Which of a movement's entries a command is spoken of in; undefined where it is not a movement's. */
function stepOf(op: Command["op"]): AuditEntry["step"] {
  if (op === "authorise") return "authorise";
  if (op === "transfer") return "book";
  return op === "complete" || op === "reverse" || op === "void" ? "settle" : undefined;
}

export class Engine {
  /** Whether money is stopped, as far as the log knows. */
  #stopped = false;
  #lastMs: number;
  /** The log could not be read after a commit that failed: where it ends is not known. */
  #adrift = false;

  private constructor(private readonly parts: EngineParts, private readonly clock: Clock) {
    this.#lastMs = parts.lastMs;
  }

  /** Takes up where the log left off. */
  static async open(parts: EngineParts): Promise<Engine> {
    const clock = new Clock(parts, parts.lastMs, await parts.store.confirmedClock());
    return new Engine(parts, clock);
  }

  /**
   * Runs one batch. `onError` hears of what the store refused.
   * @param endEpoch whether the log's epoch is to end with it; where that fails it stays open
   */
  async run(
    commands: readonly Command[],
    onError: (error: Error) => void,
    endEpoch = false,
  ): Promise<BatchOutcome> {
    try {
      return await this.#runUntilThrough(commands, onError, endEpoch);
    } catch (error) {
      onError(error as Error);
      const reached = await this.#lookAgain(onError);
      if (reached && endEpoch) return await this.run(commands, onError);
      if (!reached || commands.length <= 1) {
        return this.#nothingDone(commands);
      }
      // One bad command must not take the others with it.
      const outcomes: BatchOutcome[] = [];
      for (const command of commands) outcomes.push(await this.run([command], onError));
      return {
        replies: outcomes.flatMap(({ replies }) => replies),
        accounts: outcomes.flatMap(({ accounts }) => accounts),
        epochOpen: this.parts.log.epochOpen,
      };
    }
  }

  /** What is answered when a commit failed: the same ids may be tried again. */
  #nothingDone(commands: readonly Command[]): BatchOutcome {
    const tryLater: Reply = { outcome: "try_later", timeMs: this.parts.nowMs() };
    const replies = commands.map(() => tryLater);
    return { replies, accounts: [], epochOpen: this.parts.log.epochOpen };
  }

  /**
   * A commit that failed may have happened: the log itself says where it ends.
   * @returns whether it could be read
   */
  async #lookAgain(onError: (error: Error) => void): Promise<boolean> {
    try {
      this.#lastMs = await this.parts.log.lookAgain();
      this.#adrift = false;
    } catch (error) {
      onError(error as Error);
      this.#adrift = true; // the next batch looks first
    }
    return !this.#adrift;
  }

  /** Runs a batch again, with the same ids, while others get in its way. */
  async #runUntilThrough(
    commands: readonly Command[],
    onError: (error: Error) => void,
    endEpoch: boolean,
  ): Promise<BatchOutcome> {
    if (this.#adrift && !await this.#lookAgain(onError)) {
      return this.#nothingDone(commands);
    }
    const endMs = this.parts.monotonicMs() + batchTriesMsMax;
    for (let tries = 1;; tries++) {
      try {
        return await this.#runTogether(commands, onError, endEpoch);
      } catch (error) {
        const late = tries === batchTriesMax || this.parts.monotonicMs() > endMs;
        if (!(error instanceof TryAgain) || late) throw error;
      }
    }
  }

  async #runTogether(
    commands: readonly Command[],
    onError: (error: Error) => void,
    endEpoch: boolean,
  ): Promise<BatchOutcome> {
    const { store, log } = this.parts;
    const loaded = await store.load(touchOf(commands));
    const books = new Books(loaded);
    const lastMs = Math.max(this.#lastMs, loaded.lastMs);
    const { timeMs, nowMs, jumpMs } = this.clock.read(lastMs);
    const stopped = jumpMs !== null;
    const noticed = stopped === this.#stopped ? [] : [jumpLogged(jumpMs)];
    const result = applyCommands(books, [...noticed, ...commands], timeMs, stopped);
    const sealed = log.seal(result.entries, endEpoch);
    const confirmed = commands.some(({ op }) => op === "confirm_clock");
    const clock = confirmed ? { confirmedMs: nowMs, timeMs } : null;
    const changes = { ...books.changes(), clock, timeMs };
    await store.commit(changes, sealed);
    if (result.entries.length > 0) this.#lastMs = timeMs;
    await this.#committed(sealed, onError);
    for (const { action } of noticed) onError(new Error(action));
    this.#stopped = stopped;
    if (confirmed) {
      this.clock.confirm();
      this.#stopped = false;
    }
    const replies = await this.#withPlaces(commands, result, sealed, books);
    return { replies, accounts: changes.accounts, epochOpen: log.epochOpen };
  }

  /** Each command's reply, with where the log speaks of it. */
  #withPlaces(
    commands: readonly Command[],
    { replies, firstEntries }: BatchResult,
    sealed: readonly SealedEntry[],
    books: Books,
  ): Promise<Reply[]> {
    const noticed = replies.length - commands.length;
    return Promise.all(commands.map(async (command, index) => {
      const reply = replies[noticed + index]!;
      if (!stepOf(command.op) && command.op !== "log") return reply;
      const place = firstEntries[noticed + index];
      const logged = typeof place === "number"
        ? loggedAt(sealed[place]!)
        : await this.#placeOfBefore(command, books);
      return logged ? { ...reply, logged } : reply;
    }));
  }

  /** Where the log spoke of it when the same was asked before. */
  async #placeOfBefore(command: Command, books: Books): Promise<LoggedAt | undefined> {
    const step = stepOf(command.op);
    if (!step || !("movement" in command)) return undefined;
    const customer = books.movement(command.movement, 1)?.customer;
    if (!customer) return undefined;
    return await this.parts.findEntry?.(customer, command.movement, step);
  }

  /** What is committed stays so, even where the key before could not be erased yet, or a copy kept. */
  async #committed(
    sealed: readonly SealedEntry[],
    onError: (error: Error) => void,
  ): Promise<void> {
    try {
      this.parts.log.committed(sealed);
      await this.parts.onCommitted?.(sealed);
    } catch (error) {
      onError(error as Error);
    }
  }
}
