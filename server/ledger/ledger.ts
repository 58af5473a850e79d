/**
 * The ledger, the interface for the rest of the server: takes commands, and returns replies once
 * they are durable. Batches form automatically: while one commits behind the link, the next one
 * fills here.
 */
import { batchCommandsMax, commandsPendingMax, epochMs, otherServersMs } from "../../lib/limits.ts";
import type { OnCopied } from "../../lib/private_file.ts";
import type { Clock, Timers } from "../../lib/world.ts";
import type { LoggedRow } from "../audit/entry.ts";
import type { CheckedBooks, OnProgress } from "./check.ts";
import type { ClockState } from "./clock.ts";
import type { Command, Reply } from "./command.ts";
import type { BatchOutcome, LedgerLink, LinkEvents } from "./link.ts";
import type { Account, MovementId } from "./model.ts";
import type { ReadStore } from "./store.ts";

export interface LedgerDependencies {
  link: LedgerLink;
  world: Clock & Timers;
  /** Called with each line for the operator's log. */
  onTrouble: (message: string) => void;
  /** As `LinkEvents` has it. */
  onMoved: LinkEvents["onMoved"];
  /** Whether other servers change the books, too. */
  shared: boolean;
  /** Called after each batch. */
  onBatch?: (facts: BatchFacts) => void;
}

/** A batch of commands that was answered, for the server's figures. */
export interface BatchFacts {
  commands: readonly Command[];
  replies: readonly Reply[];
  /** How long each command waited for its reply. */
  waitedMs: readonly number[];
  commitMs: number;
  /** Commands that wait for the next batch. */
  queued: number;
  /** Why no money moves, by the clock; null while it moves. */
  clockDoubt: string | null;
}

type Read = {
  [K in keyof ReadStore]: (
    ...args: Parameters<ReadStore[K]>
  ) => Promise<Awaited<ReturnType<ReadStore[K]>>>;
};

/** A command's outcome is unknown: only repeating the command determines it. */
export class OutcomeUnknown extends Error {
  override name = "OutcomeUnknown";
}

interface Submitted {
  command: Command;
  /** By the monotonic clock. */
  sinceMs: number;
  reply: PromiseWithResolvers<Reply>;
}

export class Ledger {
  readonly #watchers = new Map<number, Set<(account: Account) => void>>();
  #waiting: Submitted[] = [];
  /** The batch in progress. */
  #committing: Promise<void> | null = null;
  /** Movements of the present batch while its commit is in doubt; otherwise null. */
  #doubtful: ReadonlySet<MovementId> | null = null;
  #batch: readonly Submitted[] = [];
  #fault: string | null = null;
  #stopping = false;
  readonly #whenInDoubt = Promise.withResolvers<void>();
  /** Cancels the end of the log's present epoch. */
  #cancelEpoch: (() => void) | undefined;
  #epochDue = false;

  /** Reads outside batches, by the store's own names. */
  readonly read: Read = new Proxy({} as Read, {
    get: (_, name: keyof ReadStore) => (...args: unknown[]) =>
      this.dependencies.link.read(name, args),
  });

  /** On a shared database: the version last notified, for each watched account. */
  readonly #versions = new Map<number, number>();
  #cancelPoll: (() => void) | undefined;

  private constructor(private readonly dependencies: LedgerDependencies) {}

  /**
   * Opens a ledger's link, and the ledger on it.
   * @throws what `openLink` throws
   */
  static async open<Link extends LedgerLink>(
    openLink: (events: LinkEvents) => Promise<Link>,
    dependencies: Omit<LedgerDependencies, "link">,
  ): Promise<{ ledger: Ledger; link: Link }> {
    const opened: { ledger?: Ledger } = {};
    const link = await openLink({
      onTrouble: dependencies.onTrouble,
      onMoved: dependencies.onMoved,
      onDoubt(inDoubt) {
        const { ledger } = opened;
        if (ledger) ledger.#setDoubt(inDoubt);
      },
      onFault(fault) {
        const { ledger } = opened;
        if (ledger) ledger.#fault = fault;
      },
    });
    const ledger = opened.ledger = new Ledger({ ...dependencies, link });
    return { ledger, link };
  }

  /** Returns whether other servers change the books, too. */
  get isShared(): boolean {
    return this.dependencies.shared;
  }

