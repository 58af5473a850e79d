/** One of a few, as a row of buttons. */
import type { VNode } from "preact";
import { html } from "htm/preact";

export function Choice(
  { label, options, chosen, formId, onChoose }: {
    label: string;
    options: [value: string, name: string][];
    chosen: string;
    /** The form of the buttons, if they are not in it. */
    formId?: string;
    /** @param form the form of the buttons, if they have one */
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
            form=${formId}
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
