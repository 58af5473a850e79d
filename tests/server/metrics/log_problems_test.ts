/** What becomes wrong is in the operator's log once, and again when it comes back. */
import { assertEquals } from "@std/assert";
import { ProblemLog } from "../../../server/metrics/log_problems.ts";
import { onEachBank } from "../helpers/running_bank.ts";

onEachBank(
  "a problem of the status is logged once, and again when it comes back",
  (withBank) =>
    withBank(async (running) => {
      const atm = await running.connect();
      const report = async (count: number) => {
        const cassettes = [{ value: "5000", count }, { value: "2000", count: 100 }];
        const state = { jammed: [], counted: true, left: "0" };
        assertEquals((await atm.ask({ op: "report", cassettes, ...state })).outcome, "ok");
      };
      const logged = () =>
        running.events.filter(({ event, facts }) =>
          event === "problem" && String(facts?.what).includes("€50.00")
        );
      let looks = 0;
      const bank = new Proxy(running.bank, {
        get(target, name) {
          if (name === "settings") looks++; // each look reads the currency
          return Reflect.get(target, name, target);
        },
      });
      const problems = new ProblemLog(bank, 20);
      const until = async (holds: () => boolean) => {
        while (!holds()) await new Promise((resolve) => setTimeout(resolve, 10));
      };
      /** Waits until a whole look began and ended since. */
      const looked = async () => {
        const before = looks;
        await until(() => looks >= before + 3);
      };
      await report(0);
      await until(() => logged().length > 0);
      await looked();
      await report(90);
      await looked();
      await report(0);
      await until(() => logged().length > 1);
      await problems.close();
      const what = "lobby: the cassette of €50.00 is empty";
      const mend = "fill it: stop the ATM, and 'deno task atm cash load' on it";
      const event = {
        level: "warning",
        event: "problem",
        line: `${what}. Do: ${mend}`,
        facts: { what, mend },
      };
      assertEquals(logged(), [event, event]);
    }),
);
