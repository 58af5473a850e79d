/**
 * The rules of money and of the log: (what the batch touches, commands in order, time) → (replies,
 * changes, audit entries). Pure and deterministic: no I/O, no clock, no randomness.
 *
 * A movement is refused for the first of these that holds, in this order:
 * `voided` or the first outcome or `id_reused` (the id was used before) · `amount_not_positive` ·
 * `amount_too_large` · `unknown_account` · `wrong_currency` · `account_closed` · `account_locked` ·
 * `over_withdrawal_limit` · `insufficient_funds`.
 */
import { type AtmOutcome, inWords, type Outcome } from "../../lib/errors.ts";
import { amountMinorMax, formatMoney } from "../../lib/money.ts";
import {
  customerPatience,
  oneMore,
  remembered,
  terminalPatience,
  waitMs,
} from "../credentials/throttle.ts";
import { keyStands } from "../terminals/key_versions.ts";
import { type Account, Books, customerSource, type Movement, terminalSource } from "./books.ts";
import type {
  Administer,
  AuditEntry,
  Authorise,
  Command,
  ConfirmKey,
  LoadCash,
  LogIn,
  Note,
  Reply,
  Settle,
} from "./command.ts";

/** What became of a batch. `replies` has one for each command, in order. */
export interface BatchResult {
  replies: Reply[];
  entries: AuditEntry[];
}

/**
 * Runs commands, in order, against the books, which hold the changes afterwards.
 * @param timeMs the batch's time: never before that of an earlier batch
 */
export function applyCommands(
  books: Books,
  commands: readonly Command[],
  timeMs: number,
): BatchResult {
  const batch = new Batch(books, timeMs);
  const replies = commands.map((command) => ({ timeMs, ...batch.apply(command) }));
  return { replies, entries: batch.entries };
}

type Answer = Omit<Reply, "timeMs">;

class Batch {
  readonly entries: AuditEntry[] = [];

  constructor(private readonly books: Books, private readonly timeMs: number) {}

