/** What is left of a revoked terminal: the status names it, and two operators book it. */
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { UsageError } from "../../../lib/errors.ts";
import type { OperatorCommand } from "../../../lib/operator_commands.ts";
import { newId, onEachBank, type RunningBank } from "../helpers/running_bank.ts";

const reason = "stolen";

async function linesOf(running: RunningBank, command: OperatorCommand): Promise<string[]> {
  const answers = await Array.fromAsync(running.operate(command));
  return answers.flatMap((answer) => "line" in answer ? [answer.line] : []);
}

const problemsOfLobby = async (running: RunningBank) => {
  const command = { command: "show_status", json: true, watch: false } as const;
  const [line] = await linesOf(running, command);
  const { problems } = JSON.parse(line!) as { problems: { what: string; mend: string }[] };
  return problems.filter(({ what }) => what.startsWith("lobby is revoked"));
};

const writeOff = (running: RunningBank, name = "lobby") =>
  linesOf(running, { command: "write_off_terminal", name, reason });

const refused = (running: RunningBank, why: string, name?: string) =>
  assertRejects(() => writeOff(running, name), UsageError, why);

onEachBank(
  "the notes of a revoked terminal are named until they are written off, once its movements are settled",
  (withBank) =>
    withBank(async (running) => {
      const { bank } = running;
      const cash = async () => {
        const accounts = await bank.ledger.read.accounts();
        const { id } = (await bank.ledger.read.terminals()).find(({ name }) => name === "lobby")!;
        const of = (kind: string, owner: string) =>
          accounts.find((each) => each.kind === kind && each.owner === owner)!.balance;
        return [of("terminal", id), of("differences", "")];
      };
      const atm = await running.visit("alice");
      const [load, taken, open] = [newId(), newId(), newId()];
      await atm.ask({ op: "load_cash", movement: load, amount: "50000", currency: "EUR" });
      await atm.authorise("withdrawal", taken, "4000");
      await atm.ask({ op: "complete", movement: taken, amount: "4000" });
      await atm.authorise("withdrawal", open, "2000");
      await refused(running, "not revoked");
      await linesOf(running, { command: "suspend_terminal", name: "lobby" });
      await refused(running, "not revoked");
      assertEquals(await problemsOfLobby(running), []);

      const inDoubt = async () => {
        const [line] = await linesOf(running, { command: "list_holds", json: true });
        return JSON.parse(line!).inDoubt;
      };
      assertEquals(await inDoubt(), false);
      await linesOf(running, { command: "revoke_terminal", name: "lobby" });
      assertEquals(await inDoubt(), true, "an operator alone settles it");
      assertEquals((await problemsOfLobby(running)).map(({ what }) => what), [
        "lobby is revoked, with an open movement",
        "lobby is revoked, and the books have €460.00 in it",
      ]);
      await refused(running, "lobby has 1 open movement. Settle them first");
      const settle = { command: "settle_hold", movement: open, reason } as const;
      await linesOf(running, { ...settle, reverse: false, complete: "20.00" });
      await refused(running, "unknown name", "nowhere");
      const [left] = await problemsOfLobby(running);
      assertStringIncludes(left!.what, "€440.00");
      assertStringIncludes(left!.mend, "terminal write-off lobby");
      assertEquals(await cash(), [-44000n, 0n]);
      assertEquals(await writeOff(running), [
        "the notes of lobby, €440.00, are booked to the differences account",
      ]);
      assertEquals(await cash(), [0n, -44000n]);
      assertEquals(await problemsOfLobby(running), []);
      await refused(running, "no notes");
      assertEquals((await bank.ledger.check()).problem, null);
      const entries = await running.entries();
      const words = "write off the notes of terminal lobby";
      assert(
        entries.includes(
          `operator test | ${words}: €440.00, to the differences account - ${reason}`,
        ),
        entries.join("\n"),
      );
      assert(entries.some((entry) => entry.includes(`${words} failed - not revoked`)));
    }),
);

onEachBank(
  "a revoked terminal that has paid more than was loaded is written off, too",
  (withBank) =>
    withBank(async (running) => {
      const atm = await running.visit("alice");
      const taken = newId();
      await atm.authorise("withdrawal", taken, "4000");
      await atm.ask({ op: "complete", movement: taken, amount: "4000" });
      await linesOf(running, { command: "revoke_terminal", name: "lobby" });
      assertEquals((await problemsOfLobby(running)).map(({ what }) => what), [
        "lobby is revoked, and the books have -€40.00 in it",
      ]);
      await writeOff(running);
      assertEquals(await problemsOfLobby(running), []);
      assertEquals((await running.bank.ledger.check()).problem, null);
    }),
);
