/** What an operator may ask of a bank. The same commands run in a running server and without one. */
import { hex } from "../../lib/bytes.ts";
import { inWords, UsageError } from "../../lib/errors.ts";
import { passwordLengthMax, passwordLengthMin } from "../../lib/limits.ts";
import { isName } from "../../lib/terminal_key.ts";
import { placeText } from "../audit/entry.ts";
import { isInstant, type ShowFilter } from "../audit/show.ts";
import type { Bank } from "../bank.ts";
import { logCommand } from "../ledger/command.ts";
import * as accounts from "./accounts.ts";
import * as audit from "./audit.ts";
import * as backup from "./backup.ts";
import * as holds from "./holds.ts";
import * as limits from "./limits.ts";
import * as terminals from "./terminals.ts";

export type OperatorCommand =
  | { command: "enrol_terminal"; name: string }
  | { command: "list_terminals" }
  /** `now`: the key before ends at once, and the new one is to be carried. */
  | { command: "rotate_terminal"; name: string; now: boolean }
  | { command: "revoke_terminal"; name: string }
  | { command: "rotate_key" }
  /** `opening` is an amount as people type it. */
  | { command: "add_customer"; username: string; password: string; opening: string }
  | { command: "open_account"; username: string; name: string; opening: string }
  | { command: "list_accounts"; customer?: string }
  | {
    command: "set_account_state";
    account: string;
    state: "open" | "locked" | "closed";
    reason: string;
  }
  | { command: "show_limits" }
  /** Amounts as people type them, or `none`: the bank's limits, or one account's or terminal's. */
  | {
    command: "set_limits";
    account?: string;
    terminal?: string;
    withdrawal?: string;
    day?: string;
    cashOut?: string;
    cashIn?: string;
  }
  | { command: "list_holds"; json: boolean }
  | {
    command: "settle_hold";
    movement: string;
    complete?: string;
    reverse: boolean;
    reason: string;
  }
  | { command: "check_ledger" }
  | { command: "confirm_clock" }
  | { command: "back_up" }
  | { command: "end_restore"; reason: string }
  | { command: "show_audit"; json: boolean; follow: boolean } & ShowFilter
  | { command: "read_audit" }
  | { command: "rotate_audit_key" }
  | { command: "take_checkpoint" };

/** Who asks, and what. */
export type OperatorRequest = OperatorCommand & { operator: string };

/**
 * A request of what came through the socket.
 * @throws {UsageError} when it is anything else
 */
export function operatorRequestOf(value: unknown): OperatorRequest {
  const fields = (typeof value === "object" && value !== null ? value : {}) as Record<
    string,
    unknown
  >;
  const { operator, command, json, now, reverse, follow, ...texts } = fields;
  const known = typeof command === "string" && Object.hasOwn(textsOf, command)
    ? shapeOf(textsOf[command as OperatorCommand["command"]])
    : null;
  if (
    known === null || typeof operator !== "string" || !isName(operator) ||
    [json, now, reverse, follow].some((flag) => flag !== undefined && typeof flag !== "boolean") ||
    Object.keys(texts).some((name) => !(name in known)) ||
    Object.entries(known).some(([name, maybe]) =>
      typeof texts[name] !== "string" && !(maybe && texts[name] === undefined)
    )
  ) throw new UsageError("the server does not understand this command: is it of another version?");
  return value as OperatorRequest;
}

/** The names of texts, and whether each may be left out. */
function shapeOf(texts: string[]): Record<string, boolean> {
  const named = texts.map((text) => [text.replace("?", ""), text.endsWith("?")] as const);
  return Object.assign(Object.create(null), Object.fromEntries(named));
}

/** The texts that each command brings; with a question mark where it may be left out. */
const textsOf: Record<OperatorCommand["command"], string[]> = {
  enrol_terminal: ["name"],
  list_terminals: [],
  rotate_terminal: ["name"],
  revoke_terminal: ["name"],
  rotate_key: [],
  add_customer: ["username", "password", "opening"],
  open_account: ["username", "name", "opening"],
  list_accounts: ["customer?"],
  set_account_state: ["account", "state", "reason"],
  show_limits: [],
  set_limits: ["account?", "terminal?", "withdrawal?", "day?", "cashOut?", "cashIn?"],
  list_holds: [],
  settle_hold: ["movement", "complete?", "reason"],
  check_ledger: [],
  confirm_clock: [],
  back_up: [],
  end_restore: ["reason"],
  show_audit: ["customer?", "action?", "outcome?", "from?", "before?", "terminal?"],
  read_audit: [],
  rotate_audit_key: [],
  take_checkpoint: [],
};

/**
 * One piece of an answer: a line for the operator, the text of a secret file to be written, that
 * what was looked at is bad, lines of the sealed log (and how many there are in all), or a checkpoint
 * of it.
 */
export type OperatorAnswer =
  | { line: string }
  | { keyFile: string }
  | { bad: string }
  | { lines: string[]; of: number }
  | { checkpoint: string }
  /** A file in the bank's folder, to be put where the operator wants it and taken away there. */
  | { fetch: string };

/**
 * Runs a command; the answer comes piece by piece. Whatever it is and comes to, the log has it under
 * its operator's name.
 * @param signal ends what would go on for ever
 * @throws {UsageError} when it is refused, saying why
 */