  apply(command: Command): Answer {
    if (this.#isShutOut(command)) return { outcome: "terminal_revoked" };
    switch (command.op) {
      case "authorise":
        return this.#authorise(command);
      case "complete":
      case "reverse":
      case "void":
        return this.#settle(command);
      case "load_cash":
        return this.#loadCash(command);
      case "add_customer":
      case "enrol_terminal":
        return this.#administer(command);
      case "rotate_terminal":
      case "revoke_terminal":
      case "reseal_terminals":
        return this.#administerKeys(command);
      case "confirm_key":
        return this.#confirmKey(command);
      case "begin_log_in":
      case "end_log_in":
        return this.#logIn(command);
      case "note":
        return this.#note(command);
    }
  }

  /**
   * A terminal that is revoked, or speaks under a key that has ended, moves nothing more, whatever its
   * connection still gets through. The log hears of the attempt.
   */
  #isShutOut(command: Command): boolean {
    if (command.op === "note" || "operator" in command) return false;
    const terminal = this.books.terminal(command.terminal);
    if (!terminal) return false;
    const { name, keyVersion } = terminal;
    if (keyStands(terminal, command.underKey ?? keyVersion, this.timeMs)) return false;
    const outcome = "terminal_revoked";
    this.#log(`terminal ${name}`, failed(command.op.replaceAll("_", " "), outcome), {
      outcome,
      terminal: name,
    });
    return true;
  }

  // First phase

  #authorise(command: Authorise): Answer {
    const first = this.books.movement(command.movement, 1);
    if (first) return this.#again(first, command);
    const cash = this.books.accountOf("terminal", command.terminal);
    const account = this.books.account(command.account);
    const outcome = this.#refusalOf(command, account, cash) ?? "ok";
    const mine = account?.owner === command.customer ? account : undefined;
    if (outcome === "ok" && command.kind === "withdrawal") {
      this.books.adjust(command.account, { held: command.amount });
    }
    const [debit, credit] = command.kind === "withdrawal" ? [mine, cash] : [cash, mine];
    const row = this.#addRow({
      ...command,
      id: command.movement,
      step: 1,
      action: "authorise",
      debit: debit?.id ?? null,
      credit: credit?.id ?? null,
      booked: 0n,
      outcome,
    });
    this.#logMovement(row, row);
    return { outcome, account: mine && this.books.account(mine.id) };
  }

  #refusalOf(
    { kind, customer, amount, currency }: Authorise,
    account: Account | undefined,
    cash: Account | undefined,
  ): Outcome | undefined {
    if (amount <= 0n) return "amount_not_positive";
    if (amount > amountMinorMax) return "amount_too_large";
    if (!cash || account?.kind !== "customer" || account.owner !== customer) {
      return "unknown_account";
    }
    if (currency !== account.currency || currency !== cash.currency) return "wrong_currency";
    if (account.state === "closed") return "account_closed";
    if (account.state === "locked") return "account_locked";
    if (kind === "deposit") return undefined;
    const limit = this.books.settings.withdrawalMax;
    if (limit !== null && amount > limit) return "over_withdrawal_limit";
    if (amount > account.balance - account.held) return "insufficient_funds";
  }

  /** The same id once more: the first outcome for the same content, a refusal for other content. */
  #again(first: Movement, command: Authorise): Answer {
    if (first.action === "void") return { outcome: "voided" };
    const same = first.action === "authorise" && first.kind === command.kind &&
      first.terminal === command.terminal && first.customer === command.customer &&
      first.amount === command.amount && first.currency === command.currency &&
      (customerAccount(first) ?? command.account) === command.account;
    if (!same) {
      this.#log(command.customer, `${command.kind} refused - ${inWords("id_reused")}`, {
        kind: command.kind,
        outcome: "id_reused",
        terminal: this.#terminalName(command.terminal),
        movement: command.movement,
      });
      return { outcome: "id_reused" };
    }
    return { outcome: first.outcome, account: this.#accountOfRow(first) };
  }

  // Second phase

  #settle(command: Settle): Answer {
    const first = this.books.movement(command.movement, 1);
    if (!first && command.op === "void") return this.#voidUnknown(command);
    if (!first || first.terminal !== command.terminal) return this.#refuseSettling(command);
    const settled = this.books.movement(command.movement, 2);
    if (command.op === "complete") return this.#complete(command, first, settled);
    if (settled?.action === "complete") {
      return {
        outcome: "already_completed",
        booked: settled.booked,
        account: this.#accountOfRow(first),
      };
    }
    if (settled || first.action === "void" || first.outcome !== "ok") {
      return { outcome: "ok", booked: 0n, account: this.#accountOfRow(first) };
    }
    // A load is booked in one step: nothing of it can be taken back.
    if (first.action === "book") return { outcome: "already_completed", booked: first.booked };
    return this.#settleRow(first, command.op, 0n);
  }

  #complete(
    command: Settle & { op: "complete" },
    first: Movement,
    settled: Movement | undefined,
  ): Answer {
    const { amount } = command;
    if (first.action === "void") return { outcome: "voided" };
    if (settled?.action === "complete") {
      const outcome = settled.booked === amount ? "ok" : "already_completed";
      return { outcome, booked: settled.booked, account: this.#accountOfRow(first) };
    }
    if (settled) return { outcome: "already_reversed", account: this.#accountOfRow(first) };
    if (first.action !== "authorise" || first.outcome !== "ok") {
      return this.#refuseSettling(command);
    }
    if (amount <= 0n) return this.#refuseSettling(command, "amount_not_positive");
    if (amount > first.amount) return this.#refuseSettling(command, "amount_too_large");
    return this.#settleRow(first, "complete", amount);
  }

  /** Ends an open movement: moves what the device moved, and lets go of the hold. */
  #settleRow(first: Movement, action: "complete" | "reverse" | "void", booked: bigint): Answer {
    const debit = first.debit!, credit = first.credit!;
    const held = first.kind === "withdrawal" ? -first.amount : 0n;
    // The hold's account always changes; the terminal's only when notes moved.
    if (first.kind === "withdrawal") this.books.adjust(debit, { balance: -booked, held });
    else if (booked > 0n) this.books.adjust(debit, { balance: -booked });
    if (booked > 0n) this.books.adjust(credit, { balance: booked });
    const row = this.#addRow({ ...first, step: 2, action, booked, outcome: "ok" });
    this.#logMovement(row, first);
    return { outcome: "ok", booked, account: this.#accountOfRow(first) };
  }

  #voidUnknown({ movement, terminal }: Settle): Answer {
    const row = this.#addRow({
      id: movement,
      step: 1,
      action: "void",
      kind: "void",
      terminal,
      customer: "",
      debit: null,
      credit: null,
      amount: 0n,
      booked: 0n,
      currency: this.books.settings.currency.code,
      outcome: "voided",
    });
    this.#log(`terminal ${this.#terminalName(terminal)}`, "void an unknown movement", {
      outcome: "voided",
      movement: row.id,
    });
    return { outcome: "ok", booked: 0n };
  }

  #refuseSettling(
    { op, movement, terminal }: Settle,
    outcome: "unknown_movement" | "amount_not_positive" | "amount_too_large" = "unknown_movement",
  ): Answer {
    this.#log(`terminal ${this.#terminalName(terminal)}`, failed(`${op} a movement`, outcome), {
      outcome,
      movement,
    });
    return { outcome };
  }

  // Cash and the bank's own

  #loadCash({ movement, terminal, amount, currency }: LoadCash): Answer {
    const first = this.books.movement(movement, 1);
    if (first) {
      const same = first.kind === "load" && first.terminal === terminal && first.amount === amount;
      return { outcome: same ? first.outcome : first.action === "void" ? "voided" : "id_reused" };
    }
    const cash = this.books.accountOf("terminal", terminal);
    const outcome = amount <= 0n
      ? "amount_not_positive"
      : amount > amountMinorMax
      ? "amount_too_large"
      : !cash
      ? "unknown_account"
      : currency !== cash.currency
      ? "wrong_currency"
      : "ok";
    const vault = this.books.accountOf("vault")!;
    if (outcome === "ok") {
      this.#book({ movement, kind: "load", terminal, debit: cash!, credit: vault, amount });
    }
    const action = `load ${this.#money(amount)} into the cassettes`;
    this.#log(`terminal ${this.#terminalName(terminal)}`, failed(action, outcome), {
      outcome,
      movement,
      amount,
    });
    return { outcome };
  }

  /** A movement in one step. */
  #book(
    { movement, kind, terminal, debit, credit, amount, customer = "" }: {
      movement: string;
      kind: "load" | "opening";
      terminal: string;
      debit: Account;
      credit: Account;
      amount: bigint;
      customer?: string;
    },
  ): Movement {
    this.books.adjust(debit.id, { balance: -amount });
    this.books.adjust(credit.id, { balance: amount });
    return this.#addRow({
      id: movement,
      step: 1,
      action: "book",
      kind,
      terminal,
      customer,
      debit: debit.id,
      credit: credit.id,
      amount,
      booked: amount,
      currency: debit.currency,
      outcome: "ok",
    });
  }

  #administer(command: Extract<Administer, { op: "add_customer" | "enrol_terminal" }>): Answer {
    const who = `operator ${command.operator}`;
    if (command.op === "enrol_terminal") {
      const outcome = this.books.terminalNamed(command.name) ? "name_taken" : "ok";
      if (outcome === "ok") {
        const { terminal: id, name, keyVersion, sealedKey } = command;
        this.books.setTerminal({ id, name, keyVersion, sealedKey, state: "active", next: null });
        this.books.openAccount("terminal", id);
      }
      this.#log(who, failed(`enrol terminal ${command.name}`, outcome), { outcome });
      return { outcome };
    }
    const { username, passwordHash, opening, movement } = command;
    const outcome = this.books.customer(username)
      ? "name_taken"
      : opening < 0n
      ? "amount_not_positive"
      : opening > amountMinorMax
      ? "amount_too_large"
      : "ok";
    this.#log(who, failed(`add customer ${username}`, outcome), { outcome });
    if (outcome !== "ok") return { outcome };
    this.books.addCustomer({ username, passwordHash });
    const credit = this.books.openAccount("customer", username);
    if (opening > 0n) {
      const debit = this.books.accountOf("vault")!;
      this.#book({
        movement,
        kind: "opening",
        terminal: "",
        debit,
        credit,
        amount: opening,
        customer: username,
      });
      const action = `deposit ${this.#money(opening)} - opening balance`;
      this.#log(username, action, { kind: "deposit", outcome, movement, amount: opening });
    }
    return { outcome, account: this.books.account(credit.id) };
  }

  // Terminals' keys

  #administerKeys(command: Exclude<Administer, { op: "add_customer" | "enrol_terminal" }>): Answer {
    const who = `operator ${command.operator}`;
    if (command.op === "reseal_terminals") {
      for (const resealed of command.keys) this.#reseal(resealed);
      this.#log(who, "rotate the master key", { outcome: "ok" });
      return { outcome: "ok" };
    }
    const terminal = this.books.terminal(command.terminal);
    if (!terminal) return { outcome: "unknown_name" };
    const { name, state, next } = terminal;
    if (command.op === "revoke_terminal") {
      this.books.setTerminal({ ...terminal, state: "revoked", next: null });
      this.#log(who, `revoke terminal ${name}`, { outcome: "ok" });
      return { outcome: "ok" };
    }
    const { keyVersion, sealedKey, now } = command;
    const outcome = state === "revoked"
      ? "terminal_revoked"
      : next !== null && !now
      ? "rotation_under_way"
      : "ok";
    if (outcome === "ok") {
      this.books.setTerminal(
        now
          ? { ...terminal, keyVersion, sealedKey, next: null }
          : { ...terminal, next: { version: keyVersion, sealedKey, sinceMs: this.timeMs } },
      );
    }
    const action = `rotate the key of terminal ${name} to ${keyVersion}${now ? " at once" : ""}`;
    this.#log(who, failed(action, outcome), { outcome });
    return { outcome };
  }

  #reseal(
    { terminal: id, keyVersion, sealedKey }: {
      terminal: string;
      keyVersion: number;
      sealedKey: Uint8Array;
    },
  ): void {
    const terminal = this.books.terminal(id)!;
    if (terminal.keyVersion === keyVersion) this.books.setTerminal({ ...terminal, sealedKey });
    else if (terminal.next?.version === keyVersion) {
      this.books.setTerminal({ ...terminal, next: { ...terminal.next, sealedKey } });
    }
  }

  /** The terminal has come with its next key, so it has it safe: the key before ends. */
  #confirmKey({ terminal: id, keyVersion }: ConfirmKey): Answer {
    const terminal = this.books.terminal(id);
    if (terminal?.next?.version !== keyVersion) return { outcome: "ok" };
    const { name, keyVersion: before, next: { sealedKey } } = terminal;
    this.books.setTerminal({ ...terminal, keyVersion, sealedKey, next: null });
    const action = `come with key ${keyVersion} - key ${before} has ended`;
    this.#log(`terminal ${name}`, action, { outcome: "ok", terminal: name });
    return { outcome: "ok" };
  }

  // Who is there

  #logIn({ op, username, nameHash, terminal, ...rest }: LogIn): Answer {
    const customer = this.books.customer(username);
    const mine = this.books.failures(customerSource(nameHash));
    const its = this.books.failures(terminalSource(terminal));
    const log = (action: string, outcome: Outcome) =>
      this.#log(customer ? username : `unknown ${nameHash.slice(0, 16)}`, failed(action, outcome), {
        kind: "log-in",
        outcome,
        terminal: this.#terminalName(terminal),
      });
    if (op === "begin_log_in") {
      const retryAfterMs = Math.max(
        waitMs(mine, customerPatience, this.timeMs),
        waitMs(its, terminalPatience, this.timeMs),
      );
      if (retryAfterMs > 0) {
        log("log in", "throttled");
        return { outcome: "throttled", retryAfterMs };
      }
      this.books.setFailures(oneMore(mine, customerPatience, this.timeMs));
      this.books.setFailures(oneMore(its, terminalPatience, this.timeMs));
      return { outcome: "ok", passwordHash: customer?.passwordHash ?? null };
    }
    const passed = "passed" in rest && rest.passed && customer !== undefined;
    log("log in", passed ? "ok" : "wrong_credentials");
    if (!passed) return { outcome: "wrong_credentials" };
    // The customer starts afresh; the terminal only gets back what this attempt cost it.
    this.books.setFailures({ ...mine, count: 0 });
    const count = Math.max(0, remembered(its, terminalPatience, this.timeMs) - 1);
    this.books.setFailures({ ...its, count });
    return { outcome: "ok", account: this.books.accountOf("customer", username) };
  }

  #note({ who, action, kind, outcome, terminal }: Note): Answer {
    const at = terminal ? this.#terminalName(terminal) : "";
    this.#log(who, failed(action, outcome), { kind, outcome, terminal: at });
    return { outcome: "ok" };
  }

  // Rows and entries

  #addRow(row: Omit<Movement, "debitBalance" | "creditBalance" | "timeMs">): Movement {
    const balance = (id: number | null) => id === null ? null : this.books.account(id)!.balance;
    return this.books.addMovement({
      id: row.id,
      step: row.step,
      action: row.action,
      kind: row.kind,
      terminal: row.terminal,
      customer: row.customer,
      debit: row.debit,
      credit: row.credit,
      amount: row.amount,
      booked: row.booked,
      currency: row.currency,
      outcome: row.outcome,
      debitBalance: balance(row.debit),
      creditBalance: balance(row.credit),
      timeMs: this.timeMs,
    });
  }

  #logMovement(row: Movement, first: Movement): void {
    const verb = first.kind === "withdrawal" ? "withdraw" : "deposit";
    const asked = `${verb} ${this.#money(first.amount)}`;
    const action = row.step === 1
      ? row.outcome === "ok" ? `${asked} authorised` : failed(asked, row.outcome)
      : row.action !== "complete"
      ? `${asked} reversed`
      : row.booked < first.amount
      ? `${verb} ${this.#money(row.booked)} of ${this.#money(first.amount)}`
      : asked;
    this.#log(first.customer, action, {
      kind: first.kind === "withdrawal" ? "withdrawal" : "deposit",
      outcome: row.outcome,
      terminal: this.#terminalName(first.terminal),
      movement: row.id,
      step: row.step === 1 ? "authorise" : "settle",
      amount: row.step === 1 || row.action !== "complete" ? first.amount : row.booked,
    });
  }

  #log(who: string, action: string, facts: Partial<AuditEntry> & { outcome: AtmOutcome }): void {
    this.entries.push({ who, action, timeMs: this.timeMs, kind: "other", terminal: "", ...facts });
  }

  #money(amount: bigint): string {
    return formatMoney(amount, this.books.settings.currency);
  }

  #terminalName(id: string): string {
    return this.books.terminal(id)?.name ?? "";
  }

  #accountOfRow(row: Movement): Account | undefined {
    const id = customerAccount(row);
    return id === null ? undefined : this.books.account(id);
  }
}

/** The customer's side of a movement: what a withdrawal takes from, what a deposit adds to. */
function customerAccount(row: Movement): number | null {
  return row.kind === "withdrawal" ? row.debit : row.kind === "deposit" ? row.credit : null;
}

/** The action in the words of the log: "withdraw €100.00 failed - insufficient funds". */
function failed(action: string, outcome: AtmOutcome): string {
  return outcome === "ok" ? action : `${action} failed - ${inWords(outcome)}`;
}
