/** Answers what a terminal asks for itself, with a customer or without: its movements, devices and state. */
import { actionLengthMax } from "../../lib/limits.ts";
import { hex } from "../../lib/bytes.ts";
import { minorFromText } from "../../lib/money.ts";
import type { Answer, AskOf } from "../../lib/protocol/message.ts";
import { isSameState, reportInWords } from "../device_words.ts";
import type { DeviceStatus } from "../ledger/command.ts";
import { statusOf, tokenOf } from "../terminals/device_tokens.ts";
import { differencesOf } from "../watch/reconcile.ts";
import { accountNumberOf } from "./asked.ts";
import type { TerminalLedger } from "./terminal_ledger.ts";
import { answerOf, type LimitsNow } from "./views.ts";
import { readVoucher } from "./vouchers.ts";

type OfTerminal = AskOf<
  | "hello"
  | "report"
  | "reconcile"
  | "complete"
  | "reverse"
  | "void"
  | "load_cash"
  | "count_cash"
  | "doubt"
  | "retell"
  | "attest"
  | "retold"
>;

export class TerminalRequests {
  /** @param limitsNow the present visit's, if there is one */
  constructor(
    private readonly ledger: TerminalLedger,
    private readonly limitsNow: () => LimitsNow | undefined,
  ) {}

  async answer(ask: OfTerminal): Promise<Answer> {
    switch (ask.op) {
      case "hello":
        return await this.#hello();
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
        return answerOf(await this.ledger.submit({ op: "retold", terminal: this.#terminal.id }));
    }
  }

  get #bank() {
    return this.ledger.bank;
  }

  get #terminal() {
    return this.ledger.terminal;
  }

  async #hello(): Promise<Answer> {
    const { bankName: name, currency, timeZone } = this.#bank.settings;
    const restoring = await this.#bank.ledger.read.restoring();
    const retell = restoring?.waiting.includes(this.#terminal.id)
      ? { retell: new Date(restoring.sinceMs).toISOString() }
      : {};
    const device = this.#bank.terminals.deviceOf(this.#terminal.id)?.device;
    const attest = device?.state === "active"
      ? restoring?.unattested.find(({ terminal }) => terminal === this.#terminal.id)
      : undefined;
    const books = await this.#bank.ledger.read.booksOf(this.#terminal.id);
    const bank = {
      ...{ name, currency, timeZone, terminal: this.#terminal.name, ...retell },
      ...(attest && { attest: attest.nonce }),
      ...(books && { books: { movement: books.movement, cash: books.cash.toString() } }),
    };
    return { outcome: "ok", bank };
  }

  /** Stores a report of the devices; the log has it if their state has changed. */
  async #report({ op: _, ...report }: AskOf<"report">): Promise<Answer> {
    const { monitor, settings: { currency } } = this.#bank;
    const { id } = this.#terminal;
    const words = reportInWords(report, currency);
    const before = monitor.terminals.get(id)?.report;
    const isNew = !before || !isSameState(before, report);
    const outcome = isNew ? (await this.ledger.log(words, "other")).outcome : "ok";
    if (outcome === "ok") monitor.onReport(id, report, isNew);
    return { outcome };
  }

  /** Compares the terminal's movements and notes with the books; the log has the differences. */
  async #reconcile({ op: _, ...report }: AskOf<"reconcile">): Promise<Answer> {
    const { ledger: { read }, monitor, settings: { currency } } = this.#bank;
    const { id: terminal, name } = this.#terminal;
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
    const { outcome } = await this.ledger.log(action.slice(0, actionLengthMax), "other");
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
    const terminal = this.#terminal.id;
    const claimed = {
      ...{ movement, terminal, uid, currency },
      account: account === undefined ? "" : accountNumberOf(account),
      amount: minorFromText(ask.amount)!,
    };
    if (kind === "transfer") {
      const { keys: { audit }, settings: { bankId } } = this.#bank;
      const { voucher = "" } = ask;
      const seen = readVoucher(audit, bankId, claimed, voucher);
      return answerOf(await this.ledger.submit({ op: "retell_transfer", ...claimed, ...seen }));
    }
    const device = this.#bank.terminals.deviceOf(terminal);
    // The account of a withdrawal is its token's, whatever the terminal says.
    const proved = device && reported !== undefined
      ? tokenOf(device, movement, reported)
      : undefined;
    return answerOf(
      await this.ledger.submit({
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
    const terminal = this.#terminal.id;
    return answerOf(
      await this.ledger.submit({
        ...{ op: "attest", terminal, movement, ...(of && { of }) },
        ...this.#statusOf(status),
      }),
    );
  }

  async #doubt({ movement, status }: AskOf<"doubt">): Promise<Answer> {
    const terminal = this.#terminal.id;
    return answerOf(
      await this.ledger.submit({
        op: "doubt",
        movement,
        terminal,
        ...this.#statusOf(status),
      }),
    );
  }

  async #settle(
    ask: AskOf<"complete" | "reverse" | "void" | "load_cash" | "count_cash">,
  ): Promise<Answer> {
    const terminal = this.#terminal.id;
    if (ask.op === "load_cash" || ask.op === "count_cash") {
      return answerOf(
        await this.ledger.submit({ ...ask, terminal, amount: minorFromText(ask.amount)! }),
        this.limitsNow(),
      );
    }
    const { status: text, ...asked } = ask;
    const status = this.#statusOf(text);
    return this.ledger.vouched(
      await this.ledger.submit(
        asked.op === "complete"
          ? { ...asked, ...status, terminal, amount: minorFromText(asked.amount)! }
          : { ...asked, ...status, terminal },
      ),
      this.limitsNow(),
    );
  }

  /** Returns the device's status that a request carries, if it is valid. */
  #statusOf(text: string | undefined): { status?: DeviceStatus } {
    const { terminals, settings: { currency } } = this.#bank;
    const device = terminals.deviceOf(this.#terminal.id);
    const status = device && text !== undefined && statusOf(device, text, currency);
    return status ? { status } : {};
  }
}
