/** What a page of the console can do that is not its own: scripts in it, a stolen link, one operator alone. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { findBrowser } from "../../browser.ts";
import { consoleActs } from "../../../lib/console.ts";
import type { OperatorCommand } from "../../../lib/operator_commands.ts";
import { consoleMachine } from "../../../ui/window/console_calls.ts";
import { give, openRestore, readAhead, showJump } from "../../server/helpers/operators.ts";
import { everyCommand } from "../../server/helpers/every_command.ts";
import { newId } from "../../server/helpers/running_bank.ts";
import { everyEntry } from "../../../ui/console/state/screens.ts";
import { withConsoles } from "./open_console.ts";

const ignore = findBrowser() === null;
const reason = "it is a test";

Deno.test({
  name:
    "console: one operator alone moves no money and raises no limit, from a page that is not honest",
  ignore,
  fn: () =>
    withConsoles(async ({ running, open }) => {
      const { bank } = running;
      const { console } = await open("anna");
      const limited = await console.act({ command: "set_limits", withdrawal: "100.00" });
      assertEquals(limited.outcome, "done");
      const device = { name: "mall-cash", terminal: "mall" };
      await Array.fromAsync(running.operate({ command: "enrol_device", ...device }));
      const paid = await running.leaveNotes();
      await open("ben");
      const machine = consoleMachine(console);
      const act = async (command: OperatorCommand) => {
        const made = machine.parseCall("act", [command]);
        return typeof made === "string" ? made : await made() as { outcome: string };
      };
      const atm = await running.visit("alice");
      const hold = newId();
      assertEquals((await atm.authorise("withdrawal", hold, "4000")).outcome, "ok");
      const stateOf = async () =>
        JSON.stringify(
          [
            await bank.ledger.read.accounts(),
            await bank.ledger.read.terminals(),
            await bank.ledger.read.limits(),
            await bank.ledger.read.holds(),
          ],
          (_, value) => typeof value === "bigint" ? `${value}` : value,
        );
      await act({ command: "suspend_terminal", name: "mall" });
      await openRestore(bank);
      readAhead(bank);
      showJump(bank, 600_000);
      const before = await stateOf();
      const dangers: OperatorCommand[] = [
        { command: "settle_hold", movement: hold, complete: "40.00", reverse: false, reason },
        { command: "settle_hold", movement: hold, reverse: true, reason },
        { command: "correct_movement", movement: paid, amount: "9.00", reason },
        { command: "correct_movement", movement: paid, amount: "0", reason },
        { command: "open_account", username: "alice", name: "more", opening: "500.00" },
        { command: "reset_password", customer: "alice" },
        { command: "revoke_terminal", name: "lobby" },
        { command: "resume_terminal", name: "mall" },
        { command: "write_off_terminal", name: "pier", reason },
        { command: "revoke_device", name: "mall-cash" },
        { command: "set_limits", withdrawal: "none" },
        { command: "confirm_clock" },
        { command: "set_back_clock" },
        { command: "end_restore", reason },
        { command: "remove_operator", name: "ben" },
      ];
      for (const command of dangers) {
        const answer = await act(command) as { outcome: string; proposal?: string };
        assertEquals(answer.outcome, "proposed", command.command);
        const alone = await act({ command: "approve", proposal: answer.proposal! });
        assertEquals((alone as { outcome: string }).outcome, "refused", command.command);
        assertEquals(await stateOf(), before, command.command);
        await act({ command: "reject", proposal: answer.proposal!, reason });
      }
    }),
});

Deno.test("console: each act that its process signs is on a screen, and a screen has no other", () => {
  const found = new Set<string>();
  for (const path of filesUnder(new URL("../../../ui/console/screens/", import.meta.url))) {
    for (const [, name] of Deno.readTextFileSync(path).matchAll(/\bcommand: "(\w+)"/g)) {
      found.add(name!);
    }
  }
  assertEquals([...found].sort(), [...consoleActs].sort());
});

/** Returns the files of a folder and of those in it. */
function filesUnder(folder: URL): URL[] {
  return [...Deno.readDirSync(folder)].flatMap(({ name, isDirectory }) =>
    isDirectory ? filesUnder(new URL(`${name}/`, folder)) : [new URL(name, folder)]
  );
}

