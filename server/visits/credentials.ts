/**
 * What customers prove themselves with: passwords, and cards with PINs. A terminal has one check under
 * way, since each takes long.
 */
import { cardNumberHash, isWeakPin } from "../../lib/card.ts";
import { passwordLengthMin } from "../../lib/limits.ts";
import type { Answer, AskOf } from "../../lib/protocol/message.ts";
import { nameHashOf } from "../audit/keys.ts";
import { cardKeysOf } from "../credentials/card_keys.ts";
import type { CardLogIn, LogIn } from "../ledger/command.ts";
import type { TerminalLedger } from "./terminal_ledger.ts";
import type { Visit } from "./visit.ts";

/** Log-ins in progress: at most one per terminal, over all of its connections. */
export type LogInsUnderWay = Set<string>;

/** The end of a log-in, with whether its password or PIN was right. */
export type LogInEnd = Extract<LogIn | CardLogIn, { passed: boolean }>;

export class Credentials {
  constructor(
    private readonly ledger: TerminalLedger,
    private readonly logInsUnderWay: LogInsUnderWay,
  ) {}

  /**
   * Checks what a customer proves a log-in with.
   * @param welcome ends the log-in, and begins the visit if it has passed
   */
  async logIn(
    ask: AskOf<"log_in" | "log_in_with_card">,
    welcome: (end: LogInEnd) => Promise<Answer>,
  ): Promise<Answer> {
    if (this.#isBusy) return await this.refuseLogIn(ask, "try_later");
    return await this.#alone(() =>
      ask.op === "log_in" ? this.#withPassword(ask, welcome) : this.#withCard(ask, welcome)
    );
  }

  async refuseLogIn(
    { op }: AskOf<"log_in" | "log_in_with_card">,
    outcome: "already_logged_in" | "try_later",
  ): Promise<Answer> {
    await this.ledger.log(op.replaceAll("_", " "), "log-in", outcome);
    return { outcome };
  }

  async #withPassword(
    { username, password }: AskOf<"log_in">,
    welcome: (end: LogInEnd) => Promise<Answer>,
  ): Promise<Answer> {
    const { bank: { passwords, auditKeys }, terminal: { id: terminal, connection } } = this.ledger;
    const nameHash = nameHashOf(auditKeys.newest, username);
    const who = { username, nameHash, terminal };
    const begun = await this.ledger.submit({ op: "begin_log_in", ...who });
    if (begun.outcome !== "ok") {
      return { outcome: begun.outcome, retryAfterMs: begun.retryAfterMs };
    }
    const passed = await passwords.verify(password, begun.passwordHash ?? null);
    const { passwordVersion = 0 } = begun;
    return await welcome({ op: "end_log_in", ...who, passed, passwordVersion, connection });
  }

  async #withCard(
    { card, pin }: AskOf<"log_in_with_card">,
    welcome: (end: LogInEnd) => Promise<Answer>,
  ): Promise<Answer> {
    const { bank: { passwords, ledger, keys }, terminal: { id: terminal, connection } } =
      this.ledger;
    const { pepper, cardHash: hashOf } = cardKeysOf(keys.audit);
    const cardHash = hashOf(cardNumberHash(card));
    const { username = "" } = await ledger.read.customerWithCard(cardHash) ?? {};
    const who = { username, cardHash, terminal };
    const begun = await this.ledger.submit({ op: "begin_card_log_in", ...who });
    if (begun.outcome !== "ok") {
      return { outcome: begun.outcome, retryAfterMs: begun.retryAfterMs };
    }
    const passed = await passwords.verify(pin, begun.passwordHash ?? null, pepper);
    const { passwordVersion = 0 } = begun;
    return await welcome({ op: "end_card_log_in", ...who, passed, passwordVersion, connection });
  }

  async changePassword(
    visit: Visit,
    { current, next }: AskOf<"change_password">,
  ): Promise<Answer> {
    if (this.#isBusy) return await this.#refuse(visit, "change password", "try_later");
    const { bank: { world, passwords, auditKeys }, terminal: { id: terminal } } = this.ledger;
    const { username, passwordVersion } = visit;
    return await this.#alone(async () => {
      const nameHash = nameHashOf(auditKeys.newest, username);
      const who = { username, nameHash, terminal, passwordVersion };
      const begun = await this.ledger.submit({ op: "begin_password_change", ...who });
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
      return { outcome: await visit.raisePasswordVersion(() => this.ledger.submit(end)) };
    });
  }

  async setPin(visit: Visit, { pin }: AskOf<"set_pin">): Promise<Answer> {
    if (visit.byCard) return await this.#refuse(visit, "set the PIN", "password_needed");
    if (this.#isBusy) return await this.#refuse(visit, "set the PIN", "try_later");
    const { bank: { world, passwords, keys }, terminal: { id: terminal } } = this.ledger;
    const { username, passwordVersion } = visit;
    return await this.#alone(async () => {
      const refused = isWeakPin(pin) ? "pin_weak" : null;
      const { pepper } = cardKeysOf(keys.audit);
      const pinHash = refused ? "" : await passwords.hash(pin, world.randomBytes(16), pepper);
      const who = { username, terminal, passwordVersion };
      const change = { op: "set_pin", ...who, refused, pinHash } as const;
      return { outcome: await visit.raisePasswordVersion(() => this.ledger.submit(change)) };
    });
  }

  async #refuse(
    visit: Visit,
    action: string,
    early: "password_needed" | "try_later",
  ): Promise<Answer> {
    const { outcome } = await this.ledger.logOf(visit, action, "log-in", early);
    return { outcome: outcome === "ok" ? early : outcome };
  }

  get #isBusy(): boolean {
    const { bank: { passwords }, terminal: { id } } = this.ledger;
    return this.logInsUnderWay.has(id) || passwords.busy;
  }

  async #alone(run: () => Promise<Answer>): Promise<Answer> {
    const { id } = this.ledger.terminal;
    this.logInsUnderWay.add(id);
    try {
      return await run();
    } finally {
      this.logInsUnderWay.delete(id);
    }
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
