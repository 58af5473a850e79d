/** An entry of the log in the customer's language. The log is in English: its wordings are the patterns. */
import { groupedAccountNumber } from "../../../../lib/account_number.ts";
import type { HistoryEntry } from "../../../../lib/atm.ts";
import { fill, type Tables, type Words } from "../../words/words.ts";

/** Returns what was done, and why it was refused; without a translation, as the log has it. */
export function entryInWords(
  { action }: Pick<HistoryEntry, "action">,
  words: Words,
  tables: Pick<Tables, "en">,
  /** The entry's amount, where it has one. */
  amount?: string,
): { what: string; why: string } {
  const [what = "", why = ""] = action.replace(/\b[0-9]{12}\b/g, groupedAccountNumber)
    .split(" failed - ");
  if (words === tables.en) return { what, why };
  const reason = why.replaceAll(" ", "_") as keyof Words["refusals"];
  return {
    what: doneInWords(what, words, tables, amount) ?? what,
    why: words.refusals[reason]?.heading ?? why,
  };
}

function doneInWords(
  what: string,
  words: Words,
  { en }: Pick<Tables, "en">,
  amount: string | undefined,
): string | null {
  for (const [name, pattern] of Object.entries(en.history.actions)) {
    const source = pattern.replace(/[()]/g, "\\$&").replace(/\{(\w+)\}/g, "(?<$1>.+)");
    const found = new RegExp(`^${source}$`).exec(what);
    if (!found) continue;
    const values = { ...found.groups, ...(amount && { amount }) };
    return fill(words.history.actions[name as keyof Words["history"]["actions"]], values);
  }
  return null;
}
