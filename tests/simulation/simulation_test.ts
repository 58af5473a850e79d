/** The simulator in the gate: the same seed is the same history, and old failures stay mended. */
import { assertEquals } from "@std/assert";
import { bugs, planted, root } from "./bugs.ts";
import type { Config } from "./config.ts";
import { simulate } from "./simulation.ts";
import { parseCommand, usualConfig } from "./simulations.ts";

Deno.test("the same seed is the same history", async () => {
  const config = { ...usualConfig(1), atms: 2, servers: 2, days: 1, visits: 16 };
  const [first, second] = [await simulate(config), await simulate(config)];
  assertEquals(first.hash, second.hash);
  assertEquals(first.events, second.events);
});

Deno.test("the same seed is the same history on SQLite, too", async () => {
  const config: Config = { ...usualConfig(2), servers: 1, days: 1, visits: 16, sqlite: true };
  assertEquals((await simulate(config)).hash, (await simulate(config)).hash);
});

Deno.test("every planted bug fits its place", () => {
  for (const bug of bugs) planted(bug, root);
});

Deno.test("every seed that ever failed is simulated without a finding", async (t) => {
  const text = Deno.readTextFileSync(new URL("./regressions.txt", import.meta.url));
  for (const line of text.split("\n").filter((line) => line !== "" && !line.startsWith("#"))) {
    const [command = "", found = ""] = line.split(" : ");
    await t.step(found, async () => {
      assertEquals((await simulate(parseCommand(command))).findings, []);
    });
  }
});
