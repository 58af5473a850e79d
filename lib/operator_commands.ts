/**
 * The commands that operators send to a bank, with the fields of each. The command line builds
 * them; the operator's program or a running server executes them. Amounts are unparsed text, since
 * only the bank has its currency's exponent.
 */

/** The roles of operators. A timer is no person: its key has no passphrase. */
export const roles = ["teller", "officer", "auditor", "admin", "timer"] as const;
export type Role = typeof roles[number];

/** The type of a field: a text, an optional one, a flag, an optional one, or one of a few words. */
type Field = "text" | "text?" | "boolean" | "boolean?" | readonly string[];

export const operatorCommands = {
  /** `key`: the text of a key file, to repeat an enrolment whose key the bank may already have. */
  enrol_terminal: { name: "text", key: "text?" },
  list_terminals: { json: "boolean?" },
  /** `now`: the present key ends at once, and the operator carries the next one to the terminal. */
  rotate_terminal: { name: "text", now: "boolean", key: "text?" },
  revoke_terminal: { name: "text" },
  suspend_terminal: { name: "text" },
  resume_terminal: { name: "text" },
  /** Books the notes of a revoked terminal to the differences account. */
  write_off_terminal: { name: "text", reason: "text" },
  rotate_key: {},
  /** `key`: as of `enrol_terminal`. */
  enrol_device: { name: "text", terminal: "text", key: "text?" },
  list_devices: { json: "boolean?" },
  rotate_device: { name: "text", key: "text?" },
  revoke_device: { name: "text" },
  /** `passwordHash`: Argon2id, in its encoded form. */
  add_customer: { username: "text", displayName: "text?", passwordHash: "text", opening: "text" },
  open_account: { username: "text", name: "text", opening: "text" },
  /** `numberHash`: as of `cardNumberHash`. The number stays with the operator. */
  issue_card: { customer: "text", numberHash: "text" },
  list_cards: { json: "boolean?" },
  revoke_card: { customer: "text" },
  list_accounts: { customer: "text?", json: "boolean?" },
  list_customers: { json: "boolean?" },
  /** A page of those whose username, display name or account number begins so. `after`: a page's `next`. */
  find_customers: { find: "text", after: "text?" },
  /** A customer and the accounts, for a console. */
  show_customer: { customer: "text" },
  /** A page of a customer's bookings from the log, newest first, before this place. */
  show_bookings: { customer: "text", account: "text?", before: "text?" },
  show_statement: { customer: "text", account: "text?", json: "boolean?" },
  set_customer_state: { customer: "text", state: ["open", "locked", "closed"], reason: "text" },
  /** A one-time password, in two halves if two operators are needed. */
  reset_password: { customer: "text" },
  set_account_state: { account: "text", state: ["open", "locked", "closed"], reason: "text" },
  show_limits: { json: "boolean?" },
  /** Amounts, or `none`: the limits of the bank, of one account or of one terminal. */
  set_limits: {
    account: "text?",
    terminal: "text?",
    withdrawal: "text?",
    day: "text?",
    cashOut: "text?",
    cashIn: "text?",
  },
  list_holds: { json: "boolean" },
  settle_hold: { movement: "text", complete: "text?", reverse: "boolean", reason: "text" },
  /** `amount`: what should have been booked. */
  correct_movement: { movement: "text", amount: "text", reason: "text" },
  check_ledger: { json: "boolean?" },
  list_differences: { json: "boolean?" },
  show_status: { json: "boolean", watch: "boolean" },
  /** The entries of a terminal's own in the log, newest first, before this place. */
  show_terminal: { name: "text", before: "text?" },
  /** The state of the bank for a console, and its changes. */
  watch_bank: { follow: "boolean" },
  show_clock: { json: "boolean?" },
  /** `jump`: as of `jumpInWords`; any other jump is refused. The bank adds it to a proposal. */
  confirm_clock: { jump: "text?" },
  set_back_clock: {},
  /** `inFolder`: the server writes the copy into its folder for backups. */
  back_up: { inFolder: "boolean?" },
  end_restore: { reason: "text" },
  show_audit: {
    json: "boolean",
    follow: "boolean",
    customer: "text?",
    action: "text?",
    outcome: "text?",
    from: "text?",
    before: "text?",
    terminal: "text?",
    /** The last so many entries. */
    last: "text?",
  },
  /** A page of the log, newest first. `at`: a page's `next`; the other fields filter. */
  search_log: {
    customer: "text?",
    action: "text?",
    outcome: "text?",
    from: "text?",
    before: "text?",
    terminal: "text?",
    at: "text?",
  },
  /** A page of the entries about money that is in the differences account, newest first. */
  list_disputes: { at: "text?" },
  read_audit: {},
  rotate_audit_key: {},
  take_checkpoint: {},
  /** `reference`: a place in the log, or a movement's id. `note`: the signed receipt instead of its proof. */
  read_receipt: { reference: "text", note: "boolean" },
  /** `publicKey`: Ed25519, 64 hex digits. */
  add_operator: { name: "text", role: roles, publicKey: "text" },
  remove_operator: { name: "text" },
  list_operators: { json: "boolean?" },
  list_proposals: { json: "boolean?" },
  /** `key`: as of `enrol_terminal`. */
  approve: { proposal: "text", key: "text?" },
  reject: { proposal: "text", reason: "text" },
} as const satisfies Record<string, Record<string, Field>>;

