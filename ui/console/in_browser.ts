/** The console's entry in a browser. */
import type { ConsoleCalls, ConsoleView } from "../../lib/console.ts";
import {
  keepLaunchSecret,
  openBrowserBridge,
  takeLaunchSecret,
} from "../page/bridge/browser_bridge.ts";
import { startShell } from "./shell.ts";

const bridge = openBrowserBridge<ConsoleCalls, ConsoleView>({
  fetch: (input, init) => fetch(input, init),
  launchSecret: takeLaunchSecret(),
  keepLaunchSecret,
});
startShell(bridge, document.getElementById("app")!);
