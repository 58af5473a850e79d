/** Visits, one at a time: the logged-in customer, idleness, and why the last visit ended. */
import type {
  AccountView,
  BalanceAnswer,
  HistoryFilter,
  HistoryPage,
  SignedReceipt,
  Usual,
  VisitEnd,
} from "../lib/atm.ts";
import type { AtmOutcome } from "../lib/errors.ts";
import { atmIdleMsMax, touchEveryMs } from "../lib/limits.ts";
import type { Answer, Ask, AskOf, Push } from "../lib/protocol/message.ts";
import type { BankClient } from "./bank_client.ts";
import type { Cashier, Payer } from "./cashier.ts";
import { ask } from "./ask.ts";
import type { AtmDependencies } from "./dependencies.ts";
import type { StandingLine } from "./standing_line.ts";

export class Visit implements Payer {
  constructor(
    readonly username: string,
    private chosen: string,
    /** The customer's accounts that are not closed. */
    public accounts: AccountView[],
    /** Their uids, by their numbers. */
    private readonly uids: ReadonlyMap<string, string>,
    readonly bank: BankClient,
    /** Other terminals at which the customer is logged in. */
    public elsewhere: string[],
    readonly usual: Usual,
    readonly displayName: string | undefined,
    /** Whether its password has to be changed before anything else. */
    public oneTime: boolean,
    readonly byCard: boolean,
    /** Whether the customer's card has a PIN; undefined without a card, or in a visit by card. */
    public card: "with_pin" | "without_pin" | undefined,
    /** When the last touch was sent to the bank, by the monotonic clock. */
    public touchedMs: number,
  ) {}

  /** True once a movement of this visit is in doubt: no more money moves in it. */
  inDoubt = false;

  /** The chosen account, which all requests use. */
  get account(): AccountView {
    return this.accounts.find(({ id }) => id === this.chosen)!;
  }

  get uid(): string | null {
    return this.uids.get(this.chosen) ?? null;
  }

  /** Chooses this account, if it is the customer's. */
  choose(id: string): void {
    if (this.accounts.some((account) => account.id === id)) this.chosen = id;
  }

  /** Takes a newer state of one of the customer's accounts; ignores other accounts. */
  update(account: AccountView | undefined): void {
    if (!account) return;
    this.accounts = this.accounts.map((mine) =>
      mine.id === account.id && account.version >= mine.version ? account : mine
    );
  }
}

/** The bank's answer, or the reason for its absence. */
type VisitAnswer = Omit<Answer, "outcome"> & { outcome: AtmOutcome };

export class Visits {
  readonly idleMsMax: number;
  #current: Visit | null = null;
  #ended: VisitEnd | null = null;
  #cancelIdle: () => void = () => {};

  constructor(
    private readonly dependencies: Pick<AtmDependencies, "world" | "idleMsMax" | "log"> & {
      line: StandingLine;
      cashier: Cashier;
      onChange: () => void;
      /** Called when a visit has ended. */
      onEnded: () => void;
    },
  ) {
    this.idleMsMax = dependencies.idleMsMax ?? atmIdleMsMax;
  }

  get current(): Visit | null {
    return this.#current;
  }

  /** Why the last visit ended; null while one is under way. */
  get ended(): VisitEnd | null {
    return this.#ended;
  }

  logIn(
    username: string,
    password: string,
  ): Promise<{ outcome: AtmOutcome; retryAfterMs?: number }> {
    return this.#begin({ op: "log_in", username, password });
  }

  logInWithCard(
    card: string,
    pin: string,
  ): Promise<{ outcome: AtmOutcome; retryAfterMs?: number }> {
    return this.#begin({ op: "log_in_with_card", card, pin });
  }

