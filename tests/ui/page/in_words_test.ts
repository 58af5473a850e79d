import { assertEquals } from "@std/assert";
import { entryInWords } from "../../../ui/page/screens/history/in_words.ts";
import { languages } from "../../../ui/page/words/languages.ts";

Deno.test("entryInWords() says what the log says in the customer's language", () => {
  const rows: [action: string, what: string, why?: string][] = [
    ["withdraw €40.00", "Bargeldauszahlung"],
    ["withdraw €40.00 failed - insufficient funds", "Bargeldauszahlung", "Nicht genug Geld"],
    ["deposit €5.00 - opening balance", "Eröffnungssaldo"],
    ["transfer €1.00 to account 100000000093 (b•••b)", "Überweisung an b•••b"],
    ["transfer €1.00 to account 9", "Überweisung auf Konto 9"],
    ["receive €1.00 from account 100000000093 (b•••b)", "Gutschrift von b•••b"],
    ["log out - idle", "Abmeldung: keine Eingabe"],
    [
      "log in with a card failed - wrong credentials",
      "Anmeldung mit Karte",
      "Karte oder PIN falsch",
    ],
    ["set the PIN failed - pin weak", "PIN festgelegt", "PIN zu leicht zu erraten"],
    [
      "look up account 100000000093 failed - throttled",
      "Konto 1000\u00a00000\u00a00093 nachgeschlagen",
      "Zu viele Versuche",
    ],
    ["something that nobody has words for", "something that nobody has words for"],
    ["withdraw €1.00 failed - of another kind", "Bargeldauszahlung", "of another kind"],
  ];
  for (const [action, what, why = ""] of rows) {
    assertEquals(entryInWords({ action }, languages.de), { what, why }, action);
  }
});

Deno.test("entryInWords() distinguishes unbooked entries from booked ones", () => {
  const rows = [
    ["withdraw €20.00", undefined],
    ["withdraw €10.00 of €20.00", undefined],
    ["withdraw €20.00 authorised", "held"],
    ["withdraw €20.00 reversed", "reversed"],
    ["withdraw €20.00 reversed - settled by the bank", "reversed"],
    ["withdraw €20.00 - settled by the bank", undefined],
  ] as const;
  for (const [action, unbooked] of rows) {
    const what = "Cash withdrawal";
    const wanted = { what, why: "", ...(unbooked && { unbooked }) };
    assertEquals(entryInWords({ action }, languages.en), wanted, action);
  }
  const { what, unbooked } = entryInWords({ action: "deposit €5.00 reversed" }, languages.en);
  assertEquals([what, unbooked], ["Cash deposit", "reversed"]);
});
