import { assertEquals } from "@std/assert";
import { entryInWords } from "../../../ui/page/screens/history/in_words.ts";
import { languages } from "../../../ui/page/words/languages.ts";

Deno.test("entryInWords() says what the log says in the customer's language", () => {
  const rows: [action: string, amount: string | undefined, what: string, why: string][] = [
    ["withdraw €40.00", "40,00 €", "40,00 € abheben", ""],
    [
      "withdraw €40.00 failed - insufficient funds",
      "40,00 €",
      "40,00 € abheben",
      "Nicht genug Geld",
    ],
    ["deposit €5.00 - opening balance", "5,00 €", "5,00 € einzahlen, zur Eröffnung", ""],
    [
      "transfer €1.00 to account 100000000093 (b•••b)",
      "1,00 €",
      "1,00 € auf Konto 1000\u00a00000\u00a00093 (b•••b) überweisen",
      "",
    ],
    ["transfer €1.00 to account 9", "1,00 €", "1,00 € auf Konto 9 überweisen", ""],
    [
      "receive €1.00 from account 100000000093 (b•••b)",
      "1,00 €",
      "1,00 € von Konto 1000\u00a00000\u00a00093 (b•••b) erhalten",
      "",
    ],
    ["log out - idle", undefined, "Abgemeldet, niemand war da", ""],
    [
      "look up account 8 failed - throttled",
      undefined,
      "Konto 8 nachschlagen",
      "Bitte warten Sie einen Moment",
    ],
    ["something that nobody has words for", undefined, "something that nobody has words for", ""],
    ["withdraw €1.00 failed - of its own", "1,00 €", "1,00 € abheben", "of its own"],
  ];
  for (const [action, amount, what, why] of rows) {
    assertEquals(entryInWords({ action }, languages.de, languages, amount), { what, why }, action);
  }
});

Deno.test("entryInWords() leaves English as the log has it", () => {
  const action = "withdraw €40.00 failed - insufficient funds";
  assertEquals(entryInWords({ action }, languages.en, languages, "£1"), {
    what: "withdraw €40.00",
    why: "insufficient funds",
  });
});
