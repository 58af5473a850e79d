import { assertEquals } from "@std/assert";
import { system } from "../../../lib/system.ts";
import type { Command } from "../../../server/ledger/command.ts";
import { Strangers } from "../../../server/door/strangers.ts";

Deno.test("a flood of strangers is a bounded number of entries, and none is left uncounted", async () => {
  const actions: string[] = [];
  const ledger = {
    submit: (command: Command) => {
      if (command.op === "log") actions.push(command.action);
      return Promise.resolve({ outcome: "ok" as const, timeMs: 0 });
    },
  };
  const strangers = new Strangers(ledger, system);
  for (let count = 0; count < 1_000; count++) strangers.count(`10.0.0.${count % 100}`);
  strangers.count("10.0.0.1");
  await strangers.flush();
  const counts = actions.map((action) =>
    Number(/^refuse (\d+) connections? from /.exec(action)![1])
  );
  assertEquals([counts.length, counts.reduce((sum, count) => sum + count)], [17, 1_001]);
  assertEquals(actions[1], "refuse 11 connections from 10.0.0.1 - not a terminal of this bank");
  assertEquals(
    actions[16],
    "refuse 840 connections from other addresses - not a terminal of this bank",
  );
  await strangers.flush();
  assertEquals(actions.length, 17);
});
