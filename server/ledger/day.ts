/** The bank's calendar: which day it is where the bank is. */

/** A day as calendars write it: "2026-11-26". */
export function dateOf(day: number): string {
  return new Date(day * dayMs).toISOString().slice(0, 10);
}

const dayMs = 24 * 60 * 60 * 1_000;
const calendars = new Map<string, Intl.DateTimeFormat>();

/**
 * The calendar day of an instant, in days since 1 January 1970, as calendars in this time zone show it.
 * @param timeZone an IANA name
 */
export function dayOf(timeMs: number, timeZone: string): number {
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
