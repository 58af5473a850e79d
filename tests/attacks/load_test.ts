/** Strangers at the door do not cost an honest ATM its line, nor one of its movements. */
import { assert, assertEquals } from "@std/assert";
import { BankProcess } from "./bank_process.ts";
import { weather } from "./load.ts";
import { storms } from "./storms.ts";

/** Strangers can make an ATM slower. SECURITY.md has what was measured: 1 to 7 times. */
const slowerMax = 25;

Deno.test("an honest ATM keeps working while strangers do their worst", async (t) => {
  const bank = await BankProcess.start();
  try {
    for (const { name } of storms.filter(({ name }) => !name.startsWith("10000"))) {
      await t.step(name, async () => {
        const { words, before, during, lost } = await weather(bank, name, 800);
        console.log(words);
        assertEquals(lost, 0, "every acknowledged movement is in the books");
        assert(during >= before / slowerMax, `${during} movements, ${before} before the storm`);
      });
    }
  } finally {
    await bank.stop();
  }
});
