import { assertEquals } from "@std/assert";
import { isPlainLine } from "../../lib/text.ts";

Deno.test("a line shows as it is: nothing in it ends it, divides it or turns it around", () => {
  for (const text of ["savings", "Ersparnisse für 2026", "حساب التوفير", "貯金", "👩‍👧"]) {
    assertEquals(isPlainLine(text), true, text);
  }
  const marks = [0x7c, 0x0a, 0x0d, 0x00, 0x1b, 0x85, 0x2028, 0x2029];
  const ofDirection = [0x061c, 0x200e, 0x200f, 0x202a, 0x202b, 0x202c, 0x202d, 0x202e];
  const isolates = [0x2066, 0x2067, 0x2068, 0x2069];
  for (const mark of [...marks, ...ofDirection, ...isolates]) {
    assertEquals(isPlainLine(`a${String.fromCodePoint(mark)}b`), false, mark.toString(16));
  }
  assertEquals(isPlainLine(""), false);
});
