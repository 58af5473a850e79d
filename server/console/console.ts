/**
 * An operator's console: has the operator's key while it is unlocked, watches the bank, and signs what
 * its page asks for. The page has no key and no way to the bank but this.
 */
import type {
  ActAnswer,
  BankNews,
  ConsoleCalls,
  ConsoleQuery,
  ConsoleView,
  HoldNews,
  LockReason,
  LongCheck,
  OutlastingAct,
  ReadAnswer,
  RowsOf,
  TerminalNews,
  WatchedBank,
} from "../../lib/console.ts";
import { UsageError } from "../../lib/errors.ts";
import {
  consoleIdleMsMax,
  consoleOutlastingMax,
  consoleRefusedRetryMs,
  consoleRetryMs,
} from "../../lib/limits.ts";
import type { OperatorCommand } from "../../lib/operator_commands.ts";
import { type Clock, pause, type Socket, type Timers } from "../../lib/world.ts";
import { BadLog } from "../audit/verify.ts";
import {
  CommandRefused,
  CommandUnsure,
  isToBeKept,
  type OperatorAnswer,
} from "../operator/request.ts";
import type { Signer } from "../operator/signed_request.ts";
import { askServer } from "../operator/socket.ts";
import { commandInWords } from "../operator/words.ts";
import { readRows } from "./reads.ts";
import { followed, Recent } from "./recent.ts";

export interface ConsoleWorld extends Timers, Clock {
  connectUnix(path: string): Promise<Socket>;
}

export interface ConsoleOptions {
  world: ConsoleWorld;
  /** The bank's folder. */
  folder: string;
  /** Receives lines for the operator's terminal. */
  say(line: string): void;
  /** Shorter in tests. */
  idleMsMax?: number;
  /**
   * Verifies the log, and returns the result in words; absent without the log's first key.
   * @param answers returns the bank's answers to `read_audit`
   * @throws {BadLog} naming the first invalid entry
   * @throws {UsageError} if it could not be verified
   */
  verify?(
    answers: () => AsyncIterable<OperatorAnswer>,
    onProgress: (done: number, of: number) => void,
  ): Promise<string>;
}

/** What the console has of the bank, while it is unlocked. */
interface Open {
  signer: Signer;
  /** Ends the watch and all reads; acts and checks have been signed, and go on. */
  locking: AbortController;
  terminals: Map<string, TerminalNews>;
  holds: Map<string, HoldNews>;
  news: BankNews | null;
  recent: Recent;
  /** The last answer to each kind of query, and how many recent entries there were before it. */
  kept: Map<ConsoleQuery["of"], { query: string; answer: ReadAnswer<unknown[]>; total: number }>;
}

type OpenView = Extract<ConsoleView, { state: "open" }>;
type CheckName = "verification" | "booksCheck" | "backup";
type CheckProgress = (done: number, of: number, isCopying?: boolean) => void;
type CheckResult = Omit<Extract<LongCheck, { words: string }>, "timeMs">;
/** @throws {BadLog} for a log that was changed */
type RunCheck = (open: Open, onProgress: CheckProgress) => Promise<CheckResult>;

const checkWords: Record<CheckName, string> = {
  verification: "verify the log",
  booksCheck: "check the books",
  backup: "back up the books",
};

export class Console implements ConsoleCalls {
  #open: Open | null = null;
  #view: ConsoleView;
  #listeners = new Set<(view: ConsoleView) => void>();
  #locked = Promise.withResolvers<LockReason>();
  #pageEnded = Promise.withResolvers<void>();
  #usedMs = { wall: 0, monotonic: 0 };
  #cancelIdle: () => void = () => {};
  /** Ends everything. */
  #closing = new AbortController();
  #checks: Pick<OpenView, CheckName>;
  #outlasting = new Map<number, OutlastingAct>();
  #outlastingCount = 0;
  #bankId: string | null = null;

  /** @param signer the operator's key: the console begins unlocked */
  constructor(private readonly options: ConsoleOptions, signer: Signer) {
    this.#view = lost(signer.name, "the console connects to the bank");
    const idle = { state: "idle" } as const;
    this.#checks = { verification: options.verify ? idle : null, booksCheck: idle, backup: idle };
    this.unlock(signer);
  }

  view(): ConsoleView {
    return this.#view;
  }

