import { assertEquals } from "@std/assert";
import {
  dateTime,
  day,
  hourOfDay,
  money,
  moneyList,
  readTypedNumber,
  sentence,
  shortMoney,
  shortReference,
  signedMoney,
  timeOfDay,
  typedNumber,
  wait,
} from "../../../ui/page/words/format.ts";

const euro = { code: "EUR", exponent: 2 };
const yen = { code: "JPY", exponent: 0 };
const instant = "2026-11-23T23:16:02.249Z";

Deno.test("money formats exactly, and short where nothing is lost", () => {
  assertEquals(money("4000", euro, "en"), "€40.00");
  assertEquals(money("900719925474099301", euro, "en"), "€9,007,199,254,740,993.01");
  assertEquals(money("4e3", euro, "en"), "–");
  assertEquals(shortMoney("4000", euro, "en"), "€40");
  assertEquals(shortMoney("4050", euro, "en"), "€40.50");
  assertEquals(shortMoney("4000", yen, "en"), "¥4,000");
  assertEquals(signedMoney("2000", euro, "en"), "+€20.00");
  assertEquals(signedMoney("-2000", euro, "en"), "−€20.00");
  assertEquals(moneyList(["500", "1000", "2000"], euro, "en-GB"), "€5, €10 and €20");
});

Deno.test("a number that is typed has the groups and the sign of each language", () => {
  const typed = ["", "9", "9000", "12345.5", "1234567.", "0.05"];
  const shown = {
    "en-GB": ["", "9", "9,000", "12,345.5", "1,234,567.", "0.05"],
    "de": ["", "9", "9.000", "12.345,5", "1.234.567,", "0,05"],
    "fr": ["", "9", "9\u202f000", "12\u202f345,5", "1\u202f234\u202f567,", "0,05"],
    "es": ["", "9", "9000", "12.345,5", "1.234.567,", "0,05"],
    "ja": ["", "9", "9,000", "12,345.5", "1,234,567.", "0.05"],
    "ar-u-nu-latn": ["", "9", "9,000", "12,345.5", "1,234,567.", "0.05"],
  };
  for (const [locale, texts] of Object.entries(shown)) {
    assertEquals(typed.map((text) => typedNumber(text, locale)), texts, locale);
    assertEquals(texts.map((text) => readTypedNumber(text, locale)), typed, locale);
  }
});

Deno.test("a key in a number that is shown is read as that key, whichever keyboard has it", () => {
  const keys = {
    "en-GB": { "1,2345": "12345", "9,000,": "9000.", "9,000.": "9000.", "9x": "9", "-9": "9" },
    "de": { "1.2345": "12345", "9.000.": "9000.", "9.000,": "9000.", "٤٠": "40", "４０": "40" },
  };
  for (const [locale, cases] of Object.entries(keys)) {
    for (const [shown, typed] of Object.entries(cases)) {
      assertEquals(readTypedNumber(shown, locale), typed, `${locale} ${shown}`);
    }
  }
});

Deno.test("dates are in the bank's time zone, not the browser's", () => {
  assertEquals(dateTime(instant, "Europe/Berlin", "en-GB"), "24 Nov 2026, 00:16:02");
  assertEquals(dateTime(instant, "America/New_York", "en-GB"), "23 Nov 2026, 18:16:02");
  assertEquals(timeOfDay(instant, "Europe/Berlin", "en-GB"), "00:16");
  assertEquals(day(instant, "Europe/Berlin", "en-GB"), "Tue, 24 November 2026");
  assertEquals(hourOfDay(Date.parse(instant), "Europe/Berlin"), 0);
  assertEquals(dateTime("yesterday", "Europe/Berlin", "en-GB"), "–");
});

Deno.test("waits round up and never run below zero", () => {
  assertEquals(wait(11_001, "en"), "12 seconds");
  assertEquals(wait(1, "en"), "1 second");
  assertEquals(wait(-5000, "en"), "0 seconds");
  assertEquals(wait(60_000, "en"), "1 minute");
  assertEquals(wait(65_000, "en"), "1 minute 5 seconds");
});

Deno.test("references can be read out, and sentences begin large", () => {
  assertEquals(shortReference("7f3a9c04e1b25d8860aa41c2f09be713"), "7F3A 9C04 E1B2");
  assertEquals(sentence("withdraw €40.00"), "Withdraw €40.00");
});
