/** The metrics of a bank's server, in Prometheus's text format. No label has a customer or an account. */
import type { Bank } from "../bank.ts";
import { filledOf } from "../device_words.ts";
import { bankStateOf } from "./bank_state.ts";
import { MetricsPage, type Sample } from "./text_format.ts";

const hourMs = 3_600_000;
const seconds = (ms: number) => ms / 1_000;

/** Returns the page of metrics. */
export async function metricsOf(bank: Bank): Promise<string> {
  const { monitor, world: { host } } = bank;
  const state = await bankStateOf(bank);
  const page = new MetricsPage();
  const counter = (name: string, help: string, samples: readonly Sample[] | number | null) =>
    page.family("counter", `strongroom_${name}`, help, samples);
  const gauge = (name: string, help: string, samples: readonly Sample[] | number | null) =>
    page.family("gauge", `strongroom_${name}`, help, samples);
  const time = (ms: number | null) => ms === null ? null : seconds(ms);

  gauge("start_time_seconds", "When the server started.", seconds(monitor.startedMs));
  gauge(
    "connections",
    "Connections of ATMs, before and after their handshake.",
    monitor.connections,
  );
  counter("handshakes_total", "Handshakes, by result.", [
    [{ result: "proved" }, monitor.handshakes.proved],
    [{ result: "failed" }, monitor.handshakes.failed],
  ]);
  gauge(
    "handshake_failures_one_source",
    "Failed handshakes of the source with most, in the last five to ten minutes.",
    monitor.handshakeFailures.largest,
  );
  counter("log_ins_total", "Log-ins, by outcome.", [...monitor.logIns]);
  gauge(
    "log_in_failed_names",
    "Names with a failed log-in, in the last five to ten minutes.",
    monitor.failedNames.keys,
  );
  counter("refusals_total", "Refused commands, by reason.", [...monitor.refusals]);
  counter(
    "movements_total",
    "Commands about movements, by kind and outcome.",
    [...monitor.movements],
  );
  page.histogram(
    "strongroom_command_seconds",
    "How long commands wait for their durable reply.",
    monitor.latency,
  );
  page.histogram("strongroom_commit_seconds", "How long batches take.", monitor.commits);
  page.histogram("strongroom_batch_commands", "Commands in a batch.", monitor.batches);
  gauge("commands_queued", "Commands that wait for the next batch.", monitor.queued);
  const ages = state.holdAgesMs;
  const between = (from: number, to: number) =>
    ages.filter((ms) => ms >= from * hourMs && ms < to * hourMs).length;
  gauge("holds_in_doubt", "Movements authorised and not settled, by age.", [
    [{ age: "under_1h" }, between(0, 1)],
    [{ age: "1h_to_1d" }, between(1, 24)],
    [{ age: "over_1d" }, between(24, Infinity)],
  ]);
  const active = state.terminals.filter(({ state }) => state === "active");
  gauge(
    "terminal_last_contact_timestamp_seconds",
    "The last message of each active terminal; for one without, its enrolment or the server's start.",
    active.filter(({ contact }) => contact !== "elsewhere").map((terminal) => [
      { terminal: terminal.name },
      seconds(
        terminal.contact === "connected"
          ? state.nowMs
          : terminal.lastMs ?? terminal.enrolledMs ?? state.startedMs,
      ),
    ]),
  );
  const reports = active.flatMap(({ name, report }) => report ? [{ terminal: name, report }] : []);
  gauge(
    "cassette_notes",
    "Notes in each cassette that staff have filled, by terminal and value in minor units.",
    reports.flatMap(({ terminal, report }) =>
      filledOf(report).map(({ value, count }): Sample => [{ terminal, value }, count])
    ),
  );
  gauge(
    "terminal_needs_repair",
    "1 for a terminal whose devices are jammed, not reachable, or have lost count.",
    reports.map(({ terminal, report: { jammed, away = false, counted } }) => [
      { terminal },
      jammed.length > 0 || away || !counted ? 1 : 0,
    ]),
  );
  gauge(
    "terminal_withdrawals_in_doubt",
    "Withdrawals of which a terminal's device gives no proof: with three, it dispenses nothing.",
    active.map(({ name, doubts }) => [{ terminal: name }, doubts]),
  );
  const reconciled = active.flatMap(({ name, reconciled }) =>
    reconciled ? [{ terminal: name, ...reconciled }] : []
  );
  gauge(
    "terminal_differences",
    "Differences that a terminal's last reconciliation found.",
    reconciled.map(({ terminal, differences }) => [{ terminal }, differences.length]),
  );
  gauge(
    "terminal_reconciled_timestamp_seconds",
    "When each connected terminal was last reconciled; the server's start for one that was not.",
    active.filter(({ contact }) => contact === "connected").map(({ name, reconciled }) => [
      { terminal: name },
      seconds(reconciled?.ms ?? state.startedMs),
    ]),
  );
  gauge("money_stopped", "1 while no money moves, since the clock is in doubt.", [
    [{}, state.clockDoubt === null ? 0 : 1],
  ]);
  gauge(
    "clock_step_seconds",
    "How far the clock has moved against the monotonic one since the start.",
    seconds(monitor.clockStepMs),
  );
  gauge(
    "restore_waiting_terminals",
    "Terminals that a restored bank waits for.",
    state.waiting?.length ?? 0,
  );
  gauge(
    "restore_unknown_payments",
    "1 for a terminal whose device had paid before a restore what its ATM did not report.",
    state.unknownPayments.map(({ terminal }) => [{ terminal }, 1]),
  );
  counter(
    "audit_entries_total",
    "The head of each chain of the log: its number of entries.",
    state.auditHead.map(({ chain, entries }) => [{ chain }, entries]),
  );
  gauge(
    "checkpoint_timestamp_seconds",
    "When a checkpoint last had the whole log; the server's start if none did since.",
    seconds(state.checkpointMs ?? state.startedMs),
  );
  gauge(
    "verification_timestamp_seconds",
    "When the log was last verified; 0 for never.",
    time(state.verifiedMs) ?? 0,
  );
  if (!state.isShared) {
    gauge(
      "backup_timestamp_seconds",
      "When the last backup was made; 0 for never.",
      time(state.backupMs) ?? 0,
    );
    gauge("database_bytes", "The size of the bank's file.", state.databaseBytes);
  }
  gauge("disk_free_bytes", "Free bytes on the disk of the bank's folder.", state.freeBytes);
  gauge("memory_bytes", "Resident memory of the server's process.", host?.memoryBytes() ?? null);
  return page.text;
}
