/** What axe-core finds wrong on a page, by the rules of WCAG 2.2 AA and below. */
import axeCore from "axe-core";
import type { Browser, Page } from "../browser.ts";

const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

interface Axe {
  run(
    context: Document | string,
    options: unknown,
  ): Promise<
    { violations: { id: string; nodes: { html: string; any: { message: string }[] }[] }[] }
  >;
}

/**
 * Returns a line for each violation; none where all is well.
 * @param rules only these; all that the tags name without
 * @param part a selector of what is checked; the whole page without
 */
export async function violationsOf(
  page: Page,
  rules?: string[],
  part?: string,
): Promise<string[]> {
  // evaluated by the browser's own debugger: the page's policy lets no other script in
  if (!await page.evaluate("'axe' in globalThis")) {
    await page.evaluate(`(() => {${axeCore.source}})()`);
  }
  return await page.evaluate(async ({ runOnly, part }) => {
    const { axe } = globalThis as unknown as { axe: Axe };
    const { violations } = await axe.run(part ?? document, {
      runOnly,
      resultTypes: ["violations"],
      iframes: false, // no screen has one
    });
    return violations.flatMap(({ id, nodes }) =>
      nodes.map(({ html, any }) => `${id}: ${html.slice(0, 120)} ${any[0]?.message ?? ""}`)
    );
  }, { runOnly: rules ?? tags, part });
}

/** A screen as elements and styles, to be checked elsewhere. */
export interface ScreenCopy {
  attributes: Record<string, string>;
  inside: string;
  style: string;
  /** Two screens whose elements differ in wording alone have the same shape. */
  shape: string;
}

/** Copies what a page shows: its elements, with what is typed, and its style. */
export function copyOf(page: Page): Promise<ScreenCopy> {
  return page.evaluate(() => {
    const root = document.documentElement;
    const copy = root.cloneNode(true) as HTMLElement;
    const fields = [...document.querySelectorAll("input")];
    for (const [at, field] of [...copy.querySelectorAll("input")].entries()) {
      field.setAttribute("value", fields[at]!.value);
    }
    for (const each of copy.querySelectorAll("script, link[rel=stylesheet]")) each.remove();
    const style = [...document.styleSheets].flatMap(({ cssRules }) =>
      [...cssRules].map(({ cssText }) => cssText)
    ).join("\n");
    const wordings = / (aria-label|alt|title|value|placeholder|d|href|data-[a-z]+)="[^"]+"/g;
    return {
      attributes: Object.fromEntries([...root.attributes].map(({ name, value }) => [name, value])),
      inside: copy.innerHTML,
      style,
      shape: copy.outerHTML.replace(wordings, ' $1="x"').replace(/>[^<]*[^<\s][^<]*</g, ">x<"),
    };
  });
}

/**
 * A page that has axe-core in it for good and checks copies of others: axe-core takes several times
 * as long to load as to check a screen.
 */
export class AxePage {
  private constructor(readonly page: Page) {}

  static async open(browser: Browser): Promise<AxePage> {
    const page = await browser.newPage();
    await page.goto("data:text/html,<!doctype html><title>ATM</title>");
    return new AxePage(page);
  }

  /** Shows a copy at this size, on a plain ground: axe-core judges no contrast on a gradient. */
  async show(copy: ScreenCopy, viewport: { width: number; height: number }): Promise<void> {
    await this.page.setViewportSize(viewport);
    await this.page.emulateMedia({ colorScheme: "light", reducedMotion: "reduce" });
    await this.page.evaluate(({ attributes, inside, style }) => {
      const root = document.documentElement;
      for (const { name } of [...root.attributes]) root.removeAttribute(name);
      for (const [name, value] of Object.entries(attributes)) root.setAttribute(name, value);
      root.innerHTML = inside;
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(`${style} body { background: var(--ground) !important }`);
      document.adoptedStyleSheets = [sheet];
    }, copy);
  }

  violations(rules?: string[]): Promise<string[]> {
    return violationsOf(this.page, rules);
  }
}
