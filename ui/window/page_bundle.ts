/** The page as its host shows it, bundled when the ATM starts: nothing generated is checked in. */

import { styleSheets } from "../page/styles.ts";
import { languages } from "../page/words/languages.ts";
import { wordsElementId } from "../page/words/words.ts";

/** Where the page runs: each host has an entry of its own. */
export type PageEntry = "in_browser" | "in_window";

/** The three texts of the page: its document names `page.js` and `page.css` beside itself. */
export interface Page {
  html: string;
  script: string;
  style: string;
}

/**
 * Bundles `ui/page`. Needs read access to the source and to the npm cache.
 * @throws {Error} when the page does not build
 */
export async function bundlePage(entry: PageEntry): Promise<Page> {
  const folder = new URL("../page/", import.meta.url);
  const bundle = await Deno.bundle({
    entrypoints: [new URL(`${entry}.ts`, folder).href],
    platform: "browser",
    minify: true,
    write: false,
  });
  const script = bundle.outputFiles?.[0]?.text();
  if (!bundle.success || !script) {
    throw new Error(
      `the page does not build: ${bundle.errors.map((error) => error.text).join("; ")}`,
    );
  }
  const read = (name: string) => Deno.readTextFile(new URL(name, folder));
  // minified, only templates still hold line breaks; htm drops those beside tags, as is done here
  const lean = script.replace(/\n\s+/g, "\n")
    .replace(/(?<=[>`}])\n(?=<)|(?<=>)\n(?=[`$])/g, "");
  const html = withWords(await read("index.html"));
  const style = (await Promise.all(styleSheets.map(read))).join("\n");
  return { html, script: lean, style };
}

/** The words of all languages lie in the document as data, which no browser runs. */
function withWords(html: string): string {
  const place = `id="${wordsElementId}">`;
  if (html.split(place).length !== 2) throw new Error(`the page's document has no ${place}`);
  const tables = JSON.stringify(languages).replaceAll("<", "\\u003c");
  return html.replace(place, () => place + tables);
}
