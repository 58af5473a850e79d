/**
 * Turns one ATM's requests into ledger commands. What a customer asks acts for the visit's customer; what
 * the terminal asks for itself needs no visit.
 */
import type { HistoryFilter } from "../../lib/atm.ts";
import { hex } from "../../lib/bytes.ts";
import { beginOfMonth, dayOf } from "../../lib/calendar.ts";
import { balanceDaysMax } from "../../lib/limits.ts";
import { amountMinorMax, formatMoney, minorFromText } from "../../lib/money.ts";
import type { Answer, Ask, AskOf, Push } from "../../lib/protocol/message.ts";
import type { Timers } from "../../lib/world.ts";
import { placeOfText } from "../audit/entry.ts";
import { findByPlace } from "../audit/find_entry.ts";
import type { Authorise } from "../ledger/command.ts";
import type { Account } from "../ledger/model.ts";
import { receiptOf } from "../receipt_of.ts";
import { type DispenseFor, dispenseToken } from "../terminals/device_tokens.ts";
import { accountNumberOf, amountOf } from "./asked.ts";
import { Credentials, type LogInEnd, type LogInsUnderWay } from "./credentials.ts";
import { TerminalLedger } from "./terminal_ledger.ts";
import { TerminalRequests } from "./terminal_requests.ts";
import { accountView, answerOf, hasAccount, lastDays } from "./views.ts";
import {
  type ProvedTerminal,
  Visit,
  type VisitContext,
  type VisitCustomer,
  type VisitMoney,
} from "./visit.ts";

export interface RequestContext extends VisitContext {
  readonly logInsUnderWay: LogInsUnderWay;
}

export class Requests {
  /** The connection's only visit; after its end no other is accepted. */
  #visit: Visit | null = null;
  /** Changes of accounts during a request: its answer may already include them. */
  #heldBack: Map<number, Account> | null = null;
  /** The place of the entry that the last answer named. */
  #loggedLast: string | null = null;
  readonly #ledger: TerminalLedger;
  readonly #credentials: Credentials;
  readonly #ofTerminal: TerminalRequests;

  /**
   * @param push sends the ATM an unsolicited message
   * @param timer the connection's
   */
  constructor(
    private readonly context: RequestContext,
    private readonly terminal: ProvedTerminal,
    private readonly push: (message: Push) => void,
    private readonly timer: Pick<Timers, "after">,
  ) {
    this.#ledger = new TerminalLedger(
      context.bank,
      terminal,
      (cash) => this.#openVisit?.onCash(cash),
    );
    this.#credentials = new Credentials(this.#ledger, context.logInsUnderWay);
    this.#ofTerminal = new TerminalRequests(this.#ledger, () => this.#openVisit?.limitsNow);
  }

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
      case "log_in":
      case "log_in_with_card":
        return await this.#logIn(ask);
      case "log_out":
        await this.#visit?.end(ask.reason === "idle" ? "log out - idle" : "log out");
        return { outcome: "ok" };
      case "touch":
        return await this.#touch();
      case "hello":
      case "report":
      case "reconcile":
      case "complete":
      case "reverse":
      case "void":
      case "load_cash":
      case "count_cash":
      case "doubt":
      case "retell":
      case "attest":
      case "retold":
        return await this.#ofTerminal.answer(ask);
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
        return await this.#credentials.changePassword(visit, ask);
      case "set_pin":
        return await this.#credentials.setPin(visit, ask);
      case "refused":
        return await this.#refused(visit, ask);
    }
  }

  /** Logs and refuses a request that an honest ATM never sends with a one-time password. */
  async #beforeChange(visit: Visit, { op }: Ask): Promise<Answer> {
    const outcome = "not_logged_in";
    await this.#ledger.logOf(visit, op.replaceAll("_", " "), "other", outcome);
    return { outcome };
  }

  /** Logs and refuses a request that an honest ATM never sends without a visit. */
  async #withoutVisit({ op }: Ask): Promise<Answer> {
    const outcome = "not_logged_in";
    await this.#ledger.log(op, "other", outcome);
    return { outcome };
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

  /** Runs the only log-in of this session: the next customer needs a new handshake. */
  async #logIn(ask: AskOf<"log_in" | "log_in_with_card">): Promise<Answer> {
    return this.#visit
      ? await this.#credentials.refuseLogIn(ask, "already_logged_in")
      : await this.#credentials.logIn(ask, (end) => this.#welcome(end));
  }

  /** Ends a log-in, and begins the visit if it has passed. */
  async #welcome(end: LogInEnd): Promise<Answer> {
    const byCard = end.op === "end_card_log_in";
    const { ledger } = this.#bank;
    const { username, passwordVersion } = end;
    const limits = await ledger.read.limits();
    const reply = await this.#ledger.submit(end);
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
    const { outcome } = await this.#ledger.logOf(visit, lookInWords(filter, cursor), "other");
    return outcome === "ok" ? { outcome, ...page } : { outcome };
  }

  async #balance(visit: Visit, { account: text }: AskOf<"balance">): Promise<Answer> {
    const id = visit.accounts.find(({ number }) => number === text)?.id;
    const account = id === undefined ? undefined : await this.#bank.ledger.read.account(id);
    const found = account ? "ok" : "unknown_account";
    const { outcome, timeMs } = await this.#ledger.logOf(visit, "view balance", "other", found);
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
      const { outcome } = await this.#ledger.logOf(visit, "view receipt", "other", refused);
      if (outcome !== "ok") return { outcome };
    }
    return typeof sign === "string" ? { outcome: sign } : { outcome: "ok", receipt: sign() };
  }

  async #authorise(
    visit: Visit,
    { kind, movement, account, amount, currency, nonce }: AskOf<"authorise">,
  ): Promise<Answer> {
    const dispense = kind === "withdrawal" && nonce !== undefined
      ? this.#dispense(visit, { movement, nonce, account, amount: amountOf(amount).amount })
      : undefined;
    return answerOf(
      await this.#ledger.submit({
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

  async #transfer(
    visit: Visit,
    { movement, account, to, amount, currency, message }: AskOf<"transfer">,
  ): Promise<Answer> {
    return this.#ledger.vouched(
      await this.#ledger.submit({
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

  async #recipient(visit: Visit, { account, from }: AskOf<"recipient">): Promise<Answer> {
    const { outcome, recipient, retryAfterMs } = await this.#ledger.submit({
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
    const { outcome, logged } = await this.#ledger.logOf(visit, `${verb} ${what}`, kind, why);
    return { outcome, ...(logged && { logged }) };
  }
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
