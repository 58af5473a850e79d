/** Each language in Chromium: its main flow, its direction, and that every wording has its place. */
import { assert, assertEquals } from "@std/assert";
import { languageCodes } from "../../lib/atm.ts";
import { languages } from "../../ui/page/words/languages.ts";
import { findBrowser, openBrowser, type Page } from "../browser.ts";
import { onScreen, openAtm } from "./open_atm.ts";
import { bobs, ScriptedAtm } from "./scripted_atm.ts";

/** Presses the button that leads on, in any language. */
const next = (page: Page) => page.locator("[data-key~=enter]").click();
const go = async (page: Page, to: string, screen = to) => {
  await page.locator(`[data-go=${to}]`).click();
  await onScreen(page, screen);
};
/** Presses the button of Escape, once it can be pressed: a key is lost while the screen changes. */
const escape = (page: Page) =>
  page.locator("[data-key~=escape]:not([aria-disabled=true])").first().click();
const back = async (page: Page) => {
  await escape(page);
  await onScreen(page, "menu");
};

async function logIn(page: Page): Promise<void> {
  await next(page);
  await onScreen(page, "log_in");
  await page.locator("[name=username]").fill("alice");
  await page.locator("[name=password]").fill("correct horse");
  await next(page);
  await onScreen(page, "menu");
}

/** Returns what is cut off, or lies beyond an edge. */
function cutOff(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const wide = [
      ...document.querySelectorAll("html, .stage, button, h1, .lede, label, dt, dd, .help"),
    ]
      .filter((each) => each.checkVisibility() && each.scrollWidth > each.clientWidth + 1)
      .filter((each) => getComputedStyle(each).display !== "inline");
    return wide.map((each) =>
      `${each.className || each.tagName}: ${each.textContent?.trim().slice(0, 60)}`
    );
  });
}

/** Returns how many pixels of a screen are seen only after scrolling. */
function belowTheFold(page: Page): Promise<number> {
  return page.evaluate(() => {
    const stage = document.querySelector(".stage")!;
    return stage.scrollHeight - stage.clientHeight;
  });
}

Deno.test({ name: "languages in Chromium", ignore: findBrowser() === null }, async (t) => {
  const browser = await openBrowser();
  try {
    for (const language of languageCodes) {
      await t.step(
        `${languages[language].name} fits, from the welcome to the goodbye`,
        async () => {
          const scripted = new ScriptedAtm({
            language,
            demo: false,
            otherAccounts: { savings: 980_000n },
          });
          scripted.addHistory(
            { kind: "withdrawal", action: "withdraw €40.00", outcome: "done", amount: "4000" },
            { kind: "log-in", action: "log in failed - wrong credentials", outcome: "refused" },
          );
          const viewport = { width: 1024, height: 713 };
          const atm = await openAtm(browser, { scripted, viewport });
          const { page } = atm;
          const words = languages[language];
          const fits = async () => {
            const { screen } = await page.locator(".atm").evaluate((atm) => ({
              ...(atm as HTMLElement).dataset,
            }));
            assertEquals(await cutOff(page), [], screen);
          };
          try {
            await onScreen(page, "welcome");
            const { lang, dir } = await page.evaluate(() => {
              const { lang, dir } = document.documentElement;
              return { lang, dir };
            });
            assertEquals([lang, dir], [words.locale, words.direction]);
            await fits();
            await page.locator("[data-header=settings]").click();
            await onScreen(page, "settings");
            await fits();
            await escape(page);
            await onScreen(page, "welcome");
            await scripted.insertCard("alice");
            await onScreen(page, "pin");
            await fits();
            await escape(page);
            await onScreen(page, "take_card");
            await fits();
            await scripted.takeCard();
            await onScreen(page, "welcome");
            await logIn(page);
            for (const size of ["normal", "large"]) {
              await page.evaluate((size) => document.documentElement.dataset.size = size, size);
              await fits();
              assertEquals(await belowTheFold(page), 0, `the menu, ${size}`);
            }
            await page.evaluate(() => document.documentElement.dataset.size = "normal");
            await go(page, "amount");
            await page.keyboard.type("180");
            await fits();
            await next(page);
            await onScreen(page, "mix");
            await fits();
            await page.keyboard.press("Enter");
            await onScreen(page, "receipt");
            await fits();
            await next(page);
            await onScreen(page, "menu");
            for (const to of ["deposit", "balance", "more"]) {
              await go(page, to);
              await fits();
              await back(page);
            }
            for (const to of ["accounts", "password", "set_pin"]) {
              await go(page, "more");
              await go(page, to);
              await fits();
              await escape(page);
              await onScreen(page, "more");
              await back(page);
            }
            await go(page, "recipient");
            await fits();
            await page.keyboard.type(bobs);
            await next(page);
            await onScreen(page, "sum");
            await page.keyboard.type("2500");
            await fits();
            await next(page);
            await onScreen(page, "confirm");
            await fits();
            await next(page);
            await onScreen(page, "receipt");
            await next(page);
            await go(page, "history");
            await page.locator(".entry").first().waitFor();
            await fits();
            await page.locator("[data-choice=activity]").click();
            await page.locator(".entry--refused").waitFor();
            await page.locator("[data-narrow]").click();
            await fits();
            await page.locator("[data-choice=other]").last().click();
            await page.locator(".calendar").waitFor();
            await fits();
            await page.locator("[data-choice=other]").last().click();
            await page.locator("[data-narrow]").click();
            if (language !== "en") {
              const text = await page.locator(".entries__list").innerText();
              assert(
                !/withdraw|log in|wrong credentials|transfer €/i.test(text),
                `the log's own words:\n${text}`,
              );
            }
            await back(page);
            scripted.next.withdraw = "in_doubt";
            await page.locator("[data-amount]").first().click();
            await onScreen(page, "refusal");
            await fits();
            await page.keyboard.press("Enter");
            await onScreen(page, "menu");
            await escape(page);
            await onScreen(page, "ended");
            await fits();
            assertEquals(atm.problems, []);
          } finally {
            await atm.close();
          }
        },
      );
    }
  } finally {
    await browser.close();
  }
});
