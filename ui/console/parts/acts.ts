/** The buttons of acts: those that the operator's role may give. */
import type { ComponentChildren, VNode } from "preact";
import { html } from "htm/preact";
import { mayGive } from "../../../lib/operator_commands.ts";
import type { Act, ScreenProps } from "../state/model.ts";

export function Acts({ acts, news, send, isSmall = false, children }:
  & Pick<
    ScreenProps,
    "news" | "send"
  >
  & {
    acts: readonly Act[];
    /** In a row of a table. */
    isSmall?: boolean;
    children?: ComponentChildren;
  }): VNode | null {
  const { role, fourEyes } = news.operator;
  const given = acts.filter(({ command }) => mayGive(role, command.command));
  if (given.length === 0 && !children) return null;
  return html`
    <div class="acts ${isSmall ? "acts--small" : ""}">
      ${given.map((act) =>
        html`
          <button
            class="button ${isSmall ? "button--small" : ""}"
            data-act
            aria-label=${isSmall ? act.title : undefined}
            onClick=${() =>
              send({ type: "begin", act: { ...act, effect: effectOf(act, fourEyes) } })}
          >${act.verb}</button>
        `
      )}
      ${children}
    </div>
  ` as VNode;
}

/** Returns what an act does, and that it needs a second operator where it does. */
export function effectOf({ effect, withFourEyes }: Act, fourEyes: boolean): string {
  return fourEyes && withFourEyes !== undefined ? `${effect} ${withFourEyes}` : effect;
}
