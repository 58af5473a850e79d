/** A card and its PIN, in Chromium: from the welcome to the notes and to the goodbye. */
import { assert, assertEquals } from "@std/assert";
import { button, logIn, onScreen } from "../open_atm.ts";
import { ScriptedAtm } from "../scripted_atm.ts";
import type { Page } from "../../browser.ts";
import { family, sees } from "./flows.ts";

const { flow } = family("cards");

const insert = (page: Page) => button(page, "Insert Alice’s card").click();
const digits = async (page: Page, pin: string) => {
  for (const digit of pin) await button(page, new RegExp(`^${digit}$`)).click();
};

flow("withdraw 40 with a card: 6 touches of the screen from the welcome", async (atm) => {
  const { page, scripted } = atm;
  const { cash } = scripted.view();
  scripted.change({ cash: { ...cash, fastAmounts: ["2000", "4000", "5000"] } });
  await onScreen(page, "welcome");
  await sees(page, "Insert your card");
  await page.evaluate(() => {
    Object.assign(globalThis, { touches: 0 });
    addEventListener("pointerdown", ({ target }) => {
      const onAtm = (target as Element).closest(".atm") !== null;
      if (onAtm) (globalThis as unknown as { touches: number }).touches++;
    });
  });
  await insert(page);
  await onScreen(page, "pin");
  await digits(page, "7391");
  await button(page, "Continue").click();
  await onScreen(page, "menu");
  assertEquals(await page.evaluate("touches"), 5, "the menu is there");
  await button(page, "€40").click();
  await onScreen(page, "take_card");
  await sees(page, "Your notes follow.");
  assertEquals(await page.locator(".busy").count(), 0, "it is the customer who is waited for");
  assertEquals(scripted.view().visit!.account.booked, "125050", "the card comes first");
  await button(page, "Take the card").click();
  await onScreen(page, "receipt");
  assertEquals(await page.evaluate("touches"), 6);
  assertEquals(await button(page, "Log out").count(), 0, "'Done' logs out");
  await page.keyboard.press("Enter");
  await onScreen(page, "ended"); // the card is out: so is its customer
});

flow("a wrong PIN is said, and tried again with the field empty", async ({ page, scripted }) => {
  await insert(page);
  await onScreen(page, "pin");
  await page.keyboard.type("7392");
  await page.keyboard.press("Enter");
  await sees(page, "Card or PIN incorrect");
  assert(!(await page.content()).includes("7392"));
  await button(page, "Try again").click();
  await onScreen(page, "pin");
  assertEquals(await page.getByLabel("PIN", { exact: true }).inputValue(), "");
  await page.keyboard.type("7391");
  await page.keyboard.press("Enter");
  await onScreen(page, "menu");
  assertEquals(scripted.calls.filter((call) => call === "logInWithCard").length, 2);
});

flow("a blocked card comes back, and its customer logs in with the password", async (atm) => {
  const { page, scripted } = atm;
  scripted.next.logInWithCard = "card_blocked";
  await insert(page);
  await onScreen(page, "pin");
  await page.keyboard.type("7392");
  await page.keyboard.press("Enter");
  await onScreen(page, "take_card");
  await button(page, "Take the card").click();
  await sees(page, "Card blocked");
  await button(page, "Continue").click();
  await onScreen(page, "log_in");
});

flow("a card is returned on request, and when the visit ends", async ({ page }) => {
  await insert(page);
  await onScreen(page, "pin");
  await button(page, "Cancel").click();
  await onScreen(page, "take_card");
  assertEquals(await button(page, "Settings").count(), 0);
  await button(page, "Take the card").click();
  await onScreen(page, "welcome");
  await insert(page);
  await onScreen(page, "pin");
  await page.keyboard.type("7391");
  await page.keyboard.press("Enter");
  await onScreen(page, "menu");
  await button(page, "Log out").click();
  await onScreen(page, "take_card");
  await button(page, "Take the card").click();
  await onScreen(page, "ended");
});

flow("a PIN is set after a log-in with the password, typed twice", async ({ page, scripted }) => {
  await logIn(page);
  await button(page, "More").click();
  await button(page, "Change PIN").click();
  await onScreen(page, "set_pin");
  await digits(page, "12");
  await page.keyboard.press("Enter");
  await sees(page, "A PIN has four to six digits.");
  await digits(page, "8154");
  await page.keyboard.press("Enter");
  await digits(page, "8155");
  await page.keyboard.press("Enter");
  await sees(page, "The two PINs do not match.");
  await digits(page, "8154");
  scripted.next.setPin = "pin_weak";
  await page.keyboard.press("Enter");
  await sees(page, "PIN too easy to guess");
  await button(page, "Try again").click();
  await page.getByLabel("New PIN", { exact: true }).fill("8154");
  await page.getByLabel("Repeat new PIN").fill("8154");
  await page.keyboard.press("Enter");
  await onScreen(page, "pin_set");
  assertEquals(scripted.pin, "8154");
  await page.keyboard.press("Enter");
  await onScreen(page, "menu");
});

flow(
  "the talking ATM reads a card's screens, and no digit of its PIN",
  async ({ page, scripted }) => {
    const said = async (words: string) => {
      const texts = () => scripted.spoken.map(({ text }) => text).join(" ");
      for (let tries = 0; !texts().includes(words); tries++) {
        if (tries === 300) throw new Error(`not said: ${words}; but ${texts()}`);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    };
    await onScreen(page, "welcome");
    await page.keyboard.press("F1");
    await said("Insert your card");
    await insert(page);
    await said("Enter your PIN.");
    await page.keyboard.type("7391");
    await said("star");
    await page.keyboard.press("Enter");
    await onScreen(page, "menu");
    await button(page, "€50").click();
    await said("Please take your card.");
    await button(page, "Take the card").click();
    await onScreen(page, "receipt");
    const digit = scripted.spoken.find(({ text }) => /^[0-9]$|7 ?3 ?9 ?1/.test(text));
    assertEquals(digit, undefined);
  },
  () => ({ scripted: new ScriptedAtm({ aids: { prints: false, voices: ["en"] } }) }),
);
