/** A screen with nothing to choose: what has happened, and what to do about it. */
import type { VNode } from "preact";
import { html } from "htm/preact";
import type { IconName, Tone } from "../../parts/icon.ts";
import type { ScreenProps } from "../../parts/screen_props.ts";
import { Stage } from "../../parts/stage.ts";
import type { NoticeWords } from "../../words/shapes.ts";
import type { Words } from "../../words/words.ts";

type Props = ScreenProps<"out_of_service" | "lost" | "back" | "ended" | "disconnected">;
type NoticeScreen = Props["screen"];

export function Notice({ screen, send, words }: Props): VNode {
  const { heading, lede, ledeVisit, help, next } = wordsOf(screen, words.notices);
  const trying = screen.name === "lost";
  return html`
    <${Stage}
      emblem=${looks[reasonOf(screen)] ?? ["lock"]}
      heading=${heading}
      lede=${"hadVisit" in screen && screen.hadVisit ? ledeVisit : lede}
      aside=${help && html`
        <p class="help ${trying ? "help--waiting" : ""}">
          ${trying && html`<span class="pulse" aria-hidden="true"></span>`}${help}
        </p>
      `}
      next=${next && { label: next, keys: "enter escape", press: () => send({ type: "next" }) }}
    />
  ` as VNode;
}

function wordsOf(screen: NoticeScreen, notices: Words["notices"]): NoticeWords {
  switch (screen.name) {
    case "out_of_service":
      return notices.out_of_service[screen.why];
    case "ended":
      return notices.ended[screen.why];
    case "disconnected":
      return notices.disconnected[screen.why];
    default:
      return notices[screen.name];
  }
}

type Reason = Extract<NoticeScreen, { why: unknown }>["why"] | "lost" | "back";

function reasonOf(screen: NoticeScreen): Reason {
  return "why" in screen ? screen.why : screen.name;
}

/** The emblem of each reason; a lock where none exists. */
const looks: Partial<Record<Reason, [icon: IconName, tone?: Tone]>> = {
  no_bank: ["cut"],
  no_key: ["key"],
  not_accepted: ["lock", "warn"],
  not_ready: ["clock"],
  disk_failed: ["fault", "warn"],
  journal_lost: ["lock", "warn"],
  device_fault: ["fault", "warn"],
  no_cash: ["notes"],
  lost: ["cut", "warn"],
  back: ["check", "good"],
  logged_out: ["check", "good"],
  idle: ["clock"],
  stopped: ["fault", "warn"],
};
