/** One customer's visit after the other: who is logged in, for how long, and why it ended. */
import type {
  AccountView,
  DayBalance,
  HistoryEntry,
  HistoryFilter,
  HistoryPage,
  VisitEnd,
} from "../lib/atm.ts";
import type { AtmOutcome } from "../lib/errors.ts";
import { machineIdleMsMax, touchEveryMs } from "../lib/limits.ts";
import type { Answer, Ask, Push } from "../lib/protocol/message.ts";
import type { BankClient } from "./bank_client.ts";
import type { Cashier, Payer } from "./cashier.ts";
import { ask } from "./ask.ts";
import type { AtmDependencies } from "./dependencies.ts";
import type { StandingLine } from "./standing_line.ts";

export class Visit implements Payer {
  constructor(
    readonly username: string,
    private chosen: string,
    /** All that can be used. */
    public accounts: AccountView[],
    readonly bank: BankClient,
    /** Other terminals at which the customer is logged in. */
    public elsewhere: string[],
    /** When the last touch was sent to the bank, by the monotonic clock. */
    public touchedMs: number,
  ) {}

  /** The account that everything is done with. */
  get account(): AccountView {
    return this.accounts.find(({ id }) => id === this.chosen)!;
  }

  /** Does everything with this account from here on, if it is one of the customer's. */
  choose(id: string): void {
    if (this.accounts.some((account) => account.id === id)) this.chosen = id;
  }

  /** The newest word on an account wins, whichever way it came; of others' it tells nothing. */
  see(account: AccountView | undefined): void {
    if (!account) return;
    this.accounts = this.accounts.map((mine) =>
      mine.id === account.id && account.version >= mine.version ? account : mine
    );
  }
}

/** What the bank said, or that it could not be asked. */
type Told = Omit<Answer, "outcome"> & { outcome: AtmOutcome };

export class Visits {
  readonly idleMsMax: number;
  #current: Visit | null = null;
  #ended: VisitEnd | null = null;
  #cancelIdle: () => void = () => {};

  constructor(
    private readonly parts: Pick<AtmDependencies, "world" | "idleMsMax" | "log"> & {
      line: StandingLine;
      cashier: Cashier;
      changed: () => void;
    },
  ) {
    this.idleMsMax = parts.idleMsMax ?? machineIdleMsMax;
  }

  get current(): Visit | null {
    return this.#current;
  }

  /** Why the last visit ended; null while one is under way. */
  get ended(): VisitEnd | null {
    return this.#ended;
  }

  async logIn(
    username: string,
    password: string,
  ): Promise<{ outcome: AtmOutcome; retryAfterMs?: number }> {
    const { line, world } = this.parts;
    if (this.#current) return { outcome: "already_logged_in" };
    const bank = await line.soon();
    if (!bank) return { outcome: "bank_unreachable" };
    const answer = await ask(bank, { op: "log_in", username, password });
    if (answer === null) return { outcome: "bank_unreachable" };
    const { outcome, retryAfterMs, account, elsewhere = [] } = answer;
    if (outcome !== "ok" || !account) return { outcome, retryAfterMs };
    const others = (answer.accounts ?? []).filter(({ id }) => id !== account.id);
    const accounts = [account, ...others];
    if (bank !== line.bank) return { outcome: "bank_unreachable" }; // lost in the meantime
    this.#current = new Visit(
      username,
      account.id,
      accounts,
      bank,
      elsewhere,
      world.monotonicMs(),
    );
    this.#ended = null;
    this.awaitIdleness();
    this.parts.changed();
    return { outcome };
  }

  touch(): void {
    const visit = this.#current;
    if (!visit) return;
    this.awaitIdleness();
    const nowMs = this.parts.world.monotonicMs();
    if (nowMs - visit.touchedMs > touchEveryMs) {
      visit.touchedMs = nowMs;
      ask(visit.bank, { op: "touch" });
    }
  }

  async history(filter: HistoryFilter, cursor?: string, sealed?: boolean): Promise<HistoryPage> {
    const answer = await this.#ask(() => ({ op: "history", filter, cursor, sealed }));
    return { outcome: answer.outcome, entries: answer.entries ?? [], cursor: answer.cursor };
  }

