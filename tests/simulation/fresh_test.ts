/** The simulator in the gate: seeds that nobody has simulated before, for two minutes. */
import { assertEquals } from "@std/assert";
import { simulate } from "./simulation.ts";
import { seedMax, usualConfig } from "./simulations.ts";
import { againLine, linesOf, Tally } from "./tally.ts";

const minutes = 2;

Deno.test("two minutes of fresh seeds are simulated without a finding", async () => {
  const first = Math.floor(Math.random() * seedMax);
  const endMs = performance.now() + minutes * 60_000;
  const tally = new Tally();
  while (performance.now() < endMs) {
    const result = await simulate(usualConfig(first + tally.seeds));
    tally.add(result);
    if (result.findings.length > 0) console.log(linesOf(result).join("\n"));
  }
  const { seeds, days, visits, failed } = tally;
  const last = first + seeds - 1;
  console.log(
    `seeds ${first} to ${last}: ${days} days, ${visits} visits, ${failed.length} failed`,
  );
  console.log(tally.lines().join("\n"));
  for (const result of failed) console.log(`seed ${result.config.seed}${await againLine(result)}`);
  assertEquals(failed.map(({ config }) => config.seed), []);
});
