/**
 * The frame of a screen: one question on the left, what answers it on the right (below, on a tall
 * screen), and the way back and on, always in the same place.
 */
import type { ComponentChildren, VNode } from "preact";
import { html } from "htm/preact";
import type { Intent } from "../state/model.ts";
import type { Words } from "../words/words.ts";
import { Emblem, Icon, type IconName, type Tone } from "./icon.ts";

/** A button of the action bar. `form` names a form that it submits instead of being pressed. */
export interface Action {
  label: string;
  press?: () => void;
  form?: string;
  icon?: IconName;
  /** The keys that press it, where they are not Escape for the way back and Enter for the way on. */
  keys?: "" | "enter escape";
  /** Something is under way, or must be waited for: the button stays, and does nothing. */
  off?: boolean;
}

/** Returns the way on of a screen that is only left. */
export function doneAction(words: Words, send: (intent: Intent) => void): Action {
  return {
    label: words.done,
    icon: "check",
    keys: "enter escape",
    press: () => send({ type: "back" }),
  };
}

export interface StageProps {
  heading: string;
  lede?: ComponentChildren;
  /** Below the question. */
  aside?: ComponentChildren;
  children?: ComponentChildren;
  /** Between all that and the action bar. */
  below?: ComponentChildren;
  /** In the action bar, where a screen has no way back there. */
  start?: ComponentChildren;
  back?: Action | null;
  next?: Action | null;
  /** Above the heading, on a screen with nothing to choose. */
  emblem?: [icon: IconName, tone?: Tone];
  /** Instead of the emblem. */
  icon?: VNode;
  /** False where a field of the screen takes the focus instead of the heading. */
  focusHeading?: boolean;
  /** The answer takes the whole width, below its heading. */
  wide?: boolean;
}

export function Stage(props: StageProps): VNode {
  const { heading, lede, aside, children, below, start, back, next, emblem, icon, wide } = props;
  const look = wide ? "stage--wide" : children ? "" : "stage--alone";
  const focusHeading = props.focusHeading ?? true;
  return html`
    <main class="stage ${look}">
      <section class="question">
        ${icon}
        ${emblem && html`<${Emblem} name=${emblem[0]} tone=${emblem[1]} />`}
        <h1 tabindex="-1" data-focus=${focusHeading || undefined}>${heading}</h1>
        ${lede && html`<p class="lede">${lede}</p>`}
        ${aside}
      </section>
      ${children && html`<section class="answer">${children}</section>`}
    </main>
    ${below}
    <footer class="actions">
      ${start}
      ${back && html`<${ActionButton} action=${back} look="quiet" keyName="escape" />`}
      ${next && html`<${ActionButton} action=${next} look="primary" keyName="enter" />`}
    </footer>
  ` as VNode;
}

function ActionButton(
  { action, look, keyName }: {
    action: Action;
    look: "quiet" | "primary";
    keyName: "escape" | "enter";
  },
): VNode {
  return html`
    <button
      class="button button--${look}"
      type=${action.form ? "submit" : "button"}
      form=${action.form}
      data-key=${action.keys ?? keyName}
      aria-disabled=${action.off}
      onClick=${(event: Event) => {
        if (action.off) event.preventDefault();
        else if (!action.form) action.press?.();
      }}
    >
      ${look === "quiet" && html`<${Icon} name=${action.icon ?? "back"} />`}
      <span>${action.label}</span>
      ${look === "primary" && html`<${Icon} name=${action.icon ?? "next"} />`}
    </button>
  ` as VNode;
}
