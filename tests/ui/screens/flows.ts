/** What the tests of screens share: flows of a customer in Chromium, in front of a scripted machine. */
import { assertEquals } from "@std/assert";
import { type Browser, findBrowser, openBrowser, type Page } from "../../browser.ts";
import {
  type OpenAtm,
  openAtm,
  openAtmInWindow,
  type OpenInBrowser,
  type OpenOptions,
  patienceMs,
} from "../open_atm.ts";

export type Flow<Atm> = (atm: Atm) => Promise<void>;

/** The flows of one family, which share a browser; a page has no problem at the end of any. */
export interface Family {
  /** What holds over either bridge: run in a browser's page and in a window's. */
  flow(name: string, run: Flow<OpenAtm>, options?: () => OpenOptions): void;
  /** What has to do with links, tabs, HTTP and paper, which only the browser has. */
  browserFlow(name: string, run: Flow<OpenInBrowser>, options?: () => OpenOptions): void;
}

/** Registers a test whose steps are the flows that its file then adds. */
export function family(name: string): Family {
  const steps: [name: string, run: (browser: Browser) => Promise<void>][] = [];
  Deno.test({
    name: `${name}, in Chromium`,
    ignore: findBrowser() === null,
    async fn(t) {
      const browser = await openBrowser();
      try {
        for (const [name, run] of steps) await t.step(name, () => run(browser));
      } finally {
        await browser.close();
      }
    },
  });
  return {
    flow(name, run, options) {
      steps.push(
        [name, (browser) => inAtm(openAtm(browser, options?.()), run)],
        [`${name}, in a window`, (browser) => inAtm(openAtmInWindow(browser, options?.()), run)],
      );
    },
    browserFlow(name, run, options) {
      steps.push([name, (browser) => inAtm(openAtm(browser, options?.()), run)]);
    },
  };
}

async function inAtm<Atm extends OpenAtm>(opening: Promise<Atm>, run: Flow<Atm>): Promise<void> {
  const atm = await opening;
  try {
    await run(atm);
    assertEquals(atm.problems, []);
  } finally {
    await atm.close();
  }
}

/** Waits until the page shows this text. */
export const sees = (page: Page, text: string | RegExp) =>
  page.getByText(text).first().waitFor({ timeout: patienceMs });
/** The stacks of notes on the screen, in words. */
export const stacks = (page: Page) => page.locator(".stack__label").allInnerTexts();
/** The text of what has the focus. */
export const focused = (page: Page) =>
  page.evaluate(() => document.activeElement?.textContent?.trim());
