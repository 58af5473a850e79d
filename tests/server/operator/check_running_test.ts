/** `bank ledger check` of a running bank: movements go on meanwhile, and its answer is right. */
import { assert, assertEquals } from "@std/assert";
import { newId, onEachBank, type RunningBank } from "../helpers/running_bank.ts";

/** Rows of which the check takes far longer than a movement. */
const loads = 1_500;

async function load(running: RunningBank, count: number): Promise<void> {
  const { ledger } = running.bank;
  const terminal = (await ledger.read.terminals()).find(({ name }) => name === "lobby")!.id;
  for (let done = 0; done < count; done += 100) {
    const batch = Array.from({ length: 100 }, () => {
      const money = { movement: newId(), amount: 1n, currency: "EUR" };
      return ledger.submit({ op: "load_cash", terminal, ...money });
    });
    await Promise.all(batch);
  }
}

onEachBank(
  "movements go on while the books are checked, and none is a difference",
  (withBank) =>
    withBank(async (running) => {
      await load(running, loads);
      const visit = await running.visit("alice");
      let isChecked = false;
      const checked = Array.fromAsync(running.operate({ command: "check_ledger" }))
        .finally(() => isChecked = true);
      let meanwhile = 0;
      while (!isChecked) {
        const movement = newId();
        const money = { movement, amount: "100", currency: "EUR" };
        await visit.ask({ op: "authorise", kind: "deposit", account: visit.account, ...money });
        await visit.ask({ op: "complete", movement, amount: "100" });
        if (!isChecked) meanwhile++;
      }
      const last = (await checked).at(-1)!;
      assert(
        "line" in last && last.line.startsWith("the books are correct: "),
        JSON.stringify(last),
      );
      // The first may have been done before the check began.
      assert(meanwhile >= 2, `${meanwhile} movements while the books were checked`);
      const again = await Array.fromAsync(running.operate({ command: "check_ledger" }));
      assert("line" in again.at(-1)!, JSON.stringify(again.at(-1)));
      assertEquals(
        [...Deno.readDirSync(running.folder)].filter(({ name }) => /backup/.test(name)),
        [],
      );
    }),
);