  async #begin(
    question: AskOf<"log_in" | "log_in_with_card">,
  ): Promise<{ outcome: AtmOutcome; retryAfterMs?: number }> {
    const { line, world } = this.dependencies;
    if (this.#current) return { outcome: "already_logged_in" };
    const bank = await line.soon();
    if (!bank) return { outcome: "bank_unreachable" };
    const answer = await ask(bank, question);
    if (answer === null) return { outcome: "bank_unreachable" };
    const { outcome, retryAfterMs, account, elsewhere = [] } = answer;
    const { usual = { recipients: [] }, displayName, oneTime = false, username = "", card } =
      answer;
    const byCard = question.op === "log_in_with_card";
    if (outcome !== "ok" || !account) return { outcome, retryAfterMs };
    const own = answer.accounts ?? [];
    const others = own.filter(({ id }) => id !== account.id).map(({ uid: _, ...view }) => view);
    const accounts = [account, ...others];
    const uids = new Map(own.map(({ id, uid }) => [id, uid]));
    if (bank !== line.bank) return { outcome: "bank_unreachable" }; // it ended meanwhile
    this.#current = new Visit(
      byCard ? username : question.username,
      account.id,
      accounts,
      uids,
      bank,
      elsewhere,
      usual,
      displayName,
      oneTime,
      byCard,
      card,
      world.monotonicMs(),
    );
    this.#ended = null;
    this.awaitIdleness();
    this.dependencies.onChange();
    return { outcome };
  }

  touch(): void {
    const visit = this.#current;
    if (!visit) return;
    this.awaitIdleness();
    const nowMs = this.dependencies.world.monotonicMs();
    if (nowMs - visit.touchedMs > touchEveryMs) {
      visit.touchedMs = nowMs;
      ask(visit.bank, { op: "touch" });
    }
  }

  async history(filter: HistoryFilter, cursor?: string, sealed?: boolean): Promise<HistoryPage> {
    const answer = await this.#ask(() => ({ op: "history", filter, cursor, sealed }));
    return { outcome: answer.outcome, entries: answer.entries ?? [], cursor: answer.cursor };
  }

  /** Requests the balance; the bank logs it. */
  async balance(): Promise<BalanceAnswer> {
    const answer = await this.#ask((visit) => ({ op: "balance", account: visit.account.id }));
    const { outcome, days = [], entries = [], moneyIn, moneyOut } = answer;
    return { outcome, days, entries, moneyIn, moneyOut };
  }

  /** Requests the masked name of an account's owner. */
  async recipient(
    account: string,
  ): Promise<{ outcome: AtmOutcome; recipient?: string; retryAfterMs?: number }> {
    const answer = await this.#ask((visit) => ({
      op: "recipient",
      account,
      from: visit.account.id,
    }));
    const { outcome, recipient, retryAfterMs } = answer;
    return { outcome, recipient, retryAfterMs };
  }

  /** Requests the signed receipt of a movement. */
  async signedReceipt(place: string): Promise<SignedReceipt> {
    const { outcome, receipt } = await this.#ask(() => ({ op: "receipt", place }));
    return { outcome, place, ...(receipt !== undefined && { receipt }) };
  }

  async changePassword(
    current: string,
    next: string,
  ): Promise<{ outcome: AtmOutcome; retryAfterMs?: number }> {
    const visit = this.#current;
    const answer = await this.#ask(() => ({ op: "change_password", current, next }));
    const { outcome, retryAfterMs } = answer;
    if (outcome === "ok" && visit?.oneTime) {
      visit.oneTime = false;
      this.dependencies.onChange();
    }
    return { outcome, retryAfterMs };
  }

  async setPin(pin: string): Promise<{ outcome: AtmOutcome }> {
    const { outcome } = await this.#ask(() => ({ op: "set_pin", pin }));
    if (outcome === "ok" && this.#current) this.#current.card = "with_pin";
    this.dependencies.onChange();
    return { outcome };
  }

  /** Sends a request for the customer who is logged in. */
  async #ask(question: (visit: Visit) => Ask): Promise<VisitAnswer> {
    const visit = this.#current;
    if (!visit) return { outcome: "not_logged_in" };
    this.awaitIdleness();
    return await ask(visit.bank, question(visit)) ?? { outcome: "bank_unreachable" };
  }

  /** Restarts the idle time. */
  awaitIdleness(): void {
    this.#cancelIdle();
    this.#cancelIdle = this.dependencies.world.after(this.idleMsMax, () => {
      this.end("idle", "idle").catch((error) =>
        this.dependencies.log(`ending a visit failed: ${error}`)
      );
    });
  }

  /** Stops the idle time while `work` runs. */
  async whileWorking<T>(work: () => Promise<T>): Promise<T> {
    this.#cancelIdle();
    try {
      return await work();
    } finally {
      if (this.#current) this.awaitIdleness();
    }
  }

  /** Ends the visit after the current movement, and logs out. */
  async end(ended: VisitEnd, reason: "customer" | "idle" | "closing"): Promise<void> {
    const { cashier, line } = this.dependencies;
    await cashier.idle();
    const visit = this.#current;
    if (!visit) return;
    line.giveUp(); // the next visit gets a new connection
    this.#forget(ended);
    await ask(visit.bank, { op: "log_out", reason });
    await visit.bank.close();
    await cashier.alone(() => cashier.returnEscrow(visit));
  }

  /** Ends the visit whose line has ended. */
  async onDisconnected(bank: BankClient): Promise<void> {
    const { cashier, line } = this.dependencies;
    const visit = this.#current;
    if (visit?.bank !== bank) return;
    line.markLost();
    await cashier.idle();
    this.#forget("connection_lost");
    await cashier.alone(() => cashier.returnEscrow(visit));
  }

  /** Ends the visit as a power cut does: nothing is sent, no device acts. */
  abandon(): void {
    if (this.#current) this.#forget("connection_lost");
  }

  onPush(bank: BankClient, push: Exclude<Push, { push: "new_key" }>): void {
    if (this.#current?.bank !== bank) return;
    if (push.push === "account") {
      this.#current.update(push.account);
      this.dependencies.onChange();
    } else if (push.push === "elsewhere") {
      this.#current.elsewhere = push.terminals;
      this.dependencies.onChange();
    } else {
      this.#endByBank(push.reason === "idle" ? "idle" : "ended_by_bank").catch((error) =>
        this.dependencies.log(`ending a visit failed: ${error}`)
      );
      bank.close();
    }
  }

  async #endByBank(ended: VisitEnd): Promise<void> {
    const { cashier, line } = this.dependencies;
    const visit = this.#current;
    line.giveUp();
    await cashier.idle();
    this.#forget(ended);
    await cashier.alone(() => cashier.returnEscrow(visit));
  }

  #forget(ended: VisitEnd): void {
    this.#cancelIdle();
    this.#current = null;
    this.#ended = ended;
    this.dependencies.onEnded();
    this.dependencies.onChange();
  }
}
