/** The page, over both of its bridges: how soon it is there, how still it is, how fast it answers. */
import { type Browser, openBrowser } from "../browser.ts";
import { bundlePage } from "../../ui/window/page_bundle.ts";
import {
  onScreen,
  type OpenAtm,
  openAtm,
  openAtmInWindow,
  type OpenOptions,
} from "../ui/open_atm.ts";
import { ScriptedAtm } from "../ui/scripted_atm.ts";
import type { Bench } from "./harness.ts";

/** Figures `page.*`: milliseconds from the page's beginning, and from a key to the picture it brings. */
export async function benchPage(bench: Bench): Promise<void> {
  const { script, html } = await bundlePage("in_browser");
  const figure = (id: string, unit: string, value: number) =>
    bench.median({ id: `page.${id}`, unit }, () => value);
  await figure("script", "bytes", script.length);
  await figure("script_compressed", "bytes", await compressedBytes(script));
  await figure("document_with_words", "bytes", new TextEncoder().encode(html).length);
  const browser = await openBrowser();
  try {
    for (const [host, open] of [["browser", openAtm], ["window", openAtmInWindow]] as const) {
      await bench.median(
        { id: `page.${host}.first_screen`, unit: "ms" },
        () => onPage(browser, open, (atm) => firstScreenMs(atm, host === "window")),
      );
      await bench.median(
        { id: `page.${host}.layout_shift`, unit: "of 1" },
        () => onPage(browser, open, shiftOfVisit),
      );
      await bench.median(
        { id: `page.${host}.key_to_screen`, unit: "ms" },
        () => onPage(browser, open, keyToScreenMs),
      );
    }
  } finally {
    await browser.close();
  }
}

async function compressedBytes(text: string): Promise<number> {
  const stream = new Blob([text]).stream().pipeThrough(new CompressionStream("gzip"));
  return (await new Response(stream).bytes()).length;
}

async function onPage(
  browser: Browser,
  open: (browser: Browser, options: OpenOptions) => Promise<OpenAtm>,
  measure: (atm: OpenAtm) => Promise<number>,
): Promise<number> {
  const atm = await open(browser, { scripted: new ScriptedAtm(), isNew: true });
  try {
    await onScreen(atm.page, "welcome");
    return await measure(atm);
  } finally {
    await atm.close();
  }
}

/**
 * Goes from the beginning of the document to its first screen, painted; of a window's, from the
 * moment the document is there: a window has it in its address, and the time that it takes here to
 * hand it to the browser is the bench's own.
 */
function firstScreenMs({ page }: OpenAtm, fromArrival: boolean): Promise<number> {
  return page.evaluate((fromArrival) =>
    new Promise<number>((resolve) => {
      const [document] = performance.getEntriesByType("navigation") as PerformanceResourceTiming[];
      const sinceMs = fromArrival ? document!.responseEnd : 0;
      new PerformanceObserver((list) => resolve(list.getEntries()[0]!.startTime - sinceMs))
        .observe({ type: "largest-contentful-paint", buffered: true });
    }), fromArrival);
}

/** Returns all that moved automatically, from the welcome over a withdrawal to the menu: 0 for nothing. */
async function shiftOfVisit({ page }: OpenAtm): Promise<number> {
  await page.evaluate(() => {
    const kept = globalThis as unknown as { shift: number };
    kept.shift = 0;
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries() as (PerformanceEntry & Shift)[]) {
        if (!entry.hadRecentInput) kept.shift += entry.value;
      }
    }).observe({ type: "layout-shift", buffered: true });
    interface Shift {
      value: number;
      hadRecentInput: boolean;
    }
  });
  await page.keyboard.press("Enter");
  await onScreen(page, "log_in");
  await page.locator("[name=username]").fill("alice");
  await page.locator("[name=password]").fill("correct horse");
  await page.keyboard.press("Enter");
  await onScreen(page, "menu");
  await page.locator("[data-amount]").first().click();
  await onScreen(page, "receipt");
  await page.keyboard.press("Enter");
  await onScreen(page, "menu");
  await page.waitForTimeout(300);
  return await page.evaluate(() => (globalThis as unknown as { shift: number }).shift);
}

/** Goes from a key's press to the frame that shows another screen: welcome, log-in, and back. */
async function keyToScreenMs({ page }: OpenAtm): Promise<number> {
  await page.evaluate(() => {
    const times: number[] = [];
    Object.assign(globalThis, { times });
    document.addEventListener("keydown", ({ timeStamp }) => {
      requestAnimationFrame(() => {
        const painted = new MessageChannel();
        painted.port1.onmessage = () => times.push(performance.now() - timeStamp);
        painted.port2.postMessage(null);
      });
    }, { capture: true });
  });
  for (let round = 0; round < 5; round++) {
    await page.keyboard.press("Enter");
    await onScreen(page, "log_in");
    await page.keyboard.press("Escape");
    await onScreen(page, "welcome");
  }
  const times = await page.evaluate(() => (globalThis as unknown as { times: number[] }).times);
  return times.sort((a, b) => a - b)[times.length >> 1]!;
}
