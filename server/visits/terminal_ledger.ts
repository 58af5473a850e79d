/** The bank's ledger as one terminal's connection reaches it: each command is under the terminal's key. */
import type { AtmOutcome } from "../../lib/errors.ts";
import type { Answer } from "../../lib/protocol/message.ts";
import type { EntryKind } from "../audit/entry.ts";
import type { Bank } from "../bank.ts";
import type { Command, Reply } from "../ledger/command.ts";
import type { DayOut } from "../ledger/model.ts";
import { answerOf, type LimitsNow } from "./views.ts";
import type { ProvedTerminal, Visit } from "./visit.ts";
import { voucherOf } from "./vouchers.ts";

/**
 * The terminal was revoked, or its key has ended: the request had no effect, and its channel must
 * be closed.
 */
export class KeyEnded extends Error {
  override name = "KeyEnded";
}

export class TerminalLedger {
  /** @param onCash called after each of the terminal's movements */
  constructor(
    readonly bank: Bank,
    readonly terminal: ProvedTerminal,
    private readonly onCash: (cash: DayOut) => void,
  ) {}

  /**
   * Submits a command. The ledger checks within the commit that the terminal's key is still valid.
   * @throws {KeyEnded} if it is not
   */
  async submit(command: Command): Promise<Reply> {
    const underKey = this.terminal.keyVersion;
    const reply = await this.bank.ledger.submit({ ...command, underKey });
    if (reply.outcome === "terminal_revoked") throw new KeyEnded();
    if (reply.cash) this.onCash(reply.cash);
    return reply;
  }

  /** Logs an action of the terminal. */
  async log(action: string, kind: EntryKind, outcome: AtmOutcome = "ok"): Promise<Reply> {
    const { id: terminal, name } = this.terminal;
    return await this.submit({
      op: "log",
      who: `terminal ${name}`,
      action,
      kind,
      outcome,
      terminal,
    });
  }

  /** Logs an action of the customer. */
  async logOf(
    { username: who, passwordVersion }: Visit,
    action: string,
    kind: EntryKind,
    outcome: AtmOutcome = "ok",
  ): Promise<Reply> {
    const terminal = this.terminal.id;
    return await this.submit({ op: "log", who, action, kind, outcome, terminal, passwordVersion });
  }

  /** Returns a reply as an answer, with the voucher of a booked transfer. */
  vouched(reply: Reply, now?: LimitsNow): Answer {
    const { keys: { audit }, settings: { bankId } } = this.bank;
    const { transferred } = reply;
    const answer = answerOf(reply, now);
    if (!transferred) return answer;
    const facts = { ...transferred, terminal: this.terminal.id };
    return { ...answer, voucher: voucherOf(audit, bankId, facts) };
  }
}
