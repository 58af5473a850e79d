/**
 * One ATM's requests, each turned into a ledger command. Customer operations act for the visit's own
 * customer; settling acts for the channel's terminal, needs nobody logged in, and reaches only that
 * terminal's own movements.
 */
import type { AccountView, DayBalance, HistoryFilter } from "../../lib/atm.ts";
import type { AtmOutcome } from "../../lib/errors.ts";
import { balanceDaysMax, passwordLengthMin, visitIdleMsMax } from "../../lib/limits.ts";
import { type AmountFault, formatMoney, minorFromText, readAmount } from "../../lib/money.ts";
import type { Answer, Ask, AskOf, Push } from "../../lib/protocol/message.ts";
import { nameHashOf } from "../audit/keys.ts";
import type { Bank } from "../bank.ts";
import { reportInWords } from "../device_words.ts";
import type { EntryKind } from "../audit/entry.ts";
import type { Command, Reply } from "../ledger/command.ts";
import type { AccountState } from "../ledger/model.ts";
import { dateOf, dayOf } from "../ledger/day.ts";
import type { DayEnd } from "../ledger/store.ts";
import type { Presence } from "./presence.ts";

/** Log-ins under way, one per terminal at most, over all of its connections. */
export type LogInsUnderWay = Set<string>;

/** The terminal at the other end of a channel. */
export interface ProvedTerminal {
  readonly id: string;
  readonly name: string;
  readonly keyVersion: number;
}

/** The terminal was revoked, or its key has ended: nothing was done, and its channel must be closed. */
export class KeyEnded extends Error {
  override name = "KeyEnded";
}

export class Requests {
  #visit:
    | {
      username: string;
      lastMs: number;
      /** The numbers of the customer's accounts. */
      accounts: readonly number[];
      stopWatching: () => void;
      leave: () => void;
      /** Ends the customer's visits at other terminals. */
      endOthers: () => void;
    }
    | null = null;
  #idleTimer: ReturnType<typeof setTimeout> | undefined;
  #visited = false;
  /** Changes of accounts while a request is under way: its answer may tell of them already. */
  #heldBack: Map<number, AccountState> | null = null;

  /**
   * @param terminal the terminal that has proved itself on this channel, and the version of its key
   * @param presence who is logged in at the bank's terminals
   * @param push tells the ATM something unasked
   */
  constructor(
    private readonly bank: Bank,
    private readonly terminal: ProvedTerminal,
    private readonly logInsUnderWay: LogInsUnderWay,
    private readonly presence: Presence,
    private readonly push: (message: Push) => void,
  ) {}

  /**
   * Answers one request, once it is durable; then tells what changed meanwhile and the answer does not
   * say. A customer's own movement is one message so, not two.
   * @throws {KeyEnded} when this terminal may do nothing more
   */
  async answer(ask: Ask, say: (answer: Answer) => void): Promise<void> {
    const heldBack = this.#heldBack = new Map<number, AccountState>();
    try {
      const answer = await this.handle(ask);
      say(answer);
      const said = answer.account;
      for (const account of heldBack.values()) {
        const isSaid = said?.id === String(account.id) && said.version >= account.version;
        if (this.#visit && !isSaid) this.push({ push: "account", account: viewOf(account) });
      }
    } finally {
      this.#heldBack = null;
    }
  }

  /**
   * The answer to one request, once it is durable.
   * @throws {KeyEnded} when this terminal may do nothing more
   */
  async handle(ask: Ask): Promise<Answer> {
    switch (ask.op) {
      case "hello":
        return await this.#hello();
      case "log_in":
        return await this.#logIn(ask);
      case "log_out":
        await this.#end(ask.reason === "idle" ? "log out - idle" : "log out");
        return { outcome: "ok" };
      case "touch":
        return this.#touched() ? { outcome: "ok" } : { outcome: "not_logged_in" };
      case "report":
        return await this.#report(ask);
      case "complete":
      case "reverse":
      case "void":
      case "load_cash":
      case "count_cash":
        return await this.#settle(ask);
      case "retell":
        return await this.#retell(ask);
      case "retold":
        return answerOf(await this.#submit({ op: "retold", terminal: this.terminal.id }));
      default:
        return this.#touched() ? await this.#ofCustomer(ask) : await this.#withoutVisit(ask);
    }
  }

  async #ofCustomer(
    ask: AskOf<
      | "history"
      | "authorise"
      | "transfer"
      | "recipient"
      | "balance"
      | "change_password"
      | "refused"
    >,
  ): Promise<Answer> {
    switch (ask.op) {
      case "history":
        return await this.#history(ask);
      case "authorise":
        return await this.#authorise(ask);
      case "transfer":
        return await this.#transfer(ask);
      case "recipient":
        return await this.#recipient(ask);
      case "balance":
        return await this.#balance(ask);
      case "change_password":
        return await this.#changePassword(ask);
      case "refused":
        return await this.#refused(ask);
    }
  }

  /** An honest machine does not ask this: the log hears which one did. */
  async #withoutVisit({ op }: Ask): Promise<Answer> {
    const outcome = "not_logged_in";
    await this.#log(`terminal ${this.terminal.name}`, op, "other", outcome);
    return { outcome };
  }

