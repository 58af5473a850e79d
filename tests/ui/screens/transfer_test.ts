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
    await number.fill(numberOf(0));
    await sees(page, "This is the account you are using");
    await page.keyboard.press("Enter");
    await onScreen(page, "refusal");
    await button(page, "Change the number").click();
    await number.fill(mistyped);
    await sees(page, "Please check this number");
    await page.keyboard.press("Enter");
    await onScreen(page, "recipient");
    await number.fill("12345");
    await page.keyboard.press("Enter");
    await sees(page, "Check the account number");
    await button(page, "Change the number").click();
    assertEquals(await number.inputValue(), groupedAccountNumber("12345"));
    await number.fill(nobodys);
    await page.keyboard.press("Enter");
    await sees(page, "Account not found");
    assertEquals(scripted.calls.filter((call) => call.startsWith("recipient")), [
      `recipient ${numberOf(0)}`,
      `recipient ${nobodys}`,
    ]);
    await button(page, "Change the number").click();
    await number.fill(bobs);
    await button(page, "Continue").click();
    await sees(page, "How much for b•••b?");
    await page.keyboard.type("900000");
    assertEquals(await page.getByLabel("Amount").inputValue(), "9,000.00");
    await page.locator("#typed-fault", { hasText: "You can send up to €1,250.50." }).waitFor();
    await page.keyboard.press("Enter");
    await onScreen(page, "confirm");
    await sees(page, "You can send up to €1,250.50.");
    await button(page, "Send €9,000.00").click();
    await sees(page, "Not enough money");
    await button(page, "Choose another amount").click();
    await onScreen(page, "sum");
    for (const key of "25050") await button(page, new RegExp(`^${key}$`)).click();
    await page.keyboard.press("Enter");
    for (const text of ["€250.50", "b•••b", "From your account"]) await sees(page, text);
    await page.keyboard.press("Enter");
    await sees(page, "Transfer sent");
    await sees(page, "€1,000.00");
    assertEquals(scripted.calls.filter((call) => call.startsWith("transfer")), [
      `transfer 900000 to ${bobs}`,
      `transfer 25050 to ${bobs}`,
    ]);
  },
);

flow("one's own accounts: chosen, and money moved between them", async ({ page, scripted }) => {
  await logIn(page);
  await button(page, "More").click();
  await button(page, "Switch account").click();
  await button(page, /savings/).click();
  await onScreen(page, "menu");
  await sees(page, "savings");
  await button(page, "Show balance").click();
  await sees(page, "€9,800.00");
  await button(page, /^Transfer/).click();
  await button(page, `Account ${groupedAccountNumber(numberOf(0))}`).click();
  await page.keyboard.type("10000");
  await page.keyboard.press("Enter");
  await button(page, "Send €100.00").click();
  await sees(page, "€9,700.00");
  assert(scripted.calls.includes(`transfer 10000 to ${numberOf(0)}`));
  assert(
    !scripted.calls.some((call) => call.startsWith("recipient")),
    "one's own needs no look-up",
  );
}, () => ({ scripted: new ScriptedAtm({ otherAccounts: { savings: 980_000n } }) }));

flow("a double touch on the way on does not send what nobody has read", async (atm) => {
  const { page, scripted } = atm;
  await logIn(page);
  await button(page, /^Transfer/).click();
  await page.getByLabel("Account number").fill(bobs);
  await page.keyboard.press("Enter");
  await onScreen(page, "sum");
  for (const digit of "4000") await button(page, new RegExp(`^${digit}$`)).click();
  await button(page, /^Continue/).dblclick();
  await onScreen(page, "confirm");
  await page.keyboard.press("Escape");
  await onScreen(page, "sum");
  assert(!scripted.calls.some((call) => call.startsWith("transfer")), `${scripted.calls}`);
});
