/** How often a customer touches the screen for what people come for, after a log-in by keys. */
import { assertEquals } from "@std/assert";
import type { Page } from "../../browser.ts";
import { button, logIn, onScreen } from "../open_atm.ts";
import { bobs, ScriptedAtm } from "../scripted_atm.ts";
import { family } from "./flows.ts";

const { browserFlow } = family("touches");

/** Counts the touches since the last call. */
async function counting(page: Page): Promise<() => Promise<number>> {
  await page.evaluate(() => {
    Object.assign(globalThis, { touches: 0 });
    addEventListener("pointerdown", () => (globalThis as unknown as { touches: number }).touches++);
  });
  return () =>
    page.evaluate(() => {
      const counted = globalThis as unknown as { touches: number };
      const { touches } = counted;
      counted.touches = 0;
      return touches;
    });
}

const usual = { lastWithdrawal: "8000", recipients: [{ account: bobs, name: "b•••b" }] };

browserFlow(
  "touches from the menu: cash 1, the last amount 1, balance 1, a transfer 6",
  async (atm) => {
    const { page } = atm;
    await logIn(page);
    const touches = await counting(page);
    await button(page, "€50").click();
    await onScreen(page, "receipt");
    assertEquals(await touches(), 1, "a usual amount");
    await page.keyboard.press("Enter");
    await button(page, /Same as last time/).click();
    await onScreen(page, "receipt");
    assertEquals(await touches(), 1, "the last amount");
    await page.keyboard.press("Enter");
    await button(page, "Show balance").click();
    assertEquals(await touches(), 1, "the balance");
    await button(page, /^Transfer/).click();
    await button(page, /b•••b/).click();
    for (const digit of "40") await button(page, new RegExp(`^${digit}$`)).click();
    await button(page, /^Continue/).click();
    await button(page, /^Send/).click();
    await onScreen(page, "receipt");
    assertEquals(await touches(), 6, "a transfer to a recent recipient");
  },
  () => ({ scripted: new ScriptedAtm({ usual }) }),
);

browserFlow(
  "touches from the welcome to the log-in: 1, and none that opens a menu",
  async ({ page }) => {
    await onScreen(page, "welcome");
    const touches = await counting(page);
    await button(page, "Touch to begin").click();
    await onScreen(page, "log_in");
    await page.keyboard.type("alice");
    await page.keyboard.press("Enter");
    await page.keyboard.type("correct horse");
    await page.keyboard.press("Enter");
    await onScreen(page, "menu");
    assertEquals(await touches(), 1);
  },
);

browserFlow(
  "touches from the welcome with a card: balance 6, a transfer to a recent recipient 11",
  async ({ page }) => {
    await button(page, "Insert Alice’s card").click();
    await onScreen(page, "pin");
    const touches = await counting(page);
    for (const digit of "7391") await button(page, new RegExp(`^${digit}$`)).click();
    await button(page, "Continue").click();
    await onScreen(page, "menu");
    await button(page, "Show balance").click();
    await page.getByText("€1,250.50").waitFor();
    assertEquals(await touches(), 6, "the balance");
    await button(page, /^Transfer/).click();
    await button(page, /b•••b/).click();
    for (const digit of "40") await button(page, new RegExp(`^${digit}$`)).click();
    await button(page, /^Continue/).click();
    await button(page, /^Send/).click();
    await onScreen(page, "receipt");
    assertEquals(5 + await touches(), 11, "a transfer");
  },
  () => ({ scripted: new ScriptedAtm({ usual }) }),
);
