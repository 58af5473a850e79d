/** Finds what needs an operator's attention, and the command that mends it. Pure. */
import {
  backupAgeMsMax,
  checkpointAgeMsMax,
  doubtAgeMsMax,
  failedNamesMax,
  freeBytesMin,
  handshakeFailuresMax,
  problemNamesMax,
  reconciledAgeMsMax,
  scarceNotesMax,
  terminalSilentMsMax,
  verificationAgeMsMax,
  withdrawalsInDoubtMax,
} from "../../lib/limits.ts";
import { type Currency, formatMoney } from "../../lib/money.ts";
import { deviceNames, type DeviceReport, filledOf } from "../device_words.ts";
import type { Monitor } from "../watch/monitor.ts";
import type { BankState, TerminalState } from "./bank_state.ts";

/** A problem: what is wrong, and what to do. */
export interface Problem {
  what: string;
  mend: string;
  /** The name of the terminal that has it; absent for the bank's own. */
  terminal?: string;
  /** Whether nothing is wrong, and it is the next step with a new bank or terminal. */
  isNextStep?: boolean;
}

/** The figures of failures. */
export interface Failures {
  /** Names with a failed log-in, recently. */
  names: number;
  /** Failed handshakes of the source that has most, recently. */
  ofOneSource: number;
}

/** Returns the present figures of a server. */
export function failuresOf({ failedNames, handshakeFailures }: Monitor): Failures {
  return { names: failedNames.keys, ofOneSource: handshakeFailures.largest };
}

/** Returns what is wrong, in the order of urgency, and the next steps. */
export function problemsOf(
  state: BankState,
  failures: Failures,
  currency: Currency,
): Problem[] {
  const { nowMs, isServing, clockDoubt, waiting, holdAgesMs, isShared, freeBytes } = state;
  const problems: Problem[] = [];
  const add = (isWrong: boolean, what: string, mend: string, isNextStep = false) => {
    if (isWrong) problems.push({ what, mend, ...(isNextStep && { isNextStep }) });
  };
  const isYoung = (ageMsMax: number) => nowMs - state.sinceMs <= ageMsMax;
  const isOld = (ms: number | null, ageMsMax: number) => ms === null || nowMs - ms > ageMsMax;
  add(!isServing, "no server runs: no ATM can serve customers", "start it: 'deno task server'");
  add(
    clockDoubt !== null,
    `no money moves: ${clockDoubt}`,
    "'deno task bank clock' shows the clocks: set the wrong one right; if the store's was set, and is " +
      "right as it is now, 'deno task bank clock confirm'",
  );
  add(
    waiting !== null && waiting.length > 0,
    `customers are not served: the restored bank waits for ${namesInWords(waiting ?? [])}`,
    "start these ATMs; for one that is lost, 'deno task bank restore end --reason TEXT'",
  );
  add(
    freeBytes !== null && freeBytes < freeBytesMin,
    `the disk is nearly full: ${megabytes(freeBytes ?? 0)} free`,
    "move old backups and checkpoints off it, or enlarge it",
  );
  for (const { terminal, amount } of state.unknownPayments) {
    add(
      true,
      `${terminal} had paid ${formatMoney(BigInt(amount), currency)} before the restore that its ` +
        "ATM did not report: it is in the differences account",
      "look for the withdrawal in the replaced bank's log, start the ATM once more, and count its " +
        "notes; then 'deno task bank restore end --reason TEXT'",
    );
  }
  add(
    state.unattested.length > 0,
    `no withdrawals at ${
      namesInWords(state.unattested)
    }: the device has not attested its state since ` +
      "the restore",
    "start the ATM and its device service with the device's keys",
  );
  for (const { name, doubts } of state.terminals) {
    const dispenses = doubts >= withdrawalsInDoubtMax ? ", and dispenses nothing" : "";
    add(
      doubts > 0,
      `${name} has ${
        doubts === 1 ? "a withdrawal" : `${doubts} withdrawals`
      } in doubt${dispenses}: its device gives no proof`,
      "count the ATM's notes, and settle each with 'deno task bank holds settle ID'; 'deno task " +
        "bank holds' lists them",
    );
  }
  problems.push(...outOfServiceFirst(
    state.terminals.filter(({ state }) => isServing || state === "revoked") // a server alone has reports
      .flatMap((terminal) => problemsOfTerminal(terminal, state, currency)),
  ));
  const { unapprovable } = state.operators;
  add(
    unapprovable !== null,
    `nobody can approve ${unapprovable}: the bank has too few operators with the role`,
    "the bank's own account adds one, with the server stopped: 'deno task bank operator recover'",
  );
  const old = holdAgesMs.filter((ms) => ms > doubtAgeMsMax).length;
  add(
    old > 0,
    `${old} ${old === 1 ? "movement is" : "movements are"} open for over an hour`,
    "'deno task bank holds' lists them: start their ATM, which settles them; if it is lost, and for " +
      "a transfer, 'deno task bank holds settle ID'",
  );
  add(
    failures.names > failedNamesMax,
    `failed log-ins with ${failures.names} names in ten minutes`,
    "'deno task bank audit show --outcome wrong_credentials' shows at which terminals",
  );
  add(
    failures.ofOneSource > handshakeFailuresMax,
    `${failures.ofOneSource} failed handshakes from one source in ten minutes`,
    "'deno task bank audit show --customer bank --outcome wrong_credentials' shows the address: " +
      "block it in the firewall",
  );
  add(
    isServing && isOld(state.checkpointMs ?? state.startedMs, checkpointAgeMsMax),
    "no checkpoint of the log for over a day",
    "see the server's log: its folder for checkpoints cannot be written",
  );
  add(
    !isShared && isOld(state.backupMs, backupAgeMsMax),
    `${state.backupMs === null ? "no backup was made" : "the last backup is over a day old"}`,
    "'deno task bank backup --out FILE', every night by a timer",
    state.backupMs === null && isYoung(backupAgeMsMax),
  );
  add(
    isOld(state.verifiedMs, verificationAgeMsMax),
    state.verifiedMs === null
      ? "the log was never verified"
      : "the log was not verified for over a week",
    "'deno task bank audit verify --first-key FILE --checkpoint FILE'",
    state.verifiedMs === null && isYoung(verificationAgeMsMax),
  );
  return problems;
}

