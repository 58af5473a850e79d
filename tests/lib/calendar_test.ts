/** The calendar day of an instant in a time zone. */
import { assertEquals } from "@std/assert";
import { beginOfMonth, dayOf } from "../../lib/calendar.ts";

const dayMs = 86_400_000;
/** With offsets of whole hours, of quarters, with summer times of half an hour, and a day left out. */
const zones = [
  "UTC",
  "Europe/Zurich",
  "Asia/Kathmandu",
  "Pacific/Chatham",
  "Australia/Lord_Howe",
  "America/St_Johns",
  "America/Havana",
  "Pacific/Apia",
];

Deno.test("a day begins at the midnight of its time zone, to the millisecond", () => {
  for (const timeZone of zones) {
    const calendar = new Intl.DateTimeFormat("en-CA", { timeZone, dateStyle: "short" });
    const expected = (timeMs: number) => Date.parse(`${calendar.format(timeMs)}T00:00Z`) / dayMs;
    for (let month = 0; month < 24; month++) {
      const first = Date.UTC(2011, 2 + 5 * month) / dayMs;
      const beginMs = beginOfMonth(first, timeZone);
      for (const aroundMs of [-900_000, -1, 0, 1, 899_999, 900_000, 43_200_000]) {
        const timeMs = beginMs + aroundMs;
        assertEquals(dayOf(timeMs, timeZone), expected(timeMs), `${timeZone} ${timeMs}`);
      }
      assertEquals([dayOf(beginMs - 1, timeZone), dayOf(beginMs, timeZone)], [first - 1, first]);
    }
    assertEquals(dayOf(0, "UTC"), 0);
  }
});
