/** The rows of a receipt, on the screen and in a file. */
import { groupedAccountNumber } from "../../../../lib/account_number.ts";
import type { AtmView, Receipt } from "../../../../lib/atm.ts";
import { dateTime, money, shortMoney, shortReference } from "../../words/format.ts";
import type { Words } from "../../words/words.ts";

export interface Row {
  name: string;
  value: string;
  strong?: boolean;
}

/** The rows of a receipt, the amount first. */
export function receiptRows(receipt: Receipt, view: AtmView, words: Words): Row[] {
  const text = words.receipt;
  const show = (minor: string) => money(minor, view.currency, words.locale);
  const { account, logged, movement, to } = receipt;
  return [
    { name: text.amount, value: show(receipt.amount), strong: true },
    ...(to ? [{ name: text.to, value: groupedAccountNumber(to) }] : []),
    ...(account ? [{ name: text.balance, value: show(account.booked) }] : []),
    ...(account && account.available !== account.booked
      ? [{ name: text.available, value: show(account.available) }]
      : []),
    { name: text.time, value: dateTime(receipt.time, view.timeZone, words.locale) },
    { name: text.terminal, value: view.terminal },
    ...(movement ? [{ name: text.reference, value: shortReference(movement) }] : []),
    ...(logged ? [{ name: text.place, value: logged.place }] : []),
  ];
}

/** The receipt as a text, from which the bank can find the entry of its log. */
export function receiptText(receipt: Receipt, view: AtmView, words: Words): string {
  const text = words.receipt;
  const { logged, movement, notes } = receipt;
  const rows = [
    ...receiptRows(receipt, view, words).map(({ name, value }) => [name, value]),
    ...notes.map(({ value, count }) => [
      shortMoney(value, view.currency, words.locale),
      `× ${count}`,
    ]),
    ...(movement ? [[text.reference, movement]] : []),
    ...(logged ? [[text.tag, logged.tag]] : []),
  ];
  return [
    view.bankName,
    `${text.title}: ${text.kind[receipt.kind]}`,
    "",
    ...rows.map(([name, value]) => `${name}: ${value}`),
    "",
  ].join("\n");
}
