/**
 * The figures of one server since its start, for `bank status` and metrics, and the events of its
 * log. It has no customer and no account: names are counted by their keyed hash, and not printed.
 */
import {
  monitoredKeysMax,
  movementRateMs,
  recentFailuresMs,
  slowCommitMs,
} from "../../lib/limits.ts";
import type { LogEvent } from "../../lib/log_event.ts";
import type { Clock } from "../../lib/world.ts";
import type { DeviceReport } from "../device_words.ts";
import type { Command } from "../ledger/command.ts";
import type { Reconciled } from "../folder/reconciled.ts";
import type { BatchFacts } from "../ledger/ledger.ts";
import type { TerminalId } from "../ledger/model.ts";
import { Counts, Histogram, RecentCounts } from "./counts.ts";

/** The last contact of a terminal with this server. */
export interface TerminalContact {
  connected: boolean;
  lastMs: number;
  report: DeviceReport | null;
  /** When the devices' state last changed. */
  reportedMs: number;
  /** The last comparison of its movements and notes with the books; null for none. */
  reconciled: Reconciled | null;
}

const seconds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

export class Monitor {
  readonly startedMs: number;
  readonly #startedMonotonicMs: number;
  readonly terminals = new Map<TerminalId, TerminalContact>();
  /** When each terminal was enrolled that the bank did not have at the start. */
  readonly enrolledMs = new Map<TerminalId, number>();
  /** Whether ATMs can connect. */
  isServing = false;
  /** Open connections, before and after their handshake. */
  connections = 0;
  readonly handshakes = { proved: 0, failed: 0 };
  readonly handshakeFailures: RecentCounts;
  readonly movements = new Counts<"kind" | "outcome">();
  readonly logIns = new Counts<"outcome">();
  readonly refusals = new Counts<"reason">();
  readonly failedNames: RecentCounts;
  readonly latency = new Histogram(seconds);
  readonly commits = new Histogram(seconds);
  readonly batches = new Histogram([1, 2, 4, 8, 16, 32, 64, 128, 256]);
  queued = 0;
  /** Why no money moves, by the clock as the last batch had it; null while it moves. */
  #clockDoubt: string | null = null;
  /** When the newest checkpoint had the whole log; null for none since the start. */
  checkpointMs: number | null = null;
  readonly #recentMovements: RecentCounts;

  constructor(
    private readonly clock: Clock,
    private readonly onEvent: (event: LogEvent) => void = () => {},
    /** The last comparison of each terminal, also of those before the start. */
    readonly reconciled: Map<TerminalId, Reconciled> = new Map(),
    private readonly keepReconciled: (results: ReadonlyMap<TerminalId, Reconciled>) => void =
      () => {},
  ) {
    this.startedMs = clock.nowMs();
    this.#startedMonotonicMs = clock.monotonicMs();
    this.handshakeFailures = new RecentCounts(clock, recentFailuresMs, monitoredKeysMax);
    this.failedNames = new RecentCounts(clock, recentFailuresMs, monitoredKeysMax);
    this.#recentMovements = new RecentCounts(clock, movementRateMs, 1);
  }

  event(event: string, line: string, facts: LogEvent["facts"] = {}): void {
    this.onEvent({ level: "info", event, line, facts });
  }

  warn(event: string, line: string, facts: LogEvent["facts"] = {}): void {
    this.onEvent({ level: "warning", event, line, facts });
  }

  /** How far the clock has moved against the monotonic one since the start. */
  get clockStepMs(): number {
    const ranMs = this.clock.monotonicMs() - this.#startedMonotonicMs;
    return this.clock.nowMs() - this.startedMs - ranMs;
  }

  /** Movements a second, over the last one to two periods. */
  get movementsPerSecond(): number {
    const ranMs = this.clock.monotonicMs() - this.#startedMonotonicMs;
    return this.#recentMovements.sum * 1_000 /
      Math.max(1_000, Math.min(ranMs, 1.5 * movementRateMs));
  }

