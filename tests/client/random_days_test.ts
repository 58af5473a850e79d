/** A few random days at an ATM, for each place of its devices; `deno task days` has a thousand. */
import { liveYears } from "./random_days.ts";
import { transports } from "./small_branch.ts";

for (const transport of transports) {
  Deno.test(`after random days with devices ${transport}, notes and books agree every evening`, async () => {
    await liveYears(1, transport);
  });
}
