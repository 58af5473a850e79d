/** What holds on every screen, and how large the page is: real Chromium in front of a scripted machine. */
import { assert, assertEquals } from "@std/assert";
import type { Page } from "../../browser.ts";
import { bundlePage } from "../../../ui/window/page_bundle.ts";
import { violationsOf } from "../accessibility.ts";
import { walk } from "../walk.ts";
import { family } from "./flows.ts";

const { browserFlow } = family("every screen");

for (const { name, scripted, reach } of walk) {
  browserFlow(`${name} is named, fits and has large targets`, async (atm) => {
    await reach(atm);
    await holdsTheRules(atm.page);
    await fitsAtTwice(atm.page);
    await isAccessible(atm.page);
    if (name === "disconnected_stopped") atm.problems.length = 0; // Chromium's line of the cut
  }, () => ({ scripted: scripted?.() }));
}

Deno.test("the page's script is under 60 kB as it is sent, and small where it is read from memory", async () => {
  const { script } = await bundlePage("in_browser");
  const sent = await new Response(
    new Blob([script]).stream().pipeThrough(new CompressionStream("gzip")),
  ).bytes();
  assert(sent.length < 60_000, `${sent.length} bytes compressed`);
  assert(script.length < 110_000, `${script.length} bytes`);
});

/** Checks that at 200 % on the smallest screen all is reached by scrolling down, and nothing sideways. */
async function fitsAtTwice(page: Page): Promise<void> {
  const before = page.viewportSize()!;
  await page.setViewportSize({ width: 512, height: 384 });
  const wider = await page.evaluate(() =>
    [document.documentElement, ...document.querySelectorAll(".screen, .stage, .actions, .keyboard")]
      .map(({ className, scrollWidth, clientWidth }) => [className, scrollWidth - clientWidth])
      .filter(([, more]) => Number(more) > 0)
  );
  assertEquals(wider, [], "200 %");
  await page.setViewportSize(before);
}

/** Checks that axe-core finds nothing, in light, in dark and in high contrast, where colours alone differ. */
async function isAccessible(page: Page): Promise<void> {
  const contrast = (value: string) =>
    page.evaluate((value) => document.documentElement.dataset.contrast = value, value);
  assertEquals(await violationsOf(page), []);
  await page.emulateMedia({ colorScheme: "dark" });
  assertEquals(await violationsOf(page, ["color-contrast"]), [], "dark");
  await contrast("high");
  assertEquals(await violationsOf(page, ["color-contrast"]), [], "high contrast");
}

/** Checks every screen: one heading, nothing beyond the edges, nothing too small to touch. */
async function holdsTheRules(page: Page): Promise<void> {
  const seen = await page.evaluate(() => {
    const small = [...document.querySelectorAll("button, input")].filter((each) => {
      if (!each.checkVisibility()) return false;
      const { width, height } = each.getBoundingClientRect();
      return width < 56 || height < 55.9;
    }).map((each) => each.outerHTML.slice(0, 90));
    const nameless = [...document.querySelectorAll("button")].filter((each) =>
      !each.textContent?.trim() && !each.getAttribute("aria-label")
    ).length;
    const root = document.documentElement;
    const stage = document.querySelector(".stage")!;
    return {
      headings: document.querySelectorAll("h1").length,
      small,
      nameless,
      styleAttributes: document.querySelectorAll("[style]").length,
      wide: root.scrollWidth - root.clientWidth,
      tall: stage.scrollHeight - stage.clientHeight,
    };
  });
  assertEquals(seen, {
    headings: 1,
    small: [],
    nameless: 0,
    styleAttributes: 0,
    wide: 0,
    tall: 0,
  });
}
