/** The operator's commands and their answers: what crosses the socket, and what handles each. */
import { UsageError } from "../../lib/errors.ts";
import { isName } from "../../lib/terminal_key.ts";
import type { ShowFilter } from "../audit/show.ts";
import type { Bank } from "../bank.ts";

/** What an operator may ask of a bank. */
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

/** A command, and the operator who gives it. */
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
    ? shapeOf(textsOf[command as CommandName])
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

/** The texts of each command; with a question mark where it may be left out. */
const textsOf: Record<CommandName, string[]> = {
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

/** One piece of an answer. */
export type OperatorAnswer =
  /** A line for the operator. */
  | { line: string }
  /** The text of a terminal's key file. */
  | { keyFile: string }
  /** What was checked is bad: why. */
  | { bad: string }
  /** Lines of the sealed log, and how many there are in all. */
  | { lines: string[]; of: number }
  /** The text of a checkpoint's file. */
  | { checkpoint: string }
  /** A file in the bank's folder, which the operator's program moves to where it is wanted. */
  | { fetch: string };

/** An answer, piece by piece. */
export type Answers = AsyncGenerator<OperatorAnswer, void, void>;

type CommandName = OperatorCommand["command"];

/**
 * What each of these commands does.
 * @param signal ends a command that would go on for ever
 */
export type Handlers<Name extends CommandName> = {
  readonly [Each in Name]: (
    bank: Bank,
    request: Extract<OperatorRequest, { command: Each }>,
    signal: AbortSignal,
  ) => Answers;
};
