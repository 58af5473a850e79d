/** One of a few, as a row of buttons. */
import type { VNode } from "preact";
import { html } from "htm/preact";

export function Choice(
  { label, options, chosen, onChoose }: {
    label: string;
    options: [value: string, name: string][];
    chosen: string;
    /** @param form the one that the buttons are in, if they are in one */
    onChoose: (value: string, form: HTMLFormElement) => void;
  },
): VNode {
  return html`
    <div class="choice" role="group" aria-label=${label}>
      ${options.map(([value, name]) =>
        html`
          <button
            class="choice__option"
            key=${value}
            data-choice=${value}
            aria-pressed=${value === chosen}
            type="button"
            onClick=${(event: Event) =>
              onChoose(value, (event.currentTarget as HTMLButtonElement).form!)}
          >
            ${name}
          </button>
        `
      )}
    </div>
  ` as VNode;
}