  /** Counts a batch of the ledger. */
  readonly onBatch = (
    { commands, replies, waitedMs, commitMs, queued, clockDoubt }: BatchFacts,
  ): void => {
    this.queued = queued;
    this.commits.add(commitMs / 1_000);
    this.batches.add(commands.length);
    for (const ms of waitedMs) this.latency.add(ms / 1_000);
    for (const [index, command] of commands.entries()) {
      this.#count(command, replies[index]!.outcome);
    }
    if (commitMs >= slowCommitMs) {
      this.warn("slow_commit", `a commit took ${commitMs} ms`, { ms: commitMs });
    }
    if (clockDoubt === this.#clockDoubt) return;
    this.#clockDoubt = clockDoubt;
    if (clockDoubt === null) this.event("clock_right", "the clock is right again: money moves");
    else this.warn("clock_doubt", `${clockDoubt}: money stops`);
  };

  #count(command: Command, outcome: string): void {
    const kind = kindOf(command);
    if (kind !== null) {
      this.movements.add({ kind, outcome });
      this.#recentMovements.add("");
      if (settling.has(command.op) && outcome === "ok") {
        this.event("settled", `a movement is settled: ${kind}`);
      }
    }
    if (outcome !== "ok") this.refusals.add({ reason: outcome });
    const isLogIn = command.op === "end_log_in" ||
      command.op === "begin_log_in" && outcome !== "ok";
    if (!isLogIn) return;
    this.logIns.add({ outcome });
    if (outcome !== "ok") this.failedNames.add(command.nameHash);
  }

  /** Counts a connection that failed before its proof. */
  onHandshakeFailed(source: string): void {
    this.handshakes.failed++;
    this.handshakeFailures.add(source);
  }

  /** Called when the bank has a terminal that it did not have at the start; again, for nothing. */
  onEnrolled(terminal: TerminalId): void {
    if (!this.enrolledMs.has(terminal)) this.enrolledMs.set(terminal, this.clock.nowMs());
  }

  onConnected(terminal: TerminalId, name: string): void {
    this.handshakes.proved++;
    this.#contact(terminal).connected = true;
    this.event("terminal_connected", `terminal ${name} is connected`, { terminal: name });
  }

  onMessage(terminal: TerminalId): void {
    this.#contact(terminal);
  }

  /** @param isLast whether the terminal has no newer connection */
  onDisconnected(terminal: TerminalId, name: string, isLast: boolean): void {
    if (!isLast) return;
    this.#contact(terminal).connected = false;
    this.event("terminal_lost", `terminal ${name} is disconnected`, { terminal: name });
  }

  /**
   * Stores the state of a terminal's devices.
   * @param isNew whether it needs other attention than the last one
   */
  onReport(terminal: TerminalId, report: DeviceReport, isNew: boolean): void {
    const contact = this.#contact(terminal);
    contact.report = report;
    if (isNew) contact.reportedMs = contact.lastMs;
  }

  onReconciled(terminal: TerminalId, name: string, differences: readonly string[]): void {
    const contact = this.#contact(terminal);
    contact.reconciled = { ms: contact.lastMs, differences };
    this.reconciled.set(terminal, contact.reconciled);
    this.keepReconciled(this.reconciled);
    if (differences.length === 0) return;
    const { length: count } = differences;
    this.warn("unreconciled", `terminal ${name} has ${count} differences from the books`, {
      terminal: name,
      count,
    });
  }

  #contact(terminal: TerminalId): TerminalContact {
    const lastMs = this.clock.nowMs();
    const contact = this.terminals.get(terminal);
    if (contact) return Object.assign(contact, { lastMs });
    const reconciled = this.reconciled.get(terminal) ?? null;
    const first = { connected: false, lastMs, report: null, reportedMs: 0, reconciled };
    this.terminals.set(terminal, first);
    return first;
  }
}

const settling: ReadonlySet<Command["op"]> = new Set([
  "complete",
  "reverse",
  "void",
  "settle_hold",
]);

/** Returns the kind of a movement's command; null for other commands. */
function kindOf(command: Command): string | null {
  switch (command.op) {
    case "authorise":
      return command.kind;
    case "transfer":
    case "complete":
    case "reverse":
    case "void":
    case "load_cash":
    case "count_cash":
    case "settle_hold":
      return command.op;
    default:
      return null;
  }
}
