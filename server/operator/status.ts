/** `bank status`: what runs, what is wrong, and the mend. */
import { UsageError } from "../../lib/errors.ts";
import { statusMs } from "../../lib/limits.ts";
import { formatMoney } from "../../lib/money.ts";
import { pause } from "../../lib/world.ts";
import type { Bank } from "../bank.ts";
import { logCommand } from "../ledger/command.ts";
import { type BankState, bankStateOf, type TerminalState } from "../metrics/bank_state.ts";
import { failuresOf, megabytes, type Problem, problemsOf } from "../metrics/problems.ts";
import { faultsOf } from "../device_words.ts";
import type { Handlers } from "./request.ts";
import { barOf, listed, tableOf, timeInWords } from "./table.ts";

const barLength = 8;

export const statusCommands: Handlers<"show_status" | "list_differences"> = {
  async *list_differences(bank, { json = false }) {
    const { isServing, nowMs, terminals } = await bankStateOf(bank);
    if (!isServing) {
      throw new UsageError(
        "no server runs: ATMs are reconciled with a running one. Start it first",
      );
    }
    const rows = terminals.filter(({ state }) => state === "active").flatMap(
      ({ name, reconciled }) => {
        const when = reconciled ? new Date(reconciled.ms).toISOString() : null;
        const age = reconciled ? `${timeInWords(nowMs - reconciled.ms)} ago` : "-";
        const found = reconciled?.differences ?? ["not reconciled yet"];
        return (found.length > 0 ? found : ["none"]).map((difference) => ({
          cells: [name, age, difference],
          facts: { terminal: name, when, difference: found.length > 0 ? difference : null },
        }));
      },
    );
    yield* listed(["terminal", "reconciled", "difference"], rows, json);
  },

  async *show_status(bank, { operator, json, watch }, signal) {
    await bank.ledger.submit(logCommand(`operator ${operator}`, "show the status"));
    for (;;) {
      const lines = await statusOf(bank, json);
      if (watch) yield { screen: lines.join("\n") };
      else for (const line of lines) yield { line };
      if (!watch || signal.aborted) return;
      await pause(bank.world, statusMs, signal);
      if (signal.aborted) return;
    }
  },
};

async function statusOf(bank: Bank, json: boolean): Promise<string[]> {
  const { monitor, settings } = bank;
  const state = await bankStateOf(bank);
  const found = problemsOf(state, failuresOf(monitor), settings.currency);
  const { problems = [], next = [] } = Object.groupBy(
    found,
    ({ isNextStep }) => isNextStep ? "next" : "problems",
  );
  const { bankName } = settings;
  return json
    ? [JSON.stringify({ bank: bankName, ...state, figures: figuresOf(bank), problems, next })]
    : statusLines(bank, state, problems, next);
}

function figuresOf({ monitor }: Bank) {
  return {
    connections: monitor.connections,
    movementsPerSecond: Number(monitor.movementsPerSecond.toFixed(2)),
    movements: monitor.movements.sum(),
    logInsFailed: monitor.logIns.sum(({ outcome }) => outcome !== "ok"),
    namesFailed: monitor.failedNames.keys,
    handshakesFailed: monitor.handshakes.failed,
  };
}

function statusLines(
  bank: Bank,
  state: BankState,
  problems: readonly Problem[],
  next: readonly Problem[],
): string[] {
  const { bankName, currency } = bank.settings;
  const { nowMs, isServing, startedMs, isShared, holdAgesMs, inDoubt } = state;
  const ago = (ms: number | null, never: string) =>
    ms === null ? never : `${timeInWords(nowMs - ms)} ago`;
  const oldest = Math.max(0, ...holdAgesMs);
  const figures = figuresOf(bank);
  const facts: [name: string, fact: string][] = [
    [
      "server",
      isServing
        ? `runs for ${timeInWords(nowMs - startedMs)}, connections: ${figures.connections}`
        : "does not run",
    ],
    ["books", isShared ? "in PostgreSQL" : `in a file, ${megabytes(state.databaseBytes ?? 0)}`],
    [
      "movements",
      `${figures.movementsPerSecond} a second, ${figures.movements} since the start; ` +
      `${holdAgesMs.length} open${
        holdAgesMs.length > 0 ? `, the oldest for ${timeInWords(oldest)}, ${inDoubt} in doubt` : ""
      }`,
    ],
    [
      "failed",
      `${figures.logInsFailed} log-ins, ${figures.handshakesFailed} handshakes since the start`,
    ],
    ["clock", state.clockDoubt ?? `${new Date(nowMs).toISOString()}, trusted`],
    ["disk", state.freeBytes === null ? "unknown" : `${megabytes(state.freeBytes)} free`],
    ["backup", isShared ? "by PostgreSQL's own tools" : ago(state.backupMs, "never")],
    ["checkpoint", ago(state.checkpointMs, "none since the server's start")],
    ["verified", ago(state.verifiedMs, "never")],
    [
      "keys",
      `AUDIT_KEY version ${state.auditKeyVersion}; ${
        state.terminals.filter(({ nextKeyMs }) => nextKeyMs !== null).length
      } terminals have a next key waiting`,
    ],
    [
      "operators",
      state.operators.fourEyes
        ? `${state.operators.count}; some commands need two of them`
        : "a bank of one: no command needs a second operator",
    ],
    ["folder", state.folderMode === null ? "" : `mode 0${(state.folderMode & 0o777).toString(8)}`],
  ];
  const width = Math.max(...facts.map(([name]) => name.length));
  const most = Math.max(
    1,
    ...state.terminals.flatMap(({ report }) => report?.cassettes.map(({ count }) => count) ?? []),
  );
  const devicesOf = ({ report, reportedMs }: TerminalState) =>
    report
      ? `${faultsOf(report, currency).join(", ") || "all well"}, since ${ago(reportedMs, "-")}`
      : "";
  const cassettesOf = ({ report }: TerminalState) =>
    report?.cassettes.map(({ value, count }) =>
      `${formatMoney(BigInt(value), currency)} ${barOf(count / most, barLength)} ${count}`
    ).join("  ") ?? "not reported since the server's start";
  return [
    bankName,
    ...facts.filter(([, fact]) => fact).map(([name, fact]) => `${name.padEnd(width)}  ${fact}`),
    "",
    ...tableOf(
      ["terminal", "state", "last contact", "key", "protection", "devices", "cassettes"],
      state.terminals.map((terminal) => {
        const { name, contact, lastMs, keyVersion, protection } = terminal;
        const stateOf = terminal.state === "active" ? contact : terminal.state;
        return [
          ...[name, stateOf, ago(lastMs, "-"), String(keyVersion), protection],
          ...[devicesOf(terminal), cassettesOf(terminal)],
        ];
      }),
    ),
    "",
    ...(problems.length === 0 ? ["All is well."] : problems.flatMap(({ what, mend }, index) => [
      `${index + 1}. ${what}`,
      `   Do: ${mend}`,
    ])),
    ...next.flatMap(({ what, mend }) => [`Next: ${what}`, `   Do: ${mend}`]),
  ];
}
