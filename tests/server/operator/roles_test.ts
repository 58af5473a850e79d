/** Each role tries every command: the table of roles is what a server does. */
import { assertEquals, assertRejects } from "@std/assert";
import { UsageError } from "../../../lib/errors.ts";
import {
  mayGive,
  type OperatorCommand,
  type OperatorCommandName,
  operatorCommands,
  roles,
} from "../../../lib/operator_commands.ts";
import { addOperator, give } from "../helpers/operators.ts";
import { RunningBank } from "../helpers/running_bank.ts";
import { everyCommand } from "../helpers/every_command.ts";

/** What each role may do, a line for each command: t(eller) o(fficer) a(uditor) A(dmin) T(imer). */
const table = `
  enrol_terminal     .o.A.
  list_terminals     toaA.
  rotate_terminal    .o.A.
  revoke_terminal    .o.A.
  suspend_terminal   to.A.
  resume_terminal    .o.A.
  write_off_terminal .o.A.
  rotate_key         ...A.
  enrol_device       .o.A.
  list_devices       toaA.
  rotate_device      .o.A.
  revoke_device      .o.A.
  add_customer       to.A.
  open_account       to.A.
  issue_card         to.A.
  list_cards         toaA.
  revoke_card        to.A.
  list_accounts      toaA.
  list_customers     toaA.
  find_customers     toaA.
  show_customer      toaA.
  show_bookings      toaA.
  show_statement     toaA.
  set_customer_state to.A.
  reset_password     to.A.
  set_account_state  to.A.
  show_limits        toaA.
  set_limits         .o.A.
  list_holds         toaA.
  settle_hold        to.A.
  correct_movement   to.A.
  check_ledger       ..aAT
  list_differences   toaA.
  show_status        toaA.
  show_terminal      toaA.
  watch_bank         toaA.
  show_clock         toaA.
  confirm_clock      .o.A.
  set_back_clock     .o.A.
  back_up            .oaAT
  end_restore        .o.A.
  show_audit         ..aA.
  search_log         ..aA.
  list_disputes      toaA.
  read_audit         ..aAT
  rotate_audit_key   ...A.
  take_checkpoint    ..aAT
  read_receipt       toaA.
  add_operator       ...A.
  remove_operator    ...A.
  list_operators     toaA.
  list_proposals     toaA.
  approve            to.A.
  reject             to.A.
`;

Deno.test("each role may give exactly its commands, and the log has what it tried", () =>
  RunningBank.with(async ({ bank }) => {
    const lines: string[] = [];
    const signers = new Map<string, Awaited<ReturnType<typeof addOperator>>["signer"]>();
    for (const role of roles) signers.set(role, (await addOperator(bank, role, role)).signer);
    for (const command of Object.keys(operatorCommands) as OperatorCommandName[]) {
      let may = "";
      for (const [index, role] of roles.entries()) {
        const asked = { command, ...everyCommand[command] } as OperatorCommand;
        let refused = "";
        await Array.fromAsync(give(bank, signers.get(role)!, asked)).catch((error) => {
          if (!(error instanceof UsageError)) throw error;
          refused = error.message;
        });
        const mayNot =
          refused === `the role ${role} may not do this. Ask an operator who may, or an admin`;
        assertEquals(!mayNot, mayGive(role, command), `${role} ${command}: ${refused}`);
        may += mayNot ? "." : "toaAT"[index];
      }
      lines.push(`  ${command.padEnd(18)} ${may}`);
    }
    assertEquals(lines.join("\n"), table.trim().replace(/^/, "  "));
  }));

Deno.test("a request that nobody has signed, or another key, or for another command, is refused", () =>
  RunningBank.with(async (running) => {
    const { bank } = running;
    await addOperator(bank, "anna");
    const stranger = (await addOperator(bank, "ben")).signer;
    const list: OperatorCommand = { command: "list_terminals" };
    await Array.fromAsync(give(bank, stranger, list));
    const refused = () =>
      assertRejects(
        () => Array.fromAsync(give(bank, { ...stranger, name: "anna" }, list)),
        UsageError,
        "does not accept this key",
      );
    await refused();
    const entries = await running.entries();
    assertEquals(
      entries.at(-1),
      "bank | refuse list terminals in the name of anna: the signature is invalid failed - bad command",
    );
  }));