/** Returns some names, and how many more there are: "lobby, mall"; "" for none. */
export function namesInWords(names: readonly string[]): string {
  const shown = names.slice(0, problemNamesMax).join(", ");
  const more = names.length - problemNamesMax;
  return more > 0 ? `${shown} and ${more} more` : shown;
}

/** Returns what is wrong with one terminal, in the order of urgency. */
export function problemsOfTerminal(
  terminal: TerminalState,
  state: BankState,
  currency: Currency,
): Problem[] {
  return outOfServiceFirst(
    problemsAt(terminal, state, currency).map((each) => ({ ...each, terminal: terminal.name })),
  );
}

/** Puts ATMs that serve nobody first, which are more urgent than those that will not for long. */
function outOfServiceFirst(problems: readonly Problem[]): Problem[] {
  const isOut = ({ what }: Problem) => what.includes(" is out of service: ");
  return [...problems.filter(isOut), ...problems.filter((each) => !isOut(each))];
}

function problemsAt(
  terminal: TerminalState,
  { nowMs, startedMs }: BankState,
  currency: Currency,
): Problem[] {
  const { name, state, contact, lastMs, enrolledMs, report, reconciled, isNew } = terminal;
  if (state === "suspended") {
    return [{
      what: `${name} is out of service: it is suspended`,
      mend:
        "'deno task bank audit show --action suspend' shows since when and by whom; 'deno task " +
        `bank terminal resume ${name}' accepts it again, 'deno task bank terminal revoke ${name}' never`,
    }];
  }
  if (state === "revoked") return problemsOfRevoked(terminal, currency);
  const problems: Problem[] = withheldFrom(terminal);
  const silent = contact === "lost" || contact === "unseen";
  const sinceMs = lastMs ?? enrolledMs ?? startedMs;
  if (silent && nowMs - sinceMs > terminalSilentMsMax) {
    const event = enrolledMs === null ? "the server's start" : "its enrolment";
    const since = `${new Date(sinceMs).toISOString()}${lastMs === null ? `, ${event}` : ""}`;
    problems.push({
      what: `${name} is out of service: no contact since ${since}`,
      mend: "start the ATM, and check its network; on it, 'deno task atm' prints why it cannot " +
        "connect",
    });
  } else if (contact === "unseen" && enrolledMs !== null) {
    problems.push({
      what: `${name} has had no contact yet since its enrolment`,
      mend: "start the ATM with its key file: 'deno task atm --bank HOST:PORT --key FILE' on it",
      isNextStep: true,
    });
  }
  if (reconciled && reconciled.differences.length > 0) {
    problems.push({
      what: `${name} has ${reconciled.differences.length} differences from the books`,
      mend:
        "'deno task bank reconcile' lists them: count the ATM's notes, and settle its movements",
    });
  } else if (
    contact === "connected" && nowMs - (reconciled?.ms ?? startedMs) > reconciledAgeMsMax
  ) {
    problems.push({
      what: `${name} was not reconciled for over a day`,
      mend: "a movement is open at it, or its notes are not counted: 'deno task bank holds'",
    });
  }
  if (report === null) return problems;
  const { cassettes, jammed, away = false, counted, left, stopped, retained = 0 } = report;
  if (stopped) {
    problems.push({
      what: `${name} is out of service: ${stops[stopped].what}`,
      mend: stops[stopped].mend,
    });
  }
  const money = (value: string) => formatMoney(BigInt(value), currency);
  const fill = "fill it: stop the ATM, and 'deno task atm cash load' on it";
  if (away) {
    problems.push({
      what: `${name} is out of service: its cash devices are not reachable`,
      mend: "start their service, 'deno task devices', or check the line to it",
    });
  }
  if (cassettes.every(({ count }) => count === 0)) {
    if (!away) {
      problems.push(
        isNew
          ? { what: `${name} was never filled`, mend: fill, isNextStep: true }
          : { what: `${name} is out of service for withdrawals: no notes`, mend: fill },
      );
    }
  } else {
    for (const { value, count } of filledOf(report)) {
      if (count > scarceNotesMax) continue;
      const how = count === 0 ? "is empty" : `has ${count} notes left`;
      problems.push({ what: `${name}: the cassette of ${money(value)} ${how}`, mend: fill });
    }
  }
  for (const device of jammed) {
    problems.push(
      device === "card_reader"
        ? {
          what: `${name} takes no cards: its ${deviceNames[device]} is jammed`,
          mend: "open the ATM, clear the jam, and return a card that was in it to its customer",
        }
        : {
          what: `${name} is out of service: its ${deviceNames[device]} is jammed`,
          mend:
            "open the ATM and clear the jam; its notes are counted with 'deno task atm cash count'",
        },
    );
  }
  if (retained > 0) {
    problems.push({
      what: `${name} has retained ${retained === 1 ? "a card" : `${retained} cards`}`,
      mend: "take them out, and return them to their customers, or end them: " +
        "'deno task bank card revoke CUSTOMER'",
    });
  }
  if (!counted) {
    problems.push({
      what: `${name} is out of service: its devices have lost count of the notes`,
      mend: "stop the ATM, and count its notes with 'deno task atm cash count' on it",
    });
  }
  if (left !== "0") {
    problems.push({
      what: `${name} has ${money(left)} that customers left, not booked`,
      mend:
        "take the notes out: 'deno task atm cash show' on it names the account and the deposit of " +
        "each. Return them; if the bank has booked that deposit, count them with its own notes",
    });
  }
  return problems;
}

