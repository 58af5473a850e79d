/** The keys of devices: given, renewed, revoked, sealed under another master key, restored. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { parseDeviceKeys } from "../../../lib/device_keys.ts";
import { UsageError } from "../../../lib/errors.ts";
import type { OperatorCommand } from "../../../lib/operator_commands.ts";
import { systemFiles } from "../../../lib/system.ts";
import { keptTerminals } from "../../../server/terminals/kept_terminals.ts";
import { TerminalKeys, terminalSealKeys } from "../../../server/terminals/terminal_keys.ts";
import { onEachBank, type RunningBank } from "../helpers/running_bank.ts";

async function done(running: RunningBank, command: OperatorCommand) {
  const answers = await Array.fromAsync(running.operate(command));
  const file = answers.find((answer) => "keyFile" in answer)?.keyFile ?? "";
  return { file, lines: answers.flatMap((answer) => "line" in answer ? [answer.line] : []) };
}

const enrol = (key?: string): OperatorCommand => ({
  command: "enrol_device",
  name: "lobby-cash",
  terminal: "lobby",
  ...(key !== undefined && { key }),
});

onEachBank(
  "a device's keys are sealed in the bank, and its file repeats the command",
  (withBank) =>
    withBank(async (running) => {
      const { bank } = running;
      const { file } = await done(running, enrol());
      const keys = parseDeviceKeys(file, "file");
      assertEquals([keys.name, keys.terminal, keys.version], ["lobby-cash", "lobby", 1]);
      const id = keys.terminalId.toHex();
      const known = () => bank.terminals.deviceOf(id)!;
      assertEquals([...known().keys], [[1, { host: keys.host, device: keys.device }]]);
      // With the file of a command whose answer was lost, the command has no other effect.
      await done(running, enrol(file));
      await assertRejects(() => done(running, enrol()), UsageError, "device enrolled");
      const other = { ...enrol(file), name: "other" } as OperatorCommand;
      await assertRejects(() => done(running, other), UsageError, "for another command");

      const rotated = await done(running, { command: "rotate_device", name: "lobby-cash" });
      const next = parseDeviceKeys(rotated.file, "file");
      assertEquals([...known().keys.keys()], [2, 1]);
      await done(running, { command: "rotate_key" });
      assertEquals(
        [...known().keys.values()],
        [next, keys].map(({ host, device }) => ({
          host,
          device,
        })),
      );
      // Another process reads the same keys from the rows, and from the file for a restore.
      const rows = await bank.ledger.read.terminals();
      for (const list of [rows, keptTerminals(systemFiles, running.folder)!]) {
        const sealKeys = terminalSealKeys(bank.folder.keys.master);
        const fresh = new TerminalKeys(sealKeys, new Uint8Array(16), new Uint8Array(32));
        for (const row of list) fresh.put(row);
        assertEquals(fresh.deviceOf(id)!.keys, known().keys);
      }
      assert(!JSON.stringify(rows).includes(keys.host.toHex()));

      const list = await done(running, { command: "list_devices", json: true });
      assertEquals(JSON.parse(list.lines[0]!), {
        ...{ name: "lobby-cash", terminal: "lobby", keyVersion: 2, state: "active", earlier: 1 },
      });
      const terminals = await done(running, { command: "list_terminals", json: true });
      const protections = terminals.lines.map((line) => JSON.parse(line).protection);
      assert(protections.includes("tokens for lobby-cash") && protections.includes("none"));
      await done(running, { command: "revoke_device", name: "lobby-cash" });
      assertEquals(known().device.state, "revoked");
      // Every row is as the log has it.
      const checked = await done(running, { command: "check_ledger" });
      assert(checked.lines.join().includes("the books are correct"), checked.lines.join());
    }),
);
