/** A real browser for tests, looked for where systems keep it. */
import { type Browser, chromium } from "playwright-core";

export type { Browser, BrowserContext, Page } from "playwright-core";

/** First a browser without its own windows, which computes half as much for the same tests. */
const places = [
  "/usr/bin/chromium-headless-shell",
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/snap/bin/chromium",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
  "/Applications/Chromium.app/Contents/MacOS/Chromium",
  "C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe",
  "C:\\Program Files (x86)\\Google\\Chrome\\Application\\chrome.exe",
  "C:\\Program Files (x86)\\Microsoft\\Edge\\Application\\msedge.exe",
];

const launchArgs = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/**
 * Returns where this machine's browser is; null, after saying so by name, where it has none.
 * @throws {Error} where there is none and `CI=true`: there, nothing is left out
 */
export function findBrowser(): string | null {
  const found = places.find((place) => {
    try {
      return Deno.statSync(place).isFile;
    } catch {
      return false;
    }
  });
  if (found) return found;
  const missing = `no Chromium or Chrome found; looked at ${places.join(", ")}`;
  if (Deno.env.get("CI") === "true") throw new Error(missing);
  console.error(`cannot run here: ${missing}`);
  return null;
}

/**
 * Returns a headless browser; anyone who opens it closes it.
 * @throws {Error} where `findBrowser` finds none: tests ask it first, for their `ignore`
 */
export async function openBrowser(): Promise<Browser> {
  const executablePath = findBrowser();
  if (executablePath === null) throw new Error("no browser to open");
  return await chromium.launch({ executablePath, args: launchArgs });
}
