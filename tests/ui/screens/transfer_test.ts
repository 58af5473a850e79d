import { assert, assertEquals } from "@std/assert";
import { groupedAccountNumber } from "../../../lib/account_number.ts";
import { button, logIn, onScreen } from "../open_atm.ts";
import { bobs, mistyped, numberOf, ScriptedAtm } from "../scripted_atm.ts";
import { family, sees } from "./flows.ts";

const nobodys = numberOf(99);
const { flow } = family("transfers");

flow(
  "transfer: whose account it is, and all of it, before it is sent",
  async ({ page, scripted }) => {
    await logIn(page);
    await button(page, /^Transfer/).click();
    const number = page.getByLabel("Account number");
    await number.fill(mistyped);
    await page.keyboard.press("Enter");
    await sees(page, "Is that number right?");
    await button(page, "Change the number").click();
    assertEquals(await number.inputValue(), groupedAccountNumber(mistyped));
    await number.fill(nobodys);
    await page.keyboard.press("Enter");
    await sees(page, "We cannot find that account");
    assertEquals(scripted.calls.filter((call) => call.startsWith("recipient")), [
      `recipient ${nobodys}`,
    ]);
    await button(page, "Change the number").click();
    await number.fill(bobs);
    await button(page, "Continue").click();
    await sees(page, "How much for b•••b?");
    await page.keyboard.type("9000");
    await page.keyboard.press("Enter");
    await sees(page, "Is this right?");
    await button(page, "Send €9,000.00").click();
    await sees(page, "Not enough money");
    await button(page, "Choose another amount").click();
    await sees(page, "How much for b•••b?");
    await page.keyboard.type("250.50");
    await page.keyboard.press("Enter");
    for (const text of ["€250.50", "b•••b", "From your account"]) await sees(page, text);
    await page.keyboard.press("Enter");
    await sees(page, "It is sent");
    await sees(page, "€1,000.00");
    assertEquals(scripted.calls.filter((call) => call.startsWith("transfer")), [
      `transfer 900000 to ${bobs}`,
      `transfer 25050 to ${bobs}`,
    ]);
  },
);

flow("one's own accounts: chosen, and money moved between them", async ({ page, scripted }) => {
  await logIn(page);
  await button(page, "Switch account").click();
  await button(page, /savings/).click();
  await onScreen(page, "menu");
  await sees(page, "savings");
  await sees(page, "€9,800.00");
  await button(page, /^Transfer/).click();
  await button(page, `Account ${groupedAccountNumber(numberOf(0))}`).click();
  await page.keyboard.type("100");
  await page.keyboard.press("Enter");
  await button(page, "Send €100.00").click();
  await sees(page, "€9,700.00");
  assert(scripted.calls.includes(`transfer 10000 to ${numberOf(0)}`));
  assert(
    !scripted.calls.some((call) => call.startsWith("recipient")),
    "one's own needs no look-up",
  );
}, () => ({ scripted: new ScriptedAtm({ otherAccounts: { savings: 980_000n } }) }));
