/** Each command of an operator has its entry in the log: one that lists, and one that is refused, too. */
import { assertEquals, assertRejects } from "@std/assert";
import { UsageError } from "../../../lib/errors.ts";
import {
  type OperatorCommand,
  type OperatorCommandName,
  operatorCommands,
} from "../../../lib/operator_commands.ts";
import { onEachBank } from "../helpers/running_bank.ts";

const movement = "ab".repeat(16);
const reason = "it is a test";

/** One of each command, some of them refused: the fields besides its name. */
const each: {
  [Name in OperatorCommandName]: Omit<OperatorCommand & { command: Name }, "command">;
} = {
  enrol_terminal: { name: "far" },
  list_terminals: {},
  rotate_terminal: { name: "far", now: false },
  revoke_terminal: { name: "nowhere" },
  rotate_key: {},
  add_customer: { username: "carol", password: "long enough", opening: "0" },
  open_account: { username: "nobody", name: "savings", opening: "0" },
  list_accounts: {},
  list_customers: {},
  show_statement: { customer: "alice" },
  set_customer_state: { customer: "nobody", state: "locked", reason },
  set_account_state: { account: "100000000093", state: "locked", reason },
  show_limits: {},
  set_limits: { day: "none" },
  list_holds: { json: false },
  settle_hold: { movement, reverse: true, reason },
  check_ledger: {},
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
};

onEachBank(
  "each command of an operator has one entry of the operator's",
  (withBank) =>
    withBank(async (running) => {
      const entriesOf = async () =>
        (await running.entries()).filter((entry) => entry.startsWith("operator test |"));
      for (const command of Object.keys(operatorCommands) as OperatorCommandName[]) {
        const before = (await entriesOf()).length;
        await Array.fromAsync(running.operate({ command, ...each[command] } as OperatorCommand))
          .catch((error) => {
            if (!(error instanceof UsageError)) throw error;
          });
        const written = (await entriesOf()).slice(before);
        assertEquals(written.length, 1, `${command}: ${written.join("\n")}`);
      }
    }),
);

onEachBank(
  "two refused commands at once have an entry each",
  (withBank) =>
    withBank(async (running) => {
      const { ledger } = running.bank;
      const submit = ledger.submit.bind(ledger);
      let isFirst = true;
      const ended = Promise.withResolvers<void>();
      ledger.submit = async (command) => {
        if (command.op !== "set_limits") return await submit(command);
        // The second is refused after the first has its entry.
        if (!isFirst) await ended.promise;
        isFirst = false;
        return { outcome: "try_later", timeMs: 0 };
      };
      const before = (await running.entries()).length;
      const refused = () =>
        assertRejects(
          () => Array.fromAsync(running.operate({ command: "set_limits", day: "none" })),
          UsageError,
        );
      await Promise.all([refused().finally(() => ended.resolve()), refused()]);
      const written = (await running.entries()).slice(before);
      assertEquals(written.length, 2, written.join("\n"));
    }),
);
