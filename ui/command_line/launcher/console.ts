/** Starts an operator's console: it has this terminal for the passphrase, and its page a browser. */
import { say } from "../../../lib/process.ts";
import type { ConsoleReady, ConsoleStart } from "../../../lib/programs.ts";
import { bundlePage } from "../../window/page_bundle.ts";
import type { ConsoleLaunch } from "../launch.ts";
import { openInBrowser } from "./atm.ts";
import { Child } from "./child.ts";
import { keep } from "./lifetime.ts";
import type { Place } from "./paths.ts";
import { consolePermissions, denoArguments, homeFolders } from "./permissions.ts";

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
      const child = new Child<ConsoleReady>(program, { mayEnd: true, hasTerminal: true });
      children.push(child);
      const ready = await child.ready;
      if (!ready) return false;
      await show(ready, screens);
      return true;
    });
  } finally {
    await Deno.remove(page).catch(() => {});
  }
}

async function show({ link, file }: ConsoleReady, screens: ConsoleLaunch["screens"]) {
  if (screens.json) return void say(JSON.stringify({ console: link }));
  if (screens.open && file !== undefined && await openInBrowser(file)) {
    say("The console opens in your browser. Ctrl-C here ends it.");
  } else say(`The console is ready. This link opens it, once: ${link}`);
  if (file !== undefined) say(`After its tab is closed, this file opens it again: ${file}`);
}
