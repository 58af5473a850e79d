/** The bank's calendar: days in the bank's time zone. */
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

const hourMs = 60 * 60 * 1_000;
const dayMs = 24 * hourMs;
const calendars = new Map<string, Intl.DateTimeFormat>();
/** In no time zone has a day begun within one of these since 1972. */
const quarterMs = hourMs / 4;
/** The last day computed for each time zone, which a thread asks for with each answer and batch. */
const lastDays = new Map<string, { quarter: number; day: number }>();

/**
 * Returns the calendar day of an instant since 1972 in a time zone, in days since 1 January 1970.
 * @param timeZone an IANA name
 */
export function dayOf(timeMs: number, timeZone: string): number {
  const quarter = Math.floor(timeMs / quarterMs);
  const last = lastDays.get(timeZone);
  if (last?.quarter === quarter) return last.day;
  const day = computedDayOf(timeMs, timeZone);
  lastDays.set(timeZone, { quarter, day });
  return day;
}

function computedDayOf(timeMs: number, timeZone: string): number {
  let calendar = calendars.get(timeZone);
  if (!calendar) {
    const numeric = { year: "numeric", month: "numeric", day: "numeric" } as const;
    calendar = new Intl.DateTimeFormat("en", {
      ...numeric,
      timeZone,
      calendar: "gregory",
      numberingSystem: "latn",
    });
    calendars.set(timeZone, calendar);
  }
  const parts = new Map(calendar.formatToParts(timeMs).map(({ type, value }) => [type, value]));
  const part = (type: Intl.DateTimeFormatPartTypes) => Number(parts.get(type));
  return Date.UTC(part("year"), part("month") - 1, part("day")) / dayMs;
}

/**
 * Returns when the month of a calendar day begins in a time zone, in milliseconds since 1970.
 * @param day as returned by `dayOf`
 */
export function beginOfMonth(day: number, timeZone: string): number {
  const first = day - new Date(day * dayMs).getUTCDate() + 1;
  // the first hour whose day it is: zones are at most 14 hours from UTC, at quarters of an hour
  let timeMs = first * dayMs - 14 * hourMs;
  while (dayOf(timeMs, timeZone) < first) timeMs += quarterMs;
  return timeMs;
}
