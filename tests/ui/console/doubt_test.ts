/** In doubt: counts and disputes as lists, each with its evidence and the way to settle it. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { findBrowser } from "../../browser.ts";
import { newId } from "../../server/helpers/running_bank.ts";
import { goTo, says, withConsoles } from "./open_console.ts";

const ignore = findBrowser() === null;

Deno.test({
  name: "console: a difference from the books leads to its movement, and to its settlement",
  ignore,
  fn: () =>
    withConsoles(async ({ running, open }) => {
      const { page, problems } = await open("anna", "officer");
      const atm = await running.visit("alice");
      const [hold, done] = [newId(), newId()];
      await atm.authorise("withdrawal", hold, "6000");
      await atm.authorise("withdrawal", done, "4000");
      await atm.ask({ op: "complete", movement: done, amount: "4000" });
      await goTo(page, "In doubt");
      await page.getByText("Every terminal that was compared has what the books have.").waitFor();
      const movements = [
        { movement: hold, amount: "6000" },
        { movement: done, amount: "2000" },
      ];
      assertEquals(await atm.outcomeOf({ op: "reconcile", cash: "-5000", movements }), "ok");
      const table = page.getByRole("table", { name: "Differences between terminals and books" });
      await table.getByText("€10.00 missing").waitFor();
      const row = (text: string) => table.getByRole("row").filter({ hasText: text });
      assertStringIncludes(await row("notes:").innerText(), "deno task atm cash count");

      await row(done).getByRole("button", { name: "Correct" }).click();
      await page.getByLabel("What should have been booked").fill("20.00");
      await page.getByLabel("Why, for the log").fill("the rest was retracted");
      await page.getByRole("alertdialog").getByRole("button", { name: "Correct" }).click();
      await says(page, `movement ${done} is corrected to €20.00`);
      assertEquals(await page.getByRole("heading", { name: "In doubt" }).count(), 1);

      await row(hold).getByRole("button", { name: "Settle" }).click();
      await page.getByText("the bank has it open").waitFor();
      await page.getByRole("button", { name: "Complete" }).click();
      await page.getByLabel("Amount").fill("60.00");
      await page.getByLabel("Why, for the log").fill("counted");
      await page.getByRole("alertdialog").getByRole("button", { name: "Complete" }).click();
      await says(page, "completed with €60.00");
      const accounts = await running.bank.ledger.read.accounts();
      assertEquals(accounts.find(({ owner }) => owner === "alice")!.balance, 92_000n);
      await page.getByRole("button", { name: "All in doubt" }).click();
      await table.getByRole("button", { name: "lobby" }).first().click();
      await page.getByRole("heading", { name: "lobby" }).waitFor();
      assertEquals(problems, []);
    }),
});

Deno.test({
  name:
    "console: money in the differences account is listed for those who may not read the log, as it comes",
  ignore,
  fn: () =>
    withConsoles(async ({ running, open }) => {
      const { page, problems, console } = await open("tom", "teller");
      await goTo(page, "In doubt");
      await page.getByText("This part of the log has no such entry.").waitFor();
      const searches = async () =>
        (await running.entries()).filter((line) => line.endsWith("list disputes")).length;
      assertEquals(await searches(), 1);
      const atm = await running.visit("alice");
      const hold = newId();
      await atm.authorise("withdrawal", hold, "4000");
      const reverse = { command: "settle_hold", movement: hold, reverse: true } as const;
      assertEquals((await console.act({ ...reverse, reason: "lost" })).outcome, "done");
      await atm.ask({ op: "complete", movement: hold, amount: "4000" });
      const row = page.getByRole("row").filter({ hasText: "€40.00 to the differences account" });
      await row.waitFor();
      assertEquals(await searches(), 1, "following has no entry in the log");
      await row.getByRole("button", { name: "Correct" }).click();
      await page.getByLabel("What should have been booked").fill("40.00");
      await page.getByLabel("Why, for the log").fill("alice has the notes");
      await page.getByRole("alertdialog").getByRole("button", { name: "Correct" }).click();
      await says(page, `movement ${hold} is corrected to €40.00`);
      const accounts = await running.bank.ledger.read.accounts();
      assertEquals(accounts.find(({ owner }) => owner === "alice")!.balance, 96_000n);
      await row.getByRole("button", { name: "lobby", exact: true }).click();
      await page.getByRole("heading", { name: "lobby" }).waitFor();
      assertEquals(problems, []);
    }),
});

Deno.test({
  name:
    "console: every open movement is on a page, is found, and is settled, however many are open",
  ignore,
  fn: () =>
    withConsoles(async ({ running, open }) => {
      const { page, problems } = await open("anna", "officer");
      const atm = await running.visit("alice");
      const deposits = Array.from({ length: 119 }, newId);
      for (const id of deposits) await atm.authorise("deposit", id, "1000");
      const last = newId();
      await atm.authorise("withdrawal", last, "6000");
      const movements = [{ movement: last, amount: "6000" }];
      assertEquals(await atm.outcomeOf({ op: "reconcile", cash: "0", movements }), "ok");
      await goTo(page, "In doubt");
      const holds = page.getByRole("region", { name: "Open movements" });
      await holds.getByText("1 to 50 of 120").waitFor();
      await holds.getByRole("button", { name: "Next" }).click();
      await holds.getByRole("button", { name: "Next" }).click();
      await holds.getByText("101 to 120 of 120").waitFor();
      const lastRow = holds.getByRole("row").last();
      assertStringIncludes(await lastRow.innerText(), "€60.00");
      await page.getByRole("row").filter({ hasText: last }).getByRole("button", { name: "Settle" })
        .click();
      await page.getByText(last).first().waitFor();
      await page.getByRole("button", { name: "All in doubt" }).click();
      await holds.getByLabel("Find an open movement").fill(last);
      await holds.getByText("1 to 50 of 120").waitFor({ state: "detached" });
      await holds.getByRole("button", { name: "alice" }).click();
      await page.getByRole("button", { name: "Reverse" }).click();
      await page.getByLabel("Why, for the log").fill("counted");
      await page.getByRole("alertdialog").getByRole("button", { name: "Reverse" }).click();
      await says(page, "is reversed");
      await page.getByText("It is settled.").waitFor();
      await page.getByRole("button", { name: "All in doubt" }).click();
      await holds.getByText("1 to 50 of 119").waitFor();
      await page.getByRole("row").filter({ hasText: last }).getByRole("button", { name: "Correct" })
        .waitFor();

      await holds.getByRole("button", { name: "Next" }).click();
      await holds.getByText("51 to 100 of 119").waitFor();
      for (const movement of deposits.slice(30)) await atm.ask({ op: "reverse", movement });
      await holds.getByText("none of 30").waitFor();
      await holds.getByRole("button", { name: "Previous" }).click();
      await holds.getByRole("row").nth(30).waitFor();
      assertEquals(problems, []);
    }),
});
