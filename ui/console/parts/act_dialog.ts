/** The dialog of an act: what it does, what it still needs, and its outcome. */
import { useEffect, useRef } from "preact/hooks";
import type { VNode } from "preact";
import { html } from "htm/preact";
import { Icon } from "../../page/parts/icon.ts";
import { reasonLengthMax } from "../../../lib/limits.ts";
import type { ActProgress, Send } from "../state/model.ts";
import { Answer } from "./answer.ts";
import { NamedFacts } from "./named_facts.ts";

export function ActDialog({ progress, send }: { progress: ActProgress; send: Send }): VNode {
  const dialog = useRef<HTMLDivElement>(null);
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    const before = document.activeElement as HTMLElement | null;
    // Never where one more press of Enter would sign.
    (dialog.current?.querySelector<HTMLElement>("input:invalid") ?? heading.current)?.focus();
    return () => before?.focus();
  }, []);
  useEffect(() => {
    if (progress.step === "answered") heading.current?.focus();
  }, [progress.step]);
  return html`
    <div class="veil">
      <div class="dialog" role="alertdialog" aria-modal="true" aria-labelledby="act" ref=${dialog}>
        <h2 id="act" tabindex="-1" ref=${heading}>${progress.act.title}</h2>
        ${progress.step === "answered"
          ? html`
            <${Answer} answer=${progress.answer} />
            <div class="dialog__buttons">
              <button class="button button--primary" onClick=${() => send({ type: "close" })}>
                Close
              </button>
            </div>
          `
          : html`<${Form} progress=${progress} send=${send} />`}
        <button
          class="button button--small dialog__lock"
          aria-label="Lock the console"
          onClick=${() => send({ type: "lock" })}
        ><${Icon} name="lock" />Lock</button>
      </div>
    </div>
  ` as VNode;
}

function Form({ progress: { act, step }, send }: { progress: ActProgress; send: Send }): VNode {
  const isSigning = step === "signing";
  const sign = (event: SubmitEvent) => {
    event.preventDefault();
    const data = new FormData(event.currentTarget as HTMLFormElement);
    const fields = act.fields.map(({ name, isOptional }) =>
      [name, String(data.get(name) ?? "").trim(), isOptional] as const
    ).filter(([, value, isOptional]) => value !== "" || !isOptional);
    send({ type: "sign", fields: Object.fromEntries(fields) });
  };
  return html`
    <form onSubmit=${sign}>
      <p>${act.effect}</p>
      ${act.facts?.map((group) => html`<${NamedFacts} ...${group} />`)}
      ${act.fields.map(({ name, label, hint, value = "", isOptional = false }) =>
        html`
          <label class="field">
            <span>${label}</span>
            <input
              name=${name}
              defaultValue=${value}
              required=${!isOptional}
              maxlength=${reasonLengthMax}
              autocomplete="off"
            />
            ${hint && html`<span class="soft">${hint}</span>`}
          </label>
        `
      )}
      ${act.confirm !== undefined && html`
        <label class="field">
          <span>This cannot be undone. Type <code>${act.confirm}</code> to confirm</span>
          <input name="confirm" required pattern=${escaped(act.confirm)} autocomplete="off" />
        </label>
      `}
      <div class="dialog__buttons">
        <button type="button" class="button" disabled=${isSigning}
          onClick=${() => send({ type: "close" })}>Cancel</button>
        <button
          class="button button--primary ${act.isGrave ? "button--grave" : ""}"
          disabled=${isSigning}
        >${isSigning ? "Under way…" : act.verb}</button>
      </div>
    </form>
  ` as VNode;
}

/** Returns a pattern that fits this text alone. */
const escaped = (text: string) => text.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&");
