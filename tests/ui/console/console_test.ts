/** The operator's console in a real browser, in front of a real bank. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { findBrowser } from "../../browser.ts";
import { newId } from "../../server/helpers/running_bank.ts";
import { withConsoles } from "./open_console.ts";

const ignore = findBrowser() === null;

Deno.test({
  name: "console: Today shows a movement, and what it paid out, while it is open",
  ignore,
  fn: () =>
    withConsoles(async ({ running, open }) => {
      const { page, problems } = await open("anna");
      await page.locator("[data-screen=today]").waitFor();
      const atm = await running.visit("alice");
      const id = newId();
      assertEquals((await atm.authorise("withdrawal", id, "4000")).outcome, "ok");
      const row = page.getByRole("row").filter({ hasText: "withdrawal authorised" });
      await row.waitFor();
      assertStringIncludes(await row.innerText(), "€40.00");
      await page.locator(".figure", { hasText: /^Open movements1the oldest for \d+ s$/ }).waitFor();
      await atm.ask({ op: "complete", movement: id, amount: "4000" });
      await page.locator(".figure", { hasText: "Paid out" }).getByText("€40.00").waitFor();
      const refused = newId();
      assertEquals(
        (await atm.authorise("withdrawal", refused, "9999900")).outcome,
        "insufficient_funds",
      );
      await page.getByText("insufficient funds").waitFor();
      await page.getByText("1 refusal").waitFor();
      assertEquals(problems, []);
    }),
});

Deno.test({
  name: "console: a movement in doubt is settled by two operators, with what was counted",
  ignore,
  fn: () =>
    withConsoles(async ({ running, open }) => {
      const anna = await open("anna", "teller");
      const ben = await open("ben", "teller");
      const atm = await running.visit("alice");
      const hold = newId();
      assertEquals((await atm.authorise("withdrawal", hold, "6000")).outcome, "ok");
      await anna.page.getByRole("navigation").getByText("In doubt").click();
      await anna.page.getByRole("button", { name: "alice" }).click();
      await anna.page.getByText(hold).waitFor();
      await anna.page.getByRole("button", { name: "Complete" }).click();
      await anna.page.getByLabel("Amount").fill("40.00");
      await anna.page.getByLabel("Why, for the log").fill("counted by anna");
      await anna.page.getByRole("alertdialog").getByRole("button", { name: "Complete" }).click();
      await anna.page.getByText("Proposed: a second operator").waitFor();
      await anna.page.getByRole("button", { name: "Close" }).click();
      await ben.page.getByRole("navigation").getByText("Approvals").click();
      await ben.page.getByRole("button", { name: "Approve" }).click();
      await ben.page.getByRole("button", { name: "Approve and sign" }).click();
      await ben.page.getByText("completed with €40.00").waitFor();
      await anna.page.getByText("It is settled.").waitFor();
      assertEquals(await running.bank.ledger.read.holds(), []);
      const accounts = await running.bank.ledger.read.accounts();
      assertEquals(accounts.find(({ owner }) => owner === "alice")!.balance, 96_000n);
      assertEquals([...anna.problems, ...ben.problems], []);
    }),
});

Deno.test({
  name: "console: two operators in two browsers approve and reject; nobody approves alone",
  ignore,
  fn: () =>
    withConsoles(async ({ running, open }) => {
      const anna = await open("anna", "officer");
      const ben = await open("ben", "officer");
      const asked = await anna.console.act({ command: "revoke_terminal", name: "mall" });
      assertEquals(asked.outcome, "proposed");
      for (const { page } of [anna, ben]) {
        await page.getByRole("button", { name: /^Approvals/ }).click();
        await page.getByRole("definition").getByText("mall").waitFor();
      }
      assertEquals(await anna.page.getByRole("button", { name: "Approve" }).count(), 0);
      await anna.page.getByText("Another operator has to approve it.").waitFor();
      await ben.page.getByRole("button", { name: "Approve" }).click();
      await ben.page.getByText("anna proposed this.").waitFor();
      await ben.page.getByRole("button", { name: "Approve and sign" }).click();
      await ben.page.getByText("terminal mall is revoked").waitFor();
      await ben.page.getByRole("button", { name: "Close" }).click();
      for (const { page } of [anna, ben]) {
        await page.getByText("Nothing waits for an approval.").waitFor();
      }
      const { state } = (await running.bank.ledger.read.terminals()).find(({ name }) =>
        name === "mall"
      )!;
      assertEquals(state, "revoked");

      await anna.console.act({ command: "revoke_terminal", name: "lobby" });
      await anna.page.getByRole("button", { name: "Withdraw" }).click();
      await anna.page.getByLabel("Why, for the log").fill("wrong terminal");
      await anna.page.getByRole("button", { name: "Withdraw and sign" }).click();
      await anna.page.getByText("is rejected").waitFor();
      assert((await running.entries()).some((entry) => entry.includes("wrong terminal")));
      assertEquals([...anna.problems, ...ben.problems], []);
      assertEquals(ben.said.length, 1);
    }),
});
