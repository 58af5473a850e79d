/** Strangers at the door do not cost an honest ATM its line, nor one of its movements. */
import { BankProcess } from "./bank_process.ts";
import { weather } from "./load.ts";
import { storms } from "./storms.ts";

Deno.test("an honest ATM keeps working while strangers do their worst", async (t) => {
  const bank = await BankProcess.start();
  try {
    for (const { name } of storms.filter(({ name }) => !name.startsWith("10000"))) {
      await t.step(name, async () => console.log(await weather(bank, name, 800)));
    }
  } finally {
    await bank.stop();
  }
});
