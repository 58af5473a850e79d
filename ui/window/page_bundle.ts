/** Bundles a page for its host when its program starts: no generated files are checked in. */

import { UsageError } from "../../lib/errors.ts";
import { bundleMsMax, bundleTriesMax } from "../../lib/limits.ts";
import { consoleStyleSheets } from "../console/styles.ts";
import { styleSheets } from "../page/styles.ts";
import { languages } from "../page/words/languages.ts";
import { wordsElementId } from "../page/words/words.ts";

/** The page's entry, one per kind of host. */
export type PageEntry = "in_browser" | "in_window";

/** The ATM's page, or the console's. */
export type PageName = "page" | "console";

/** The three texts of the page: its document links to `page.js` and `page.css` next to it. */
export interface Page {
  html: string;
  script: string;
  style: string;
}

/**
 * Bundles `ui/page` or `ui/console`. Needs read access to the source and to the npm cache.
 * @throws {UsageError} if there is no bundler, or if it fails: it looks for packages by the working
 * folder
 */
export async function bundlePage(entry: PageEntry, name: PageName = "page"): Promise<Page> {
  const folder = new URL(`../${name}/`, import.meta.url);
  const bundle = await bundled(new URL(`${entry}.ts`, folder).href).catch(throwNoBundler);
  const script = bundle.outputFiles?.[0]?.text();
  if (!bundle.success || !script) {
    const causes = new Set(bundle.errors.map(({ text }) => text)).values().toArray().join("; ");
    throw new UsageError(
      `bundling the page failed: ${causes}. Start the program in its own folder, as 'deno task' does`,
    );
  }
  const read = (name: string) => Deno.readTextFile(new URL(name, folder));
  // in the minified script only templates still have line breaks; like htm, this drops those next
  // to tags
  const lean = script.replace(/\n\s+/g, "\n")
    .replace(/(?<=[>`}])\n(?=<)|(?<=>)\n(?=[`$])/g, "");
  const document = await read("index.html");
  const html = name === "page" ? withWords(document) : document;
  const sheets = name === "page" ? styleSheets : consoleStyleSheets;
  const style = (await Promise.all(sheets.map(read))).join("\n")
    .replace(/\/\*[^]*?\*\//g, "").replace(/\n\s*/g, "\n");
  return { html, script: lean, style };
}

/**
 * Bundles a module. The runtime's bundler is a process, which now and then ends without an answer on a busy
 * machine: another attempt starts after a while, and the last one waits for as long as it takes.
 */
async function bundled(entrypoint: string): Promise<Deno.bundle.Result> {
  const attempt = () =>
    Deno.bundle({ entrypoints: [entrypoint], platform: "browser", minify: true, write: false });
  for (let tries = 1; tries < bundleTriesMax; tries++) {
    const late = Promise.withResolvers<null>();
    const timer = setTimeout(() => late.resolve(null), bundleMsMax);
    const result = await Promise.race([attempt(), late.promise]).finally(() => clearTimeout(timer));
    if (result) return result;
  }
  return await attempt();
}

/** Ends with one line: Deno fetches its bundler at the first use. */
function throwNoBundler({ message }: Error): never {
  const cause = message.split("\n")[0];
  throw new UsageError(
    `starting the page's bundler failed: ${cause}. Start once with a network; later starts need none.`,
  );
}

/** Inserts the words of all languages into the document as data, which browsers do not execute. */
function withWords(html: string): string {
  const place = `id="${wordsElementId}">`;
  if (html.split(place).length !== 2) throw new Error(`the page's document has no ${place}`);
  const tables = JSON.stringify(languages).replaceAll("<", "\\u003c");
  return html.replace(place, () => place + tables);
}
