/** One customer's visit after the other: who is logged in, for how long, and why it ended. */
import type { AccountView, HistoryFilter, HistoryPage, VisitEnd } from "../lib/atm.ts";
import type { AtmOutcome } from "../lib/errors.ts";
import { machineIdleMsMax } from "../lib/limits.ts";
import type { Push } from "../lib/protocol/message.ts";
import type { BankClient } from "./bank_client.ts";
import type { Cashier, Payer } from "./cashier.ts";
import { ask, type AtmParts } from "./parts.ts";
import type { StandingLine } from "./standing_line.ts";

/** A visit's touches reach the bank at most this often. */
const touchEveryMs = 20_000;

export class Visit implements Payer {
  /** When the bank last heard of the customer. */
  bankTouchedMs = Date.now();

  constructor(
    readonly username: string,
    public account: AccountView,
    readonly bank: BankClient,
    /** Other terminals at which the customer is logged in. */
    public elsewhere: string[],
  ) {}

  /** The newest word on the account wins, whichever way it came; of others it tells nothing. */
  see(account: AccountView | undefined): void {
    const mine = this.account;
    if (account?.id === mine.id && account.version >= mine.version) this.account = account;
  }
}

export class Visits {
  readonly idleMsMax: number;
  #current: Visit | null = null;
  #ended: VisitEnd | null = null;
  #idleTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly parts: Pick<AtmParts, "idleMsMax" | "log"> & {
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
    const { line } = this.parts;
    if (this.#current) return { outcome: "already_logged_in" };
    const bank = await line.soon();
    if (!bank) return { outcome: "bank_unreachable" };
    const answer = await ask(bank, { op: "log_in", username, password });
    if (answer === null) return { outcome: "bank_unreachable" };
    const { outcome, retryAfterMs, account, elsewhere = [] } = answer;
    if (outcome !== "ok" || !account) return { outcome, retryAfterMs };
    if (bank !== line.bank) return { outcome: "bank_unreachable" }; // lost in the meantime
    this.#current = new Visit(username, account, bank, elsewhere);
    this.#ended = null;
    this.awaitIdleness();
    this.parts.changed();
    return { outcome };
  }

  touch(): void {
    const visit = this.#current;
    if (!visit) return;
    this.awaitIdleness();
    if (Date.now() - visit.bankTouchedMs > touchEveryMs) {
      visit.bankTouchedMs = Date.now();
      ask(visit.bank, { op: "touch" });
    }
  }

  async history(filter: HistoryFilter, cursor?: string, sealed?: boolean): Promise<HistoryPage> {
    const visit = this.#current;
    if (!visit) return { outcome: "not_logged_in", entries: [] };
    this.awaitIdleness();
    const answer = await ask(visit.bank, { op: "history", filter, cursor, sealed });
    if (answer === null) return { outcome: "bank_unreachable", entries: [] };
    return { outcome: answer.outcome, entries: answer.entries ?? [], cursor: answer.cursor };
  }

  /** The customer is there: the idle time starts anew. */
  awaitIdleness(): void {
    clearTimeout(this.#idleTimer);
    this.#idleTimer = setTimeout(() => {
      this.end("idle", "idle").catch((error) => this.parts.log(`a visit did not end: ${error}`));
    }, this.idleMsMax);
  }

  /** Nobody is idle while the machine works. */
  async whileWorking<T>(work: () => Promise<T>): Promise<T> {
    clearTimeout(this.#idleTimer);
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
    clearTimeout(this.#idleTimer);
    this.#current = null;
    this.#ended = ended;
    this.parts.changed();
  }
}
