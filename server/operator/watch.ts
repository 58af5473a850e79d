/**
 * `watch_bank`: the bank's state for a console, within a second of each change. One signed command, with
 * one entry in the log, for as long as the console watches.
 */
import type {
  BankNews,
  FreshEntry,
  HoldNews,
  TerminalNews,
  WatchedBank,
} from "../../lib/console.ts";
import { newsHoldsMax, newsProblemsMax, terminalSilentMsMax, watchMs } from "../../lib/limits.ts";
import { mayGive, type Role } from "../../lib/operator_commands.ts";
import { pause } from "../../lib/world.ts";
import type { OpenedEntry } from "../audit/places.ts";
import type { Bank } from "../bank.ts";
import { isAhead } from "../ledger/clock.ts";
import { logCommand } from "../ledger/command.ts";
import type { MovementId, Operator, Staff } from "../ledger/model.ts";
import {
  type BankState,
  bankStateOf,
  type OpenMovement,
  openMovements,
  openRowsOf,
  type TerminalState,
} from "../metrics/bank_state.ts";
import {
  failuresOf,
  namesInWords,
  type Problem,
  problemsOf,
  problemsOfTerminal,
} from "../metrics/problems.ts";
import { openProposals } from "./proposals.ts";
import { CommandRefused, type Handlers } from "./request.ts";
import { entryNews } from "./search_log.ts";
import { Today } from "./today.ts";

export const watchCommands: Handlers<"watch_bank"> = {
  async *watch_bank(bank, { operator, follow }, signal) {
    await bank.ledger.submit(logCommand(`operator ${operator}`, "watch the bank"));
    const watch = new Watch(bank, operator);
    for (let isFirst = true; !signal.aborted; isFirst = false) {
      const piece = await watch.piece();
      if (isFirst || Object.keys(piece).length > 0) yield { line: JSON.stringify(piece) };
      if (!follow) return;
      await pause(bank.world, watchMs, signal);
    }
  },
};

/** What one console has been sent. */
class Watch {
  readonly #terminals = new Map<string, string>();
  readonly #today: Today;
  readonly #versions = { terminals: 0, holds: 0, log: 0 };
  /** Whether each open movement that it has is in doubt. */
  readonly #holds = new Map<MovementId, boolean>();
  #me: Operator | null = null;
  #news = "";

  constructor(private readonly bank: Bank, private readonly operator: string) {
    const { ledger, settings: { timeZone }, world } = bank;
    this.#today = new Today(ledger.read, () => bank.auditKeys, timeZone, world.nowMs());
  }

  /** Returns what has changed since the last piece. */
  async piece(): Promise<WatchedBank> {
    const { bank } = this;
    const staff = await bank.ledger.read.staff();
    const me = this.#requirePresent(staff);
    const rows = await openRowsOf(bank.ledger);
    const state = await bankStateOf(bank, rows);
    const open = openMovements(rows);
    const { lastMs, clockMs } = await bank.ledger.read.times();
    const isFirst = this.#news === "";
    const isNew = await this.#today.read(state.nowMs);
    if (isNew) this.#versions.log++;
    const holds = this.#changedHolds(open);
    if (Object.keys(holds).length > 0) this.#versions.holds++;
    const terminals = this.#changed(state.terminals.map((each) => terminalNews(each, state, bank)));
    if (terminals.length > 0) this.#versions.terminals++;
    const news: BankNews = {
      ...stateNews(bank, state),
      operator: { role: me.role, fourEyes: staff.fourEyes },
      holds: {
        count: open.length,
        waiting: open.filter((each) => isWaiting(each, state.nowMs)).length,
        oldestMs: open[0]?.hold.timeMs ?? null,
      },
      proposals: (await openProposals(bank, staff)).map(({ news }) => news),
      ...this.#today.news(state.nowMs),
      versions: { ...this.#versions },
    };
    if (isAhead(lastMs, clockMs ?? bank.world.nowMs())) news.server.aheadMs = lastMs;
    news.log.entries = this.#today.entries;
    const text = JSON.stringify({ ...news, nowMs: 0 });
    const isSame = text === this.#news;
    this.#news = text;
    const { fresh, hasMissed } = this.#today.takeFresh();
    const entries = isFirst ? [] : await this.#entriesFor(me.role, fresh);
    return {
      ...(!isSame && { news }),
      ...(terminals.length > 0 && { terminals }),
      ...holds,
      ...(entries.length > 0 && { entries }),
      ...(hasMissed && !isFirst && { missed: true }),
    };
  }

  /**
   * Returns new entries as a role may see them: who may not read the log gets those of terminals and
   * of movements, and of operators only that they changed something.
   */
  async #entriesFor(role: Role, fresh: readonly OpenedEntry[]): Promise<FreshEntry[]> {
    const { auditKeys, ledger } = this.bank;
    const ids = new Map((await ledger.read.chains()).map(({ number, id }) => [number, id]));
    return fresh.flatMap(({ stored, entry }) => {
      const isOperators = entry.who.startsWith("operator ");
      const isChange = isOperators &&
        (auditKeys.openWithDigests(stored, ids.get(stored.chain)!)?.digests.length ?? 0) > 0;
      const news = { ...entryNews(stored, entry), isChange };
      if (mayGive(role, "show_audit")) return [news];
      if (isChange) return [{ ...news, who: "operator", action: "", movement: "" }];
      const isSeen = entry.step !== undefined || entry.balance !== undefined ||
        entry.who.startsWith("terminal ");
      return isSeen ? [news] : [];
    });
  }

