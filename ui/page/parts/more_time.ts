/** The question before an idle customer is logged out. */
import type { VNode } from "preact";
import { html } from "htm/preact";
import { wait } from "../words/format.ts";
import type { Intent, State } from "../state/model.ts";
import { idleLeftMs } from "../state/time.ts";
import { fill, type Words } from "../words/words.ts";
import { Emblem } from "./icon.ts";

export function MoreTime(
  { state, send, words }: { state: State; send: (intent: Intent) => void; words: Words },
): VNode {
  return html`
    <div class="veil">
      <div
        class="dialog"
        role="alertdialog"
        aria-modal="true"
        aria-labelledby="more-time-heading"
        aria-describedby="more-time-lede"
      >
        <${Emblem} name="clock" />
        <h2 id="more-time-heading">${words.moreTime.heading}</h2>
        <p id="more-time-lede" class="lede">
          ${fill(words.moreTime.lede, { seconds: wait(idleLeftMs(state), words.locale) })}
        </p>
        <div class="dialog__actions">
          <button class="button button--quiet" onClick=${() => send({ type: "log_out" })}>
            ${words.moreTime.leave}
          </button>
          <button
            class="button button--primary"
            data-focus
            data-key="escape"
            onClick=${() => send({ type: "stay" })}
          >
            ${words.moreTime.stay}
          </button>
        </div>
      </div>
    </div>
  ` as VNode;
}
