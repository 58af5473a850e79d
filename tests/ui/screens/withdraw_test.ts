import { assert, assertEquals } from "@std/assert";
import { button, logIn, onScreen } from "../open_atm.ts";
import { ScriptedAtm } from "../scripted_atm.ts";
import { family, focused, sees, stacks } from "./flows.ts";

const { flow } = family("withdrawals");

flow(
  "withdraw a quick amount, and see the receipt and the new balance",
  async ({ page, scripted }) => {
    await logIn(page);
    await page.getByText("€1,250.50").waitFor({ state: "detached" });
    await button(page, "Show balance").click();
    await sees(page, "€1,250.50");
    await button(page, "€50").click();
    await onScreen(page, "receipt");
    await sees(page, "Withdrawal complete");
    await sees(page, "€1,200.50");
    await sees(page, "23 Nov 2026, 16:16:02");
    await sees(page, "7F3A 9C04 E1B2");
    assertEquals(await stacks(page), ["1 × €50"]);
    await button(page, "Done").click();
    await onScreen(page, "menu");
    await button(page, "Show balance").click();
    await sees(page, "€1,200.50");
    assertEquals(scripted.calls.filter((call) => call.startsWith("withdraw")), ["withdraw 5000"]);
  },
);

flow("withdraw an amount of one's own by the key pad on the screen", async ({ page, scripted }) => {
  await logIn(page);
  await button(page, "Another amount").click();
  for (const key of ["1", "9", "9", "Erase", "0"]) {
    await button(page, new RegExp(`^${key}$`)).click();
  }
  assertEquals(await page.getByLabel("Amount").inputValue(), "190");
  assertEquals(await page.evaluate(() => document.activeElement?.id), "typed-field");
  await button(page, "Clear").click();
  assertEquals(await page.getByLabel("Amount").inputValue(), "");
  for (const note of ["+€50", "+€20", "+€20"]) await button(page, note).click();
  assertEquals(await page.getByLabel("Amount").inputValue(), "90");
  await button(page, "Clear").click();
  await page.keyboard.type("180.00");
  await button(page, "Withdraw €180").click();
  await onScreen(page, "mix");
  assertEquals(await stacks(page), ["3 × €50", "1 × €20", "1 × €10", "9 × €20", "18 × €10"]);
  await button(page, /9 × €20/).click();
  await onScreen(page, "receipt");
  assertEquals(await stacks(page), ["9 × €20"]);
  assert(scripted.calls.includes("withdraw 18000 9x2000"));
});

flow("not dispensable: the nearest amount is one touch away", async ({ page, scripted }) => {
  await logIn(page);
  await button(page, "Another amount").click();
  await page.keyboard.type("45");
  await page.keyboard.press("Enter");
  await sees(page, "This amount cannot be dispensed");
  await button(page, "€40").click();
  await onScreen(page, "receipt");
  assertEquals(scripted.calls.filter((call) => call.startsWith("withdraw")), [
    "withdraw 4500",
    "withdraw 4000",
  ]);
});

flow(
  "a typed amount has groups, and takes digits and one decimal key alone",
  async ({ page, scripted }) => {
    await logIn(page);
    await button(page, "Another amount").click();
    const amount = page.getByLabel("Amount");
    await page.keyboard.type("9x0-0é0");
    assertEquals(await amount.inputValue(), "9,000");
    for (let presses = 0; presses < 3; presses++) await page.keyboard.press("ArrowLeft");
    await page.keyboard.type("12");
    assertEquals(await amount.inputValue(), "912,000", "where the caret is");
    await page.keyboard.press("End");
    await page.keyboard.type(",5.678");
    assertEquals(await amount.inputValue(), "912,000.56");
    scripted.change({ language: "de" });
    await page.locator("[lang=de-DE]").waitFor();
    assertEquals(await page.locator("#typed-field").inputValue(), "912.000,56");
    scripted.change({ language: "en" });
    await page.locator("[lang=en-GB]").waitFor();
    await amount.fill("0");
    await page.keyboard.press("Enter");
    await sees(page, "No amount entered");
    await page.keyboard.press("Enter");
    assertEquals(await amount.inputValue(), "0");
    assert(!scripted.calls.some((call) => call.startsWith("withdraw")));
  },
);

