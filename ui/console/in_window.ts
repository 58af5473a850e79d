/** The console's entry in a native window. */
import type { ConsoleCalls, ConsoleView } from "../../lib/console.ts";
import { type BoundFunction, openWindowBridge } from "../page/bridge/window_bridge.ts";
import { startShell } from "./shell.ts";

const { strongroom } = globalThis as unknown as { strongroom: BoundFunction };
const root = document.getElementById("app")!;
const secret = root.dataset.secret!;
delete root.dataset.secret;
startShell(openWindowBridge<ConsoleCalls, ConsoleView>(strongroom, secret), root);
