import { assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import type { Terminal } from "../../../server/ledger/model.ts";
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
  sealedKey: sealTerminalKey(keys, { terminal: id, keyVersion: 2 }, key, filled(1, 16)),
  state: "active",
  next: null,
};
const nowMs = 1_000_000;
const newKeys = () => new TerminalKeys(keys, filled(0xba, 16), filled(0xde, 32));

Deno.test("an enrolled terminal's key is found by its id and version", () => {
  const terminals = newKeys();
  terminals.put(lobby);
  const { known, name, key: found } = terminals.find(filled(7, 16), 2, nowMs);
  assertEquals([known, name, found.key], [true, "lobby", key]);
});

Deno.test("an unknown terminal, another version and a revoked one all have the decoy", () => {
  const terminals = newKeys();
  terminals.put(lobby);
  const revoked = newKeys();
  revoked.put({ ...lobby, state: "revoked" });
  const decoys = [
    terminals.find(filled(8, 16), 2, nowMs),
    terminals.find(filled(7, 16), 1, nowMs),
    revoked.find(filled(7, 16), 2, nowMs),
  ];
  for (const { known, name, key: found } of decoys) {
    assertEquals([known, name], [false, ""]);
    assertNotEquals(found.key, key);
    assertEquals(found.key, filled(0xde, 32));
  }
});

Deno.test("while the next key waits both are good, and the older one for seven days", () => {
  const terminals = newKeys();
  const nextKey = filled(0x4e, 32);
  const sealedKey = sealTerminalKey(keys, { terminal: id, keyVersion: 3 }, nextKey, filled(2, 16));
  terminals.put({ ...lobby, next: { version: 3, sealedKey, sinceMs: nowMs } });
  const good = (version: number, afterMs: number) =>
    terminals.find(filled(7, 16), version, nowMs + afterMs).known;
  const week = 7 * 24 * 3_600_000;
  assertEquals([1, 2, 3, 4].map((version) => good(version, 0)), [false, true, true, false]);
  assertEquals([good(2, week - 1), good(2, week), good(3, 10 * week)], [true, false, true]);
  assertEquals(terminals.find(filled(7, 16), 3, nowMs).key.key, nextKey);
  assertEquals(terminals.nextOf(id)?.key, nextKey);
  terminals.put({ ...lobby, keyVersion: 3, sealedKey });
  assertEquals([2, 3].map((version) => good(version, 0)), [false, true]);
  assertEquals(terminals.nextOf(id), null);
});

Deno.test("watchers are called at every change", () => {
  const terminals = newKeys();
  const notified: string[] = [];
  terminals.watch((terminal) => notified.push(terminal));
  terminals.put(lobby);
  terminals.put({ ...lobby, state: "revoked" });
  assertEquals(notified, [id, id]);
});

Deno.test("a key sealed for another terminal, version or bank is refused at the start", () => {
  const others: Terminal[] = [
    { ...lobby, id: filled(8, 16).toHex() },
    { ...lobby, keyVersion: 3 },
    {
      ...lobby,
      sealedKey: sealTerminalKey(
        terminalSealKeys(filled(1, 32)),
        { terminal: id, keyVersion: 2 },
        key,
        filled(1, 16),
      ),
    },
  ];
  for (const other of others) assertThrows(() => newKeys().put(other), Error, "does not open");
});
