/**
 * Money is an integer number of minor units: `bigint` in code, decimal digits on the wire. 40.00
 * euros are `4000n` and `"4000"`.
 */

/** Minor units as they travel in JSON: an optional minus sign and decimal digits, no leading zeros. */
export type MinorText = string;

/** An ISO 4217 currency and the number of its decimals: `{ code: "EUR", exponent: 2 }`. */
export interface Currency {
  readonly code: string;
  readonly exponent: number;
}

/** The largest amount that the ledger accepts. */
export const amountMinorMax = 10n ** 12n;
/**
 * The largest absolute balance of a customer or a terminal, and the largest charge to an account's
 * day.
 */
export const balanceMinorMax = 10n ** 15n;
/** The same for the bank's own accounts, which mirror all others: far below 2^63. */
export const ownBalanceMinorMax = 10n ** 18n;

/** `Intl` takes its time, and a terminal key file is read at each connection. */
const currenciesKnown = new Map<string, Currency>();

/**
 * Returns the currency of an ISO 4217 code, with its exponent from `Intl`.
 * @throws {RangeError} if the code does not exist
 */
export function currencyOf(code: string): Currency {
  const known = currenciesKnown.get(code) ?? currencyFromIntl(code);
  currenciesKnown.set(code, known);
  return known;
}

function currencyFromIntl(code: string): Currency {
  if (!/^[A-Z]{3}$/.test(code) || !Intl.supportedValuesOf("currency").includes(code)) {
    throw new RangeError(`no such currency: ${code}`);
  }
  const { maximumFractionDigits } = new Intl.NumberFormat("en", {
    style: "currency",
    currency: code,
  })
    .resolvedOptions();
  return { code, exponent: maximumFractionDigits ?? 2 };
}

/**
 * Parses minor units from their wire form; returns null for other texts and for numbers beyond a
 * signed 64-bit integer: `"4000"` is `4000n`; `"4e3"`, `"040"`, `"-0"` and `""` are null.
 */
export function minorFromText(text: unknown): bigint | null {
  if (typeof text !== "string" || text.length > 20 || !/^(0|-?[1-9][0-9]*)$/.test(text)) {
    return null;
  }
  const minor = BigInt(text);
  return BigInt.asIntN(64, minor) === minor ? minor : null;
}

/** Why a text is not an amount that a ledger can check. */
export type AmountFault =
  | "amount_not_a_number"
  | "amount_not_whole"
  | "amount_not_positive"
  | "amount_too_large";

/**
 * Parses any text that was sent as an amount, or returns its fault: `"4000"` is `4000n`; `"40.5"`
 * is not whole; `"1e3"`, `"040"`, `"-0"` and `""` are not numbers; numbers beyond 64 bits are too
 * large or not positive.
 */
export function minorOrFault(text: string): bigint | AmountFault {
  if (/^-?[0-9]+\.[0-9]+$/.test(text)) return "amount_not_whole";
  if (!/^(0|-?[1-9][0-9]*)$/.test(text)) return "amount_not_a_number";
  return minorFromText(text) ?? (text.startsWith("-") ? "amount_not_positive" : "amount_too_large");
}

/**
 * Returns the decimal number of an amount, without currency: `decimalText(4050n, 2)` is `"40.50"`.
 */
export function decimalText(minor: bigint, exponent: number): `${number}` {
  const sign = minor < 0n ? "-" : "";
  const digits = (minor < 0n ? -minor : minor).toString().padStart(exponent + 1, "0");
  const whole = digits.slice(0, digits.length - exponent);
  const fraction = digits.slice(digits.length - exponent);
  return `${sign}${whole}${fraction && "."}${fraction}` as `${number}`;
}

/**
 * Creating a formatter costs a thousand times more than using one: cached for each currency and
 * locale.
 */
const formatters = new Map<string, Intl.NumberFormat>();

/**
 * Returns an amount for people: `formatMoney(4050n, EUR, "en")` is `"€40.50"`. Exact at any size.
 */
export function formatMoney(minor: bigint, { code, exponent }: Currency, locale = "en"): string {
  const name = `${locale} ${code} ${exponent}`;
  let formatter = formatters.get(name);
  if (!formatter) {
    formatter = new Intl.NumberFormat(locale, {
      style: "currency",
      currency: code,
      minimumFractionDigits: exponent,
      maximumFractionDigits: exponent,
    });
    formatters.set(name, formatter);
  }
  return formatter.format(decimalText(minor, exponent));
}

/**
 * Parses an amount in its one form, `1500.00` or `1500`, into minor units; returns null for any
 * other text, such as `1.500`, which is 1,500 to some and 1.5 to others.
 */
export function parsePlainAmount(text: string, exponent: number): bigint | null {
  const [, whole, fraction = ""] = /^(0|[1-9][0-9]{0,17})(?:\.([0-9]+))?$/.exec(text) ?? [];
  if (whole === undefined || (fraction !== "" && fraction.length !== exponent)) return null;
  return BigInt(whole + fraction.padEnd(exponent, "0"));
}

/**
 * Parses an amount as people type it (`40`, `40.5`, `40,50`, `1 200`, `1,200.50`) into minor units;
 * returns null for any other text. The last point or comma is the decimal sign unless more digits
 * follow it than the currency has decimals; all others must be alike and separate groups of three.
 */
export function parseAmount(typed: string, exponent: number): bigint | null {
  const text = typed.trim().replace(/[\s\u00a0\u202f'’]/g, "");
  const match = /^([0-9.,]*?)(?:[.,]([0-9]*))?$/.exec(text);
  if (!/[0-9]/.test(text) || text.length > 20 || !match) return null;
  let [, whole = "", fraction = ""] = match;
  const grouped = (part: string) => /^[1-9][0-9]{0,2}([.,])[0-9]{3}(\1[0-9]{3})*$/.test(part);
  if (fraction.length > exponent) {
    if (!grouped(text)) return null;
    [whole, fraction] = [text, ""];
  }
  if (!/^[0-9]*$/.test(whole)) {
    if (!grouped(whole)) return null;
    whole = whole.replace(/[.,]/g, "");
  }
  return BigInt((whole || "0") + fraction.padEnd(exponent, "0"));
}
