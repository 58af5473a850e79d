/** Every act of the console, clicked in a real browser: what the dialog says, and what the bank has after. */
import { assertEquals } from "@std/assert";
import { findBrowser } from "../../browser.ts";
import { newId } from "../../server/helpers/running_bank.ts";
import {
  type Desk,
  give,
  goTo,
  type OpenConsole,
  says,
  why,
  withConsoles,
} from "./open_console.ts";

const ignore = findBrowser() === null;

Deno.test({
  name: "console: every act on a customer is clicked, and the bank has it",
  ignore,
  fn: () =>
    withConsoles(async ({ running, open }) => {
      const { read } = running.bank.ledger;
      const { page, problems } = await open("anna", "admin");
      const accounts = async () =>
        (await read.accounts()).filter(({ owner }) => owner === "alice")
          .map(({ state, dayOutMax, name }) => [name, state, dayOutMax]);
      const passwordOf = async () => (await read.customer("alice"))!.passwordHash;
      const before = await passwordOf();

      await goTo(page, "Customers");
      await page.getByLabel("Find a customer").fill("ali");
      await page.getByRole("button", { name: "Find" }).click();
      await page.getByRole("button", { name: "bob" }).waitFor({ state: "detached" });
      await page.getByRole("button", { name: "alice" }).click();
      await page.getByText("deposit €1,000.00 - opening balance").waitFor();

      const atm = await running.visit("alice");
      const movement = newId();
      await atm.authorise("withdrawal", movement, "4000");
      await atm.ask({ op: "complete", movement, amount: "4000" });
      await page.getByText("-€40.00").waitFor();
      await page.getByText("€960.00").first().waitFor();

      await page.getByRole("row").filter({ hasText: "-€40.00" })
        .getByRole("button", { name: "Correct" }).click();
      await page.getByLabel("What should have been booked").fill("20.00");
      await page.getByLabel("Why, for the log").fill("20.00 lay in the tray");
      await page.getByRole("alertdialog").getByRole("button", { name: "Correct" }).click();
      await says(page, `movement ${movement} is corrected to €20.00`);
      await page.getByText("+€20.00").waitFor();

      await page.getByText("Cardnone").waitFor();
      await Array.fromAsync(
        running.operate({ command: "issue_card", customer: "alice", numberHash: "ab".repeat(32) }),
      );
      await page.getByText(/issued .*, no PIN yet/).waitFor();
      await give(page, "Revoke the card", { "Type alice to confirm": "alice" });
      await says(page, "the card of alice is revoked");
      assertEquals((await read.customer("alice"))!.card, undefined);
      await page.getByText("Cardnone").waitFor();

      await give(page, "Lock", why, "Lock");
      await says(page, "of alice is locked");
      assertEquals(await accounts(), [["", "locked", null]]);
      await give(page, "Unlock", why, "Unlock");
      await says(page, "of alice is unlocked");
      await give(page, /^Lock account/, why, "Lock");
      await says(page, /^account \d{12} is locked$/);
      assertEquals(await accounts(), [["", "locked", null]]);
      await give(page, /^Unlock account/, why, "Unlock");
      await says(page, /^account \d{12} is unlocked$/);
      await give(page, /^Set limits/, { "Out in a day": "200.00" }, "Set limits");
      await says(page, "out in a day");
      assertEquals(await accounts(), [["", "open", 20_000n]]);
      await page.getByText("€200.00").waitFor();
      await give(page, "Open an account", { "Its name on screens": "spare" }, "Open an account");
      await says(page, "alice has a new account");
      assertEquals(await accounts(), [["", "open", 20_000n], ["spare", "open", null]]);
      await give(page, "Close", { ...why, "Type alice to confirm": "alice" }, "Close");
      await says(page, "alice was not closed");
      await page.getByRole("row").filter({ hasText: "spare" })
        .getByRole("button", { name: /^Close account/ }).click();
      const dialog = page.getByRole("alertdialog");
      const number = /\d{12}/.exec(await dialog.innerText())![0];
      await dialog.getByLabel("Why, for the log").fill("it is a test");
      await dialog.getByLabel("to confirm").fill(number);
      await dialog.getByRole("button", { name: "Close", exact: true }).click();
      await says(page, `account ${number} is closed`);
      assertEquals(await accounts(), [["", "open", 20_000n], ["spare", "closed", null]]);
      assertEquals(await passwordOf(), before);
      assertEquals(problems, []);
    }),
});

