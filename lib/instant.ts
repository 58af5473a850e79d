/** Instants as text: RFC 3339 in UTC. */

/** Returns whether a value is an instant to the second or finer: `2026-11-23T15:16:02.249Z`. */
export function isInstant(value: unknown): value is string {
  return typeof value === "string" &&
    /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,3})?Z$/.test(value) && exists(value);
}

/**
 * Returns whether a text is an instant, or a minute or a day of UTC: `2026-11-23T15:16Z`,
 * `2026-11-23`.
 */
export function isInstantOrDay(text: string): boolean {
  return /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,3})?)?Z)?$/.test(text) && exists(text);
}

/** Checks that the date exists: `Date.parse` reads 30 February as 2 March, and 24:00 as the next day. */
function exists(text: string): boolean {
  const ms = Date.parse(text);
  return !Number.isNaN(ms) && new Date(ms).toISOString().startsWith(text.replace("Z", ""));
}
