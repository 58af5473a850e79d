import { assertEquals } from "@std/assert";
import { typedNotesMax } from "../../../lib/limits.ts";
import { currencyOf } from "../../../lib/money.ts";
import { notesForm, parseNotes } from "../../../client/cash/cash_notes.ts";

const euro = currencyOf("EUR");

Deno.test("notes are typed as a value and a count, and the form names what is valid", () => {
  const notes = parseNotes(["20x100", "50x40", "20x1"], euro);
  assertEquals(notes, new Map([[20_00n, 101], [50_00n, 40]]));
  for (const text of ["7x10", `20x${typedNotesMax + 1}`, "20", "x5", "5x5x5", "20x-1", "20x1.5"]) {
    assertEquals(parseNotes([text], euro), null, text);
  }
  assertEquals(parseNotes([`20x${typedNotesMax}`], euro), new Map([[20_00n, typedNotesMax]]));
  assertEquals(
    notesForm(euro),
    "write notes as 20x100, with a value of 5, 10, 20, 50 or 100, and at most 99999 of each",
  );
  assertEquals(
    notesForm(currencyOf("JPY")),
    "write notes as 5000x100, with a value of 1000, 2000, 5000 or 10000, and at most 99999 of each",
  );
});
