import { assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import type { Terminal } from "../../../server/ledger/books.ts";
import {
  sealTerminalKey,
  TerminalKeys,
  terminalSealKeys,
} from "../../../server/terminals/terminal_keys.ts";
import { filled } from "../../lib/helpers.ts";

const keys = terminalSealKeys(filled(0x4d, 32));
const id = filled(7, 16).toHex();
const key = filled(0x4b, 32);
const lobby: Terminal = {
  id,
  name: "lobby",
  keyVersion: 2,
  sealedKey: sealTerminalKey(keys, id, 2, key, filled(1, 16)),
  state: "active",
};
const newKeys = () => new TerminalKeys(keys, filled(0xba, 16), filled(0xde, 32));

Deno.test("an enrolled terminal's key is found by its id and version", () => {
  const terminals = newKeys();
  terminals.add(lobby);
  const { known, name, key: found } = terminals.find(filled(7, 16), 2);
  assertEquals([known, name, found.key], [true, "lobby", key]);
});

Deno.test("an unknown terminal, another version and a revoked one all have the decoy", () => {
  const terminals = newKeys();
  terminals.add(lobby);
  const revoked = newKeys();
  revoked.add({ ...lobby, state: "revoked" });
  const decoys = [
    terminals.find(filled(8, 16), 2),
    terminals.find(filled(7, 16), 1),
    revoked.find(filled(7, 16), 2),
  ];
  for (const { known, name, key: found } of decoys) {
    assertEquals([known, name], [false, ""]);
    assertNotEquals(found.key, key);
    assertEquals(found.key, filled(0xde, 32));
  }
});

Deno.test("a key sealed for another terminal, version or bank is refused at the start", () => {
  const others: Terminal[] = [
    { ...lobby, id: filled(8, 16).toHex() },
    { ...lobby, keyVersion: 3 },
    {
      ...lobby,
      sealedKey: sealTerminalKey(terminalSealKeys(filled(1, 32)), id, 2, key, filled(1, 16)),
    },
  ];
  for (const other of others) assertThrows(() => newKeys().add(other), Error, "does not open");
});