flow("a double click withdraws once", async ({ page, scripted }) => {
  let release = () => {};
  await logIn(page);
  scripted.gate = new Promise((resolve) => release = resolve);
  await button(page, "€50").dblclick();
  await onScreen(page, "working");
  release();
  await onScreen(page, "receipt");
  assertEquals(scripted.calls.filter((call) => call.startsWith("withdraw")).length, 1);
});

flow("notes that are handed out are taken first", async ({ page, scripted }) => {
  await logIn(page);
  let release = () => {};
  scripted.gate = new Promise((resolve) => release = resolve);
  await button(page, "€50").click();
  scripted.change({ presented: { notes: [{ value: "5000", count: 1 }], total: "5000" } });
  await onScreen(page, "take");
  assertEquals(await focused(page), "Please take your notes");
  assertEquals(await stacks(page), ["1 × €50"]);
  await button(page, "Take the notes").click();
  await onScreen(page, "working");
  release();
  await onScreen(page, "receipt");
  assert(scripted.calls.includes("takeNotes"));
});

flow("keyboard alone: log in, withdraw, log out", async ({ page, scripted }) => {
  const { keyboard } = page;
  await onScreen(page, "welcome");
  await keyboard.press("Enter");
  await onScreen(page, "log_in");
  await keyboard.type("alice");
  await keyboard.press("Enter"); // no password yet: on to its field
  await keyboard.type("correct horse");
  await keyboard.press("Enter");
  await onScreen(page, "menu");
  assert((await focused(page))?.includes("Alice"), "the heading is read out first");
  await keyboard.press("Tab");
  assert((await focused(page))?.includes("Show balance"));
  for (let tab = 0; tab < 4; tab++) await keyboard.press("Tab");
  assertEquals(await focused(page), "Another amount");
  await keyboard.press("Enter");
  await onScreen(page, "amount");
  await keyboard.press("Escape");
  await onScreen(page, "menu");
  for (let tab = 0; tab < 5; tab++) await keyboard.press("Tab");
  await keyboard.press("Enter");
  await onScreen(page, "amount");
  await keyboard.type("60");
  await keyboard.press("Enter");
  await onScreen(page, "mix");
  await keyboard.press("Enter"); // the usual mix has the focus
  await onScreen(page, "receipt");
  assertEquals(await focused(page), "Withdrawal complete");
  await keyboard.press("Enter");
  await onScreen(page, "menu");
  await keyboard.press("Escape");
  await onScreen(page, "ended");
  await keyboard.press("Enter");
  await onScreen(page, "welcome");
  assert(scripted.calls.includes("withdraw 6000 1x5000 1x1000"));
});

flow("amounts that cannot be had are not offered", async ({ page }) => {
  await logIn(page);
  const amounts = await page.locator("[data-amount]").allInnerTexts();
  assertEquals(amounts, ["€20", "€50"]);
  await button(page, "Another amount").click();
  await sees(page, "Up to €60, in notes of €10, €20 and €50.");
  await page.keyboard.type("70");
  await sees(page, "You can withdraw up to €60 here now.");
}, () => ({ scripted: new ScriptedAtm({ balanceMinor: 6050n }) }));

flow("from the welcome to notes: two touches after the log-in", async ({ page, scripted }) => {
  let touches = 0;
  const touch = async (name: string | RegExp) => {
    touches++;
    await button(page, name).click();
  };
  await logIn(page);
  await touch("€50");
  await onScreen(page, "receipt");
  await touch("Done");
  await onScreen(page, "menu");
  assertEquals(touches, 2);
  await page.locator("[data-go=balance]").click();
  await onScreen(page, "balance");
  assertEquals(scripted.calls.filter((call) => call.startsWith("withdraw")).length, 1);
});