Deno.test({
  name: "console: a page can ask for no other command, no key and no file",
  ignore,
  fn: () =>
    withConsoles(async ({ running, open }) => {
      const { console } = await open("anna");
      const machine = consoleMachine(console);
      const before = (await running.entries()).filter((entry) => !entry.includes("watch"));
      const acts: readonly string[] = consoleActs;
      for (const [name, fields] of Object.entries(everyCommand)) {
        if (acts.includes(name)) continue;
        const made = machine.parseCall("act", [{ command: name, ...fields }]);
        assertEquals(made, "bad_arguments", name);
      }
      const wrong: [name: string, args: unknown][] = [
        ["act", [{ command: "rotate_terminal", name: "lobby", now: true }]],
        ["act", [{ command: "back_up" }]],
        ["act", [{
          command: "add_operator",
          name: "eve",
          role: "admin",
          publicKey: "ab".repeat(32),
        }]],
        ["act", [{ command: "approve", proposal: "ab", key: "a key" }]],
        ["act", [{ command: "approve", proposal: "ab", operator: "ben" }]],
        ["act", []],
        ["read", [{ of: "keys" }]],
        ["read", [{ of: "constructor" }]],
        ["read", [{ of: "terminals", find: "x".repeat(65), after: 0 }]],
        ["read", [{ of: "terminals", find: "", after: -1 }]],
        ["read", [{ of: "terminals", find: "", after: 0, folder: "/etc" }]],
        ["read", [{ ...everyEntry, of: "log", at: "1.".padEnd(2_001, "1") }]],
        ["read", [{ ...everyEntry, of: "log", last: "5" }]],
        ["refresh", [{ of: "customers", find: "x".repeat(65), after: "" }]],
        ["refresh", [{ of: "customer", name: "alice", after: 5 }]],
        ["read", [{ of: "holds", find: "x".repeat(65), after: 0 }]],
        ["read", [{ of: "holds", find: "", after: 0, at: "" }]],
        ["verify", [{}]],
        ["check", ["bank"]],
        ["backUp", ["/tmp/copy"]],
        ["dismiss", ["0"]],
        ["dismiss", [-1]],
        ["dismiss", [0, 1]],
        ["unlock", []],
        ["signer", []],
        ["constructor", []],
      ];
      for (const [name, args] of wrong) {
        assertEquals(typeof machine.parseCall(name, args), "string", JSON.stringify(args));
      }
      const after = (await running.entries()).filter((entry) => !entry.includes("watch"));
      assertEquals(after, before);
    }),
});

Deno.test({
  name: "console: a page reads and does what the role may, whatever it asks its process for",
  ignore,
  fn: () =>
    withConsoles(async ({ open }) => {
      const { console } = await open("tom", "teller");
      const machine = consoleMachine(console);
      const ask = async (name: string, value: unknown) => {
        const made = machine.parseCall(name, [value]);
        return typeof made === "string" ? made : JSON.stringify(await made());
      };
      const denied = "the role teller may not do this";
      for (const call of ["read", "refresh"]) {
        assertStringIncludes(await ask(call, { ...everyEntry, of: "log" }), denied);
      }
      const acts: OperatorCommand[] = [
        { command: "set_limits", account: "100000000093", day: "1.00" },
        { command: "take_checkpoint" },
        { command: "rotate_audit_key" },
        { command: "revoke_terminal", name: "lobby" },
      ];
      for (const act of acts) assertStringIncludes(await ask("act", act), denied, act.command);
      const found = await ask("read", { of: "customers", find: "a", after: "" });
      assertStringIncludes(found, '"customer":"alice"');
      assertEquals(found.includes("argon2"), false);
    }),
});

Deno.test({
  name: "console: a proposal whose approval makes a key is refused in the page, and stays open",
  ignore,
  fn: () =>
    withConsoles(async ({ running, open }) => {
      const anna = await open("anna");
      const ben = await open("ben");
      await Array.fromAsync(
        give(running.bank, anna.signer, { command: "enrol_terminal", name: "far" }),
      );
      const [proposal] = (await running.bank.ledger.read.staff()).proposals;
      const answer = await ben.console.act({ command: "approve", proposal: proposal!.id });
      assertEquals(answer.outcome, "refused");
      assertStringIncludes((answer as { why: string }).why, "run it in the terminal");
      const { proposals } = await running.bank.ledger.read.staff();
      assertEquals(proposals.map(({ id }) => id), [proposal!.id]);
      const names = (await running.bank.ledger.read.terminals()).map(({ name }) => name);
      assert(!names.includes("far"));
    }),
});
