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
        name: "x, opening: 1.00, username: alice",
        opening: "9000.00",
      });
      await goTo(page, "Approvals");
      await page.getByRole("main").getByText("€9,000.00").waitFor();
      const shown = [
        ["opening", "€9,000.00"],
        ["username", "bob"],
        ["name", "x, opening: 1.00, username: alice"],
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
