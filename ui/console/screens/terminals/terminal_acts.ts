/** What can be done with a terminal, in its state. */
import type { TerminalNews } from "../../../../lib/console.ts";
import type { Currency } from "../../../../lib/money.ts";
import { limitHint, reason, secondForMore, secondOperator } from "../../parts/act_fields.ts";
import { money } from "../../parts/format.ts";
import type { Act } from "../../state/model.ts";

export function actsOf(terminal: TerminalNews, currency: Currency): Act[] {
  const { state, device, notes, nextKeyMs } = terminal;
  if (state === "revoked") {
    return notes === null || notes === "0" ? [] : [writeOff(terminal, currency)];
  }
  const { suspend, resume, rotate, limits, revoke, revokeDevice } = actsOnKeys(terminal);
  return [
    ...(state === "active" && nextKeyMs === null ? [rotate] : []),
    state === "active" ? suspend : resume,
    limits,
    ...(device === null ? [] : [revokeDevice]),
    revoke,
  ];
}

function actsOnKeys({ name, device }: TerminalNews) {
  return {
    suspend: {
      title: `Suspend ${name}`,
      effect: "Its keys are not accepted, and it serves nobody, until it is resumed.",
      command: { command: "suspend_terminal", name },
      fields: [],
      verb: "Suspend",
      isGrave: true,
    },
    resume: {
      title: `Resume ${name}`,
      effect: "Its keys are accepted again.",
      withFourEyes: secondOperator,
      command: { command: "resume_terminal", name },
      fields: [],
      verb: "Resume",
      isGrave: false,
    },
    rotate: {
      title: `Give ${name} another key`,
      effect: "It gets the key over its connection; the present key ends when it has used it, or " +
        "in 7 days.",
      command: { command: "rotate_terminal", name, now: false },
      fields: [],
      verb: "Another key",
      isGrave: false,
    },
    limits: {
      title: `Set limits of ${name}`,
      effect: "They take precedence over the bank’s.",
      withFourEyes: secondForMore,
      command: { command: "set_limits", terminal: name },
      fields: [
        { name: "cashOut", label: "Out of it in a day", hint: limitHint, isOptional: true },
        { name: "cashIn", label: "Into it in a day", hint: limitHint, isOptional: true },
      ],
      verb: "Set limits",
      isGrave: false,
    },
    revoke: {
      title: `Revoke ${name}`,
      effect: "Its keys end for good: the machine must be enrolled under another name.",
      withFourEyes: secondOperator,
      command: { command: "revoke_terminal", name },
      fields: [],
      verb: "Revoke",
      isGrave: true,
      confirm: name,
    },
    revokeDevice: {
      title: `Revoke the device ${device}`,
      effect: `Its keys end for good: ${name} dispenses nothing until another device is enrolled.`,
      withFourEyes: secondOperator,
      command: { command: "revoke_device", name: device ?? "" },
      fields: [],
      verb: "Revoke the device",
      isGrave: true,
      confirm: device ?? "",
    },
  } satisfies Record<string, Act>;
}

function writeOff({ name, notes }: TerminalNews, currency: Currency): Act {
  return {
    title: `Write off the notes of ${name}`,
    effect:
      `The books have ${money(notes!, currency)} in it, which are booked to the differences ` +
      "account: a revoked terminal reports no count. Settle its open movements first.",
    withFourEyes: secondOperator,
    command: { command: "write_off_terminal", name, reason: "" },
    fields: [reason],
    verb: "Write off",
    isGrave: true,
  };
}
