/** The calendar of a time zone. */

const hourMs = 60 * 60 * 1_000;
export const dayMs = 24 * hourMs;
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