  /** The fault for which nothing can be committed, in words; null while commits succeed. */
  get fault(): string | null {
    return this.#fault;
  }

  /**
   * Runs a command; the reply is returned once it is durable, or gives the reason why nothing
   * happened.
   * @throws {OutcomeUnknown} if the ledger stops, or its thread fails, before the outcome is known
   */
  submit(command: Command): Promise<Reply> {
    if (this.#waiting.length >= commandsPendingMax || !this.#mayWait(command)) {
      return Promise.resolve(this.#tryLater());
    }
    const reply = Promise.withResolvers<Reply>();
    this.#waiting.push({ command, sinceMs: this.dependencies.world.monotonicMs(), reply });
    if (this.#stopping && this.#doubtful) this.#leaveUnanswered();
    else this.#commitSoon();
    return reply.promise;
  }

  /** Stops waiting for a commit in doubt: its outcome stays unknown. */
  stopWaiting(): void {
    this.#stopping = true;
    if (this.#doubtful) this.#leaveUnanswered();
  }

  /** Called when a commit is in doubt, and when its outcome is known. */
  #setDoubt(inDoubt: boolean): void {
    if (!inDoubt) {
      this.#doubtful = null;
      return;
    }
    this.#doubtful = new Set(this.#batch.flatMap(({ command }) => movementOf(command) ?? []));
    const waiting = this.#waiting;
    this.#waiting = waiting.filter(({ command }) => this.#mayWait(command));
    for (const { command, reply } of waiting) {
      if (!this.#mayWait(command)) reply.resolve(this.#tryLater());
    }
    if (!this.#stopping) return;
    this.#leaveUnanswered();
    this.#whenInDoubt.resolve();
  }

  /**
   * Returns whether a command may wait for a commit in doubt. Since nothing else runs meanwhile,
   * "try later" is true for other commands. It is not for a movement in doubt. An entry of the log
   * waits, since its action must not be answered without it.
   */
  #mayWait(command: Command): boolean {
    if (this.#doubtful === null || command.op === "log") return true;
    const movement = movementOf(command);
    return movement !== null && this.#doubtful.has(movement);
  }

  #tryLater(): Reply {
    return { outcome: "try_later", timeMs: this.dependencies.world.nowMs() };
  }

  #leaveUnanswered(): void {
    const unanswered = [...this.#batch, ...this.#waiting.splice(0)];
    for (const { reply } of unanswered) {
      reply.promise.catch(() => {}); // some commands have no waiting caller
      reply.reject(new OutcomeUnknown("the ledger stopped before the outcome was known"));
    }
  }

  /** Returns why no money moves, by the clock as it is now: in words; null while it moves. */
  async clockDoubt(): Promise<string | null> {
    return (await this.clockState()).doubt;
  }

  /** Returns the clocks as they are now. */
  clockState(): Promise<ClockState> {
    return this.dependencies.link.clockState();
  }

  /** Recomputes the books from their movements, while all else waits. */
  check(onProgress: OnProgress = () => {}): Promise<CheckedBooks> {
    return this.dependencies.link.check(onProgress);
  }

  /** Copies the books to a file, while all else waits. */
  backUp(path: string, onCopied?: OnCopied): Promise<void> {
    return this.dependencies.link.backUp(path, onCopied);
  }

  /** Calls `listener` after every committed change of an account, in order, until the result is called. */
  watch(account: number, listener: (account: Account) => void): () => void {
    const watchers = this.#watchers.get(account) ?? new Set();
    this.#watchers.set(account, watchers.add(listener));
    if (this.dependencies.shared && !this.#versions.has(account)) this.#beginPolling(account);
    return () => {
      watchers.delete(listener);
      if (watchers.size > 0) return;
      this.#watchers.delete(account);
      this.#versions.delete(account);
    };
  }

  /**
   * Waits for pending batches, but not for a commit in doubt; ends the log's epoch; closes the
   * link.
   */
  async close(): Promise<void> {
    this.stopWaiting();
    this.#epochDue = true;
    this.#commitSoon();
    while (this.#committing && !this.#doubtful) {
      await Promise.race([this.#committing, this.#whenInDoubt.promise]);
    }
    this.#cancelEpoch?.();
    this.#cancelPoll?.();
    this.#versions.clear();
    await this.dependencies.link.close();
  }

  /**
   * Starts polling, so that a watcher's next notification is newer than its reads after `watch`.
   */
  #beginPolling(account: number): void {
    this.#versions.set(account, 0);
    this.read.account(account).then((state) => {
      const version = this.#versions.get(account);
      if (state && version !== undefined) {
        this.#versions.set(account, Math.max(version, state.version));
      }
    }, () => {}).finally(() => this.#pollSoon());
  }

  #pollSoon(): void {
    if (this.#versions.size === 0) return;
    this.#cancelPoll ??= this.dependencies.world.after(otherServersMs, async () => {
      try {
        const states = await this.read.accountsAmong([...this.#versions.keys()]);
        states.forEach((state) => this.#notify(state));
      } catch (error) {
        const { message } = error as Error;
        const trouble = `reading other servers' changes failed: ${message}`;
        if (this.#versions.size > 0) this.dependencies.onTrouble(trouble);
      }
      this.#cancelPoll = undefined;
      this.#pollSoon();
    });
  }

  /**
   * Notifies each change once, whichever server made it; of several at once, perhaps only the last.
   */
  #notify(account: Account): void {
    const version = this.#versions.get(account.id);
    if (version !== undefined) {
      if (account.version <= version) return;
      this.#versions.set(account.id, account.version);
    }
    this.#watchers.get(account.id)?.forEach((listener) => listener(account));
  }

  /**
   * Starts a batch at the end of the turn of the event loop, so that commands of one turn share it.
   */
  #commitSoon(): void {
    this.#committing ??= Promise.resolve().then(() => this.#commit());
  }

  async #commit(): Promise<void> {
    const batch = this.#batch = this.#waiting.splice(0, batchCommandsMax);
    const commands = batch.map(({ command }) => command);
    const endEpoch = this.#epochDue;
    this.#epochDue = false;
    const beganMs = this.dependencies.world.monotonicMs();
    try {
      const outcome = await this.dependencies.link.run(commands, endEpoch);
      this.#committed(batch, outcome);
      this.#report(batch, outcome, beganMs);
    } catch (error) {
      this.dependencies.onTrouble((error as Error).message);
      for (const { reply } of batch) {
        reply.promise.catch(() => {}); // some commands have no waiting caller
        reply.reject(new OutcomeUnknown((error as Error).message));
      }
    }
    this.#batch = [];
    this.#committing = null;
    if (this.#waiting.length > 0 || this.#epochDue) this.#commitSoon();
  }

  #committed(batch: readonly Submitted[], outcome: BatchOutcome): void {
    if (outcome.epochOpen) this.#endEpochInTime();
    const rows = new Map(outcome.repeated.map(({ index, row }) => [index, row]));
    for (const [index, { reply }] of batch.entries()) {
      const row = rows.get(index);
      const answer = outcome.replies[index]!;
      reply.resolve(row === undefined ? answer : this.#withPlace(answer, row));
    }
    outcome.accounts.forEach((account) => this.#notify(account));
  }

  #report(batch: readonly Submitted[], outcome: BatchOutcome, beganMs: number): void {
    const { onBatch, world } = this.dependencies;
    if (!onBatch || batch.length === 0) return;
    const nowMs = world.monotonicMs();
    onBatch({
      commands: batch.map(({ command }) => command),
      replies: outcome.replies,
      waitedMs: batch.map(({ sinceMs }) => nowMs - sinceMs),
      commitMs: nowMs - beganMs,
      queued: this.#waiting.length,
      clockDoubt: outcome.clockDoubt ?? null,
    });
  }

  /** Returns a repeated command's reply, with the place of its first entry. */
  async #withPlace(reply: Reply, row: LoggedRow): Promise<Reply> {
    try {
      const logged = await this.dependencies.link.placeOf(row);
      return logged ? { ...reply, logged } : reply;
    } catch (error) {
      this.dependencies.onTrouble(`no place for a receipt: ${(error as Error).message}`);
      return reply;
    }
  }

  #endEpochInTime(): void {
    this.#cancelEpoch ??= this.dependencies.world.after(epochMs, () => {
      this.#cancelEpoch = undefined;
      this.#epochDue = true;
      this.#commitSoon();
    });
  }
}

function movementOf(command: Command): MovementId | null {
  return "movement" in command ? command.movement : null;
}
