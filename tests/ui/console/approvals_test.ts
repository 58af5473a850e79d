/** What an approver reads before signing, and that no key held down signs for them. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { findBrowser } from "../../browser.ts";
import { newId } from "../../server/helpers/running_bank.ts";
import { goTo, says, withConsoles } from "./open_console.ts";

const ignore = findBrowser() === null;

/** The folder for pictures, if any. */
const pictures = Deno.env.get("PICTURES");

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
      await dialog.locator("h2:focus").waitFor(); // the dialog takes the focus once it is drawn
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

Deno.test({
  name: "console: what would be refused at its approval is refused in its dialog",
  ignore,
  fn: () =>
    withConsoles(async ({ running, open }) => {
      const { page, problems } = await open("anna", "officer");
      await open("ben", "officer");
      const atm = await running.visit("alice");
      const movement = newId();
      await atm.authorise("withdrawal", movement, "4000");
      await atm.ask({ op: "complete", movement, amount: "4000" });
      await goTo(page, "Customers");
      await page.getByRole("main").getByRole("button", { name: "alice" }).click();
      await page.getByRole("row").filter({ hasText: "withdraw €40.00" })
        .getByRole("button", { name: "Correct" }).click();
      await page.getByLabel("What should have been booked").fill("5000.00");
      await page.getByLabel("Why, for the log").fill("a note stuck");
      await page.getByRole("alertdialog").getByRole("button", { name: "Correct" }).click();
      const refusal = `movement ${movement} was not corrected: insufficient funds`;
      await page.getByText(refusal).waitFor();
      if (pictures) await page.screenshot({ path: `${pictures}/refused-proposal.png` });
      await says(page, refusal);
      const entry = (await running.entries()).find((line) => line.includes("correct movement"))!;
      assertStringIncludes(entry, `operator anna | correct movement (${refusal}`);
      assertEquals((await running.bank.ledger.read.staff()).proposals, []);
      assertEquals(problems, []);
    }),
});
