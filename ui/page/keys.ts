/** Enter goes on and Escape goes back, on every screen: each screen marks the buttons that do so. */

/** Presses the visible button with that key among its `data-key`. */
export function listenToKeys(document: Document): void {
  document.addEventListener("keydown", (event) => {
    if (event.repeat || event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.key !== "Enter" && event.key !== "Escape") return;
    if (event.key === "Enter" && takesEnter(event.target)) return;
    const key = event.key.toLowerCase();
    const scope = document.querySelector("[role=alertdialog]") ?? document;
    const button = scope.querySelector<HTMLElement>(`[data-key~=${key}]`);
    if (!button) return;
    event.preventDefault();
    button.click();
  });
}

/** Returns whether an element handles Enter itself. */
function takesEnter(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest("button, a, input, select, textarea") !== null;
}
