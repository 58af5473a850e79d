/** Account numbers: what is one, what typing errors make of one, and how people read it. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import {
  accountNumberBytes,
  accountNumberOf,
  groupedAccountNumber,
  isAccountNumber,
} from "../../lib/account_number.ts";
import { system } from "../../lib/system.ts";
import { filled } from "./helpers.ts";

const random = () => accountNumberOf(system.randomBytes(accountNumberBytes));

/** A text · whether it is an account's number. */
const texts: [string, boolean][] = [
  ["100000000093", true],
  ["999999999951", true],
  ["1000 0000 0093", false],
  ["10000000093", false],
  ["1000000000093", false],
  ["000000000098", false], // its check digits are right, and it begins with 0
  ["100000000094", false],
  ["１00000000093", false],
  ["100000000093\n", false],
  ["vault", false],
  ["", false],
];

Deno.test("an account's number is twelve digits, the first not 0, the last two check digits", () => {
  for (const [text, is] of texts) assertEquals(isAccountNumber(text), is, text);
  assertEquals(accountNumberOf(filled(0, 8)), "100000000093");
});

Deno.test("each number has one pair of check digits, from 02 to 98", () => {
  for (let body = 1_000_000_000; body < 1_000_000_200; body++) {
    const right = Array.from({ length: 100 }, (_, check) => check)
      .filter((check) => isAccountNumber(`${body}${String(check).padStart(2, "0")}`));
    assertEquals(right.length, 1);
    assert(right[0]! >= 2 && right[0]! <= 98);
  }
});

Deno.test("one wrong digit, and two neighbours that changed places, make no number", () => {
  for (let tries = 0; tries < 200; tries++) {
    const number = random();
    assertMatch(number, /^[1-9][0-9]{11}$/);
    assertEquals(Number(number) % 97, 1);
    for (let at = 0; at < number.length; at++) {
      for (let digit = 0; digit < 10; digit++) {
        const typed = number.slice(0, at) + digit + number.slice(at + 1);
        assertEquals(isAccountNumber(typed), typed === number, `${typed} for ${number}`);
      }
      const swapped = number.slice(0, at) + [...number.slice(at, at + 2)].reverse().join("") +
        number.slice(at + 2);
      assertEquals(isAccountNumber(swapped), swapped === number, `${swapped} for ${number}`);
    }
  }
});

Deno.test("random bytes make numbers all over the range", () => {
  const firsts = new Set(Array.from({ length: 300 }, () => random()[0]));
  assertEquals([...firsts].sort().join(""), "123456789");
});

Deno.test("people read a number in groups of four", () => {
  const rows = [["100000000093", "1000 0000 0093"], ["10000", "1000 0"], ["1000", "1000"], [
    "",
    "",
  ]];
  for (const [digits, grouped] of rows) {
    assertEquals(groupedAccountNumber(digits!), grouped!.replaceAll(" ", "\u00a0"));
  }
});
