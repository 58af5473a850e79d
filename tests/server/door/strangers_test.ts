import { assertEquals } from "@std/assert";
import type { Command } from "../../../server/ledger/command.ts";
import type { Ledger } from "../../../server/ledger/ledger.ts";
import { Strangers } from "../../../server/door/strangers.ts";

Deno.test("a flood of strangers is a bounded number of entries, and none is left uncounted", async () => {
  const notes: string[] = [];
  const ledger = {
    submit: (command: Command) => {
      if (command.op === "log") notes.push(command.action);
      return Promise.resolve({ outcome: "ok", timeMs: 0 });
    },
  };
  const strangers = new Strangers(ledger as unknown as Ledger);
  for (let count = 0; count < 1_000; count++) strangers.count(`10.0.0.${count % 100}`);
  strangers.count("10.0.0.1");
  await strangers.flush();
  const counts = notes.map((note) => Number(/^refuse (\d+) connections? from /.exec(note)![1]));
  assertEquals([counts.length, counts.reduce((sum, count) => sum + count)], [17, 1_001]);
  assertEquals(notes[1], "refuse 11 connections from 10.0.0.1 - not a terminal of this bank");
  assertEquals(
    notes[16],
    "refuse 840 connections from other addresses - not a terminal of this bank",
  );
  await strangers.flush();
  assertEquals(notes.length, 17);
});
