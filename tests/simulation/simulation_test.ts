/** The simulator in the gate: the same seed is the same history, and old failures stay mended. */
import { assert, assertEquals } from "@std/assert";
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

Deno.test("a day without faults has every operation of a customer", async () => {
  const calm = { seed: 4, atms: 4, servers: 2, days: 1, visits: 60, sqlite: false };
  const { counts, seen, findings } = await simulate({ ...calm, faults: new Set() });
  assertEquals(findings, []);
  const operations = ["withdrawal", "deposit", "transfer"].map((kind) => `${kind}: receipt`);
  for (const what of [...operations, "log-in: ok", "new password: ok"]) {
    assert(counts.get(what)! > 0, `the simulator has no ${what}`);
  }
  assert(seen!.money.looks.length > 0, "the simulator has no look at a balance");
});

Deno.test("a day with cards has everything that is done with them", async () => {
  const faults: Config["faults"] = new Set(["cards", "people", "operators"]);
  const size = { atms: 3, servers: 2, days: 1, visits: 70, sqlite: false };
  const { counts, findings } = await simulate({ seed: 95_000_000, ...size, faults });
  assertEquals(findings, []);
  const guesses = ["copied cards", "guess: wrong_credentials", "guess: card_blocked"];
  const logIns = ["new PIN: pin_set", "log-in by card: ok", "log-in by card: wrong_credentials"];
  const operators = ["operator: issue_card", "operator: revoke_card"];
  for (const what of [...guesses, ...logIns, ...operators]) {
    assert(counts.get(what)! > 0, `the simulator has no ${what}`);
  }
});

Deno.test("a day with keyed devices has everything that is done with them", async () => {
  const faults: Config["faults"] = new Set(["tokens", "operators", "devices"]);
  const size = { atms: 2, servers: 2, days: 1, visits: 50, sqlite: false };
  const { counts, findings } = await simulate({ seed: 95_001_001, ...size, faults });
  assertEquals(findings, []);
  const operators = ["operator: enrol_device", "operator: rotate_device"];
  for (const what of [...operators, "withdrawal: receipt", "deposit: receipt"]) {
    assert(counts.get(what)! > 0, `the simulator has no ${what}`);
  }
  assert(
    [...counts.keys()].some((what) => /^used token: (?!deviceNotReady)/.test(what)),
    "no token is replayed",
  );
});

Deno.test("two days with devices that fail, and are replaced, have everything that happens to them", async () => {
  const faults: Config["faults"] = new Set([
    ...["tokens", "cards", "operators", "lines"] as const,
    ...["replacements", "readers", "write-offs", "plain-devices"] as const,
  ]);
  const size = { atms: 4, servers: 1, days: 1, visits: 160, sqlite: false };
  const seen = new Set<string>();
  for (const seed of [99_010_601, 99_010_605]) {
    const { counts, findings } = await simulate({ seed, ...size, faults });
    assertEquals(findings, []);
    for (const what of counts.keys()) seen.add(what);
  }
  const lines = ["cuts", "stalls", "vanishes"].map((what) => `fault: line to devices ${what}`);
  const jams = ["with", "without"].map((how) => `fault: card reader jams ${how} a card`);
  const operators = ["revoke_device", "write_off_terminal", "write_off_terminal refused"]
    .map((command) => `operator: ${command}`);
  const plain = "devices that attest nothing of an ended nonce";
  for (const what of [...lines, ...jams, ...operators, plain]) {
    assert(seen.has(what), `the simulator has no ${what}`);
  }
});

Deno.test("a day with several operators has everything that they do with proposals", async () => {
  const faults: Config["faults"] = new Set(["colleagues", "operators"]);
  const size = { atms: 2, servers: 2, days: 1, visits: 160, sqlite: false };
  const { counts, seen, findings } = await simulate({ seed: 99_020_108, ...size, faults });
  assertEquals(findings, []);
  const claims = ["done", "not done", "in doubt"].map((claim) => `approval ${claim}`);
  const outcomes = ["rejection done", "the log shows that it was run"];
  for (const what of [...claims, ...outcomes].map((each) => `colleagues: ${each}`)) {
    assert(counts.get(what)! > 0, `the simulator has no ${what}`);
  }
  const done = new Set(
    seen!.staff!.attempts.filter(({ claim }) => claim === "done").map(({ command }) => command),
  );
  for (const command of ["add_operator", "remove_operator", "open_account", "reset_password"]) {
    assert(done.has(command), `the simulator has no ${command}`);
  }
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
