/** The bank's days: days of its time zone, whose numbers never go back. */
import { dayMs, dayOf } from "../../lib/calendar.ts";
import { daysPerSetBack } from "../../lib/limits.ts";

/** Formats a day: "2026-11-26". */
export function dateOf(day: number): string {
  return new Date(calendarDayOf(day) * dayMs).toISOString().slice(0, 10);
}

/**
 * Returns the number of the bank's day at an instant. Days never go back, though the bank's time may: each time
 * that it is set back, their numbers go on from higher ones.
 * @param setBacks how many times it was set back before
 */
export function bankDayOf(timeMs: number, timeZone: string, setBacks: number): number {
  return setBacks * daysPerSetBack + dayOf(timeMs, timeZone);
}

/** Returns the bank's day at a later instant than a day of it, unless its time is set back between them. */
export function laterDayOf(day: number, timeMs: number, timeZone: string): number {
  return day - calendarDayOf(day) + dayOf(timeMs, timeZone);
}

/** Returns how many times the bank's time had been set back on a day of the bank. */
export function setBacksOf(day: number): number {
  return Math.floor(day / daysPerSetBack);
}

/** Returns the calendar day of a day of the bank, in days since 1 January 1970. */
export function calendarDayOf(day: number): number {
  return day % daysPerSetBack;
}