Deno.test({
  name: "console: a password is reset by two tellers, who see one half each",
  ignore,
  fn: () =>
    withConsoles(async (desk) => {
      const { running } = desk;
      const anna = await desk.open("anna", "teller");
      const ben = await desk.open("ben", "teller");
      await customer(anna, "alice");
      await give(anna.page, "Reset the password", {}, "Reset the password");
      const first = await says(anna.page, "your half, the first");
      assertEquals(/second/.test(first.split("\n").at(-2)!), false);
      await goTo(ben.page, "Approvals");
      await ben.page.getByRole("button", { name: "Approve" }).click();
      await ben.page.getByRole("button", { name: "Approve and sign" }).click();
      const second = await says(ben.page, "your half, the second");
      const half = (text: string) => /one-time password: (\S+)/.exec(text)![1]!;
      await anna.page.getByText(/^one-time, until/).waitFor();
      const atm = await running.connect();
      const logIn = { op: "log_in", username: "alice", password: half(first) + half(second) };
      const answer = await atm.client.ask(logIn as never);
      assertEquals(answer.outcome, "ok");
      assertEquals([...anna.problems, ...ben.problems], []);
      assertEquals([...anna.said, ...ben.said].some((line) => line.includes(half(first))), false);
    }),
});

/** Opens a customer's page. */
async function customer({ page }: OpenConsole, name: string): Promise<void> {
  await goTo(page, "Customers");
  await page.getByRole("button", { name }).click();
  await page.getByRole("heading", { name: "Statement" }).waitFor();
}

Deno.test({
  name: "console: the list of customers changes with the bank",
  ignore,
  fn: () =>
    withConsoles(async ({ running, open }) => {
      const { page, problems } = await open("anna");
      await goTo(page, "Customers");
      await page.getByRole("row", { name: /alice.*1,000\.00/ }).waitFor();
      const atm = await running.visit("alice");
      const movement = newId();
      await atm.authorise("withdrawal", movement, "4000");
      await atm.ask({ op: "complete", movement, amount: "4000" });
      await page.getByRole("row", { name: /alice.*960\.00/ }).waitFor();
      await running.addCustomer("carol", "a password");
      await page.getByRole("row", { name: /carol/ }).waitFor();
      assertEquals(problems, []);
    }),
});

Deno.test({
  name: "console: an auditor sees customers and has no act on them, a teller no limits",
  ignore,
  fn: () =>
    withConsoles(async ({ open }: Desk) => {
      const rows = [
        ["auditor", "auditor", []],
        ["teller", "teller", ["Lock", "Reset the password", "Open an account", "Close"]],
        ["officer", "officer", ["Lock", "Reset the password", "Open an account", "Close"]],
      ] as const;
      for (const [name, role, words] of rows) {
        const opened = await open(name, role);
        await customer(opened, "alice");
        const acts = opened.page.locator(".panel__acts").getByRole("button");
        assertEquals(await acts.allInnerTexts(), [...words], role);
        const limits = await opened.page.getByRole("button", { name: /^Set limits/ }).count();
        assertEquals(limits, role === "officer" ? 1 : 0, role);
        assertEquals(opened.problems, []);
      }
    }),
});

Deno.test({
  name: "console: the log is searched, follows without a command, and gives checkpoint and proof",
  ignore,
  fn: () =>
    withConsoles(async ({ running, open }) => {
      const { page, problems } = await open("anna", "auditor");
      await goTo(page, "Log");
      await page.getByRole("cell", { name: "bob", exact: true }).waitFor();
      await page.getByLabel("Who").fill("terminal lobby");
      await page.getByRole("button", { name: "Search" }).click();
      await page.getByRole("cell", { name: "bob", exact: true }).waitFor({ state: "detached" });
      const searches = async () =>
        (await running.entries()).filter((line) => line === "operator anna | search log").length;
      assertEquals(await searches(), 2);
      const atm = await running.connect();
      for (const count of [1, 2]) {
        await atm.ask({ op: "void", movement: newId() });
        await page.getByText("void an unknown movement").nth(count - 1).waitFor();
      }
      assertEquals(await searches(), 2, "following has no entry in the log");

      await give(page, "Take a checkpoint", {}, "Take a checkpoint");
      await says(page, "Done");
      await page.getByText(/^\d+ entries/).first().waitFor();
      const place = await page.locator("tbody code").last().innerText();
      await give(page, "Proof of an entry", { "Entry or movement": place }, "Proof of an entry");
      await says(page, /tlog-proof/);
      await give(page, "Signed receipt", { "Entry or movement": "1.99999" }, "Signed receipt");
      await says(page, "the log has no entry '1.99999'");
      assertEquals(await page.getByRole("button", { name: "Another key" }).count(), 0);

      const teller = await open("tom", "teller");
      await goTo(teller.page, "Log");
      await teller.page.getByText("Auditors and admins read the log.").waitFor();
      assertEquals([...problems, ...teller.problems], []);
    }),
});
