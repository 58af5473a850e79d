/** What holds on every screen, and how large the page is: real Chromium in front of a scripted machine. */
import { assert, assertEquals } from "@std/assert";
import { type Language, languageCodes } from "../../../lib/atm.ts";
import type { Browser, Page } from "../../browser.ts";
import { bundlePage } from "../../../ui/window/page_bundle.ts";
import { languages } from "../../../ui/page/words/languages.ts";
import { AxePage, copyOf } from "../accessibility.ts";
import { logIn, openAtm, type OpenInBrowser } from "../open_atm.ts";
import { ScriptedAtm } from "../scripted_atm.ts";
import { type Stop, walk } from "../walk.ts";
import { family } from "./flows.ts";

const { browserFlow } = family("every screen");

const usualSize = { width: 1280, height: 800 };
/** The smallest screen, under the frame of a window. */
const smallSize = { width: 1024, height: 713 };
/** An ATM's own screen, with the demo's pane below it. */
const tallSize = { width: 800, height: 1280 };
const others = languageCodes.filter((language) => language !== "en");

for (const stop of walk) {
  browserFlow(
    `${stop.name} is named, fits, is accessible, and has no text cut in any language`,
    async (atm) => {
      await stop.reach(atm);
      await holdsTheRules(atm.page);
      await fitsAtTwice(atm.page);
      await fitsTall(atm.page, "en");
      await isAccessible(atm.page);
      if (stop.name.startsWith("disconnected")) {
        if (stop.name === "disconnected_stopped") atm.problems.length = 0; // Chromium's line of the cut
        for (const language of others) await openedIn(language, stop, atm.context.browser()!);
      } else {
        for (const language of others) await changedTo(language, atm);
        await changedTo("en", atm);
      }
    },
    () => ({ scripted: stop.scripted?.() }),
  );
}

browserFlow("what these tests must find is found", async ({ page }) => {
  await logIn(page);
  await page.evaluate(() => {
    const { firstElementChild: lede } = document.querySelector(".stage")!;
    const button = document.createElement("button");
    button.className = "icon-button";
    const long = document.createElement("p");
    long.className = "lede";
    long.textContent = "an amount of €1,234,567.89".replaceAll(" ", "\u00a0");
    Object.assign(long.style, { width: "60px", overflow: "hidden" });
    const pale = document.createElement("p");
    pale.textContent = "pale";
    pale.style.color = "#ddd";
    lede!.append(button, long, pale);
  });
  assertEquals((await textCut(page)).map((each) => each.split(" ").slice(0, 2).join(" ")), [
    "normal: lede",
    "large: lede",
  ]);
  const axe = await axeOf(page);
  await axe.show(await copyOf(page), usualSize);
  const found = (await axe.violations()).map((violation) => violation.split(":")[0]);
  for (const rule of ["button-name", "color-contrast"]) assert(found.includes(rule), `${found}`);
});

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

const axePages = new WeakMap<Browser, Promise<AxePage>>();

function axeOf(page: Page): Promise<AxePage> {
  const browser = page.context().browser()!;
  const axe = axePages.get(browser) ?? AxePage.open(browser);
  axePages.set(browser, axe);
  return axe;
}

/** The shapes of screens that axe-core has checked, in each language. */
const checked = new Set<string>();

/**
 * Checks that axe-core finds nothing: in English also in dark and in high contrast, where colours
 * alone differ. A shape that was checked in this language is not checked again.
 */
async function isAccessible(page: Page, language: Language = "en"): Promise<void> {
  const copy = await copyOf(page);
  const shape = `${language} ${copy.shape}`;
  if (checked.has(shape)) return;
  checked.add(shape);
  const axe = await axeOf(page);
  await axe.show(copy, page.viewportSize()!);
  assertEquals(await axe.violations(), [], language);
  if (language !== "en") return;
  await axe.page.emulateMedia({ colorScheme: "dark" });
  assertEquals(await axe.violations(["color-contrast"]), [], "dark");
  await axe.page.evaluate(() => document.documentElement.dataset.contrast = "high");
  assertEquals(await axe.violations(["color-contrast"]), [], "high contrast");
}

