/**
 * Turns one ATM's requests into ledger commands. Customer operations act for the visit's customer;
 * settling acts for the channel's terminal, needs no visit, and applies only to that terminal's
 * movements.
 */
import { isAccountNumber } from "../../lib/account_number.ts";
import type { HistoryFilter } from "../../lib/atm.ts";
import { hex } from "../../lib/bytes.ts";
import { beginOfMonth, dayOf } from "../../lib/calendar.ts";
import type { AtmOutcome } from "../../lib/errors.ts";
import { cardNumberHash, isWeakPin } from "../../lib/card.ts";
import { actionLengthMax, balanceDaysMax, passwordLengthMin } from "../../lib/limits.ts";
import {
  type AmountFault,
  amountMinorMax,
  formatMoney,
  minorFromText,
  minorOrFault,
} from "../../lib/money.ts";
import type { Answer, Ask, AskOf, Push } from "../../lib/protocol/message.ts";
import type { Timers } from "../../lib/world.ts";
import type { EntryKind } from "../audit/entry.ts";
import { placeOfText } from "../audit/entry.ts";
import { findByPlace } from "../audit/find_entry.ts";
import { nameHashOf } from "../audit/keys.ts";
import { isSameState, reportInWords } from "../device_words.ts";
import { differencesOf } from "../watch/reconcile.ts";
import { cardKeysOf } from "../credentials/card_keys.ts";
import type {
  Authorise,
  CardLogIn,
  Command,
  DeviceStatus,
  LogIn,
  Reply,
} from "../ledger/command.ts";
import type { Account } from "../ledger/model.ts";
import { receiptOf } from "../receipt_of.ts";
import { type DispenseFor, dispenseToken, statusOf, tokenOf } from "../terminals/device_tokens.ts";
import { accountView, answerOf, hasAccount, lastDays, type LimitsNow } from "./views.ts";
import { readVoucher, voucherOf } from "./vouchers.ts";
import {
  type ProvedTerminal,
  Visit,
  type VisitContext,
  type VisitCustomer,
  type VisitMoney,
} from "./visit.ts";

/** Log-ins in progress: at most one per terminal, over all of its connections. */
export type LogInsUnderWay = Set<string>;

export interface RequestContext extends VisitContext {
  readonly logInsUnderWay: LogInsUnderWay;
}

/**
 * The terminal was revoked, or its key has ended: the request had no effect, and its channel must
 * be closed.
 */
export class KeyEnded extends Error {
  override name = "KeyEnded";
}

export class Requests {
  /** The connection's only visit; after its end no other is accepted. */
  #visit: Visit | null = null;
  /** Changes of accounts during a request: its answer may already include them. */
  #heldBack: Map<number, Account> | null = null;
  /** The place of the entry that the last answer named. */
  #loggedLast: string | null = null;

  /**
   * @param push sends the ATM an unsolicited message
   * @param timer the connection's
   */
  constructor(
    private readonly context: RequestContext,
    private readonly terminal: ProvedTerminal,
    private readonly push: (message: Push) => void,
    private readonly timer: Pick<Timers, "after">,
  ) {}

