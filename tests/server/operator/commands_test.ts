/** Each command of an operator has its entry in the log: one that lists, and one that is refused, too. */
import { assertEquals, assertRejects } from "@std/assert";
import { UsageError } from "../../../lib/errors.ts";
import {
  type OperatorCommand,
  type OperatorCommandName,
  operatorCommands,
} from "../../../lib/operator_commands.ts";
import { everyCommand } from "../helpers/every_command.ts";
import { onEachBank, RunningBank } from "../helpers/running_bank.ts";

onEachBank(
  "each command of an operator has one entry of the operator's, and a backup one of its begin and one of its end",
  (withBank) =>
    withBank(async (running) => {
      const entriesOf = async () =>
        (await running.entries()).filter((entry) => entry.startsWith("operator test |"));
      for (const command of Object.keys(operatorCommands) as OperatorCommandName[]) {
        const before = (await entriesOf()).length;
        await Array.fromAsync(
          running.operate({ command, ...everyCommand[command] } as OperatorCommand),
        )
          .catch((error) => {
            if (!(error instanceof UsageError)) throw error;
          });
        const written = (await entriesOf()).slice(before);
        const count = command === "back_up" ? 2 : 1;
        assertEquals(written.length, count, `${command}: ${written.join("\n")}`);
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

Deno.test("the second operator's addition says what begins, and no later one", () =>
  RunningBank.with(async (running) => {
    const says = [];
    for (const [index, name] of ["anna", "ben", "carl"].entries()) {
      const publicKey = `a${index}`.repeat(32);
      const add = { command: "add_operator", name, role: "teller", publicKey } as const;
      says.push(...await Array.fromAsync(running.operate(add)));
    }
    const eyes = "; some commands need two operators from now on";
    assertEquals(says, [
      { line: "anna is an operator with the role teller" },
      { line: `ben is an operator with the role teller${eyes}` },
      { line: "carl is an operator with the role teller" },
    ]);
  }));
