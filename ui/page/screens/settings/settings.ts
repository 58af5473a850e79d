/** How the screens look and speak, for as long as this customer is here. */
import type { VNode } from "preact";
import { html } from "htm/preact";
import { Choice } from "../../parts/choice.ts";
import type { ViewScreenProps } from "../../parts/screen_props.ts";
import { doneAction, Stage } from "../../parts/stage.ts";
import type { Settings as Chosen } from "../../state/model.ts";
import { speaks } from "../../state/screens.ts";
import type { Tables } from "../../words/words.ts";

type Props = ViewScreenProps<"settings"> & { tables: Tables };

export function Settings({ state, send, words, tables }: Props): VNode {
  const { settings } = state;
  const text = words.settings;
  const row = (label: string, options: [string, string][], chosen: string, set: Setting) =>
    html`
      <div class="setting">
        <h2>${label}</h2>
        <${Choice}
          ...${{ label, options, chosen }}
          onChoose=${(value: string) => send({ type: "set", settings: set(value) })}
        />
      </div>
    `;
  const names = Object.entries(tables).map(([code, { name }]): [string, string] => [code, name]);
  return html`
    <${Stage}
      heading=${text.heading}
      lede=${text.lede}
      next=${doneAction(words, send)}
    >
      <div class="card settings">
        ${row(text.language, names, settings.language, (language) => ({ language } as Change))}
        ${row(
          text.size,
          Object.entries(text.sizes),
          settings.size,
          (size) => ({ size } as Change),
        )}
        ${row(
          text.contrast,
          Object.entries(text.contrasts),
          settings.contrast,
          (contrast) => ({ contrast } as Change),
        )}
        ${speaks(state) && row(
          text.sound,
          Object.entries(text.sounds),
          settings.sound ? "on" : "off",
          (sound) => ({ sound: sound === "on" }),
        )}
      </div>
      <//>
  ` as VNode;
}

type Change = Partial<Chosen>;
type Setting = (value: string) => Change;
