/**
 * Starts an operator's console: it has this terminal for the passphrase, and its page a window or, if
 * none opens, the browser.
 */
import { UsageError } from "../../../lib/errors.ts";
import { windowBlankMsMax } from "../../../lib/limits.ts";
import { say } from "../../../lib/process.ts";
import type {
  ConsoleReady,
  ConsoleStart,
  ConsoleWindowStart,
  WindowReady,
} from "../../../lib/programs.ts";
import { bundlePage } from "../../window/page_bundle.ts";
import type { ConsoleLaunch } from "../launch.ts";
import { drawnWithoutGraphicsCard, openInBrowser, whyCrashed } from "./atm.ts";
import { Child } from "./child.ts";
import { keep } from "./lifetime.ts";
import type { Place } from "./paths.ts";
import {
  consolePermissions,
  consoleWindowPermissions,
  denoArguments,
  homeFolders,
} from "./permissions.ts";
import { webviewLibrary } from "./webview_library.ts";

export async function launchConsole(asked: ConsoleLaunch, place: Place): Promise<number> {
  const { screens } = asked;
  // The program's standard input is the terminal: the page goes through a file, 0600.
  const page = await Deno.makeTempFile({ prefix: "strongroom-console-", suffix: ".json" });
  try {
    await Deno.writeTextFile(page, JSON.stringify(await bundlePage("in_browser", "console")));
    const [home] = homeFolders();
    if (home !== undefined) await Deno.mkdir(home, { recursive: true, mode: 0o700 });
    const openFile = home === undefined ? {} : { openFile: `${home}/console-${Deno.pid}.html` };
    const start: ConsoleStart = { ...asked.start, page, ...openFile };
    return await keep([], async (children) => {
      const permissions = consolePermissions(place, start);
      const program = denoArguments(place, "server/programs/console", permissions, start);
      const opened = Promise.withResolvers<true>();
      const child = new Child<ConsoleReady>(program, {
        mayEnd: true,
        hasTerminal: true,
        onLine: () => opened.resolve(true), // its only other line
      });
      children.push(child);
      const ready = await child.ready;
      if (!ready) return false;
      if (screens.in !== "browser") {
        const { window, why } = await openWindow(ready.link, opened.promise, place, children);
        if (window) {
          window.ended.then(() => child.end());
          say(
            screens.json
              ? JSON.stringify({ console: "window" })
              : "The console is open in a window. Closing it ends the console.",
          );
          return true;
        }
        if (screens.in === "window") throw new UsageError(`the window cannot be opened: ${why}`);
        console.error(`No window can be opened, the console uses the browser: ${why}`);
      }
      await show(ready, screens);
      return true;
    });
  } finally {
    await Deno.remove(page).catch(() => {});
  }
}

type WindowChild = Child<WindowReady>;

/** Shows a link in a window, whose process is the first to be ended; or returns why none opens. */
async function openWindow(
  link: string,
  opened: Promise<true>,
  place: Place,
  children: Child<unknown>[],
): Promise<{ window: WindowChild; why?: never } | { window: null; why: string }> {
  const start: ConsoleWindowStart = { webview: webviewLibrary() };
  const program = "server/programs/console_window";
  const window: WindowChild = new Child(
    denoArguments(place, program, consoleWindowPermissions(place), start),
    {
      mayEnd: true,
      env: { ...drawnWithoutGraphicsCard, ...Deno.env.toObject() },
      input: JSON.stringify(link),
      isNative: true,
    },
  );
  children.unshift(window);
  const late = Promise.withResolvers<WindowReady>();
  const blank = { noWindow: "the web view stays blank" };
  const timer = setTimeout(() => late.resolve(blank), windowBlankMsMax);
  const first = await Promise.race([opened, window.ready, late.promise]);
  clearTimeout(timer);
  if (first === true) return { window };
  const why = first && "noWindow" in first ? first.noWindow : whyCrashed(await window.crashed);
  await window.end();
  children.splice(children.indexOf(window), 1);
  return { window: null, why: why ?? "it has ended" };
}

async function show({ link, file }: ConsoleReady, screens: ConsoleLaunch["screens"]) {
  if (screens.json) return void say(JSON.stringify({ console: link }));
  if (screens.open && file !== undefined && await openInBrowser(file)) {
    say("The console opens in your browser. Ctrl-C here ends it.");
  } else say(`The console is ready. This link opens it, once: ${link}`);
  if (file !== undefined) say(`After its tab is closed, this file opens it again: ${file}`);
}