  /** All entries under a filter, newest first, at most so many. */
  async wholeHistory(
    filter: HistoryFilter,
    entriesMax: number,
  ): Promise<{ outcome: AtmOutcome; entries: HistoryEntry[] }> {
    const entries: HistoryEntry[] = [];
    for (let cursor: string | undefined, more = true; more;) {
      const page = await this.history(filter, cursor);
      if (page.outcome !== "ok") return { outcome: page.outcome, entries };
      entries.push(...page.entries);
      cursor = page.cursor;
      more = cursor !== undefined && entries.length < entriesMax;
    }
    return { outcome: "ok", entries: entries.slice(0, entriesMax) };
  }

  /** The customer looks at the balance. */
  async balance(): Promise<{ outcome: AtmOutcome; days: DayBalance[] }> {
    const answer = await this.#ask((visit) => ({ op: "balance", account: visit.account.id }));
    return { outcome: answer.outcome, days: answer.days ?? [] };
  }

  /** Whose account this is, as far as a customer may know. */
  async recipient(
    account: string,
  ): Promise<{ outcome: AtmOutcome; recipient?: string; retryAfterMs?: number }> {
    const answer = await this.#ask(() => ({ op: "recipient", account }));
    const { outcome, recipient, retryAfterMs } = answer;
    return { outcome, recipient, retryAfterMs };
  }

  async changePassword(
    current: string,
    next: string,
  ): Promise<{ outcome: AtmOutcome; retryAfterMs?: number }> {
    const answer = await this.#ask(() => ({ op: "change_password", current, next }));
    return { outcome: answer.outcome, retryAfterMs: answer.retryAfterMs };
  }

  /** Asks the bank something for whoever is logged in. */
  async #ask(question: (visit: Visit) => Ask): Promise<Told> {
    const visit = this.#current;
    if (!visit) return { outcome: "not_logged_in" };
    this.awaitIdleness();
    return await ask(visit.bank, question(visit)) ?? { outcome: "bank_unreachable" };
  }

  /** The customer is there: the idle time starts anew. */
  awaitIdleness(): void {
    this.#cancelIdle();
    this.#cancelIdle = this.parts.world.after(this.idleMsMax, () => {
      this.end("idle", "idle").catch((error) => this.parts.log(`a visit did not end: ${error}`));
    });
  }

  /** Nobody is idle while the machine works. */
  async whileWorking<T>(work: () => Promise<T>): Promise<T> {
    this.#cancelIdle();
    try {
      return await work();
    } finally {
      if (this.#current) this.awaitIdleness();
    }
  }

  /** Ends the visit in order, once what is under way has ended. */
  async end(ended: VisitEnd, reason: "customer" | "idle" | "closing"): Promise<void> {
    const { cashier, line } = this.parts;
    await cashier.idle();
    const visit = this.#current;
    if (!visit) return;
    line.giveUp(); // nobody else uses this one
    this.#forget(ended);
    await ask(visit.bank, { op: "log_out", reason });
    await visit.bank.close();
    await cashier.alone(() => cashier.returnEscrow());
  }

  /** The visit's line has ended. */
  async lose(bank: BankClient): Promise<void> {
    const { cashier, line } = this.parts;
    if (this.#current?.bank !== bank) return;
    line.lose();
    await cashier.idle();
    this.#forget("connection_lost");
    await cashier.alone(() => cashier.returnEscrow());
  }

  /** The power has gone: nothing is left to be ended. */
  drop(): void {
    if (this.#current) this.#forget("connection_lost");
  }

  hear(bank: BankClient, push: Exclude<Push, { push: "new_key" }>): void {
    if (this.#current?.bank !== bank) return;
    if (push.push === "account") {
      this.#current.see(push.account);
      this.parts.changed();
    } else if (push.push === "elsewhere") {
      this.#current.elsewhere = push.terminals;
      this.parts.changed();
    } else {
      this.#endByBank(push.reason === "idle" ? "idle" : "ended_by_bank").catch((error) =>
        this.parts.log(`a visit did not end: ${error}`)
      );
      bank.close();
    }
  }

  async #endByBank(ended: VisitEnd): Promise<void> {
    const { cashier, line } = this.parts;
    line.giveUp();
    await cashier.idle();
    this.#forget(ended);
    await cashier.alone(() => cashier.returnEscrow());
  }

  #forget(ended: VisitEnd): void {
    this.#cancelIdle();
    this.#current = null;
    this.#ended = ended;
    this.parts.changed();
  }
}
