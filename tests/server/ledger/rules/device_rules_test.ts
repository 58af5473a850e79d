/** Devices' keys, as the rules see them: each command of a line, and what it gets. */
import { assertEquals } from "@std/assert";
import { Books } from "../../../../server/ledger/books.ts";
import type { Command } from "../../../../server/ledger/command.ts";
import type { Terminal } from "../../../../server/ledger/model.ts";
import { applyCommands } from "../../../../server/ledger/rules/rules.ts";
import { idOf, smallBank } from "../../helpers/small_bank.ts";

const operator = "op";
const sealed = (byte: number) => new Uint8Array(112).fill(byte);
const enrol = (name: string, keyVersion = 1, byte = keyVersion, terminal = "lobby"): Command => ({
  op: "enrol_device",
  operator,
  terminal: idOf(terminal),
  name,
  keyVersion,
  sealedKeys: sealed(byte),
});
const rotate = (keyVersion: number, byte = keyVersion): Command => ({
  op: "rotate_device",
  operator,
  terminal: idOf("lobby"),
  keyVersion,
  sealedKeys: sealed(byte),
});
const revoke: Command = { op: "revoke_device", operator, terminal: idOf("lobby") };
const reseal = (device: string, keyVersion: number, was = keyVersion): Command => ({
  op: "reseal_terminals",
  operator,
  keys: [
    { terminal: idOf("lobby"), device, keyVersion, sealedKey: sealed(99), was: sealed(was) },
  ],
});

Deno.test("a terminal's device gets, replaces and loses its keys, and never gets older ones", () => {
  // The command · its outcome · the device afterwards: name, state, version, previous version.
  const lines: [Command, string, string][] = [
    [rotate(1), "unknown_name", "none"],
    [revoke, "unknown_name", "none"],
    [enrol("cash", 1, 1, "nowhere"), "unknown_name", "none"],
    [enrol("cash"), "ok", "cash active 1 -"],
    [enrol("cash"), "ok", "cash active 1 -"],
    [enrol("cash", 1, 9), "device_enrolled", "cash active 1 -"],
    [enrol("other", 2), "device_enrolled", "cash active 1 -"],
    [enrol("cash", 1, 1, "mall"), "name_taken", "cash active 1 -"],
    [rotate(1, 9), "key_superseded", "cash active 1 -"],
    [rotate(2), "ok", "cash active 2 1"],
    [rotate(2), "ok", "cash active 2 1"],
    [rotate(3), "ok", "cash active 3 1"], // it was not seen to use keys 2
    [reseal("cash", 1), "ok", "cash active 3 1"],
    [reseal("cash", 1), "key_superseded", "cash active 3 1"], // another server sealed it again
    [reseal("cash", 1, 99), "ok", "cash active 3 1"],
    [reseal("another", 3), "ok", "cash active 3 1"],
    [revoke, "ok", "cash revoked 3 -"],
    [rotate(4), "device_revoked", "cash revoked 3 -"],
    [enrol("cash", 4), "name_taken", "cash revoked 3 -"],
    [enrol("next", 3), "key_superseded", "cash revoked 3 -"],
    [enrol("next", 4), "ok", "next active 4 -"],
  ];
  const loaded = smallBank();
  const books = new Books(loaded);
  for (const [index, [command, expected, after]] of lines.entries()) {
    const { replies, entries } = applyCommands(books, [command], 1_000);
    assertEquals(replies[0]!.outcome, expected, `line ${index}`);
    assertEquals(inText(books.terminal(idOf("lobby"))!), after, `line ${index}`);
    for (const { who } of entries) assertEquals(who, `operator ${operator}`);
  }
});

Deno.test("a revoked terminal gets no device", () => {
  const loaded = smallBank();
  loaded.terminals = loaded.terminals.map((row) => ({ ...row, state: "revoked" }));
  const { replies } = applyCommands(new Books(loaded), [enrol("cash")], 1_000);
  assertEquals(replies[0]!.outcome, "terminal_revoked");
});

Deno.test("a terminal's device is revoked with it, and gets no other keys", () => {
  const books = new Books(smallBank());
  const revokeTerminal: Command = { op: "revoke_terminal", operator, terminal: idOf("lobby") };
  for (
    const [command, expected, after] of [
      [enrol("cash"), "ok", "cash active 1 -"],
      [rotate(2), "ok", "cash active 2 1"],
      [revokeTerminal, "ok", "cash revoked 2 -"],
      [rotate(3), "device_revoked", "cash revoked 2 -"],
    ] as const
  ) {
    const { replies } = applyCommands(books, [command], 1_000);
    assertEquals(replies[0]!.outcome, expected);
    assertEquals(inText(books.terminal(idOf("lobby"))!), after);
  }
});

function inText({ device }: Terminal): string {
  if (!device) return "none";
  const { name, state, keyVersion, previous } = device;
  return [name, state, keyVersion, previous?.keyVersion ?? "-"].join(" ");
}