/** Checks that on a tall screen nothing scrolls but a list, and no part is cut, with the demo's pane. */
async function fitsTall(page: Page, language: Language): Promise<void> {
  const before = page.viewportSize()!;
  await page.setViewportSize(tallSize);
  const more = await page.evaluate(() => {
    const stage = document.querySelector(".stage")!;
    return [stage.scrollHeight - stage.clientHeight, stage.scrollWidth - stage.clientWidth];
  });
  assertEquals(more, [0, 0], `tall, ${language}`);
  await page.setViewportSize(before);
}

/** Checks a screen that changes its language: tall, and small without the demo's pane. */
async function changedTo(language: Language, { page, scripted }: OpenInBrowser): Promise<void> {
  scripted.change({ language, demo: true });
  const { locale } = languages[language];
  await page.waitForFunction((locale) => document.documentElement.lang === locale, locale);
  await fitsTall(page, language);
  await page.setViewportSize(smallSize);
  scripted.change({ demo: false });
  await page.locator(".demo-pane").waitFor({ state: "detached" });
  await isWholeAndAccessible(page, language);
}

/** Checks a screen that has lost its ATM, and with it the means to change its language. */
async function openedIn(language: Language, { reach }: Stop, browser: Browser): Promise<void> {
  const scripted = new ScriptedAtm({ language, demo: false });
  const atm = await openAtm(browser, { scripted, viewport: smallSize });
  try {
    await reach(atm);
    await isWholeAndAccessible(atm.page, language);
  } finally {
    await atm.close();
  }
}

async function isWholeAndAccessible(page: Page, language: Language): Promise<void> {
  assertEquals(await textCut(page), [], language);
  if (language !== "en") await isAccessible(page, language);
}

/** Returns the texts that do not fit their elements or their screen, in both sizes. */
function textCut(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const root = document.documentElement;
    const isText = ({ nodeType, data }: ChildNode & { data?: string }) =>
      nodeType === Node.TEXT_NODE && data!.trim() !== "";
    const clips = (each: Element) => /hidden|clip/.test(getComputedStyle(each).overflow);
    const isHidden = (each: Element) => {
      const { width, height } = each.getBoundingClientRect();
      return width <= 1 || height <= 1; // for screen readers alone
    };
    const isCut = (each: Element) => {
      if (!each.checkVisibility() || isHidden(each)) return false;
      if (getComputedStyle(each).display !== "inline" && each.scrollWidth > each.clientWidth + 1) {
        return true;
      }
      const inner = each.getBoundingClientRect();
      for (let outer = each.parentElement; outer && outer !== root; outer = outer.parentElement) {
        if (isHidden(outer)) return false;
        if (!clips(outer)) continue;
        const box = outer.getBoundingClientRect();
        if (inner.left < box.left - 1 || inner.right > box.right + 1) return true;
      }
      return inner.left < -1 || inner.right > innerWidth + 1;
    };
    // the keyboard leaves all fields in sight
    const isBelow = () => {
      const stage = document.querySelector(".stage:has(+ .keyboard)");
      return stage !== null && stage.scrollHeight > stage.clientHeight + 1;
    };
    const before = root.dataset.size;
    const cut = ["normal", "large"].flatMap((size) => {
      root.dataset.size = size;
      if (isBelow()) return [`${size}: fields below the keyboard`];
      return [...document.querySelectorAll("body :not(script, svg *)")]
        .filter((each) => [...each.childNodes].some(isText) && isCut(each))
        .map((each) => `${size}: ${each.className || each.tagName} ${each.textContent!.trim()}`);
    });
    root.dataset.size = before;
    return cut;
  });
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