  /**
   * Answers one request after it is durable, then pushes the changes since then that the answer
   * lacks. A customer's movement is therefore one message, not two.
   * @throws {KeyEnded} if the terminal's key has ended
   */
  async answer(ask: Ask, send: (answer: Answer) => void): Promise<void> {
    const heldBack = this.#heldBack = new Map<number, Account>();
    try {
      const answer = await this.#handle(ask);
      this.#loggedLast = answer.logged?.place ?? this.#loggedLast;
      send(answer);
      for (const account of heldBack.values()) {
        if (this.#openVisit && !hasAccount(answer, account)) this.#pushAccount(account);
      }
    } finally {
      this.#heldBack = null;
    }
  }

  /** Called when the connection has ended, for any reason. */
  async onDisconnected(): Promise<void> {
    await this.#visit?.end("log out - connection lost");
  }

  async #handle(ask: Ask): Promise<Answer> {
    switch (ask.op) {
      case "hello":
        return await this.#hello();
      case "log_in":
        return await this.#logIn(ask);
      case "log_in_with_card":
        return await this.#logInWithCard(ask);
      case "log_out":
        await this.#visit?.end(ask.reason === "idle" ? "log out - idle" : "log out");
        return { outcome: "ok" };
      case "touch":
        return await this.#touch();
      case "report":
        return await this.#report(ask);
      case "reconcile":
        return await this.#reconcile(ask);
      case "complete":
      case "reverse":
      case "void":
      case "load_cash":
      case "count_cash":
        return await this.#settle(ask);
      case "doubt":
        return await this.#doubt(ask);
      case "retell":
        return await this.#retell(ask);
      case "attest":
        return await this.#attest(ask);
      case "retold":
        return answerOf(await this.#submit({ op: "retold", terminal: this.terminal.id }));
      default: {
        const visit = this.#touchedVisit();
        if (!visit) return await this.#withoutVisit(ask);
        const answer = visit.changesPasswordFirst && ask.op !== "change_password"
          ? await this.#beforeChange(visit, ask)
          : await this.#ofCustomer(visit, ask);
        if (answer.outcome !== "not_logged_in") return answer;
        visit.endForPassword();
        return { outcome: answer.outcome };
      }
    }
  }

  async #ofCustomer(
    visit: Visit,
    ask: AskOf<
      | "history"
      | "authorise"
      | "transfer"
      | "recipient"
      | "balance"
      | "receipt"
      | "change_password"
      | "set_pin"
      | "refused"
    >,
  ): Promise<Answer> {
    switch (ask.op) {
      case "history":
        return await this.#history(visit, ask);
      case "authorise":
        return await this.#authorise(visit, ask);
      case "transfer":
        return await this.#transfer(visit, ask);
      case "recipient":
        return await this.#recipient(visit, ask);
      case "balance":
        return await this.#balance(visit, ask);
      case "receipt":
        return await this.#receipt(visit, ask);
      case "change_password":
        return await this.#changePassword(visit, ask);
      case "set_pin":
        return await this.#setPin(visit, ask);
      case "refused":
        return await this.#refused(visit, ask);
    }
  }