  /** The connection is gone, for whatever reason: nobody stands at this ATM any more. */
  async gone(): Promise<void> {
    await this.#end("log out - connection lost");
  }

  /** Whether the terminal's key still stands is decided within the commit. */
  async #submit(command: Command): Promise<Reply> {
    const underKey = this.terminal.keyVersion;
    const reply = await this.bank.ledger.submit({ ...command, underKey });
    if (reply.outcome === "terminal_revoked") throw new KeyEnded();
    return reply;
  }

  async #hello(): Promise<Answer> {
    const { bankName: name, currency, timeZone } = this.bank.settings;
    const restoring = await this.bank.ledger.read.restoring();
    const retell = restoring?.waiting.includes(this.terminal.id)
      ? { retell: new Date(restoring.sinceMs).toISOString() }
      : {};
    const bank = { name, currency, timeZone, terminal: this.terminal.name, ...retell };
    return { outcome: "ok", bank };
  }

  async #logIn({ username, password }: AskOf<"log_in">): Promise<Answer> {
    const terminal = this.terminal.id;
    // One log-in a session: the next customer gets a fresh handshake.
    const refused = this.#visited
      ? "already_logged_in"
      : this.logInsUnderWay.has(terminal) || this.bank.passwords.busy
      ? "try_later"
      : null;
    if (refused) {
      await this.#log(`terminal ${this.terminal.name}`, "log in", "log-in", refused);
      return { outcome: refused };
    }
    this.logInsUnderWay.add(terminal);
    try {
      const nameHash = nameHashOf(this.bank.auditKeys.newest, username);
      const { passwords } = this.bank;
      const begun = await this.#submit({ op: "begin_log_in", username, nameHash, terminal });
      if (begun.outcome !== "ok") {
        return { outcome: begun.outcome, retryAfterMs: begun.retryAfterMs };
      }
      const passed = await passwords.verify(password, begun.passwordHash ?? null);
      const reply = await this.#submit({ op: "end_log_in", username, nameHash, terminal, passed });
      if (reply.outcome !== "ok" || !reply.account) return { outcome: reply.outcome };
      const { account: { id: first }, accounts: usable = [] } = reply;
      const ids = [...new Set([first, ...usable.map(({ id }) => id)])];
      const elsewhereNow = this.#begin(username, ids);
      // Read again now that they are watched: what was committed in between would be told to nobody.
      const { account } = this.bank.ledger.read;
      const fresh = new Map((await Promise.all(ids.map(account))).map((row) => [row!.id, row!]));
      const elsewhere = elsewhereNow();
      return {
        ...answerOf({ ...reply, account: fresh.get(first) }),
        accounts: usable.map(({ id }) => viewOf(fresh.get(id)!)),
        ...(elsewhere.length > 0 && { elsewhere }),
      };
    } finally {
      this.logInsUnderWay.delete(terminal);
    }
  }

  /** Begins the visit; what is returned tells where else the customer is logged in. */
  #begin(username: string, accounts: readonly number[]): () => string[] {
    const stops = accounts.map((id) =>
      this.bank.ledger.watch(id, (account) => {
        if (this.#heldBack) this.#heldBack.set(account.id, account);
        else this.push({ push: "account", account: viewOf(account) });
      })
    );
    const stopWatching = () => stops.forEach((stop) => stop());
    const { elsewhere, ...present } = this.presence.enter(username, {
      terminal: this.terminal.name,
      told: (terminals) => this.push({ push: "elsewhere", terminals }),
      ended: () => {
        this.#end("log out - password changed elsewhere").catch(() => {}); // the ledger tells of it
        this.push({ push: "visit_ended", reason: "bank" });
      },
    });
    this.#visited = true;
    this.#visit = { username, lastMs: Date.now(), accounts, stopWatching, ...present };
    this.#watchIdleness(visitIdleMsMax);
    return elsewhere;
  }

  #touched(): boolean {
    if (this.#visit) this.#visit.lastMs = Date.now();
    return this.#visit !== null;
  }

  #watchIdleness(ms: number): void {
    this.#idleTimer = setTimeout(async () => {
      if (!this.#visit) return;
      const leftMs = this.#visit.lastMs + visitIdleMsMax - Date.now();
      if (leftMs > 0) return this.#watchIdleness(leftMs);
      await this.#end("log out - idle");
      this.push({ push: "visit_ended", reason: "idle" });
    }, ms);
  }

  async #end(action: string): Promise<void> {
    if (!this.#visit) return;
    const { username, stopWatching, leave } = this.#visit;
    this.#visit = null;
    clearTimeout(this.#idleTimer);
    stopWatching();
    leave();
    await this.#log(username, action, "log-in");
  }

  async #log(
    who: string,
    action: string,
    kind: EntryKind,
    outcome: AtmOutcome = "ok",
  ): Promise<Reply> {
    const terminal = this.terminal.id;
    return await this.#submit({ op: "log", who, action, kind, outcome, terminal });
  }

  async #history({ filter, cursor, sealed }: AskOf<"history">): Promise<Answer> {
    const { username } = this.#visit!;
    const page = await this.bank.auditLog.history({ customer: username, filter, cursor, sealed });
    await this.#log(username, lookInWords(filter, cursor), "other");
    return { outcome: "ok", ...page };
  }

  async #balance({ account: text }: AskOf<"balance">): Promise<Answer> {
    const { username, accounts } = this.#visit!;
    const id = accountNumberOf(text);
    const account = accounts.includes(id) ? await this.bank.ledger.read.account(id) : undefined;
    const outcome = account ? "ok" : "unknown_account";
    const { timeMs } = await this.#log(username, "view balance", "other", outcome);
    if (!account) return { outcome };
    const today = dayOf(timeMs, this.bank.settings.timeZone);
    const ends = await this.bank.ledger.read.dayBalances(id, today - balanceDaysMax + 1);
    return { outcome, days: lastDays(ends, today, account.balance) };
  }

  async #changePassword({ current, next }: AskOf<"change_password">): Promise<Answer> {
    const terminal = this.terminal.id;
    const { passwords, auditKeys } = this.bank;
    const { username, endOthers } = this.#visit!;
    if (this.logInsUnderWay.has(terminal) || passwords.busy) {
      await this.#log(username, "change password", "log-in", "try_later");
      return { outcome: "try_later" };
    }
    this.logInsUnderWay.add(terminal);
    try {
      const who = { username, nameHash: nameHashOf(auditKeys.newest, username), terminal };
      const begun = await this.#submit({ op: "begin_password_change", ...who });
      if (begun.outcome !== "ok") {
        return { outcome: begun.outcome, retryAfterMs: begun.retryAfterMs };
      }
      const passed = await passwords.verify(current, begun.passwordHash ?? null);
      const refused = refusedPassword(current, next);
      const passwordHash = passed && !refused
        ? await passwords.hash(next, this.bank.world.randomBytes(16))
        : "";
      const settled = { ...who, passed, refused, passwordHash };
      const { outcome } = await this.#submit({ op: "end_password_change", ...settled });
      if (outcome === "ok") endOthers();
      return { outcome };
    } finally {
      this.logInsUnderWay.delete(terminal);
    }
  }

  async #authorise(
    { kind, movement, account, amount, currency }: AskOf<"authorise">,
  ): Promise<Answer> {
    return answerOf(
      await this.#submit({
        op: "authorise",
        kind,
        movement,
        terminal: this.terminal.id,
        customer: this.#visit!.username,
        account: accountNumberOf(account),
        ...amountOf(amount),
        currency,
      }),
    );
  }

  async #transfer(
    { movement, account, to, amount, currency }: AskOf<"transfer">,
  ): Promise<Answer> {
    return answerOf(
      await this.#submit({
        op: "transfer",
        movement,
        terminal: this.terminal.id,
        customer: this.#visit!.username,
        account: accountNumberOf(account),
        to: accountNumberOf(to),
        ...amountOf(amount),
        currency,
      }),
    );
  }

  async #recipient({ account }: AskOf<"recipient">): Promise<Answer> {
    const { outcome, recipient, retryAfterMs } = await this.#submit({
      op: "look_up",
      terminal: this.terminal.id,
      customer: this.#visit!.username,
      account: accountNumberOf(account),
    });
    return { outcome, recipient, retryAfterMs };
  }

  async #refused({ kind, amount, why }: AskOf<"refused">): Promise<Answer> {
    const verb = kind === "withdrawal" ? "withdraw" : "deposit";
    const action = `${verb} ${formatMoney(minorFromText(amount)!, this.bank.settings.currency)}`;
    const { logged } = await this.#log(this.#visit!.username, action, kind, why);
    return { outcome: "ok", ...(logged && { logged }) };
  }

  async #report(ask: AskOf<"report">): Promise<Answer> {
    const words = reportInWords(ask, this.bank.settings.currency);
    const { outcome } = await this.#log(`terminal ${this.terminal.name}`, words, "other");
    return { outcome };
  }

  async #retell({ account, amount, ...told }: AskOf<"retell">): Promise<Answer> {
    const terminal = this.terminal.id;
    return answerOf(
      await this.#submit({
        ...told,
        terminal,
        account: accountNumberOf(account),
        amount: minorFromText(amount)!,
      }),
    );
  }

  async #settle(
    ask: AskOf<"complete" | "reverse" | "void" | "load_cash" | "count_cash">,
  ): Promise<Answer> {
    const terminal = this.terminal.id;
    return answerOf(
      await this.#submit(
        "amount" in ask
          ? { ...ask, terminal, amount: minorFromText(ask.amount)! }
          : { ...ask, terminal },
      ),
    );
  }
}

