/** An entry of the log in the customer's language. The log is in English: its wordings are the patterns. */
import { groupedAccountNumber } from "../../../../lib/account_number.ts";
import type { HistoryEntry } from "../../../../lib/atm.ts";
import { fill, type Words } from "../../words/words.ts";

export interface EntryInWords {
  what: string;
  /** Why it was refused; empty for what was done. */
  why: string;
  /** A movement that was cancelled, or that is not finished: its amount was not booked. */
  unbooked?: "reversed" | "held";
}

/** How the log says each action; the first that matches counts. */
const patterns: Record<keyof Words["history"]["actions"], RegExp> = {
  opening: /^deposit \S+ - opening balance$/,
  withdraw: /^withdraw /,
  deposit: /^deposit /,
  send: /^transfer \S+ to account (?<account>[0-9\s]+) \((?<name>.+)\)$/,
  sendUnknown: /^transfer \S+ to account (?<account>.+)$/,
  receive: /^receive \S+ from account (?<account>[0-9\s]+) \((?<name>.+)\)$/,
  lookUp: /^look up account (?<account>.+)$/,
  logIn: /^log in( with (a|an expired) one-time password)?$/,
  cardLogIn: /^log in with a card$/,
  pin: /^set the PIN$/,
  idle: /^log out - idle$/,
  lost: /^log out - connection lost$/,
  changed: /^log out - password changed or account locked$/,
  logOut: /^log out$/,
  password: /^change password( with (a|an expired) one-time password)?$/,
  balance: /^view balance$/,
  search: /^search history$/,
  older: /^view older history$/,
  receipt: /^view receipt$/,
  view: /^view history$/,
};

/** Returns what was done, and why it was refused; without a translation, as the log has it. */
export function entryInWords({ action }: Pick<HistoryEntry, "action">, words: Words): EntryInWords {
  const [done = "", why = ""] = action.replace(/\b[0-9]{12}\b/g, groupedAccountNumber)
    .split(" failed - ");
  const wrongPin = patterns.cardLogIn.test(done) && why === "wrong credentials";
  const reason = (wrongPin ? "wrong_pin" : why.replaceAll(" ", "_")) as keyof Words["refusals"];
  const [, moved = done, state] =
    /^((?:withdraw|deposit) .*?) (authorised|reversed)(?: - settled by the bank)?$/.exec(done) ??
      [];
  return {
    what: doneInWords(moved, words) ?? done,
    why: words.refusals[reason]?.heading ?? why,
    ...(state && { unbooked: state === "reversed" ? "reversed" : "held" }),
  };
}

function doneInWords(done: string, { history }: Words): string | null {
  for (const [name, pattern] of Object.entries(patterns)) {
    const found = pattern.exec(done);
    if (found) return fill(history.actions[name as keyof typeof patterns], { ...found.groups });
  }
  return null;
}
