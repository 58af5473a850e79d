/**
 * What operators may ask of a bank, by command, with the fields that each has. The command line makes
 * these, the operator's program or a running server carries them out. Amounts are as people type them,
 * since only the bank has its currency's exponent.
 */

/** A text, a text that may be absent, a yes or no, or one of a few words. */
type Field = "text" | "text?" | "boolean" | readonly string[];

export const operatorCommands = {
  /** `key`: the text of a key file that an earlier such command may have given to the bank. */
  enrol_terminal: { name: "text", key: "text?" },
  list_terminals: {},
  /** `now`: the key before ends at once, and the new one is to be carried. */
  rotate_terminal: { name: "text", now: "boolean", key: "text?" },
  revoke_terminal: { name: "text" },
  rotate_key: {},
  add_customer: { username: "text", password: "text", opening: "text" },
  open_account: { username: "text", name: "text", opening: "text" },
  list_accounts: { customer: "text?" },
  set_account_state: { account: "text", state: ["open", "locked", "closed"], reason: "text" },
  show_limits: {},
  /** Amounts, or `none`: the bank's limits, or one account's or terminal's. */
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
  check_ledger: {},
  confirm_clock: {},
  back_up: {},
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
  },
  read_audit: {},
  rotate_audit_key: {},
  take_checkpoint: {},
} as const satisfies Record<string, Record<string, Field>>;

type Table = typeof operatorCommands;
export type OperatorCommandName = keyof Table;

type ValueOf<F> = F extends "boolean" ? boolean : F extends readonly string[] ? F[number] : string;
type FieldsOf<Shape> =
  & { -readonly [N in keyof Shape as Shape[N] extends "text?" ? never : N]: ValueOf<Shape[N]> }
  & { -readonly [N in keyof Shape as Shape[N] extends "text?" ? N : never]?: string };

/** One command, or any of several. */
export type OperatorCommandOf<C extends OperatorCommandName> = C extends OperatorCommandName
  ? { command: C } & FieldsOf<Table[C]>
  : never;

export type OperatorCommand = OperatorCommandOf<OperatorCommandName>;

/** Who asks, and what. */
export type OperatorRequest = OperatorCommand & { operator: string };

/** What entries of the log a command shows; what is absent narrows nothing. */
export type LogFilter = Omit<OperatorCommandOf<"show_audit">, "command" | "json" | "follow">;

/**
 * Returns what came through a socket as a command with its fields, all of them and no others; null when
 * it is anything else.
 */
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
  return field === "boolean" ? typeof value === "boolean" : field.includes(value as string);
}
