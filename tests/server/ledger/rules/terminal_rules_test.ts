/** What a terminal's standing does to its commands, decided within the commit. */
import { assertEquals } from "@std/assert";
import { keyOverlapMsMax } from "../../../../lib/limits.ts";
import { Books } from "../../../../server/ledger/books.ts";
import type { Terminal } from "../../../../server/ledger/model.ts";
import type { Command } from "../../../../server/ledger/command.ts";
import { applyCommands } from "../../../../server/ledger/rules/rules.ts";
import { commandOf, idOf, smallBank } from "../../helpers/small_bank.ts";

const sinceMs = 1_000;
const sealedKey = new Uint8Array(80);
const next = { version: 2, sealedKey, sinceMs };

/** The terminal's row · the key its channel rests on · how long after the rotation · the outcome. */
const standings: [Partial<Terminal>, number | undefined, number, "ok" | "terminal_revoked"][] = [
  [{}, undefined, 0, "ok"],
  [{}, 1, 0, "ok"],
  [{}, 2, 0, "terminal_revoked"],
  [{ state: "revoked" }, 1, 0, "terminal_revoked"],
  [{ state: "revoked" }, undefined, 0, "terminal_revoked"],
  [{ next }, 1, 0, "ok"],
  [{ next }, 2, 0, "ok"],
  [{ next }, 1, keyOverlapMsMax - 1, "ok"],
  [{ next }, 1, keyOverlapMsMax, "terminal_revoked"],
  [{ next }, 2, keyOverlapMsMax, "ok"],
  [{ keyVersion: 2 }, 1, 0, "terminal_revoked"],
  [{ keyVersion: 2 }, 2, 0, "ok"],
];

function booksWith(change: Partial<Terminal>): Books {
  const bank = smallBank();
  bank.terminals = bank.terminals.map((row) => row.name === "lobby" ? { ...row, ...change } : row);
  return new Books(bank);
}

Deno.test("a command counts only under a key that is valid, whatever it asks", () => {
  const commands: Command[] = [
    commandOf("lobby alice withdraw w1 alice 4000 EUR"),
    commandOf("lobby alice deposit d1 alice 4000 EUR"),
    commandOf("lobby void v1"),
    commandOf("lobby load l1 100 EUR"),
    { op: "begin_log_in", username: "alice", nameHash: "00", terminal: idOf("lobby") },
  ];
  for (const [change, underKey, afterMs, expected] of standings) {
    for (const command of commands) {
      const books = booksWith(change);
      const { replies, entries } = applyCommands(
        books,
        [{ ...command, underKey }],
        sinceMs + afterMs,
      );
      const name = `${command.op} with ${JSON.stringify(change)} under ${underKey}`;
      assertEquals(replies[0]!.outcome, expected, name);
      if (expected === "ok") continue;
      assertEquals(books.changes().movements, [], name);
      assertEquals(entries.map(({ who, outcome }) => [who, outcome]), [
        ["terminal lobby", "terminal_revoked"],
      ]);
    }
  }
});

Deno.test("a revocation holds for what comes after it in the same batch, and for no other terminal", () => {
  const terminal = idOf("lobby");
  const load = (line: string): Command => ({ ...commandOf(line), underKey: 1 });
  const { replies } = applyCommands(booksWith({}), [
    load("lobby load l1 100 EUR"),
    { op: "revoke_terminal", operator: "root", terminal },
    load("lobby load l2 100 EUR"),
    load("mall load l3 100 EUR"),
    { op: "confirm_key", terminal, keyVersion: 2 },
    { op: "rotate_terminal", operator: "root", terminal, keyVersion: 2, sealedKey, now: true },
  ], 2_000);
  assertEquals(replies.map(({ outcome }) => outcome), [
    "ok",
    "ok",
    "terminal_revoked",
    "ok",
    "terminal_revoked",
    "terminal_revoked",
  ]);
});

Deno.test("a key takes over when its terminal has come with it, and no sooner", () => {
  const books = booksWith({});
  const terminal = idOf("lobby");
  const rotate = (keyVersion: number, now: boolean, fill = 0): Command => ({
    op: "rotate_terminal",
    operator: "root",
    terminal,
    keyVersion,
    sealedKey: new Uint8Array(80).fill(fill),
    now,
  });
  const steps: [Command, string, number, number | undefined][] = [
    [{ op: "confirm_key", terminal, keyVersion: 2 }, "ok", 1, undefined],
    [rotate(2, false), "ok", 1, 2],
    [rotate(2, false), "ok", 1, 2], // the same content, asked again
    [rotate(2, false, 9), "rotation_under_way", 1, 2],
    [rotate(2, true, 9), "key_superseded", 1, 2],
    [rotate(3, false), "rotation_under_way", 1, 2],
    [{ op: "confirm_key", terminal, keyVersion: 2 }, "ok", 2, undefined],
    [{ op: "confirm_key", terminal, keyVersion: 2 }, "ok", 2, undefined],
    [rotate(2, false), "ok", 2, undefined], // the terminal has come with it since
    [rotate(2, false, 9), "key_superseded", 2, undefined],
    [rotate(3, false), "ok", 2, 3],
    [rotate(2, true), "ok", 2, 3], // done before; what came since stays
    [rotate(4, true), "ok", 4, undefined],
    [rotate(4, true), "ok", 4, undefined],
    [rotate(4, true, 9), "key_superseded", 4, undefined],
    [rotate(3, true), "key_superseded", 4, undefined],
    [{ ...rotate(5, false), terminal: idOf("none") } as Command, "unknown_name", 4, undefined],
  ];
  for (const [command, expected, version, waiting] of steps) {
    const { replies } = applyCommands(books, [command], sinceMs);
    const { keyVersion, next } = books.terminal(terminal)!;
    assertEquals([replies[0]!.outcome, keyVersion, next?.version], [expected, version, waiting]);
  }
  const again = applyCommands(books, [rotate(4, true)], sinceMs);
  assertEquals(again.entries, [], "what is asked again is logged once");
});
