/** Nobody is logged in: a touch anywhere begins, in the language that is chosen here. */
import type { VNode } from "preact";
import { html } from "htm/preact";
import type { Language } from "../../../../lib/atm.ts";
import { Choice } from "../../parts/choice.ts";
import type { ViewScreenProps } from "../../parts/screen_props.ts";
import { speaks } from "../../state/screens.ts";
import { Icon } from "../../parts/icon.ts";
import { Door } from "../../parts/mark.ts";
import { fill, type Tables } from "../../words/words.ts";
import { Stage } from "../../parts/stage.ts";

type Props = ViewScreenProps<"welcome"> & { tables: Tables };

export function Welcome({ view, state, send, words, tables }: Props): VNode {
  const begin = () => send({ type: "next" });
  const names = Object.entries(tables).map(([code, { name }]): [string, string] => [code, name]);
  return html`
    <div class="anywhere" onClick=${begin}>
      <${Stage}
        heading=${fill(words.welcome.heading, { bank: view.bankName })}
        lede=${view.card === null ? words.welcome.lede : words.welcome.card}
        aside=${html`
          <div class="languages" onClick=${(event: Event) => event.stopPropagation()}>
            <${Choice}
              label=${words.settings.language}
              options=${names}
              chosen=${state.settings.language}
              onChoose=${(language: string) =>
                send({ type: "set", settings: { language: language as Language } })}
            />
          </div>
          ${speaks(state) && !state.settings.sound && html`
            <p class="help" data-speech-start><${Icon} name="sound" />${words.speech.start}</p>
          `}
        `}
        next=${{ label: words.welcome.begin, press: begin }}
      >
        <${Door} />
        <//>
        </div>
  ` as VNode;
}
