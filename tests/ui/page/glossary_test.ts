/** The customers' words, held against their glossary in every language. */
import { assert, assertEquals } from "@std/assert";
import { languageCodes } from "../../../lib/atm.ts";
import { languages } from "../../../ui/page/words/languages.ts";

const glossary = Deno.readTextFileSync(
  new URL("../../../ui/page/words/GLOSSARY.md", import.meta.url),
);
const rows = glossary.split("\n").filter((line) => /^\| (?!-|term)/.test(line))
  .map((line) => line.split("|").slice(1, -1).map((cell) => cell.trim()));

/** Returns the wording at a path such as "logIn.heading". */
function wordingAt(table: object, path: string): string {
  const found = path.split(".").reduce<unknown>(
    (at, key) => (at as Record<string, unknown> | undefined)?.[key],
    table,
  );
  if (typeof found !== "string") throw new Error(`no wording at ${path}`);
  return found;
}

Deno.test("each term of the glossary has its one word, in every language", () => {
  assert(rows.length > 10, "the table was not found");
  const missing = rows.flatMap(([term, paths = "", ...words]) =>
    languageCodes.flatMap((language, index) =>
      paths.split(", ").map((path) => wordingAt(languages[language], path))
        .filter((wording) => !wording.toLowerCase().includes(words[index]!.toLowerCase()))
        .map((wording) => `${language}, ${term}: "${wording}" has no "${words[index]}"`)
    )
  );
  assertEquals(missing, []);
});

Deno.test("no language has words that its glossary avoids", () => {
  const avoided = glossary.split("Avoided:")[1]!.replace(/\n {2,}/g, " ").matchAll(
    /^- (\w\w): (.+)$/gm,
  );
  const seen = [...avoided].map(([, language, words]) => {
    const text = JSON.stringify(languages[language as keyof typeof languages]).toLowerCase()
      .replaceAll("’", "'");
    const found = words!.split(", ").filter((word) => text.includes(word.replaceAll("’", "'")));
    assertEquals(found, [], language);
    return language;
  });
  assertEquals(new Set(seen), new Set(languageCodes));
});