/** What is wrong with a new password; null for nothing. */
function refusedPassword(
  current: string,
  next: string,
): "password_too_short" | "password_unchanged" | null {
  if (next.length < passwordLengthMin) return "password_too_short";
  return next === current ? "password_unchanged" : null;
}

/** A look at the history, for the log. What was searched for stays out of it: people type secrets. */
function lookInWords(filter: HistoryFilter, cursor: string | undefined): string {
  if (cursor !== undefined) return "view older history";
  const narrowed = Object.values(filter).some((value) => value !== undefined && value !== "");
  return narrowed ? "search history" : "view history";
}

/** The last days of an account whose money moved on some of them: from the first of these on. */
function lastDays(ends: readonly DayEnd[], today: number, balance: bigint): DayBalance[] {
  const first = Math.max(today - balanceDaysMax + 1, ends[0]?.day ?? today);
  return Array.from({ length: today - first + 1 }, (_, index) => {
    const day = first + index;
    const last = ends.findLast((end) => end.day <= day);
    const booked = day === today ? balance : last?.balance ?? 0n;
    return { day: dateOf(day), booked: booked.toString() };
  });
}

function answerOf({ outcome, account, timeMs, booked, logged }: Reply): Answer {
  return {
    outcome,
    time: new Date(timeMs).toISOString(),
    ...(account && { account: viewOf(account) }),
    ...(booked === undefined ? {} : { booked: booked.toString() }),
    ...(logged && { logged }),
  };
}

/** No account has the number 0: what is no number is none of the bank's. */
function accountNumberOf(text: string): number {
  return /^[0-9]{1,15}$/.test(text) ? Number(text) : 0;
}

/** An amount for the ledger, which refuses by name what is none. */
function amountOf(text: string): { amount: bigint; fault?: AmountFault } {
  const amount = readAmount(text);
  return typeof amount === "bigint" ? { amount } : { amount: 0n, fault: amount };
}

function viewOf({ id, name, balance, held, version }: AccountState): AccountView {
  return {
    id: String(id),
    ...(name && { name }),
    booked: balance.toString(),
    available: (balance - held).toString(),
    version,
  };
}
