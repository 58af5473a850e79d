/** The console's own verification of the log: how far it is, and its result in words. */
import type { VNode } from "preact";
import { html } from "htm/preact";
import type { Verification } from "../../../../lib/console.ts";
import { mayGive } from "../../../../lib/operator_commands.ts";
import { ago, number } from "../../parts/format.ts";
import type { ScreenProps } from "../../state/model.ts";

export function Verifying({ state, news, send }: ScreenProps): VNode | null {
  const verification = state.view?.state === "open" ? state.view.verification : null;
  if (!mayGive(news.operator.role, "read_audit")) return null;
  if (verification === null) {
    return html`
      <p class="advice">To verify every entry here, start the console with ‘--first-key FILE’. The
        file is yours: the console’s process reads it, and neither the server nor this page has it.</p>
    ` as VNode;
  }
  const isRunning = verification.state === "running";
  return html`
    <div class="verifying">
      <button class="button" disabled=${isRunning} onClick=${() => send({ type: "verify" })}>
        ${isRunning ? "Verifying…" : "Verify the log"}
      </button>
      <div role="status">
        <${Result} verification=${verification} nowMs=${state.nowMs} />
      </div>
    </div>
  ` as VNode;
}

const heads = { good: "Good", bad: "The log was changed", failed: "Not verified" } as const;

function Result({ verification, nowMs }: { verification: Verification; nowMs: number }): VNode {
  if (verification.state === "idle") {
    return html`<p class="soft">Checks each entry, in order, with the log’s first key.</p>` as VNode;
  }
  if (verification.state === "running") {
    const { done, of } = verification;
    return html`
      <progress aria-label="Verified" max=${of} value=${done} />
      <p class="soft">${number(done)} of about ${number(of)} entries. It goes on when the console
        locks.</p>
    ` as VNode;
  }
  const { words, timeMs } = verification;
  const tone = verification.state === "good" ? "good" : "warn";
  return html`
    <div class="answer answer--${tone}">
      <b>${heads[verification.state]}</b> <span class="soft">${ago(timeMs, nowMs)}</span>
      <p>${words}</p>
    </div>
  ` as VNode;
}
