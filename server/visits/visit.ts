/**
 * One customer's visit at one terminal, from log-in to its end: it watches the customer's accounts,
 * registers the customer's presence, and ends after too long without a request.
 */
import type { Outcome } from "../../lib/errors.ts";
import { logOutPauseMsMax, logOutPauseMsMin, visitIdleMsMax } from "../../lib/limits.ts";
import { pause, type Timers } from "../../lib/world.ts";
import type { Bank } from "../bank.ts";
import { logCommand, type Reply } from "../ledger/command.ts";
import { laterDayOf } from "../ledger/day.ts";
import type { Account, DayOut, Limits } from "../ledger/model.ts";
import type { LimitsNow } from "./views.ts";
import type { Presence, PresentVisit } from "./presence.ts";

/** An authenticated terminal, and the version of the key that it used. */
export interface ProvedTerminal {
  readonly id: string;
  readonly name: string;
  readonly keyVersion: number;
  /** 32 hex digits that identify this connection. */
  readonly connection: string;
}

export interface VisitContext {
  readonly bank: Bank;
  readonly presence: Presence;
  /** Aborted when the server stops. */
  readonly stopping: AbortSignal;
}

/** Whose visit it is, and how it began. */
export interface VisitCustomer {
  readonly username: string;
  readonly byCard: boolean;
  /** Whether it began with a one-time password. */
  readonly oneTime: boolean;
}

/** The rows of the books on which a visit depends, as of its log-in. */
export interface VisitMoney {
  /** The customer's. */
  readonly accounts: readonly Pick<Account, "id" | "number" | "uid">[];
  /** Of the terminal. */
  readonly cash: DayOut | undefined;
  readonly limits: Limits;
  /** The bank's day. */
  readonly day: number;
}

export interface VisitEvents {
  /** Called with every committed change of one of the customer's accounts. */
  onAccountChanged(account: Account): void;
  /** Called with the names of the other terminals where the customer is logged in. */
  onElsewhereChanged(terminals: string[]): void;
  /** Called after the bank has ended the visit, and the end is durable in the log. */
  onEndedByBank(reason: "idle" | "bank"): void;
}

export class Visit {
  readonly #stopsWatching: readonly (() => void)[];
  readonly #present: PresentVisit;
  /** What the terminal's cash account handed out. */
  #cash: DayOut | undefined;
  #lastRequestMs: number;
  #cancelTimer = () => {};
  #isOver = false;
  #changesPasswordFirst: boolean;
  #isRaisingVersion = false;

  constructor(
    private readonly context: VisitContext,
    private readonly terminal: ProvedTerminal,
    private readonly customer: VisitCustomer,
    private readonly money: VisitMoney,
    private version: number,
    private readonly events: VisitEvents,
    private readonly timer: Pick<Timers, "after">,
  ) {
    const { bank, presence } = context;
    const { cash } = money;
    this.#cash = cash;
    this.#changesPasswordFirst = customer.oneTime;
    this.#stopsWatching = this.accounts.map(({ id }) =>
      bank.ledger.watch(id, (account) => events.onAccountChanged(account))
    );
    this.#present = presence.enter(this.username, {
      terminal: terminal.name,
      // While this visit's own change is being committed, a newer version may be its own.
      passwordVersion: () => this.#isRaisingVersion ? Infinity : this.version,
      onElsewhereChanged: (terminals) => events.onElsewhereChanged(terminals),
      end: () => this.endForPassword(),
    });
    this.#lastRequestMs = bank.world.monotonicMs();
    this.#endWhenIdle(visitIdleMsMax);
  }

  get username(): string {
    return this.customer.username;
  }

  /** Whether it began with a card, not with the password. */
  get byCard(): boolean {
    return this.customer.byCard;
  }

  /** Whether the password must be changed before anything else. */
  get changesPasswordFirst(): boolean {
    return this.#changesPasswordFirst;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** Returns the names of the other terminals where the customer is logged in. */
  get elsewhere(): string[] {
    return this.#present.elsewhere();
  }

  /** The customer's accounts. */
  get accounts(): VisitMoney["accounts"] {
    return this.money.accounts;
  }

  /** What limits the customer's movements now. */
  get limitsNow(): LimitsNow {
    const { world, settings } = this.context.bank;
    const today = laterDayOf(this.money.day, world.nowMs(), settings.timeZone);
    return { limits: this.money.limits, cash: this.#cash, today };
  }

  /** The version of the customer's password that the visit is bound to. */
  get passwordVersion(): number {
    return this.version;
  }

  /** Runs this visit's change of the password or PIN; once done, the customer's other visits end. */
  async raisePasswordVersion(change: () => Promise<Reply>): Promise<Outcome> {
    this.#isRaisingVersion = true;
    try {
      const { outcome, passwordVersion } = await change();
      if (outcome === "ok") {
        this.version = passwordVersion!;
        this.#changesPasswordFirst = false;
        this.context.presence.onPasswordVersion(this.username, this.version);
      }
      return outcome;
    } finally {
      this.#isRaisingVersion = false;
    }
  }

  /** Ends the visit because the password has another version: changed, or the account was locked. */
  endForPassword(): void {
    this.#endByBank("log out - password changed or account locked", "bank");
  }

  /** Called after each of the terminal's movements. */
  onCash(cash: DayOut): void {
    this.#cash = cash;
  }

  /** Called at each of the customer's requests. */
  touch(): void {
    this.#lastRequestMs = this.context.bank.world.monotonicMs();
  }

  /**
   * Ends the visit; resolves once the end is in the log, or the server stops. May be called again.
   */
  async end(action: string): Promise<void> {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#cancelTimer();
    this.#stopsWatching.forEach((stop) => stop());
    this.#present.leave();
    const { bank: { world, ledger }, stopping } = this.context;
    const { id: terminal, connection: leaves } = this.terminal;
    const facts = { kind: "log-in", terminal, leaves } as const;
    for (let pauseMs = logOutPauseMsMin;; pauseMs = Math.min(2 * pauseMs, logOutPauseMsMax)) {
      const { outcome } = await ledger.submit(logCommand(this.username, action, facts));
      if (outcome === "ok") return;
      if (stopping.aborted) return world.log("logging the end of a visit failed");
      await pause(world, pauseMs, stopping);
    }
  }

  #endWhenIdle(ms: number): void {
    const { world } = this.context.bank;
    this.#cancelTimer = this.timer.after(ms, () => {
      const leftMs = this.#lastRequestMs + visitIdleMsMax - world.monotonicMs();
      if (leftMs > 0) this.#endWhenIdle(leftMs);
      else this.#endByBank("log out - idle", "idle");
    });
  }

  #endByBank(action: string, reason: "idle" | "bank"): void {
    if (this.#isOver) return;
    this.end(action).then(
      () => this.events.onEndedByBank(reason),
      () => {}, // the ledger has reported it
    );
  }
}
