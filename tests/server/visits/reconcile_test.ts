/** What a terminal says of its day is compared with the books; each difference is named. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { newId, onEachBank, type RunningBank } from "../helpers/running_bank.ts";

async function listed(running: RunningBank): Promise<string[]> {
  const command = { command: "list_differences", json: true } as const;
  const answers = await Array.fromAsync(running.operate(command));
  return answers.flatMap((answer) => {
    const facts = JSON.parse("line" in answer ? answer.line : "{}");
    return facts.terminal === "lobby" ? [facts.difference] : [];
  });
}

onEachBank(
  "each difference between a terminal and the books is listed",
  (withBank) =>
    withBank(async (running) => {
      const atm = await running.visit("alice");
      const [load, out, partly, back, open, unknown] = Array.from({ length: 6 }, newId) as [
        string,
        string,
        string,
        string,
        string,
        string,
      ];
      const cash = { amount: "50000", currency: "EUR" };
      assertEquals(await atm.outcomeOf({ op: "load_cash", movement: load, ...cash }), "ok");
      for (const movement of [out, partly, back, open]) {
        assertEquals((await atm.authorise("withdrawal", movement, "4000")).outcome, "ok");
      }
      await atm.ask({ op: "complete", movement: out, amount: "4000" });
      await atm.ask({ op: "complete", movement: partly, amount: "2000" });
      await atm.ask({ op: "reverse", movement: back });
      const honest = [
        { movement: load, amount: "50000" },
        { movement: out, amount: "4000" },
        { movement: partly, amount: "2000" },
        { movement: back, amount: "0" },
      ];
      const reconcile = (cash: string, movements: typeof honest) =>
        atm.outcomeOf({ op: "reconcile", cash, movements });
      assertEquals(await listed(running), ["not reconciled yet"]);
      assertEquals(await reconcile("44000", honest), "ok");
      assertEquals(await listed(running), [null]);
      assertEquals(
        await reconcile("43000", [
          ...honest.slice(0, 2),
          { movement: partly, amount: "4000" },
          { movement: open, amount: "4000" },
          { movement: unknown, amount: "1000" },
        ]),
        "ok",
      );
      const found = await listed(running);
      assertEquals(found, [
        `movement ${partly}: the ATM has €40.00, the bank has €20.00`,
        `movement ${open}: the ATM has €40.00, the bank has it open`,
        `movement ${unknown}: the ATM has €10.00, the bank has nothing`,
        "notes: the ATM has €430.00, the bank has €440.00: €10.00 missing",
      ]);
      const entries = await running.entries();
      assertStringIncludes(entries.join("\n"), "terminal lobby | reconcile: no difference");
      assertStringIncludes(
        entries.join("\n"),
        "terminal lobby | reconcile: 4 differences - movement",
      );
      // Movements of another terminal are not found.
      const mall = await running.connect(running.keys.mall);
      await mall.ask({
        op: "reconcile",
        cash: "0",
        movements: [{ movement: out, amount: "4000" }],
      });
      const { monitor } = running.bank;
      const contacts = [...monitor.terminals.values()];
      assertEquals(contacts[1]!.reconciled!.differences, [
        `movement ${out}: the ATM has €40.00, the bank has nothing`,
      ]);
      const before = await listed(running);
      await running.reopen();
      assertEquals(await listed(running), before);
    }),
);
