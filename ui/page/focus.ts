/** Where the focus is on a screen that has just come up, and what the window is called then. */
import type { State } from "./state/model.ts";
import { fill, type Words } from "./words/words.ts";

/**
 * Moves the focus, after each drawing of the page: to the heading of a new screen, from which it is
 * read out, or to its first field; to a question over it, and back.
 * @returns whether there is something new to look at
 */
export function focusAfter(before: State, after: State, root: HTMLElement, words: Words): boolean {
  const { screen, shownMs, moreTime } = before;
  const same = screen.name === after.screen.name && shownMs === after.shownMs &&
    !before.view?.presented === !after.view?.presented &&
    (before.view?.card === "returned") === (after.view?.card === "returned");
  if (same && moreTime === after.moreTime) return false;
  const scope = root.querySelector("[role=alertdialog]") ?? root;
  scope.querySelector<HTMLElement>("[data-focus]")?.focus();
  const heading = root.querySelector("h1")?.textContent ?? "";
  if (after.view) {
    document.title = fill(words.documentTitle, { heading, bank: after.view.bankName });
  }
  return true;
}
