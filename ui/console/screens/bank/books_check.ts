/** The check of the books. */
import type { VNode } from "preact";
import { html } from "htm/preact";
import { mayGive } from "../../../../lib/operator_commands.ts";
import { Checking, type CheckWords } from "../../parts/checking.ts";
import type { ScreenProps } from "../../state/model.ts";

const words: CheckWords = {
  verb: "Check the books",
  running: "Checking…",
  effect: "Works all balances out again from the movements, and compares every row with the log. " +
    "It takes some minutes in a large bank.",
  units: "rows",
  heads: { good: "Good", bad: "The books are wrong", failed: "Not checked", unsure: "Not checked" },
};

export function BooksCheck({ state, news, send }: ScreenProps): VNode | null {
  const { view, nowMs } = state;
  if (view?.state !== "open" || !mayGive(news.operator.role, "check_ledger")) return null;
  const onBegin = () => send({ type: "check" });
  return html`<${Checking} ...${{ check: view.booksCheck, words, nowMs, onBegin }} />` as VNode;
}
