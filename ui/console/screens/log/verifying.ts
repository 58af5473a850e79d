/** The console's own verification of the log. */
import type { VNode } from "preact";
import { html } from "htm/preact";
import { mayGive } from "../../../../lib/operator_commands.ts";
import { Checking, type CheckWords } from "../../parts/checking.ts";
import type { ScreenProps } from "../../state/model.ts";

const words: CheckWords = {
  verb: "Verify the log",
  running: "Verifying…",
  effect: "Checks each entry, in order, with the log’s first key.",
  units: "entries",
  heads: {
    good: "Good",
    bad: "The log was changed",
    failed: "Not verified",
    unsure: "Not verified",
  },
};

export function Verifying({ state, news, send }: ScreenProps): VNode | null {
  const check = state.view?.state === "open" ? state.view.verification : null;
  if (!mayGive(news.operator.role, "read_audit")) return null;
  if (check === null) {
    return html`
      <p class="advice">To verify every entry here, start the console with ‘--first-key FILE’. The
        file is yours: the console’s process reads it, and neither the server nor this page has it.</p>
    ` as VNode;
  }
  const onBegin = () => send({ type: "verify" });
  return html`<${Checking} ...${{ check, words, nowMs: state.nowMs, onBegin }} />` as VNode;
}