/** Returns why a dispenser that obeys the bank's tokens alone hands out nothing. */
function withheldFrom({ name, device, withheld }: TerminalState): Problem[] {
  switch (withheld) {
    case "revoked":
      return [{
        what: `${name} hands out no cash: its device is revoked`,
        mend:
          `'deno task bank device enroll NAME --terminal ${name}' writes the keys of the next ` +
          "one: start 'deno task devices' with them",
      }];
    case "keyless":
      return [{
        what: `${name} hands out no cash: its device service was started without keys`,
        mend:
          "start 'deno task devices' with --keys and the file that 'deno task bank device enroll' " +
          `or 'device rotate' wrote for ${device}`,
      }];
    case "unproved":
      return [{
        what: `${name} hands out no cash: its device has not proved the end of a withdrawal`,
        mend:
          "start 'deno task devices' with the device's newest keys, and the ATM; 'deno task bank " +
          "holds' lists the withdrawal",
      }];
    case "unused_keys":
      return [{
        what: `${name}'s device has not used its newest keys yet: with others it gets no token`,
        mend: "start 'deno task devices' with them; the next withdrawal uses them",
        isNextStep: true,
      }];
    case null:
      return [];
  }
}

/** Returns what is left of a terminal that is accepted no more: it settles and counts nothing itself. */
function problemsOfRevoked(
  { name, open, doubts, notes }: TerminalState,
  currency: Currency,
): Problem[] {
  const problems: Problem[] = [];
  const others = open - doubts; // those in doubt have their own line
  if (others > 0) {
    problems.push({
      what: `${name} is revoked, with ${
        others === 1 ? "an open movement" : `${others} open movements`
      }`,
      mend:
        "count its notes, or take the camera's word, and settle each with 'deno task bank holds " +
        "settle ID'; 'deno task bank holds' lists them",
    });
  }
  if (notes !== null && notes !== "0") {
    problems.push({
      what: `${name} is revoked, and the books have ${formatMoney(BigInt(notes), currency)} in it`,
      mend: "take its notes out and settle its movements; then, also if it is lost, " +
        `'deno task bank terminal write-off ${name} --reason TEXT'`,
    });
  }
  return problems;
}

/** Why an ATM stops itself. */
const stops: Record<NonNullable<DeviceReport["stopped"]>, Problem> = {
  disk_failed: {
    what: "its disk is full or fails",
    mend: "make room on the ATM's disk, or replace it: the ATM recovers automatically",
  },
  journal_lost: {
    what: "its journal lacks movements that the bank has",
    mend: "stop the ATM, and count its notes with 'deno task atm cash count' on it",
  },
};

/** Returns "312 MB". */
export const megabytes = (bytes: number) => `${Math.floor(bytes / 1_000_000)} MB`;
