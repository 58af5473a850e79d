/** Each command of an operator, for tests that try all of them. */
import type { OperatorCommand, OperatorCommandName } from "../../../lib/operator_commands.ts";

const movement = "ab".repeat(16);
const reason = "it is a test";

/** One of each command, some of them refused: the fields besides its name. */
export const everyCommand: {
  [Name in OperatorCommandName]: Omit<OperatorCommand & { command: Name }, "command">;
} = {
  enrol_terminal: { name: "far" },
  list_terminals: {},
  rotate_terminal: { name: "far", now: false },
  revoke_terminal: { name: "nowhere" },
  suspend_terminal: { name: "nowhere" },
  resume_terminal: { name: "nowhere" },
  rotate_key: {},
  enrol_device: { name: "far-cash", terminal: "nowhere" },
  list_devices: {},
  rotate_device: { name: "nowhere" },
  revoke_device: { name: "nowhere" },
  add_customer: { username: "carol", passwordHash: "$argon2id$", opening: "0" },
  open_account: { username: "nobody", name: "savings", opening: "0" },
  issue_card: { customer: "nobody", numberHash: "ab".repeat(32) },
  list_cards: {},
  revoke_card: { customer: "nobody" },
  list_accounts: {},
  list_customers: {},
  show_statement: { customer: "alice" },
  set_customer_state: { customer: "nobody", state: "locked", reason },
  reset_password: { customer: "nobody" },
  set_account_state: { account: "100000000093", state: "locked", reason },
  show_limits: {},
  set_limits: { day: "none" },
  list_holds: { json: false },
  settle_hold: { movement, reverse: true, reason },
  correct_movement: { movement, amount: "0", reason },
  check_ledger: {},
  list_differences: {},
  show_status: { json: false, watch: false },
  show_clock: {},
  confirm_clock: {},
  set_back_clock: {},
  back_up: {},
  end_restore: { reason },
  show_audit: { json: false, follow: false },
  read_audit: {},
  rotate_audit_key: {},
  take_checkpoint: {},
  read_receipt: { reference: movement, note: false },
  add_operator: { name: "anna", role: "teller", publicKey: "ab".repeat(32) },
  remove_operator: { name: "nobody" },
  list_operators: {},
  list_proposals: {},
  show_terminal: { name: "nowhere" },
  watch_bank: { follow: false },
  approve: { proposal: "ab".repeat(32) },
  reject: { proposal: "ab".repeat(32), reason },
};
