/** Where the focus is on a screen that has just come up, and what the window is called then. */
import type { State } from "./state/model.ts";
import { fill, type Words } from "./words/words.ts";

/**
 * A new screen is read out from its heading, or typed into at its first field; a question over it
 * takes the focus, and gives it back. To be called after each drawing of the page.
 * @returns whether there is something new to look at
 */
export function focusAfter(before: State, after: State, root: HTMLElement, words: Words): boolean {
  const { screen, shownMs, moreTime } = before;
  const same = screen.name === after.screen.name && shownMs === after.shownMs &&
    !before.view?.presented === !after.view?.presented;
  if (same && moreTime === after.moreTime) return false;
  const scope = root.querySelector("[role=alertdialog]") ?? root;
  scope.querySelector<HTMLElement>("[data-focus]")?.focus();
  const heading = root.querySelector("h1")?.textContent ?? "";
  if (after.view) {
    document.title = fill(words.documentTitle, { heading, bank: after.view.bankName });
  }
  return true;
}
