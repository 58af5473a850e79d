/** The demo's pane next to the ATM: puts notes in, takes them, and makes devices fail. */
import type { VNode } from "preact";
import { html } from "htm/preact";
import type { AtmView, DeviceFault } from "../../../lib/atm.ts";
import { sentence, shortMoney } from "../words/format.ts";
import type { DemoCall, Intent } from "../state/model.ts";
import { fill, type Words } from "../words/words.ts";

/** A fault's three parts, as the machine names them. */
const faultParts = {
  what: ["jam", "lost count", "power cut"],
  when: ["before", "between", "after"],
  where: ["dispense", "present", "retract", "cashIn", "cashInEnd", "cashInRollback"],
} as const;

/** Opens when there are notes to take. A fault that is being chosen is kept in the form alone. */
export function Devices(
  { view, send, words }: { view: AtmView; send: (intent: Intent) => void; words: Words },
): VNode {
  const { devices, presented, escrow } = view;
  const text = words.devices;
  const button = (face: string, call: DemoCall, { name = face, look = "", off = false } = {}) =>
    html`
      <button
        class="demo__button ${look}"
        key=${name}
        type="button"
        aria-label=${name}
        aria-disabled=${off}
        onClick=${() => send({ type: "demo", call })}
      >
        ${face}
      </button>
    `;
  const arm = (event: Event) => {
    event.preventDefault();
    const chosen = [...new FormData(event.currentTarget as HTMLFormElement).values()];
    send({ type: "demo", call: { name: "armFault", args: [chosen.join(" ") as DeviceFault] } });
  };
  return html`
    <aside class="demo-pane" aria-label=${text.name}>
      <details class="demo" key=${presented !== null || view.card === "returned"} open>
        <summary class="demo__head"><b>${text.title}</b> ${text.name}</summary>
        <div class="demo__body">
          <p class="demo__hint">${text.hint}</p>
          <section class="demo__group">
        ${view.cash.accepted.map((value) => {
          const note = shortMoney(value, view.currency, words.locale);
          return button(note, { name: "insertNote", args: [value] }, {
            name: fill(text.insert, { note }),
            look: "demo__button--note",
            off: !escrow,
          });
        })}
        ${button(text.take, { name: "takeNotes", args: [] }, {
          look: presented ? "demo__button--now" : "",
          off: !presented,
        })}
      </section>
        ${view.cards.length > 0 && html`
          <section class="demo__group">
            ${view.cards.map((name) =>
              button(fill(text.insertCard, { name: sentence(name) }), {
                name: "insertCard",
                args: [name],
              }, { off: view.card !== "none" || view.visit !== null })
            )}
            ${button(text.takeCard, { name: "takeCard", args: [] }, {
              look: view.card === "returned" ? "demo__button--now" : "",
              off: view.card !== "returned",
            })}
          </section>
        `}
          <form class="demo__group" onSubmit=${arm}>
        ${Object.entries(faultParts).map(([part, values]) =>
          html`
            <select class="demo__choice" name=${part} aria-label=${text[
              part as keyof typeof faultParts
            ]}>
              ${values.map((value) => html`<option value=${value}>${text.faults[value]}</option>`)}
            </select>
          `
        )}
        <button class="demo__button">${text.arm}</button>
        ${devices.faults.map((armed) =>
          button(`${inWords(armed, words)} ×`, { name: "disarmFault", args: [armed] }, {
            name: fill(text.disarm, { fault: inWords(armed, words) }),
            look: "demo__button--armed",
          })
        )}
        ${devices.away && html`<p role="status">${text.away}</p>`}
        ${!devices.away && devices.jammed.length > 0 && html`
          <p role="status">${fill(text.jammed, {
            devices: devices.jammed.map((device) => text.parts[device]).join(", "),
          })}</p>
          ${button(text.clear, { name: "clearJams", args: [] })}
        `}
      </form>
        </div>
      </details>
    </aside>
  ` as VNode;
}

/** Returns an armed fault in the customer's language: "jam before dispense". */
function inWords(fault: DeviceFault, { devices }: Words): string {
  return Object.values(faultParts).flat().filter((part) => ` ${fault} `.includes(` ${part} `))
    .map((part) => devices.faults[part]).join(" ");
}
