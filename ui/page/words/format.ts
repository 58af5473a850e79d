/** Money, dates and names as the page shows them. Locale and time zone are always passed in. */
import { type Currency, formatMoney, minorFromText, type MinorText } from "../../../lib/money.ts";

/** Returns an amount with its decimals: "€40.00". What is no amount shows as a dash. */
export function money(minor: MinorText, currency: Currency, locale: string): string {
  const amount = minorFromText(minor);
  return amount === null ? "–" : formatMoney(amount, currency, locale);
}

/** Returns an amount without decimals where it has none: "€40", "€40.50". For notes and buttons. */
export function shortMoney(minor: MinorText, currency: Currency, locale: string): string {
  const amount = minorFromText(minor);
  const unit = 10n ** BigInt(currency.exponent);
  if (amount === null || amount % unit !== 0n) return money(minor, currency, locale);
  return formatMoney(amount / unit, { code: currency.code, exponent: 0 }, locale);
}

/** Returns a number that is being typed, "1234.5", as a language writes it: "1.234,5". */
export function typedNumber(typed: string, locale: string): string {
  const [whole = "", fraction] = typed.split(".");
  const grouped = whole && new Intl.NumberFormat(locale).format(BigInt(whole));
  return fraction === undefined ? grouped : `${grouped}${decimalSign(locale)}${fraction}`;
}

/**
 * Returns the digits and points of a number that a language wrote and a customer changed: "1.2345" is
 * "12345" in German. A point or comma at the end is the decimal key, whichever a keyboard has.
 */
export function readTypedNumber(shown: string, locale: string): string {
  const decimal = decimalSign(locale);
  return shown.replace(/[٠-٩۰-۹０-９]/g, (digit) => String(digit.charCodeAt(0) & 15))
    .replace(/[.,٫]$/, decimal)
    .replace(/[^0-9]/g, (sign) => sign === decimal ? "." : "");
}

/** Returns a change with its sign: "+€20.00", "−€20.00". */
export function signedMoney(minor: MinorText, currency: Currency, locale: string): string {
  const amount = minorFromText(minor) ?? 0n;
  const size = formatMoney(amount < 0n ? -amount : amount, currency, locale);
  return `${amount < 0n ? "−" : "+"}${size}`;
}

/** Returns several amounts in words: "€10, €20 and €50". */
export function moneyList(minors: MinorText[], currency: Currency, locale: string): string {
  return new Intl.ListFormat(locale, { type: "conjunction" })
    .format(minors.map((minor) => shortMoney(minor, currency, locale)));
}

/** Returns date and time of an RFC 3339 instant, in the bank's time zone: "23 Nov 2026, 16:16:02". */
export function dateTime(instant: string, timeZone: string, locale: string): string {
  return instantFormat(instant, locale, { dateStyle: "medium", timeStyle: "medium", timeZone });
}

/** Returns time of day alone: "16:16". */
export function timeOfDay(instant: string, timeZone: string, locale: string): string {
  return instantFormat(instant, locale, { timeStyle: "short", timeZone });
}

/** Returns the day alone: "Mon, 23 November 2026". */
export function day(instant: string, timeZone: string, locale: string): string {
  const style = { weekday: "short", day: "numeric", month: "long", year: "numeric" } as const;
  return instantFormat(instant, locale, { ...style, timeZone });
}

/** Returns a day of the bank's calendar: "26 Nov" of "2026-11-26". */
export function calendarDay(date: string, locale: string): string {
  const style = { day: "numeric", month: "short" } as const;
  return instantFormat(`${date}T12:00:00Z`, locale, { ...style, timeZone: "UTC" });
}

/** Returns the month of a day of the bank's calendar: "November 2026". */
export function monthName(date: string, locale: string): string {
  const style = { month: "long", year: "numeric" } as const;
  return instantFormat(`${date}T12:00:00Z`, locale, { ...style, timeZone: "UTC" });
}

/** Returns a day of the week in short, from 0 for Sunday: "Mon". */
export function weekdayName(weekday: number, locale: string): string {
  // the 1st of February 2026 was a Sunday
  const date = `2026-02-0${weekday + 1}T12:00:00Z`;
  return instantFormat(date, locale, { weekday: "short", timeZone: "UTC" });
}

/** Returns the day of an instant in a time zone: "2026-11-26". */
export function dateIn(ms: number, timeZone: string): string {
  const { year, month, day } = clockIn(ms, timeZone);
  return `${year}-${month}-${day}`;
}

/** Returns when a day begins in a time zone: an RFC 3339 instant. */
export function beginOf(date: string, timeZone: string): string {
  const utcMs = Date.parse(`${date}T00:00:00Z`);
  // what the zone's clocks show at a moment, less the moment, is how far they are ahead
  const aheadMs = (ms: number) => {
    const { year, month, day, hour, minute, second } = clockIn(ms, timeZone);
    return Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`) - ms;
  };
  const guessMs = utcMs - aheadMs(utcMs);
  // the clocks may be changed between the two
  return new Date(utcMs - aheadMs(guessMs)).toISOString();
}

/** Returns the day so many days later, or earlier below zero. */
export function addDays(date: string, days: number): string {
  return new Date(Date.parse(`${date}T00:00:00Z`) + days * 86_400_000).toISOString().slice(0, 10);
}

/** Returns the hour of the day in the bank's time zone, 0 to 23. */
export function hourOfDay(ms: number, timeZone: string): number {
  return Number(clockIn(ms, timeZone).hour);
}

/** Returns a wait, rounded up: "12 seconds", "1:05 minutes". */
export function wait(ms: number, locale: string): string {
  const seconds = Math.max(0, Math.ceil(ms / 1000));
  const unit = (value: number, name: string) =>
    new Intl.NumberFormat(locale, { style: "unit", unit: name, unitDisplay: "long" }).format(value);
  if (seconds < 60) return unit(seconds, "second");
  const [minutes, rest] = [Math.floor(seconds / 60), seconds % 60];
  return rest ? `${unit(minutes, "minute")} ${unit(rest, "second")}` : unit(minutes, "minute");
}

/** Returns a movement's id as people can read it out: its first 12 hex digits in groups of four. */
export function shortReference(movement: string): string {
  return movement.slice(0, 12).toUpperCase().replace(/(.{4})(?=.)/g, "$1 ");
}

/** Returns a text with a capital first letter: "alice" is "Alice". */
export function sentence(words: string): string {
  return words.charAt(0).toLocaleUpperCase() + words.slice(1);
}

function decimalSign(locale: string): string {
  const parts = new Intl.NumberFormat(locale).formatToParts(0.5);
  return parts.find(({ type }) => type === "decimal")?.value ?? ".";
}

/** Returns what a time zone's clocks show, part by part: in which order a locale has them differs by browser. */
function clockIn(ms: number, timeZone: string): Record<string, string> {
  const format = new Intl.DateTimeFormat("en", {
    timeZone,
    hourCycle: "h23",
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
  });
  return Object.fromEntries(format.formatToParts(ms).map(({ type, value }) => [type, value]));
}

function instantFormat(instant: string, locale: string, style: Intl.DateTimeFormatOptions): string {
  const ms = Date.parse(instant);
  return Number.isNaN(ms) ? "–" : new Intl.DateTimeFormat(locale, style).format(ms);
}
