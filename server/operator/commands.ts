/** What an operator may ask of a bank. The same commands run in a running server and without one. */
import { hex } from "../../lib/bytes.ts";
import { inWords, UsageError } from "../../lib/errors.ts";
import { passwordLengthMax, passwordLengthMin } from "../../lib/limits.ts";
import { isName } from "../../lib/terminal_key.ts";
import { ChainVerifier, type SealedEntry } from "../audit/chain.ts";
import { lineOf, openEntry } from "../audit/seal.ts";
import { type Bank, randomBytes } from "../bank.ts";
import type { AuditEntry } from "../ledger/command.ts";
import * as accounts from "./accounts.ts";
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
  | { command: "show_audit"; customer?: string; json: boolean }
  | { command: "verify_audit" };

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
  const { operator, command, json, now, reverse, ...texts } = fields;
  const known = typeof command === "string" && Object.hasOwn(textsOf, command)
    ? shapeOf(textsOf[command as OperatorCommand["command"]])
    : null;
  if (
    known === null || typeof operator !== "string" || !isName(operator) ||
    [json, now, reverse].some((flag) => flag !== undefined && typeof flag !== "boolean") ||
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
  show_audit: ["customer?"],
  verify_audit: [],
};

/**
 * One piece of an answer: a line for the operator, the text of a secret file to be written, or that
 * what was looked at is bad.
 */
export type OperatorAnswer = { line: string } | { keyFile: string } | { bad: string };

const chunkEntries = 500;

/**
 * Runs a command; the answer comes piece by piece.
 * @throws {UsageError} when it is refused, saying why
 */
export function runOperatorCommand(
  bank: Bank,
  request: OperatorRequest,
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
      return holds.list(bank, request, Date.now());
    case "settle_hold":
      return holds.settle(bank, request);
    case "check_ledger":
      return checkLedger(bank);
    case "confirm_clock":
      return confirmClock(bank, request.operator);
    case "show_audit":
      return showAudit(bank, request);
    case "verify_audit":
      return verifyAudit(bank);
  }
}

async function* addCustomer(
  bank: Bank,
  { username, password, opening, operator }: OperatorRequest & { command: "add_customer" },
): AsyncGenerator<OperatorAnswer, void, void> {
  requireName(username);
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
  const aheadMs = timeMs - Date.now();
  const waits = aheadMs > 60_000
    ? `; the books are ahead of it, and stay at ${new Date(timeMs).toISOString()} until it is there`
    : "";
  yield { line: `the clock is confirmed: money moves by it${waits}` };
}

async function* showAudit(
  bank: Bank,
  { customer, json }: OperatorRequest & { command: "show_audit" },
): AsyncGenerator<OperatorAnswer, void, void> {
  for await (const stored of entriesOf(bank)) {
    const { sequence, sealed } = stored;
    const entry = openEntry(bank.auditKeys, { chainId: bank.keys.chainId, sequence }, sealed);
    if (entry === null) {
      yield { line: `entry ${sequence} does not open: run 'deno task bank audit verify'` };
    } else if (customer === undefined || entry.who === customer) {
      yield { line: json ? jsonOf(sequence, entry) : lineOf(entry) };
    }
  }
}

async function* verifyAudit(bank: Bank): AsyncGenerator<OperatorAnswer, void, void> {
  const verifier = new ChainVerifier(bank.keys.chain, bank.keys.chainId);
  for await (const entry of entriesOf(bank)) {
    const problem = verifier.next(entry);
    if (problem) throw new UsageError(`the audit log is bad: ${problem}`);
  }
  yield { line: `the audit log is good: ${verifier.goodCount} entries` };
}

async function* entriesOf(bank: Bank): AsyncGenerator<SealedEntry, void, void> {
  for (let after = 0;;) {
    const entries = await bank.ledger.read.entriesAfter(after, chunkEntries);
    yield* entries;
    if (entries.length < chunkEntries) return;
    after = entries.at(-1)!.sequence;
  }
}

function jsonOf(sequence: number, { timeMs, amount, ...facts }: AuditEntry): string {
  return JSON.stringify({
    sequence,
    time: new Date(timeMs).toISOString(),
    ...facts,
    amount: amount?.toString(),
  });
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
