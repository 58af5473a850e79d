/** Pictures of every screen, to look at: `deno task screenshots` writes them to `./screenshots`. */
import { type Language, languageCodes } from "../../lib/atm.ts";
import { languages } from "../../ui/page/words/languages.ts";
import { openBrowser } from "../browser.ts";
import { openAtm, type OpenInBrowser } from "./open_atm.ts";
import { ScriptedAtm } from "./scripted_atm.ts";
import { walk } from "./walk.ts";

type Scheme = "light" | "dark" | "contrast";

interface Look {
  name: string;
  viewport: { width: number; height: number };
  scheme: Scheme;
  language: Language;
}

const sizes = ["1024x713", "1280x800", "1920x1080", "800x1280"];
const schemes: Scheme[] = ["light", "dark", "contrast"];

/** Every size in every scheme and every language: a folder each. */
const looks: Look[] = sizes.flatMap((size) =>
  schemes.flatMap((scheme) =>
    languageCodes.map((language) => {
      const [width = 0, height = 0] = size.split("x").map(Number);
      return {
        name: `${size}-${scheme}-${language}`,
        viewport: { width, height },
        scheme,
        language,
      };
    })
  )
);

/**
 * Writes a PNG of each stop in each look into `folder`: each stop is reached once, and its looks
 * change there. Only those whose path has one of `only` in it.
 */
export async function takeScreenshots(
  folder: string,
  only: string[],
  written: (path: string) => void,
): Promise<void> {
  const browser = await openBrowser();
  try {
    for (const { name, scripted, reach } of walk) {
      const pictures = looks.map((look) => ({ look, path: `${folder}/${look.name}/${name}.png` }))
        .filter(({ path }) => only.length === 0 || only.some((part) => path.includes(part)));
      if (pictures.length === 0) continue;
      const atm = await openAtm(browser, { scripted: scripted?.() ?? new ScriptedAtm() });
      try {
        await reach(atm);
        for (const { look, path } of pictures) {
          await Deno.mkdir(`${folder}/${look.name}`, { recursive: true });
          await take(atm, look, path);
          written(path);
        }
      } finally {
        await atm.close();
      }
    }
  } finally {
    await browser.close();
  }
}

async function take({ page, scripted }: OpenInBrowser, look: Look, path: string): Promise<void> {
  const { viewport, scheme, language } = look;
  await page.setViewportSize(viewport);
  await page.emulateMedia({ colorScheme: scheme === "dark" ? "dark" : "light" });
  scripted.change({ language });
  await page.evaluate((contrast) => {
    document.documentElement.dataset.contrast = contrast;
  }, scheme === "contrast" ? "high" : "normal");
  await page.waitForFunction(
    (locale) => document.documentElement.lang === locale,
    languages[language].locale,
    { timeout: 2000 },
  ).catch(() => {}); // a page without its host keeps its language
  await page.screenshot({ path });
}

if (import.meta.main) {
  const [folder = "screenshots", ...only] = Deno.args;
  await takeScreenshots(folder, only, console.log);
}