  /** @throws {CommandRefused} if the operator has been removed, or has another key or role */
  #requirePresent({ operators }: Staff): Operator {
    const found = operators.find(({ name }) => name === this.operator);
    const { publicKey, role } = this.#me ?? found ?? {};
    if (!found || found.publicKey !== publicKey || found.role !== role) {
      throw new CommandRefused(`${this.operator} is no operator with this key and role any more`);
    }
    return this.#me = found;
  }

  /** Returns what has become open or in doubt, as much of it as a piece has, and what is settled. */
  #changedHolds(open: readonly OpenMovement[]): Pick<WatchedBank, "holds" | "settled"> {
    const ids = new Set(open.map(({ hold: { id } }) => id));
    const settled = [...this.#holds.keys()].filter((id) => !ids.has(id));
    for (const id of settled) this.#holds.delete(id);
    const changed = open.filter(({ hold: { id }, inDoubt }) => this.#holds.get(id) !== inDoubt)
      .slice(0, newsHoldsMax);
    for (const { hold: { id }, inDoubt } of changed) this.#holds.set(id, inDoubt);
    return {
      ...(changed.length > 0 && { holds: changed.map(holdNews) }),
      ...(settled.length > 0 && { settled }),
    };
  }

  #changed(terminals: TerminalNews[]): TerminalNews[] {
    return terminals.filter((terminal) => {
      const text = JSON.stringify(terminal);
      const isSame = this.#terminals.get(terminal.name) === text;
      this.#terminals.set(terminal.name, text);
      return !isSame;
    });
  }
}

type OfState = Omit<
  BankNews,
  "operator" | "holds" | "proposals" | "today" | "movements" | "versions"
>;

function stateNews(bank: Bank, state: BankState): OfState {
  const { monitor, settings, checkpoints: { last } } = bank;
  const found = problemsOf(state, failuresOf(monitor), settings.currency);
  const problems = found.filter(({ isNextStep }) => !isNextStep).map(problemNews);
  const active = state.terminals.filter(({ state }) => state === "active");
  return {
    nowMs: state.nowMs,
    bank: {
      name: settings.bankName,
      currency: settings.currency,
      timeZone: settings.timeZone,
    },
    server: {
      startedMs: state.startedMs,
      isShared: state.isShared,
      connections: monitor.connections,
      movementsPerSecond: Number(monitor.movementsPerSecond.toFixed(2)),
      freeBytes: state.freeBytes === null ? null : Math.floor(state.freeBytes / 1e7) * 1e7,
      clockDoubt: state.clockDoubt,
      aheadMs: null,
      restore: restoreNews(state),
    },
    log: {
      entries: 0,
      checkpointMs: state.checkpointMs,
      checkpointSize: last?.size ?? null,
      isCosigned: bank.checkpoints.cosigning === null || last === null
        ? null
        : bank.checkpoints.isCosigned(last.size),
      witnesses: bank.checkpoints.cosigning?.witnesses() ?? [],
      isStopped: bank.checkpoints.isStopped,
      verifiedMs: state.verifiedMs,
      backupMs: state.backupMs,
      keyVersion: state.auditKeyVersion,
    },
    problems: problems.slice(0, newsProblemsMax),
    problemCount: problems.length,
    next: found.filter(({ isNextStep }) => isNextStep).map(problemNews).slice(0, newsProblemsMax),
    terminals: {
      total: state.terminals.filter(({ state }) => state !== "revoked").length,
      connected:
        active.filter(({ contact }) => ["connected", "elsewhere"].includes(contact)).length,
      attention:
        active.filter((each) =>
          problemsOfTerminal(each, state, settings.currency).some(({ isNextStep }) => !isNextStep)
        ).length,
      suspended: state.terminals.filter(({ state }) => state === "suspended").length,
    },
  };
}

function restoreNews({ waiting, unknownPayments }: BankState): OfState["server"]["restore"] {
  const isPaidUnknown = unknownPayments.length > 0;
  const waitingFor = namesInWords(waiting ?? []);
  return waitingFor !== "" || isPaidUnknown ? { waitingFor, isPaidUnknown } : null;
}

const problemNews = ({ what, mend, terminal }: Problem) => ({
  what,
  mend,
  ...(terminal !== undefined && { terminal }),
});

function terminalNews(terminal: TerminalState, state: BankState, bank: Bank): TerminalNews {
  const { name, contact, lastMs, keyVersion, nextKeyMs, report, reconciled } = terminal;
  return {
    name,
    state: terminal.state,
    contact,
    lastMs,
    keyVersion,
    nextKeyMs,
    cassettes: report?.cassettes ?? null,
    notes: terminal.notes,
    device: terminal.device,
    isDeviceRevoked: terminal.withheld === "revoked",
    problems: problemsOfTerminal(terminal, state, bank.settings.currency).map(problemNews),
    reconciledMs: reconciled?.ms ?? null,
    differences: reconciled?.differences ?? [],
  };
}

/** Returns whether it waits for an operator: its terminal settles a new one when it acts. */
const isWaiting = ({ hold, inDoubt }: OpenMovement, nowMs: number) =>
  inDoubt || nowMs - hold.timeMs > terminalSilentMsMax;

function holdNews({ hold, terminal, inDoubt }: OpenMovement): HoldNews {
  const { id, kind, amount, customer, timeMs } = hold;
  return { movement: id, kind, amount: String(amount), customer, terminal, timeMs, inDoubt };
}
