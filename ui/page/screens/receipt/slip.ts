/** The rows of a receipt, on the screen and on paper. */
import { groupedAccountNumber } from "../../../../lib/account_number.ts";
import { receiptColumns } from "../../../../lib/limits.ts";
import type { AtmView, Receipt } from "../../../../lib/atm.ts";
import { dateTime, money, shortMoney, shortReference } from "../../words/format.ts";
import type { Words } from "../../words/words.ts";

export interface Row {
  name: string;
  value: string;
  strong?: boolean;
}

/** Returns the rows of a receipt, the amount first. */
export function receiptRows(receipt: Receipt, view: AtmView, words: Words): Row[] {
  const text = words.receipt;
  const show = (minor: string) => money(minor, view.currency, words.locale);
  const { account, message, movement, to } = receipt;
  return [
    { name: text.amount, value: show(receipt.amount), strong: true },
    ...(to ? [{ name: text.to, value: groupedAccountNumber(to) }] : []),
    ...(message ? [{ name: text.message, value: message }] : []),
    ...(account ? [{ name: text.balance, value: show(account.booked) }] : []),
    ...(account && account.available !== account.booked
      ? [{ name: text.available, value: show(account.available) }]
      : []),
    { name: text.time, value: dateTime(receipt.time, view.timeZone, words.locale) },
    { name: text.terminal, value: view.terminal },
    ...(movement ? [{ name: text.reference, value: shortReference(movement) }] : []),
  ];
}

/** Returns a receipt as lines of text, for a printer. */
export function receiptText(receipt: Receipt, view: AtmView, words: Words): string {
  const rows = [...receiptRows(receipt, view, words), ...paperRows(receipt, view, words)];
  const line = ({ name, value }: Row) => {
    const gap = receiptColumns - name.length - value.length;
    return gap > 0
      ? `${name}${" ".repeat(gap)}${value}`
      : [name, ...folded(value).map((part) => part.padStart(receiptColumns))].join("\n");
  };
  const heading = [...folded(view.bankName), words.receipt.kind[receipt.kind], ""];
  return `${[...heading, ...rows.map(line)].join("\n")}\n`;
}

/** Returns a text in lines that fit on the paper. */
function folded(text: string): string[] {
  return text.match(new RegExp(`.{1,${receiptColumns}}`, "gu")) ?? [];
}

/** Returns what paper has besides: the notes, and what the bank finds the entry of its log by. */
export function paperRows(receipt: Receipt, view: AtmView, words: Words): Row[] {
  const text = words.receipt;
  const { logged, movement, notes } = receipt;
  return [
    ...notes.map(({ value, count }) => ({
      name: shortMoney(value, view.currency, words.locale),
      value: `× ${count}`,
    })),
    ...(movement ? [{ name: text.reference, value: movement }] : []),
    ...(logged ? [{ name: text.place, value: logged.place }] : []),
    ...(logged ? [{ name: text.tag, value: logged.tag }] : []),
  ];
}
