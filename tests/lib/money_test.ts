import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import {
  currencyOf,
  decimalText,
  formatMoney,
  minorFromText,
  minorOrFault,
  parseAmount,
} from "../../lib/money.ts";

Deno.test("what is no amount of minor units has a name for why", () => {
  const rows: [text: string, expected: ReturnType<typeof minorOrFault>][] = [
    ["4000", 4000n],
    ["0", 0n],
    ["-1", -1n],
    ["9223372036854775807", 9223372036854775807n],
    ["9223372036854775808", "amount_too_large"],
    ["9".repeat(30), "amount_too_large"],
    ["-9223372036854775809", "amount_not_positive"],
    ["40.5", "amount_not_whole"],
    ["-0.01", "amount_not_whole"],
    ...["", "forty", "4e3", "0x40", "040", "-0", "+1", " 1", "1 ", "1,5", "1.", ".5", "NaN", "٣"]
      .map((text): [string, "amount_not_a_number"] => [text, "amount_not_a_number"]),
  ];
  for (const [text, expected] of rows) assertEquals(minorOrFault(text), expected, text);
});

Deno.test("parseAmount() takes amounts as people type them, and nothing else", () => {
  const table: [typed: string, exponent: number, minor: bigint | null][] = [
    ["40", 2, 4000n],
    [" 40 ", 2, 4000n],
    ["40.5", 2, 4050n],
    ["40,50", 2, 4050n],
    ["40.", 2, 4000n],
    [".5", 2, 50n],
    ["0", 2, 0n],
    ["007", 2, 700n],
    ["1 200", 2, 120000n],
    ["1'200.50", 2, 120050n],
    ["1,200", 2, 120000n],
    ["1.200", 2, 120000n],
    ["1,200.50", 2, 120050n],
    ["1.200,50", 2, 120050n],
    ["12,345,678", 2, 1234567800n],
    ["40", 0, 40n],
    ["4,000", 0, 4000n],
    ["40.5", 0, null],
    ["1.234", 3, 1234n],
    ["40.123", 2, 4012300n],
    ["40.1234", 2, null],
    ["1,200.500", 2, null],
    ["1.200,500", 2, null],
    ["0,200", 2, null],
    ["1,20,000", 2, null],
    ["1200,500", 2, null],
    ["", 2, null],
    [".", 2, null],
    ["-40", 2, null],
    ["+40", 2, null],
    ["4e3", 2, null],
    ["0x28", 2, null],
    ["€40", 2, null],
    ["forty", 2, null],
    ["Infinity", 2, null],
    ["٤٠", 2, null],
    ["123456789012345678901", 2, null],
  ];
  for (const [typed, exponent, minor] of table) {
    assertEquals(parseAmount(typed, exponent), minor, `"${typed}" with ${exponent} decimals`);
  }
});

Deno.test("parseAmount() reads back what decimalText() writes", () => {
  fc.assert(fc.property(fc.bigInt(0n, 10n ** 15n), fc.nat(3), (minor, exponent) => {
    assertEquals(parseAmount(decimalText(minor, exponent), exponent), minor);
  }));
});

Deno.test("parseAmount() gives an amount or null for any text", () => {
  fc.assert(fc.property(fc.string(), fc.nat(3), (typed, exponent) => {
    const minor = parseAmount(typed, exponent);
    assertEquals(minor === null || minor >= 0n, true);
  }));
});

Deno.test("minorFromText() takes canonical signed 64-bit numbers, and nothing else", () => {
  const good = ["0", "1", "-1", "4000", "9223372036854775807", "-9223372036854775808"];
  for (const text of good) assertEquals(minorFromText(text), BigInt(text), text);
  const bad = [
    "",
    "-0",
    "040",
    "+1",
    "4e3",
    "1.0",
    " 1",
    "1\n",
    "0x10",
    "NaN",
    "٤",
    "9223372036854775808",
    "-9223372036854775809",
    "99999999999999999999",
    "1".repeat(1_000),
    40,
    40n,
    null,
    undefined,
    {},
    ["4"],
  ];
  for (const value of bad) assertEquals(minorFromText(value), null, String(value));
});

Deno.test("amounts are written exactly, in the currency's own decimals", () => {
  const table: [minor: bigint, exponent: number, text: string][] = [
    [0n, 2, "0.00"],
    [5n, 2, "0.05"],
    [4050n, 2, "40.50"],
    [-4050n, 2, "-40.50"],
    [-5n, 3, "-0.005"],
    [40n, 0, "40"],
    [10n ** 18n + 1n, 2, "10000000000000000.01"],
  ];
  for (const [minor, exponent, text] of table) assertEquals(decimalText(minor, exponent), text);
  assertEquals(formatMoney(4050n, currencyOf("EUR")), "€40.50");
  assertEquals(formatMoney(-4050n, currencyOf("USD")), "-$40.50");
  assertEquals(formatMoney(4050n, currencyOf("JPY")), "¥4,050");
  assertEquals(formatMoney(10n ** 18n + 1n, currencyOf("EUR")), "€10,000,000,000,000,000.01");
});

Deno.test("currencyOf() gives ISO 4217's exponents, and refuses all other codes", () => {
  const exponents = ["EUR", "JPY", "KWD"].map((code) => currencyOf(code).exponent);
  assertEquals(exponents, [2, 0, 3]);
  for (const code of ["", "eur", "EURO", "ZZZ", "E1R"]) {
    assertThrows(() => currencyOf(code), RangeError, "no such currency", code);
  }
});