export async function* runOperatorCommand(
  bank: Bank,
  request: OperatorRequest,
  signal: AbortSignal = new AbortController().signal,
): AsyncGenerator<OperatorAnswer, void, void> {
  const before = await newestEntryOf(bank, request);
  let why: string | null = null;
  try {
    yield* answersTo(bank, request, signal);
  } catch (error) {
    why = error instanceof UsageError ? error.message : "a fault of the server's";
    throw error;
  } finally {
    // What changes something has its entry in the change's own commit.
    if (await newestEntryOf(bank, request) === before) await logAction(bank, request, why);
  }
}

const reasonLengthMax = 200;

async function newestEntryOf(bank: Bank, { operator }: OperatorRequest): Promise<string | null> {
  const who = bank.auditKeys.indexesOf(`operator ${operator}`)[0]!;
  const [entry] = await bank.ledger.read.entriesOf([who], null, 1);
  return entry ? placeText(entry) : null;
}

async function logAction(
  bank: Bank,
  { command, operator }: OperatorRequest,
  why: string | null,
): Promise<void> {
  const reason = why?.replace(/\p{Cc}/gu, " ").slice(0, reasonLengthMax);
  const action = `${command.replaceAll("_", " ")}${reason ? ` (${reason})` : ""}`;
  const outcome = why === null ? "ok" : "bad_command";
  await bank.ledger.submit(logCommand(`operator ${operator}`, action, { outcome }));
}

function answersTo(
  bank: Bank,
  request: OperatorRequest,
  signal: AbortSignal,
): AsyncGenerator<OperatorAnswer, void, void> {
  switch (request.command) {
    case "enrol_terminal":
      requireName(request.name);
      return terminals.enrol(bank, request.name, request.operator);
    case "list_terminals":
      return terminals.list(bank);
    case "rotate_terminal":
      return terminals.rotate(bank, request);
    case "revoke_terminal":
      return terminals.revoke(bank, request.name, request.operator);
    case "rotate_key":
      return terminals.rotateKey(bank, request.operator);
    case "add_customer":
      return addCustomer(bank, request);
    case "open_account":
      return accounts.open(bank, request);
    case "list_accounts":
      return accounts.list(bank, request);
    case "set_account_state":
      return accounts.setState(bank, request);
    case "show_limits":
      return limits.show(bank);
    case "set_limits":
      return limits.set(bank, request);
    case "list_holds":
      return holds.list(bank, request);
    case "settle_hold":
      return holds.settle(bank, request);
    case "check_ledger":
      return checkLedger(bank);
    case "confirm_clock":
      return confirmClock(bank, request.operator);
    case "back_up":
      return backup.backUp(bank, request.operator);
    case "end_restore":
      return backup.endRestore(bank, request);
    case "show_audit":
      requireInstants(request);
      return audit.show(bank, request, signal);
    case "read_audit":
      return audit.read(bank, request.operator);
    case "rotate_audit_key":
      return audit.rotate(bank, request.operator);
    case "take_checkpoint":
      return audit.checkpoint(bank, request.operator);
  }
}

async function* addCustomer(
  bank: Bank,
  { username, password, opening, operator }: OperatorRequest & { command: "add_customer" },
): AsyncGenerator<OperatorAnswer, void, void> {
  requireName(username);
  const { randomBytes } = bank.world;
  if (password.length < passwordLengthMin || password.length > passwordLengthMax) {
    throw new UsageError(`a password has ${passwordLengthMin} to ${passwordLengthMax} characters`);
  }
  const { outcome, account } = await bank.ledger.submit({
    op: "add_customer",
    operator,
    username,
    passwordHash: await bank.passwords.hash(password, randomBytes(16)),
    opening: accounts.openingOf(bank, opening),
    movement: hex(randomBytes(16)),
  });
  if (outcome !== "ok") {
    throw new UsageError(`customer ${username} was not added: ${inWords(outcome)}`);
  }
  yield { line: `customer ${username} is added, account ${account!.id}` };
}

async function* checkLedger(bank: Bank): AsyncGenerator<OperatorAnswer, void, void> {
  const { problem, accounts, movements, entries } = await bank.ledger.check();
  if (problem !== null) yield { bad: `the books are bad: ${problem}` };
  else {
    yield {
      line: `the books are good: ${accounts} accounts, ${movements} rows of movements, ` +
        `${entries} entries of the log; they sum to zero`,
    };
  }
}

async function* confirmClock(
  bank: Bank,
  operator: string,
): AsyncGenerator<OperatorAnswer, void, void> {
  const { outcome, timeMs } = await bank.ledger.submit({ op: "confirm_clock", operator });
  if (outcome !== "ok") throw new UsageError(`the clock was not confirmed: ${inWords(outcome)}`);
  const aheadMs = timeMs - bank.world.nowMs();
  const waits = aheadMs > 60_000
    ? `; the books are ahead of it, and stay at ${new Date(timeMs).toISOString()} until it is there`
    : "";
  yield { line: `the clock is confirmed: money moves by it${waits}` };
}

/** @throws {UsageError} with exit code 2 when a time is none */
export function requireInstants({ from, before }: ShowFilter): void {
  for (const [flag, text] of Object.entries({ from, before })) {
    if (text === undefined || isInstant(text)) continue;
    throw new UsageError(
      `--${flag} ${text}: write a day or an instant in UTC, such as 2026-11-25T18:00Z`,
      2,
    );
  }
}

function requireName(name: string): void {
  if (!isName(name)) {
    throw new UsageError(
      `${
        JSON.stringify(name)
      } is not a name: use up to 32 lower-case letters, digits, and . _ - between them`,
    );
  }
}
