/** The limit that makes an amount smaller than the account's money, if one does: "€60 left today". */
import type { VNode } from "preact";
import { html } from "htm/preact";
import type { AtmView } from "../../../lib/atm.ts";
import type { Most } from "../state/cash.ts";
import { shortMoney } from "../words/format.ts";
import { fill, type Words } from "../words/words.ts";
import { Icon } from "./icon.ts";

export function LimitNote(
  { most, view, words }: { most: Most; view: AtmView; words: Words },
): VNode | null {
  const { limit } = most;
  const left = limit && view.visit?.account.left?.[limit];
  if (!limit || left === undefined) return null;
  const amount = shortMoney(left, view.currency, words.locale);
  return html`
    <p class="help"><${Icon} name="clock" />${fill(words.limits[limit], { amount })}</p>
  ` as VNode;
}
