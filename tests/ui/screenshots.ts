/** Pictures of every screen, to look at: `deno task screenshots` writes them to `./screenshots`. */
import { type Browser, openBrowser } from "../browser.ts";
import { openAtm } from "./open_atm.ts";
import { ScriptedAtm } from "./scripted_atm.ts";
import { type Stop, walk } from "./walk.ts";

type Scheme = "light" | "dark" | "contrast";
type Direction = "ltr" | "rtl";

interface Look {
  name: string;
  viewport: { width: number; height: number };
  scheme: Scheme;
  direction: Direction;
}

const sizes = ["1024x768", "1280x800", "1920x1080", "1080x1920"];
const schemes: Scheme[] = ["light", "dark", "contrast"];
const directions: Direction[] = ["ltr", "rtl"];

/** Every size in every light and in both directions: a folder each. */
const looks: Look[] = sizes.flatMap((size) =>
  schemes.flatMap((scheme) =>
    directions.map((direction) => {
      const [width = 0, height = 0] = size.split("x").map(Number);
      return {
        name: `${size}-${scheme}-${direction}`,
        viewport: { width, height },
        scheme,
        direction,
      };
    })
  )
);

/** Writes a PNG of each stop in each look into `folder`; only those whose path has `only` in it. */
export async function takeScreenshots(folder: string, only = ""): Promise<string[]> {
  const browser = await openBrowser();
  try {
    const written: string[] = [];
    for (const look of looks) {
      await Deno.mkdir(`${folder}/${look.name}`, { recursive: true });
      for (const stop of walk) {
        const path = `${folder}/${look.name}/${stop.name}.png`;
        if (!path.includes(only)) continue;
        await takeOne(browser, look, stop, path);
        written.push(path);
      }
    }
    return written;
  } finally {
    await browser.close();
  }
}

async function takeOne(browser: Browser, look: Look, stop: Stop, path: string): Promise<void> {
  const scripted = stop.scripted?.() ?? new ScriptedAtm();
  const { viewport, scheme, direction } = look;
  const colorScheme = scheme === "dark" ? "dark" : "light";
  const atm = await openAtm(browser, { viewport, colorScheme, scripted });
  try {
    await stop.reach(atm);
    if (direction === "rtl") {
      scripted.change({ language: "ar" });
      await atm.page.waitForTimeout(100);
    }
    if (scheme === "contrast") {
      await atm.page.evaluate(() => document.documentElement.dataset.contrast = "high");
    }
    await atm.page.screenshot({ path });
  } finally {
    await atm.close();
  }
}

if (import.meta.main) {
  const [folder = "screenshots", only] = Deno.args;
  for (const path of await takeScreenshots(folder, only)) console.log(path);
}
