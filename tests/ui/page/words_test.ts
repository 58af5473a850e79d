import { assert, assertEquals } from "@std/assert";
import { timeOfDay } from "../../../ui/page/screens/menu/menu.ts";
import { counted, fill } from "../../../ui/page/words/words.ts";
import { languages } from "../../../ui/page/words/languages.ts";

/** Returns every wording of a table with its path. */
function leaves(table: object, path = ""): [path: string, text: string][] {
  return Object.entries(table).flatMap(([key, value]) =>
    typeof value === "string"
      ? [[`${path}.${key}`, value] as [string, string]]
      : leaves(value, `${path}.${key}`)
  );
}

/** Which of a count's wordings there are depends on the language. */
const withoutPlural = (path: string) => path.replace(/\.(zero|one|two|few|many)$/, ".other");
const places = (text: string) => [...new Set(text.match(/\{\w+\}/g))].sort();
const english = new Map(leaves(languages.en));

Deno.test("every language says everything, with the same places for values", () => {
  for (const [language, table] of Object.entries(languages)) {
    const found = leaves(table);
    const paths = new Set(found.map(([path]) => withoutPlural(path)));
    assertEquals(paths, new Set([...english.keys()].map(withoutPlural)), language);
    for (const [path, text] of found) {
      assert(text.trim() !== "", `${language}${path} is empty`);
      const wanted = places(english.get(withoutPlural(path))!);
      assertEquals(places(text), wanted, `${language}${path}: ${text}`);
    }
  }
});

Deno.test("a count has a wording for each plural category of its language", () => {
  for (const [language, { locale, deposit }] of Object.entries(languages)) {
    const categories = new Intl.PluralRules(locale).resolvedOptions().pluralCategories;
    for (const category of categories) assert(deposit.count[category], `${language}: ${category}`);
  }
});

Deno.test("no words promise what a screen cannot know, or speak as machines do", () => {
  for (const [path, text] of english) {
    assert(!/\b(error|invalid|failed|exception|null|abort)\b/i.test(text), `${path}: "${text}"`);
  }
});

Deno.test("the greeting follows the hour of the day", () => {
  const rows = [
    [4, "evening"],
    [5, "morning"],
    [11, "morning"],
    [12, "afternoon"],
    [17, "afternoon"],
    [18, "evening"],
  ] as const;
  for (const [hour, part] of rows) assertEquals(timeOfDay(hour), part);
});

Deno.test("fill() puts values into their places, and leaves what has none", () => {
  assertEquals(fill("{a} of {b}, {a}", { a: "1", b: "$&" }), "1 of $&, 1");
  assertEquals(fill("{a}", {}), "{a}");
});

Deno.test("counted() takes the wording of the count's category", () => {
  const notes = { one: "{count} note", other: "{count} notes" };
  assertEquals(counted(notes, 1, "en"), "1 note");
  assertEquals(counted(notes, 1200, "en"), "1,200 notes");
  assertEquals(counted({ other: "{count}枚" }, 1, "ja"), "1枚");
});
