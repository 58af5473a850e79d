/** The backup of the books, where they are in a file. */
import type { VNode } from "preact";
import { html } from "htm/preact";
import { mayGive } from "../../../../lib/operator_commands.ts";
import { unsure } from "../../parts/answer.ts";
import { Checking, type CheckWords } from "../../parts/checking.ts";
import type { ScreenProps } from "../../state/model.ts";

const words: CheckWords = {
  verb: "Back up",
  running: "Backing up…",
  effect: "The server copies the books into its folder for backups and checks the copy.",
  units: "rows",
  heads: { good: "Backed up", bad: "The books are wrong", failed: "No backup", unsure },
};

export function Backup({ state, news, send }: ScreenProps): VNode | null {
  const { view, nowMs } = state;
  const { server: { isShared }, operator: { role } } = news;
  if (view?.state !== "open" || isShared || !mayGive(role, "back_up")) return null;
  const onBegin = () => send({ type: "backUp" });
  return html`<${Checking} ...${{ check: view.backup, words, nowMs, onBegin }} />` as VNode;
}