  watch(listener: (view: ConsoleView) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Settles when the console locks, with the reason. */
  get locked(): Promise<LockReason> {
    return this.#locked.promise;
  }

  /** Opens the console with the operator's key. */
  unlock(signer: Signer): void {
    this.#end();
    this.#locked = Promise.withResolvers();
    const locking = new AbortController();
    const open: Open = {
      signer,
      locking,
      terminals: new Map(),
      holds: new Map(),
      news: null,
      recent: new Recent(),
      kept: new Map(),
    };
    this.#open = open;
    this.#use();
    this.#show(lost(signer.name, "the console connects to the bank"));
    void this.#follow(open);
  }

  lock(): Promise<void> {
    this.#lockWith("asked");
    return Promise.resolve();
  }

  touch(): Promise<void> {
    if (this.#isOpen()) this.#use();
    return Promise.resolve();
  }

  async act(command: OperatorCommand): Promise<ActAnswer> {
    const open = this.#isOpen();
    if (!open) return { outcome: "refused", why: "the console is locked" };
    this.#use();
    const { say, world } = this.options;
    const begun = { words: commandInWords(command), sinceMs: world.nowMs() };
    const answered = this.#act(open, command).then((answer) => {
      say(`${begun.words}: ${answer.outcome}`);
      return answer;
    });
    const answer = await Promise.race([
      answered,
      this.locked.then(() => "the console locked before the bank's answer"),
      this.#pageEnded.promise.then(() => "its page ended before the bank's answer"),
    ]);
    if (typeof answer !== "string") return answer;
    void this.#outlast(begun, answered);
    return { outcome: "unsure", why: answer };
  }

  /** The page is gone: the outcomes of its acts under way are for the next one. */
  endPage(): Promise<void> {
    this.#pageEnded.resolve();
    this.#pageEnded = Promise.withResolvers();
    return Promise.resolve();
  }

  dismiss(id: number): Promise<void> {
    if (this.#isOpen() && this.#outlasting.get(id)?.answer) {
      this.#use();
      this.#outlasting.delete(id);
      this.#showAgain();
    }
    return Promise.resolve();
  }

  async read<Query extends ConsoleQuery>(query: Query): Promise<ReadAnswer<RowsOf<Query>>> {
    const open = this.#isOpen();
    if (!open) return { failed: "the console is locked" };
    try {
      const { terminals, holds, locking: { signal } } = open;
      const ask = (command: OperatorCommand) => this.#answers(open, command, signal);
      const { total } = open.recent;
      const answer = await readRows(query, {
        terminals: () => [...terminals.values()],
        holds,
        ask,
      });
      open.kept.set(query.of, { query: JSON.stringify(query), answer, total });
      return answer;
    } catch (error) {
      if (open.locking.signal.aborted) return { failed: "the console is locked" };
      if (!(error instanceof UsageError)) throw error;
      return { failed: error.message };
    }
  }

  async refresh<Query extends ConsoleQuery>(query: Query): Promise<ReadAnswer<RowsOf<Query>>> {
    const open = this.#isOpen();
    const kept = open?.kept.get(query.of);
    if (open && kept?.query === JSON.stringify(query)) {
      const answer = followed(query, kept.answer, open.recent.since(kept.total));
      if (answer !== null) return answer as ReadAnswer<RowsOf<Query>>;
    }
    return await this.read(query);
  }