type Table = typeof operatorCommands;
export type OperatorCommandName = keyof Table;

/** The roles that may give commands which change something. An admin may give every command. */
const [money, terminals, timer] = [["teller", "officer"], ["officer"], [
  "timer",
  "auditor",
]] as const;
const everybody = ["teller", "officer", "auditor"] as const;
const nobodyElse = [] as const;

/** The roles besides admin that may give, or approve, each command. */
export const rolesOf: Readonly<Record<OperatorCommandName, readonly Role[]>> = {
  enrol_terminal: terminals,
  list_terminals: everybody,
  rotate_terminal: terminals,
  revoke_terminal: terminals,
  suspend_terminal: money,
  resume_terminal: terminals,
  write_off_terminal: terminals,
  rotate_key: nobodyElse,
  enrol_device: terminals,
  list_devices: everybody,
  rotate_device: terminals,
  revoke_device: terminals,
  add_customer: money,
  open_account: money,
  issue_card: money,
  list_cards: everybody,
  revoke_card: money,
  list_accounts: everybody,
  list_customers: everybody,
  find_customers: everybody,
  show_customer: everybody,
  show_bookings: everybody,
  show_statement: everybody,
  set_customer_state: money,
  reset_password: money,
  set_account_state: money,
  show_limits: everybody,
  set_limits: terminals,
  list_holds: everybody,
  settle_hold: money,
  correct_movement: money,
  check_ledger: timer,
  list_differences: everybody,
  show_status: everybody,
  show_terminal: everybody,
  watch_bank: everybody,
  show_clock: everybody,
  confirm_clock: terminals,
  set_back_clock: terminals,
  back_up: [...terminals, ...timer],
  end_restore: terminals,
  show_audit: ["auditor"],
  search_log: ["auditor"],
  list_disputes: everybody,
  read_audit: timer,
  rotate_audit_key: nobodyElse,
  take_checkpoint: timer,
  read_receipt: everybody,
  add_operator: nobodyElse,
  remove_operator: nobodyElse,
  list_operators: everybody,
  list_proposals: everybody,
  approve: money,
  reject: money,
};

/** Returns whether a role may give a command. An approval also needs the role of what it approves. */
export function mayGive(role: Role, command: OperatorCommandName): boolean {
  return role === "admin" || rolesOf[command].includes(role);
}

type ValueOf<F> = F extends "boolean" | "boolean?" ? boolean
  : F extends readonly string[] ? F[number]
  : string;
type FieldsOf<Shape> =
  & {
    -readonly [N in keyof Shape as Shape[N] extends "text?" | "boolean?" ? never : N]: ValueOf<
      Shape[N]
    >;
  }
  & {
    -readonly [N in keyof Shape as Shape[N] extends "text?" | "boolean?" ? N : never]?: ValueOf<
      Shape[N]
    >;
  };

/** One command, or the union of several. */
export type OperatorCommandOf<C extends OperatorCommandName> = C extends OperatorCommandName
  ? { command: C } & FieldsOf<Table[C]>
  : never;

export type OperatorCommand = OperatorCommandOf<OperatorCommandName>;

/** A command and the operator who sent it, or has approved the proposal of this id. */
export type OperatorRequest = OperatorCommand & { operator: string; approved?: string };

/** The filter of a command that shows entries of the log. Absent fields filter nothing. */
export type LogFilter = Omit<
  OperatorCommandOf<"show_audit">,
  "command" | "json" | "follow" | "last"
>;

/** Parses a command received from a socket: exactly its fields. Returns null for anything else. */
export function operatorCommandFrom(value: unknown): OperatorCommand | null {
  if (typeof value !== "object" || value === null) return null;
  const { command, ...fields } = value as Record<string, unknown>;
  if (typeof command !== "string" || !Object.hasOwn(operatorCommands, command)) return null;
  const shape: Record<string, Field> = operatorCommands[command as OperatorCommandName];
  const known = Object.keys(fields).every((name) => Object.hasOwn(shape, name));
  const fit = Object.entries(shape).every(([name, field]) => fits(field, fields[name]));
  return known && fit ? value as OperatorCommand : null;
}

function fits(field: Field, value: unknown): boolean {
  if (field === "text?") return value === undefined || typeof value === "string";
  if (field === "text") return typeof value === "string";
  if (field === "boolean?") return value === undefined || typeof value === "boolean";
  return field === "boolean" ? typeof value === "boolean" : field.includes(value as string);
}
