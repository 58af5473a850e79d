/**
 * Shows the page of an operator's console in a native window: a browser of one page, which has no
 * key and nothing of the bank. Its standard input begins with the page's link, a line of JSON.
 */
import { runProgram } from "../../lib/process.ts";
import type { ConsoleWindowStart } from "../../lib/programs.ts";
import { runWindowProgram } from "../../ui/window/window_program.ts";

if (import.meta.main) await runProgram<ConsoleWindowStart>(showWindow);

function showWindow({ webview: library }: ConsoleWindowStart): Promise<number> {
  return runWindowProgram<null>({
    library,
    title: "Console",
    kiosk: false,
    startWorker: () =>
      new Worker(import.meta.resolve("./console_window_worker.ts"), {
        type: "module",
        deno: { permissions: { ffi: [library!] } },
      }),
    begin: null,
  });
}