  verify(): Promise<void> {
    return this.#begin("verification", async (open, onProgress) => {
      const answers = () => this.#answers(open, { command: "read_audit" }, this.#closing.signal);
      const words = await this.options.verify!(answers, onProgress);
      return { state: "good", words };
    });
  }

  check(): Promise<void> {
    return this.#begin("booksCheck", async (open, onProgress) => {
      let result: CheckResult = { state: "failed", words: "the server gave no result" };
      const check = { command: "check_ledger" } as const;
      for await (const answer of this.#answers(open, check, this.#closing.signal)) {
        if ("copied" in answer) onProgress(answer.copied, answer.of, true);
        if ("checked" in answer) onProgress(answer.checked, answer.of);
        if ("line" in answer) result = { state: "good", words: answer.line };
        if ("bad" in answer) result = { state: "bad", words: answer.bad };
      }
      return result;
    });
  }

  backUp(): Promise<void> {
    return this.#begin("backup", async (open, onProgress) => {
      const lines: string[] = [];
      const backUp = { command: "back_up", inFolder: true } as const;
      for await (const answer of this.#answers(open, backUp, this.#closing.signal)) {
        if ("copied" in answer) onProgress(answer.copied, answer.of, true);
        if ("checked" in answer) onProgress(answer.checked, answer.of);
        if ("line" in answer) lines.push(answer.line);
      }
      return { state: "good", words: lines.join("; ") };
    });
  }

  /** Drops the key, and ends what is under way. */
  close(): void {
    this.#closing.abort();
    this.#end();
  }

  /** Returns what is open, unless it has not been used for too long: a computer may have slept. */
  #isOpen(): Open | null {
    const { world: { nowMs, monotonicMs }, idleMsMax = consoleIdleMsMax } = this.options;
    const { wall, monotonic } = this.#usedMs;
    const idleMs = Math.max(nowMs() - wall, monotonicMs() - monotonic);
    if (idleMs > idleMsMax) this.#lockWith("idle");
    return this.#open;
  }

  /** Starts the time without use again. */
  #use(): void {
    const { world, idleMsMax = consoleIdleMsMax } = this.options;
    this.#usedMs = { wall: world.nowMs(), monotonic: world.monotonicMs() };
    this.#cancelIdle();
    this.#cancelIdle = world.after(idleMsMax, () => this.#lockWith("idle"));
  }

  #lockWith(why: LockReason): void {
    if (!this.#open) return;
    const { name } = this.#open.signer;
    this.#end();
    this.#show({ state: "locked", operator: name, why });
    this.#locked.resolve(why);
  }

  #end(): void {
    this.#cancelIdle();
    this.#open?.locking.abort();
    this.#open = null;
  }

  #show(view: ConsoleView): void {
    this.#view = view;
    for (const listener of this.#listeners) listener(view);
  }

  /** Watches the bank for as long as this is open. */
  async #follow(open: Open): Promise<void> {
    const { world } = this.options;
    const { signal } = open.locking;
    while (!signal.aborted) {
      let retryMs = consoleRetryMs;
      try {
        const watch = { command: "watch_bank", follow: true } as const;
        let isFirst = true;
        for await (const answer of this.#answers(open, watch, signal)) {
          if ("line" in answer) this.#take(open, JSON.parse(answer.line), isFirst);
          isFirst = false;
        }
      } catch (error) {
        if (signal.aborted) return;
        if (error instanceof CommandRefused) retryMs = consoleRefusedRetryMs;
        this.#show(lost(open.signer.name, (error as Error).message));
      }
      await pause(world, retryMs, signal);
    }
  }

  /** @param isFirst whether it has everything: the watch has just begun, and what was before is unknown */
  #take(open: Open, piece: WatchedBank, isFirst: boolean): void {
    if (open !== this.#isOpen()) return;
    const { news, terminals = [], holds = [], settled = [], entries = [], missed = false } = piece;
    open.recent.add(entries, missed || isFirst);
    if (isFirst) {
      open.terminals.clear();
      open.holds.clear();
    }
    for (const terminal of terminals) open.terminals.set(terminal.name, terminal);
    for (const hold of holds) open.holds.set(hold.movement, hold);
    for (const movement of settled) open.holds.delete(movement);
    open.news = news ?? open.news;
    if (open.news) this.#showOpen(open.signer.name, open.news);
  }

  #showOpen(operator: string, news: BankNews): void {
    const outlasting = [...this.#outlasting.values()];
    this.#show({ state: "open", operator, news, ...this.#checks, outlasting });
  }

  /** Shows what has changed in this process, if the bank's state is shown. */
  #showAgain(): void {
    if (this.#view.state === "open") this.#showOpen(this.#view.operator, this.#view.news);
  }

  /** Starts a check, unless it is under way. */
  #begin(name: CheckName, run: RunCheck): Promise<void> {
    const open = this.#isOpen();
    const check = this.#checks[name];
    if (open && check && check.state !== "running") {
      this.#use();
      void this.#run(open, name, run);
    }
    return Promise.resolve();
  }

  /** Runs a check; shows each percent of it, and its result. */
  async #run(open: Open, name: CheckName, run: RunCheck): Promise<void> {
    const { say, world } = this.options;
    const show = (check: LongCheck) => {
      this.#checks = { ...this.#checks, [name]: check };
      this.#showAgain();
    };
    let shown = { isCopying: false, percent: 0 };
    show({ state: "running", done: 0, of: 1, isCopying: false });
    const onProgress: CheckProgress = (done, of, isCopying = false) => {
      const percent = Math.floor(100 * done / Math.max(1, of));
      if (isCopying === shown.isCopying && percent <= shown.percent) return;
      shown = { isCopying, percent };
      show({ state: "running", done, of, isCopying });
    };
    const result = await run(open, onProgress).catch((error): CheckResult => ({
      state: error instanceof BadLog ? "bad" : isSure(error) ? "failed" : "unsure",
      words: withoutFlags((error as Error).message),
    }));
    show({ ...result, timeMs: world.nowMs() });
    say(`${checkWords[name]}: ${result.state}`);
  }

  /** Keeps the outcome of an act that a lock or its page's end left under way, for its operator. */
  async #outlast(
    begun: Pick<OutlastingAct, "words" | "sinceMs">,
    answered: Promise<ActAnswer>,
  ): Promise<void> {
    const id = this.#outlastingCount++;
    const keep = (answer: ActAnswer | null) => {
      this.#outlasting.set(id, { id, ...begun, answer });
      const [oldest] = this.#outlasting.keys();
      if (this.#outlasting.size > consoleOutlastingMax) this.#outlasting.delete(oldest!);
      this.#showAgain();
    };
    keep(null);
    keep(await answered);
  }

  /** @throws {CommandRefused} for another bank than the first that answered, before or after a lock */
  #checkBank(bankId: string): void {
    this.#bankId ??= bankId;
    if (this.#bankId === bankId) return;
    throw new CommandRefused(
      `another bank answers in ${this.options.folder} than when this console started: nothing is ` +
        "signed for it. End the console, and start it again for that bank",
    );
  }

  /**
   * Gives the bank a command, signed while the console is unlocked.
   * @param signal ends it
   * @throws {UsageError} if it is refused, or no server runs
   * @throws {CommandUnsure} if the server is silent
   */
  async *#answers(
    { signer, locking }: Open,
    command: OperatorCommand,
    signal: AbortSignal,
  ): AsyncGenerator<OperatorAnswer, void, void> {
    const { folder, world } = this.options;
    const sign: Signer["sign"] = (message) => {
      if (!locking.signal.aborted) return signer.sign(message);
      throw new CommandRefused("the console locked before this was signed. Nothing was done");
    };
    const connectUnix = async (path: string): Promise<Socket> => {
      const socket = await world.connectUnix(path);
      if (signal.aborted) socket.close();
      signal.addEventListener("abort", () => socket.close(), { once: true });
      return socket;
    };
    const answers = await askServer(
      { after: world.after, connectUnix, checkBank: (bankId) => this.#checkBank(bankId) },
      folder,
      command,
      () => Promise.resolve({ ...signer, sign }),
    );
    if (!answers) {
      throw new UsageError(`no server runs for ${folder}. Start it: 'deno task server'`);
    }
    for await (const answer of answers) {
      if (isToBeKept(answer)) throw new CommandRefused(needsFile); // the bank changes nothing without it
      yield answer;
    }
  }

  async #act(open: Open, command: OperatorCommand): Promise<ActAnswer> {
    const lines: string[] = [];
    let proposal: string | null = null;
    try {
      for await (const answer of this.#answers(open, command, this.#closing.signal)) {
        if ("line" in answer) lines.push(answer.line);
        if ("checkpoint" in answer) lines.push(answer.checkpoint);
        if ("receipt" in answer) lines.push(answer.receipt);
        if ("bad" in answer) lines.push(answer.bad);
        if ("proposal" in answer) proposal = answer.proposal;
      }
      return proposal === null
        ? { outcome: "done", lines }
        : { outcome: "proposed", proposal, lines };
    } catch (error) {
      const why = withoutFlags((error as Error).message);
      // a command of several steps may end after some of them
      return { outcome: isSure(error) && lines.length === 0 ? "refused" : "unsure", why };
    }
  }
}

/** Returns whether the command that failed had no effect. */
const isSure = (error: unknown) => error instanceof UsageError && !(error instanceof CommandUnsure);

/** Returns a refusal without the dashes of its flags, which are fields here; commands keep theirs. */
const withoutFlags = (text: string) =>
  text.replace(/'deno task [^']*'|--([a-z]+)/g, (whole, flag?: string) => flag ?? whole);

const needsFile = "this command writes a file: run it in the terminal, with " +
  "'deno task bank approvals approve ID --out FILE' for a proposal. Nothing was changed";

function lost(operator: string, why: string): ConsoleView {
  return { state: "lost", operator, why };
}
