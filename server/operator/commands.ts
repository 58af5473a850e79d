/** What an operator may ask of a bank. The same commands run in a running server and without one. */
import { hex } from "../../lib/bytes.ts";
import { inWords, UsageError } from "../../lib/errors.ts";
import { passwordLengthMax, passwordLengthMin } from "../../lib/limits.ts";
import { parseAmount } from "../../lib/money.ts";
import { isName } from "../../lib/terminal_key.ts";
import { ChainVerifier, type SealedEntry } from "../audit/chain.ts";
import { lineOf, openEntry } from "../audit/seal.ts";
import { type Bank, randomBytes } from "../bank.ts";
import type { AuditEntry } from "../ledger/command.ts";
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
  const { operator, command, json, now, ...texts } = fields;
  const known = typeof command === "string" && Object.hasOwn(textsOf, command)
    ? textsOf[command as OperatorCommand["command"]]
    : null;
  if (
    known === null || typeof operator !== "string" || !isName(operator) ||
    [json, now].some((flag) => flag !== undefined && typeof flag !== "boolean") ||
    Object.keys(texts).some((name) => !known.includes(name)) ||
    known.some((name) => typeof texts[name] !== "string" && name !== "customer")
  ) throw new UsageError("the server does not understand this command: is it of another version?");
  return value as OperatorRequest;
}

/** The texts that each command brings. */
const textsOf: Record<OperatorCommand["command"], string[]> = {
  enrol_terminal: ["name"],
  list_terminals: [],
  rotate_terminal: ["name"],
  revoke_terminal: ["name"],
  rotate_key: [],
  add_customer: ["username", "password", "opening"],
  show_audit: ["customer"],
  verify_audit: [],
};

/** One piece of an answer: a line for the operator, or the text of a secret file to be written. */
export type OperatorAnswer = { line: string } | { keyFile: string };

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
  const amount = parseAmount(opening, bank.settings.currency.exponent);
  if (amount === null) {
    throw new UsageError(`--opening ${opening}: write an amount, such as 1000.00`, 2);
  }
  const { outcome, account } = await bank.ledger.submit({
    op: "add_customer",
    operator,
    username,
    passwordHash: await bank.passwords.hash(password, randomBytes(16)),
    opening: amount,
    movement: hex(randomBytes(16)),
  });
  if (outcome !== "ok") {
    throw new UsageError(`customer ${username} was not added: ${inWords(outcome)}`);
  }
  yield { line: `customer ${username} is added, account ${account!.id}` };
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
