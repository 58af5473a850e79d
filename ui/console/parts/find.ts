/** The search field of a list whose page its process finds: the rows follow the typing. */
import type { VNode } from "preact";
import { html } from "htm/preact";
import { consoleFindLengthMax } from "../../../lib/limits.ts";

export function Find({ label, hint = label, find, onFind }: {
  label: string;
  /** What may be typed; the label if it is not given. */
  hint?: string;
  find: string;
  onFind: (find: string) => void;
}): VNode {
  return html`
    <div class="search">
      <input
        type="search"
        placeholder=${hint}
        aria-label=${label}
        maxlength=${consoleFindLengthMax}
        value=${find}
        onInput=${(event: InputEvent) =>
          onFind((event.currentTarget as HTMLInputElement).value.trim())}
      />
    </div>
  ` as VNode;
}
