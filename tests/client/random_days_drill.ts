/** A thousand random days at an ATM, for each place of its devices: prints what was seen. */
import { liveYears, requireVariety } from "./random_days.ts";
import { transports } from "./small_branch.ts";

for (const transport of transports) {
  const seen = await liveYears(20, transport);
  const lines = [...seen].sort().map(([what, times]) => `${what.padEnd(30)} ${times}`);
  console.log(`1,000 days with devices ${transport}: notes and books agree\n${lines.join("\n")}`);
  requireVariety(seen);
}