  /** Logs and refuses a request that an honest ATM never sends with a one-time password. */
  async #beforeChange(visit: Visit, { op }: Ask): Promise<Answer> {
    const outcome = "not_logged_in";
    await this.#logOf(visit, op.replaceAll("_", " "), "other", outcome);
    return { outcome };
  }

  /** Logs and refuses a request that an honest ATM never sends without a visit. */
  async #withoutVisit({ op }: Ask): Promise<Answer> {
    const outcome = "not_logged_in";
    await this.#log(`terminal ${this.terminal.name}`, op, "other", outcome);
    return { outcome };
  }

  /**
   * Submits a command. The ledger checks within the commit that the terminal's key is still valid.
   */
  async #submit(command: Command): Promise<Reply> {
    const underKey = this.terminal.keyVersion;
    const reply = await this.#bank.ledger.submit({ ...command, underKey });
    if (reply.outcome === "terminal_revoked") throw new KeyEnded();
    if (reply.cash) this.#openVisit?.onCash(reply.cash);
    return reply;
  }

  get #bank() {
    return this.context.bank;
  }

  /** Whether a customer is logged in. */
  get hasVisit(): boolean {
    return this.#openVisit !== null;
  }

  get #openVisit(): Visit | null {
    return this.#visit?.isOver === false ? this.#visit : null;
  }

  #touchedVisit(): Visit | null {
    const visit = this.#openVisit;
    visit?.touch();
    return visit;
  }

  /** Restarts the idle time. The books are read: at another server the visit may have ended just now. */
  async #touch(): Promise<Answer> {
    const visit = this.#touchedVisit();
    if (!visit) return { outcome: "not_logged_in" };
    const customer = await this.#bank.ledger.read.customer(visit.username);
    if (customer && customer.passwordVersion <= visit.passwordVersion) return { outcome: "ok" };
    visit.endForPassword();
    return { outcome: "not_logged_in" };
  }

  async #hello(): Promise<Answer> {
    const { bankName: name, currency, timeZone } = this.#bank.settings;
    const restoring = await this.#bank.ledger.read.restoring();
    const retell = restoring?.waiting.includes(this.terminal.id)
      ? { retell: new Date(restoring.sinceMs).toISOString() }
      : {};
    const device = this.#bank.terminals.deviceOf(this.terminal.id)?.device;
    const attest = device?.state === "active"
      ? restoring?.unattested.find(({ terminal }) => terminal === this.terminal.id)
      : undefined;
    const books = await this.#bank.ledger.read.booksOf(this.terminal.id);
    const bank = {
      ...{ name, currency, timeZone, terminal: this.terminal.name, ...retell },
      ...(attest && { attest: attest.nonce }),
      ...(books && { books: { movement: books.movement, cash: books.cash.toString() } }),
    };
    return { outcome: "ok", bank };
  }

  async #logIn({ username, password }: AskOf<"log_in">): Promise<Answer> {
    return await this.#alone("log in", async (terminal) => {
      const { passwords, auditKeys } = this.#bank;
      const nameHash = nameHashOf(auditKeys.newest, username);
      const who = { username, nameHash, terminal };
      const begun = await this.#submit({ op: "begin_log_in", ...who });
      if (begun.outcome !== "ok") {
        return { outcome: begun.outcome, retryAfterMs: begun.retryAfterMs };
      }
      const passed = await passwords.verify(password, begun.passwordHash ?? null);
      const { passwordVersion = 0 } = begun;
      const { connection } = this.terminal;
      const end = { op: "end_log_in", ...who, passed, passwordVersion, connection } as const;
      return await this.#welcome(end, false);
    });
  }

  async #logInWithCard({ card, pin }: AskOf<"log_in_with_card">): Promise<Answer> {
    return await this.#alone("log in with a card", async (terminal) => {
      const { passwords, ledger, keys } = this.#bank;
      const { pepper, cardHash: hashOf } = cardKeysOf(keys.audit);
      const cardHash = hashOf(cardNumberHash(card));
      const { username = "" } = await ledger.read.customerWithCard(cardHash) ?? {};
      const who = { username, cardHash, terminal };
      const begun = await this.#submit({ op: "begin_card_log_in", ...who });
      if (begun.outcome !== "ok") {
        return { outcome: begun.outcome, retryAfterMs: begun.retryAfterMs };
      }
      const passed = await passwords.verify(pin, begun.passwordHash ?? null, pepper);
      const { passwordVersion = 0 } = begun;
      const { connection } = this.terminal;
      const end = { op: "end_card_log_in", ...who, passed, passwordVersion, connection } as const;
      return await this.#welcome(end, true);
    });
  }

  /**
   * Runs the only log-in of this session, which is the only one of its terminal under way: the next
   * customer needs a new handshake.
   */
  async #alone(action: string, run: (terminal: string) => Promise<Answer>): Promise<Answer> {
    const { logInsUnderWay, bank: { passwords } } = this.context;
    const terminal = this.terminal.id;
    const refused = this.#visit
      ? "already_logged_in"
      : logInsUnderWay.has(terminal) || passwords.busy
      ? "try_later"
      : null;
    if (refused) {
      await this.#log(`terminal ${this.terminal.name}`, action, "log-in", refused);
      return { outcome: refused };
    }
    logInsUnderWay.add(terminal);
    try {
      return await run(terminal);
    } finally {
      logInsUnderWay.delete(terminal);
    }
  }

  /** Ends a log-in, and begins the visit if it has passed. */
  async #welcome(
    end: Extract<LogIn | CardLogIn, { passed: boolean }>,
    byCard: boolean,
  ): Promise<Answer> {
    const { ledger } = this.#bank;
    const { username, passwordVersion } = end;
    const limits = await ledger.read.limits();
    const reply = await this.#submit(end);
    if (reply.outcome !== "ok" || !reply.account) return { outcome: reply.outcome };
    const { account: { id: first }, accounts: usable = [], cash, day = 0, card, oneTime = false } =
      reply;
    const accounts = usable.length > 0 ? usable : [reply.account];
    const money = { accounts, cash, limits, day };
    const customer = { username, byCard, oneTime };
    const visit = this.#visit = this.#beginVisit(customer, money, passwordVersion);
    // Read again after watching them, since a commit in between would not be notified.
    const rows = await Promise.all(accounts.map(({ id }) => ledger.read.account(id)));
    const fresh = new Map(rows.map((row) => [row!.id, row!]));
    const { elsewhere, limitsNow: now } = visit;
    const usual = await this.#bank.auditLog.usual(username);
    return {
      ...answerOf({ ...reply, account: fresh.get(first) }, now),
      accounts: accounts.map(({ id, uid }) => ({ ...accountView(fresh.get(id)!, now), uid })),
      ...(elsewhere.length > 0 && { elsewhere }),
      ...(reply.displayName !== undefined && { displayName: reply.displayName }),
      ...(byCard ? { username } : card && { card }),
      ...(oneTime && { oneTime }),
      usual,
    };
  }

  #beginVisit(
    customer: VisitCustomer,
    money: VisitMoney,
    passwordVersion: number,
  ): Visit {
    return new Visit(this.context, this.terminal, customer, money, passwordVersion, {
      onAccountChanged: (account) => {
        if (this.#heldBack) this.#heldBack.set(account.id, account);
        else this.#pushAccount(account);
      },
      onElsewhereChanged: (terminals) => this.push({ push: "elsewhere", terminals }),
      onEndedByBank: (reason) => this.push({ push: "visit_ended", reason }),
    }, this.timer);
  }

  #pushAccount(account: Account): void {
    this.push({ push: "account", account: accountView(account, this.#openVisit?.limitsNow) });
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

  async #logOf(
    visit: Visit,
    action: string,
    kind: EntryKind,
    outcome: AtmOutcome = "ok",
  ): Promise<Reply> {
    const { username: who, passwordVersion } = visit;
    const terminal = this.terminal.id;
    return await this.#submit(
      { op: "log", who, action, kind, outcome, terminal, passwordVersion },
    );
  }

  async #history(
    visit: Visit,
    { filter, cursor, sealed }: AskOf<"history">,
  ): Promise<Answer> {
    const page = await this.#bank.auditLog.history({
      customer: visit.username,
      filter,
      cursor,
      sealed,
    });
    const { outcome } = await this.#logOf(visit, lookInWords(filter, cursor), "other");
    return outcome === "ok" ? { outcome, ...page } : { outcome };
  }

  async #balance(visit: Visit, { account: text }: AskOf<"balance">): Promise<Answer> {
    const id = visit.accounts.find(({ number }) => number === text)?.id;
    const account = id === undefined ? undefined : await this.#bank.ledger.read.account(id);
    const found = account ? "ok" : "unknown_account";
    const { outcome, timeMs } = await this.#logOf(visit, "view balance", "other", found);
    if (outcome !== "ok" || !account) return { outcome: outcome === "ok" ? found : outcome };
    const { timeZone } = this.#bank.settings;
    const today = dayOf(timeMs, timeZone);
    const ends = await this.#bank.ledger.read.dayBalances(account.id, today - balanceDaysMax + 1);
    const days = lastDays(ends, today, account.balance);
    const fromMs = beginOfMonth(today, timeZone);
    const statement = { customer: visit.username, account: text, fromMs };
    return { outcome, days, ...await this.#bank.auditLog.statement(statement) };
  }

  /** Signs a receipt. The request is logged, unless it continues the movement that was answered last. */
  async #receipt(visit: Visit, { place: text }: AskOf<"receipt">): Promise<Answer> {
    const place = placeOfText(text);
    const found = place && await findByPlace(this.#bank.ledger.read, place);
    const sign = found ? receiptOf(this.#bank, found, visit.username) : "unknown_movement";
    const refused = typeof sign === "string" ? sign : "ok";
    if (text !== this.#loggedLast) {
      // what precedes a durable entry of its chain is durable, too
      const { outcome } = await this.#logOf(visit, "view receipt", "other", refused);
      if (outcome !== "ok") return { outcome };
    }
    return typeof sign === "string" ? { outcome: sign } : { outcome: "ok", receipt: sign() };
  }

  async #changePassword(
    visit: Visit,
    { current, next }: AskOf<"change_password">,
  ): Promise<Answer> {
    const { logInsUnderWay, bank: { world, passwords, auditKeys } } = this.context;
    const terminal = this.terminal.id;
    const { username, passwordVersion } = visit;
    if (logInsUnderWay.has(terminal) || passwords.busy) {
      const { outcome } = await this.#logOf(visit, "change password", "log-in", "try_later");
      return { outcome: outcome === "ok" ? "try_later" : outcome };
    }
    logInsUnderWay.add(terminal);
    try {
      const nameHash = nameHashOf(auditKeys.newest, username);
      const who = { username, nameHash, terminal, passwordVersion };
      const begun = await this.#submit({ op: "begin_password_change", ...who });
      if (begun.outcome !== "ok") {
        return { outcome: begun.outcome, retryAfterMs: begun.retryAfterMs };
      }
      const passed = await passwords.verify(current, begun.passwordHash ?? null);
      const refused = refusedPassword(current, next);
      const passwordHash = passed && !refused
        ? await passwords.hash(next, world.randomBytes(16))
        : "";
      const settled = { ...who, passed, refused, passwordHash };
      const end = { op: "end_password_change", ...settled } as const;
      return { outcome: await visit.raisePasswordVersion(() => this.#submit(end)) };
    } finally {
      logInsUnderWay.delete(terminal);
    }
  }

  async #setPin(visit: Visit, { pin }: AskOf<"set_pin">): Promise<Answer> {
    const { logInsUnderWay, bank: { world, passwords, keys } } = this.context;
    const terminal = this.terminal.id;
    const { username, passwordVersion } = visit;
    const early = visit.byCard
      ? "password_needed"
      : logInsUnderWay.has(terminal) || passwords.busy
      ? "try_later"
      : null;
    if (early) {
      const { outcome } = await this.#logOf(visit, "set the PIN", "log-in", early);
      return { outcome: outcome === "ok" ? early : outcome };
    }
    logInsUnderWay.add(terminal);
    try {
      const refused = isWeakPin(pin) ? "pin_weak" : null;
      const { pepper } = cardKeysOf(keys.audit);
      const pinHash = refused ? "" : await passwords.hash(pin, world.randomBytes(16), pepper);
      const who = { username, terminal, passwordVersion };
      const change = { op: "set_pin", ...who, refused, pinHash } as const;
      return { outcome: await visit.raisePasswordVersion(() => this.#submit(change)) };
    } finally {
      logInsUnderWay.delete(terminal);
    }
  }

  async #authorise(
    visit: Visit,
    { kind, movement, account, amount, currency, nonce }: AskOf<"authorise">,
  ): Promise<Answer> {
    const dispense = kind === "withdrawal" && nonce !== undefined
      ? this.#dispense(visit, { movement, nonce, account, amount: amountOf(amount).amount })
      : undefined;
    return answerOf(
      await this.#submit({
        op: "authorise",
        kind,
        movement,
        terminal: this.terminal.id,
        customer: visit.username,
        passwordVersion: visit.passwordVersion,
        account: accountNumberOf(account),
        ...amountOf(amount),
        currency,
        ...(dispense && { dispense }),
      }),
      visit.limitsNow,
    );
  }

  /** Makes the token that a withdrawal gets if it is authorised now. */
  #dispense(
    { accounts }: Visit,
    { account: claimed, amount, ...what }: Pick<DispenseFor, "movement" | "nonce" | "amount"> & {
      account: string;
    },
  ): Authorise["dispense"] {
    const { terminals, world, settings: { currency } } = this.#bank;
    const device = terminals.deviceOf(this.terminal.id);
    if (device?.device.state !== "active" || amount <= 0n || amount > amountMinorMax) {
      return undefined;
    }
    const account = accounts.find(({ number }) => number === accountNumberOf(claimed));
    if (!account) return undefined;
    const statusNonce = hex(world.randomBytes(16)).toUpperCase();
    return dispenseToken(device, { ...what, account, statusNonce, amount, currency });
  }

  /** Returns the device's status that a request carries, if it is valid. */
  #statusOf(text: string | undefined): { status?: DeviceStatus } {
    const { terminals, settings: { currency } } = this.#bank;
    const device = terminals.deviceOf(this.terminal.id);
    const status = device && text !== undefined && statusOf(device, text, currency);
    return status ? { status } : {};
  }

  async #transfer(
    visit: Visit,
    { movement, account, to, amount, currency, message }: AskOf<"transfer">,
  ): Promise<Answer> {
    return this.#vouched(
      await this.#submit({
        op: "transfer",
        movement,
        terminal: this.terminal.id,
        customer: visit.username,
        passwordVersion: visit.passwordVersion,
        account: accountNumberOf(account),
        to: accountNumberOf(to),
        ...amountOf(amount),
        currency,
        ...(message && { message }),
      }),
      visit.limitsNow,
    );
  }

  /** Returns a reply as an answer, with the voucher of a booked transfer. */
  #vouched(reply: Reply, now?: LimitsNow): Answer {
    const { keys: { audit }, settings: { bankId } } = this.#bank;
    const { transferred } = reply;
    const answer = answerOf(reply, now);
    if (!transferred) return answer;
    const facts = { ...transferred, terminal: this.terminal.id };
    return { ...answer, voucher: voucherOf(audit, bankId, facts) };
  }

  async #recipient(visit: Visit, { account, from }: AskOf<"recipient">): Promise<Answer> {
    const { outcome, recipient, retryAfterMs } = await this.#submit({
      op: "look_up",
      terminal: this.terminal.id,
      customer: visit.username,
      passwordVersion: visit.passwordVersion,
      account: accountNumberOf(account),
      from: accountNumberOf(from),
    });
    return { outcome, recipient, retryAfterMs };
  }

  async #refused(
    visit: Visit,
    { kind, amount, why }: AskOf<"refused">,
  ): Promise<Answer> {
    const verb = kind === "withdrawal" ? "withdraw" : "deposit";
    const isUncounted = kind === "deposit" && why === "device_fault" && amount === "0";
    const what = isUncounted
      ? "of an unknown amount"
      : formatMoney(minorFromText(amount)!, this.#bank.settings.currency);
    const { outcome, logged } = await this.#logOf(visit, `${verb} ${what}`, kind, why);
    return { outcome, ...(logged && { logged }) };
  }

  /** Stores a report of the devices; the log has it if their state has changed. */
  async #report({ op: _, ...report }: AskOf<"report">): Promise<Answer> {
    const { monitor, settings: { currency } } = this.#bank;
    const { id, name } = this.terminal;
    const words = reportInWords(report, currency);
    const before = monitor.terminals.get(id)?.report;
    const isNew = !before || !isSameState(before, report);
    const outcome = isNew ? (await this.#log(`terminal ${name}`, words, "other")).outcome : "ok";
    if (outcome === "ok") monitor.onReport(id, report, isNew);
    return { outcome };
  }

  /** Compares the terminal's movements and notes with the books; the log has the differences. */
  async #reconcile({ op: _, ...report }: AskOf<"reconcile">): Promise<Answer> {
    const { ledger: { read }, monitor, settings: { currency } } = this.#bank;
    const { id: terminal, name } = this.terminal;
    const rows = new Map(
      await Promise.all(report.movements.map(async ({ movement }) =>
        [
          movement,
          (await read.movementsAfter(movement, 0, 3)).filter(({ id }) => id === movement),
        ] as const
      )),
    );
    const cash = (await read.booksOf(terminal))?.cash ?? 0n;
    const differences = differencesOf(report, { terminal, rows, cash }, currency);
    const action = differences.length === 0
      ? "reconcile: no difference"
      : `reconcile: ${differences.length} differences - ${differences.join(", ")}`;
    const { outcome } = await this.#log(
      `terminal ${name}`,
      action.slice(0, actionLengthMax),
      "other",
    );
    if (outcome !== "ok") return { outcome };
    monitor.onReconciled(terminal, name, differences);
    // The notes of an open movement are booked when it is settled: no count may book them, too.
    const isOpen = (await read.holds()).some((hold) =>
      hold.terminal === terminal && hold.kind !== "transfer"
    );
    return { outcome, ...(!isOpen && { cash: cash.toString() }) };
  }

  async #retell(ask: AskOf<"retell">): Promise<Answer> {
    const { movement, kind, account, uid = "", currency, time, token: reported } = ask;
    const terminal = this.terminal.id;
    const claimed = {
      ...{ movement, terminal, uid, currency },
      account: account === undefined ? "" : accountNumberOf(account),
      amount: minorFromText(ask.amount)!,
    };
    if (kind === "transfer") {
      const { keys: { audit }, settings: { bankId } } = this.#bank;
      const { voucher = "" } = ask;
      const seen = readVoucher(audit, bankId, claimed, voucher);
      return answerOf(await this.#submit({ op: "retell_transfer", ...claimed, ...seen }));
    }
    const device = this.#bank.terminals.deviceOf(terminal);
    // The account of a withdrawal is its token's, whatever the terminal says.
    const proved = device && reported !== undefined
      ? tokenOf(device, movement, reported)
      : undefined;
    return answerOf(
      await this.#submit({
        ...{ op: "retell", ...claimed, kind, ...proved },
        ...(device && reported !== undefined && !proved && { unchecked: reported }),
        timeMs: time === undefined ? null : Date.parse(time),
        open: ask.open ?? false,
        ...this.#statusOf(ask.status),
      }),
    );
  }

  async #attest({ status, movement: of }: AskOf<"attest">): Promise<Answer> {
    const movement = hex(this.#bank.world.randomBytes(16));
    const terminal = this.terminal.id;
    return answerOf(
      await this.#submit({
        ...{ op: "attest", terminal, movement, ...(of && { of }) },
        ...this.#statusOf(status),
      }),
    );
  }

  async #doubt({ movement, status }: AskOf<"doubt">): Promise<Answer> {
    const terminal = this.terminal.id;
    return answerOf(
      await this.#submit({ op: "doubt", movement, terminal, ...this.#statusOf(status) }),
    );
  }

  async #settle(
    ask: AskOf<"complete" | "reverse" | "void" | "load_cash" | "count_cash">,
  ): Promise<Answer> {
    const terminal = this.terminal.id;
    if (ask.op === "load_cash" || ask.op === "count_cash") {
      return answerOf(
        await this.#submit({ ...ask, terminal, amount: minorFromText(ask.amount)! }),
        this.#openVisit?.limitsNow,
      );
    }
    const { status: text, ...asked } = ask;
    const status = this.#statusOf(text);
    return this.#vouched(
      await this.#submit(
        asked.op === "complete"
          ? { ...asked, ...status, terminal, amount: minorFromText(asked.amount)! }
          : { ...asked, ...status, terminal },
      ),
      this.#openVisit?.limitsNow,
    );
  }
}

/** Returns the fault of a new password; null if it has none. */
function refusedPassword(
  current: string,
  next: string,
): "password_too_short" | "password_unchanged" | null {
  if (next.length < passwordLengthMin) return "password_too_short";
  return next === current ? "password_unchanged" : null;
}

/**
 * Returns the log's action for a history request. It omits the search text, since people type
 * secrets.
 */
function lookInWords(filter: HistoryFilter, cursor: string | undefined): string {
  if (cursor !== undefined) return "view older history";
  const { kind, outcome, account: _, ...more } = filter;
  const isStatement = kind === "money" && outcome === "done";
  const narrowed = (!isStatement && (kind || outcome)) ||
    Object.values(more).some((value) => value);
  return narrowed ? "search history" : "view history";
}

/** Returns an account's number; 0, which no account has, for any other text. */
function accountNumberOf(text: string): string {
  return isAccountNumber(text) ? text : "0";
}

/** Returns an amount for the ledger, which refuses faults by name. */
function amountOf(text: string): { amount: bigint; fault?: AmountFault } {
  const amount = minorOrFault(text);
  return typeof amount === "bigint" ? { amount } : { amount: 0n, fault: amount };
}
