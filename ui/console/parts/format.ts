/** Money and times, as the console writes them. */
import { type Currency, formatMoney, type MinorText } from "../../../lib/money.ts";

export const money = (minor: MinorText, currency: Currency): string =>
  formatMoney(BigInt(minor), currency);

/** Returns a length of time in words: "3 d 4 h", "4 h 12 min", "12 min", "8 s". */
export function span(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1_000));
  const minutes = Math.floor(seconds / 60);
  const [days, hours] = [Math.floor(minutes / 1_440), Math.floor(minutes / 60) % 24];
  if (days > 0) return `${days} d ${hours} h`;
  if (hours > 0) return `${hours} h ${minutes % 60} min`;
  return minutes > 0 ? `${minutes} min` : `${seconds} s`;
}

/** Returns "12 min ago", or a word for never. */
export function ago(ms: number | null, nowMs: number, never = "never"): string {
  return ms === null ? never : `${span(nowMs - ms)} ago`;
}

const clocks = new Map<string, Intl.DateTimeFormat>();

/** Returns the time of day in the bank's time zone: "14:03:22". */
export function timeOfDay(ms: number, timeZone: string, withSeconds = true): string {
  const name = `${timeZone} ${withSeconds}`;
  let clock = clocks.get(name);
  if (!clock) {
    clock = new Intl.DateTimeFormat("en-GB", {
      timeZone,
      hour: "2-digit",
      minute: "2-digit",
      ...(withSeconds && { second: "2-digit" }),
    });
    clocks.set(name, clock);
  }
  return clock.format(ms);
}

const calendars = new Map<string, Intl.DateTimeFormat>();

/** Returns a day and a time in the bank's time zone: "28 Nov, 14:03:22". */
export function dayAndTime(ms: number, timeZone: string): string {
  let calendar = calendars.get(timeZone);
  if (!calendar) {
    calendar = new Intl.DateTimeFormat("en-GB", { timeZone, day: "numeric", month: "short" });
    calendars.set(timeZone, calendar);
  }
  return `${calendar.format(ms)}, ${timeOfDay(ms, timeZone)}`;
}

/** Returns an instant in full: "28 Nov 2026, 14:03:22 UTC". */
export function fullTime(ms: number, timeZone: string): string {
  const year = new Intl.DateTimeFormat("en-GB", {
    timeZone,
    day: "numeric",
    month: "short",
    year: "numeric",
  });
  return `${year.format(ms)}, ${timeOfDay(ms, timeZone)} ${timeZone}`;
}

const numbers = new Intl.NumberFormat("en");

/** Returns a whole number: "1,284". */
export const number = (value: number): string => numbers.format(value);

/** Returns a size on a disk: "312 MB", "41.7 GB". */
export const bytes = (value: number): string =>
  value < 1e9 ? `${Math.floor(value / 1e6)} MB` : `${(value / 1e9).toFixed(1)} GB`;

/** Returns a count with its noun: "1 terminal", "2 terminals". */
export const counted = (count: number, one: string, more = `${one}s`) =>
  `${number(count)} ${count === 1 ? one : more}`;

/** Returns a name of the log in words: "insufficient_funds" is "insufficient funds". */
export const words = (name: string) => name.replaceAll("_", " ");
