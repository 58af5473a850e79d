/** Starts an ATM: in a window or, if none opens, in the browser. */
import { UsageError } from "../../../lib/errors.ts";
import { say } from "../../../lib/process.ts";
import type {
  AtmInBrowserReady,
  AtmStart,
  AtmWindowStart,
  WindowReady,
} from "../../../lib/programs.ts";
import { bundlePage, type PageEntry } from "../../window/page_bundle.ts";
import type { AtmLaunch, Screens } from "../launch.ts";
import { LauncherAids } from "./aids.ts";
import { Child } from "./child.ts";
import { keep } from "./lifetime.ts";
import { filesOf, netOf, startOwnDevices } from "./devices.ts";
import { addressText, type Place } from "./paths.ts";
import { atmPermissions, denoArguments, windowPermissions } from "./permissions.ts";
import { findTerminal } from "./terminal.ts";
import { webviewLibrary } from "./webview_library.ts";

export type AtmReady = AtmInBrowserReady | { window: true };

export async function launchAtm(asked: AtmLaunch, place: Place): Promise<number> {
  const { bank, demo, wait, receiptUrl, screens } = asked;
  const { key, folder, name } = findTerminal(asked.terminal, place, wait);
  const { language } = screens;
  const start = { bank, key, folder, demo, wait, language, receiptUrl };
  const pages = await bundledFor(screens);
  return await keep([], async (children) => {
    const own = asked.devices ? null : await startOwnDevices(folder, place, children);
    const devices = asked.devices ?? own?.at;
    if (!devices) return false;
    const ready = await startAtm({ ...start, devices }, name, screens, pages, place, children);
    if (!ready) return false;
    if (screens.json) {
      const page = own ? { devices: own.page } : {};
      say(JSON.stringify({ bank: addressText(bank), atm: linkOf(ready), data: folder, ...page }));
    } else {
      await show(ready, screens);
      if (own && !demo) say(`This page operates its cash devices: ${own.page}`);
    }
    return true;
  });
}

/** The bundled page, a line of JSON, cached for each kind of host. */
export class Pages {
  readonly #lines = new Map<PageEntry, Promise<string>>();

  line(entry: PageEntry): Promise<string> {
    const line = this.#lines.get(entry) ?? bundlePage(entry).then((page) => JSON.stringify(page));
    this.#lines.set(entry, line);
    return line;
  }
}

/**
 * Bundles the page that is needed first, so that nothing is started if there is no bundler.
 * @throws {UsageError} if there is no bundler
 */
export async function bundledFor(screens: Screens): Promise<Pages> {
  const pages = new Pages();
  await pages.line(screens.in === "browser" ? "in_browser" : "in_window");
  return pages;
}

/**
 * Starts an ATM and adds it to the children, so that it ends before those that it needs. Prints the
 * error and returns null if it did not start.
 * @param name the terminal's, for the window's title; may be empty
 * @throws {UsageError} if a window was requested and none opens
 */
export async function startAtm(
  asked: Omit<AtmStart, "aids">,
  name: string,
  screens: Screens,
  pages: Pages,
  place: Place,
  children: Child<unknown>[],
): Promise<AtmReady | null> {
  const aids = await LauncherAids.find(screens.printer);
  const start: AtmStart = { ...asked, aids: aids.aids };
  const onLine = (line: string) =>
    void aids.take(line).catch(({ message }: Error) => console.error(`an aid failed: ${message}`));
  if (screens.in !== "browser") {
    const line = await pages.line("in_window");
    const window = startWindow(start, name, screens.kiosk, line, place, onLine);
    children.unshift(window);
    const ready = await window.ready;
    if (ready && "window" in ready) return ready;
    const why = ready?.noWindow ?? whyCrashed(await window.crashed);
    if (why === null) return null;
    await window.end();
    if (screens.in === "window") {
      await window.reportChatter();
      throw new UsageError(`the window cannot be opened: ${why}`);
    }
    children.splice(children.indexOf(window), 1);
    console.error(`No window can be opened, the ATM uses the browser: ${why}`);
  }
  const page = startPage(start, await pages.line("in_browser"), place, onLine);
  children.unshift(page);
  return await page.ready;
}

export function whyCrashed(signal: Deno.Signal | null): string | null {
  return signal && `the web view crashed (${signal}), as WebKit does if its sandbox, ` +
      "bubblewrap, is not permitted";
}

/**
 * Environment for software rendering, unless the user's environment sets it: an ATM's screens need
 * no graphics card, and start sooner with a third less memory without one (docs/ARCHITECTURE.md).
 */
export const drawnWithoutGraphicsCard = {
  GSK_RENDERER: "cairo",
  WEBKIT_DISABLE_DMABUF_RENDERER: "1",
};

function startWindow(
  atm: AtmStart,
  terminal: string,
  kiosk: boolean,
  page: string,
  place: Place,
  onLine: (line: string) => void,
): Child<WindowReady> {
  const start: AtmWindowStart = { ...atm, terminal, webview: webviewLibrary(), kiosk };
  const permissions = windowPermissions(
    place,
    atm.folder,
    atm.key,
    [addressText(atm.bank), ...devicesNet(atm)],
    devicesFiles(atm),
  );
  return new Child(denoArguments(place, "client/programs/atm_window", permissions, start), {
    mayEnd: true,
    env: { ...drawnWithoutGraphicsCard, ...Deno.env.toObject() },
    input: page,
    onLine,
    isNative: true,
  });
}

function startPage(
  start: AtmStart,
  page: string,
  place: Place,
  onLine: (line: string) => void,
): Child<AtmInBrowserReady> {
  // Port 0 on loopback is for the page's host; besides it, only the bank is allowed.
  const net = [addressText(start.bank), "127.0.0.1:0", ...devicesNet(start)];
  const permissions = atmPermissions(start.folder, start.key, net, devicesFiles(start));
  return new Child(denoArguments(place, "client/programs/atm_in_browser", permissions, start), {
    mayEnd: true,
    input: page,
    onLine,
  });
}

const devicesNet = ({ devices }: AtmStart) => devices ? netOf(devices) : [];
const devicesFiles = ({ devices }: AtmStart) => devices ? filesOf(devices) : [];

/** Returns the output of `--json` for an ATM. */
export function linkOf(ready: AtmReady): string {
  return "link" in ready ? ready.link : "window";
}

/** Opens the browser if requested, and prints how to open the ATM. */
export async function show(ready: AtmReady, { open }: Screens): Promise<void> {
  if (!("link" in ready)) {
    say("An ATM is open in a window. Closing it ends the ATM.");
    return;
  }
  const { file } = ready;
  if (open && file !== undefined && await openInBrowser(file)) say("An ATM opens in your browser.");
  else say(`An ATM is ready. This link opens it, once: ${ready.link}`);
  if (file !== undefined) say(`After its tab is closed, this file opens it again: ${file}`);
}

/** Shows a file in the user's browser; returns false if that fails. */
export async function openInBrowser(file: string): Promise<boolean> {
  const [program, ...args] = {
    darwin: ["open", file],
    windows: ["cmd", "/c", "start", "", file],
  }[Deno.build.os as string] ?? ["xdg-open", file];
  try {
    const { success } = await new Deno.Command(program!, { args, stdout: "null", stderr: "null" })
      .output();
    return success;
  } catch {
    return false;
  }
}
