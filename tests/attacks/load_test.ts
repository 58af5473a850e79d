/** Strangers at the door do not cost an honest ATM its line, nor one of its movements. */
import { BankProcess } from "./bank_process.ts";
import { idle, storms, weather } from "./load.ts";

Deno.test("an honest ATM keeps working while strangers do their worst", async (t) => {
  const bank = await BankProcess.start();
  try {
    for (const storm of [...storms, idle(1_500)]) {
      await t.step(storm.name, () => weather(bank, storm, 500, console.log));
    }
  } finally {
    await bank.stop();
  }
});
