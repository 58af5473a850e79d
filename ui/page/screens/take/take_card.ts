/** The card is at the exit: until it is taken or drawn in, nothing else matters. */
import type { VNode } from "preact";
import { html } from "htm/preact";
import { Stage } from "../../parts/stage.ts";
import type { State } from "../../state/model.ts";
import type { Words } from "../../words/words.ts";

export function TakeCard({ state, words }: { state: State; words: Words }): VNode {
  const { screen } = state;
  const notesFollow = screen.name === "working" && screen.on === "withdrawal";
  const { takeHeading, takeFirst, takeLede } = words.card;
  return html`
    <${Stage}
      emblem=${["card"]}
      heading=${takeHeading}
      lede=${notesFollow ? takeFirst : takeLede}
    />
  ` as VNode;
}
