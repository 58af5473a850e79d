/** What axe-core finds wrong on a page, by the rules of WCAG 2.2 AA and below. */
import axeCore from "axe-core";
import type { Page } from "../browser.ts";

const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

interface Axe {
  run(
    context: Document,
    options: unknown,
  ): Promise<
    { violations: { id: string; nodes: { html: string; any: { message: string }[] }[] }[] }
  >;
}

/**
 * Returns a line for each violation; none where all is well.
 * @param rules only these; all that the tags name without
 */
export async function violationsOf(page: Page, rules?: string[]): Promise<string[]> {
  // evaluated by the browser's own debugger: the page's policy lets no other script in
  await page.evaluate(`globalThis.axe || (() => {${axeCore.source}})()`);
  return await page.evaluate(async (runOnly) => {
    const { axe } = globalThis as unknown as { axe: Axe };
    const { violations } = await axe.run(document, { runOnly, resultTypes: ["violations"] });
    return violations.flatMap(({ id, nodes }) =>
      nodes.map(({ html, any }) => `${id}: ${html.slice(0, 120)} ${any[0]?.message ?? ""}`)
    );
  }, rules ?? tags);
}
