/** A field for a password or a PIN: what is typed stays in it alone, and can be shown. */
import type { VNode } from "preact";
import { html } from "htm/preact";
import { passwordLengthMax } from "../../../lib/limits.ts";

/** What is typed is a name or a secret: nothing is to be completed, corrected or remembered. */
export const asTyped = {
  autocomplete: "off",
  autocapitalize: "none",
  autocorrect: "off",
  spellcheck: false,
};

export interface SecretFieldProps {
  name: string;
  label: string;
  shown?: boolean;
  readonly: boolean;
  focus?: boolean;
  /** In the field: the button that shows what is typed. */
  reveal?: VNode;
  /** The id of the element that explains what is wrong with it. */
  fault?: string;
  lengthMax?: number;
  inputmode?: string;
}

export function SecretField(props: SecretFieldProps): VNode {
  const { name, label, shown, readonly, focus, reveal, fault, inputmode } = props;
  const { lengthMax = passwordLengthMax } = props;
  return html`
    <div class="field">
      <label class="field__label" for=${name}>${label}</label>
      <div class="field__row">
        <input
          class="field__input"
          id=${name}
          name=${name}
          type=${shown ? "text" : "password"}
          maxlength=${lengthMax}
          inputmode=${inputmode}
          data-focus=${focus || undefined}
          aria-invalid=${fault !== undefined}
          aria-describedby=${fault}
          ...${asTyped}
          readonly=${readonly}
        />
        ${reveal}
      </div>
    </div>
  ` as VNode;
}
