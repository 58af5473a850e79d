/** What an approver reads before signing, and that no key held down signs for them. */
import { assertEquals } from "@std/assert";
import { findBrowser } from "../../browser.ts";
import { goTo, withConsoles } from "./open_console.ts";

const ignore = findBrowser() === null;

Deno.test({
  name:
    "console: no text of a proposal reads as another field of it, and its customer is a click away",
  ignore,
  fn: () =>
    withConsoles(async ({ open }) => {
      const anna = await open("anna", "officer");
      const { page, problems } = await open("ben", "officer");
      await anna.console.act({
        command: "open_account",
        username: "bob",
        name: "x, opening: 1, username: alice",
        opening: "9000.00",
      });
      await goTo(page, "Approvals");
      await page.getByRole("main").getByText("€9,000.00").waitFor();
      const shown = [
        ["opening", "€9,000.00"],
        ["username", "bob"],
        ["name", "x, opening: 1, username: alice"],
        ["customer", "bob"],
        ["accounts", "1"],
      ];
      const facts = async (part: string) => {
        const texts = await page.locator(`${part} .named-facts > *`).allTextContents();
        return texts.flatMap((text, index) => index % 2 === 0 ? [[text, texts[index + 1]]] : []);
      };
      assertEquals(await facts("main"), shown);
      await page.getByRole("button", { name: "Approve" }).click();
      assertEquals(await facts("[role=alertdialog]"), shown);
      await page.getByRole("button", { name: "Cancel" }).click();
      await page.getByRole("main").getByRole("button", { name: "bob" }).click();
      await page.getByRole("heading", { name: "Statement" }).waitFor();
      assertEquals([...anna.problems, ...problems], []);
    }),
});

Deno.test({
  name: "console: a key that is held, or pressed twice, signs nothing and closes no answer",
  ignore,
  fn: () =>
    withConsoles(async ({ running, open }) => {
      const { read } = running.bank.ledger;
      const anna = await open("anna", "officer");
      const { page, problems } = await open("ben", "officer");
      await anna.console.act({ command: "reset_password", customer: "alice" });
      const dialog = page.getByRole("alertdialog");
      const hold = async () => {
        for (let repeats = 0; repeats < 8; repeats++) {
          await page.keyboard.down("Enter");
          await page.waitForTimeout(30);
        }
        await page.keyboard.up("Enter");
      };
      const isAsked = async (verb: string) => {
        await dialog.getByRole("button", { name: verb, exact: true }).waitFor();
        assertEquals(await dialog.getByRole("button", { name: "Close" }).count(), 0);
      };

      await goTo(page, "Approvals");
      for (const press of [hold, () => page.keyboard.press("Enter")]) {
        await page.getByRole("main").getByRole("button", { name: "Approve" }).focus();
        await press();
        await dialog.waitFor();
        await page.keyboard.press("Enter");
        await isAsked("Approve and sign");
        await page.keyboard.press("Escape");
      }
      assertEquals((await read.staff()).proposals.length, 1);

      await page.getByRole("button", { name: "Approve" }).click();
      await dialog.getByRole("button", { name: "Approve and sign" }).focus();
      await hold();
      await dialog.getByText("your half, the second").waitFor();
      await page.keyboard.press("Enter");
      await dialog.getByText("your half, the second").waitFor();
      await dialog.getByRole("button", { name: "Close" }).click();

      // Its fields have values already: a press in one of them would sign.
      await goTo(page, "Customers");
      await page.getByRole("button", { name: "alice" }).click();
      await page.getByRole("main").getByRole("button", { name: "Open an account" }).focus();
      await hold();
      await page.keyboard.press("Enter");
      await isAsked("Open an account");
      assertEquals((await read.accountsOf(["alice"])).length, 1);
      assertEquals([...anna.problems, ...problems], []);
    }),
});
