import { assert, assertEquals } from "@std/assert";
import { languages } from "../../../ui/page/words.ts";

/** Every leaf of a table with its path; functions are called with plain samples. */
function leaves(table: unknown, path = ""): [path: string, text: string][] {
  if (typeof table === "string") return [[path, table]];
  if (typeof table === "function") return [[path, String(table("sample", 9))]];
  return Object.entries(table as object).flatMap(([key, value]) => leaves(value, `${path}.${key}`));
}

const english = leaves(languages.en);

Deno.test("every language says everything, in words of its own", () => {
  for (const [language, table] of Object.entries(languages)) {
    const found = leaves(table);
    assertEquals(found.map(([path]) => path), english.map(([path]) => path), language);
    for (const [path, text] of found) {
      assert(text.trim() !== "" && !text.includes("undefined"), `${language}${path}: "${text}"`);
    }
  }
});

Deno.test("no words promise what a screen cannot know, or speak as machines do", () => {
  for (const [path, text] of english) {
    assert(!/\b(error|invalid|failed|exception|null|abort)\b/i.test(text), `${path}: "${text}"`);
  }
});

Deno.test("the greeting follows the hour of the day", () => {
  const { greeting } = languages.en.menu;
  const rows: [hour: number, words: string][] = [
    [4, "Good evening, alice"],
    [5, "Good morning, alice"],
    [11, "Good morning, alice"],
    [12, "Good afternoon, alice"],
    [17, "Good afternoon, alice"],
    [18, "Good evening, alice"],
  ];
  for (const [hour, words] of rows) assertEquals(greeting("alice", hour), words);
});
